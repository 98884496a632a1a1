"""Pure. A mail that the owner forwarded to themselves, with `intro` in its first line → the mail that was missed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from functools import lru_cache

from agent import message as mail
from agent.identity import fingerprint_of
from agent.model import Address, Message, Owner, same_address
from agent.provenance import is_auto_submitted
from agent.quoting import Forwarded, forwarded
from agent.sentences import words
from agent.tokens import tokenize
from agent.vocabulary import shipped_languages, vocabulary

_MARKED = re.compile(r"\W{0,8}intro(?:\s{0,8}(?:[^\w\s].{0,200})?)", re.IGNORECASE)
"""The first line: `intro`, alone or before punctuation. "Intro call with Dev" is a heading of something else."""
_DEEPEST = 4
"""Forwards within forwards of the owner's own that are opened."""
_LONGEST_FIELD = 500
"""Characters of an author or a date that are read."""
_NEAR = timedelta(hours=26)
"""How far the date in a forward may be off: programs write it without its zone."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What a forward tells of the mail in it."""

    message: Message | None
    """The mail as far as it can be read; None when nothing is forwarded inline or enclosed."""
    name: str = ""
    """The author's display name: all that some programs leave of them."""
    written_on: datetime | None = None
    """When it says that the mail was written; None when that is not told, or not for certain."""
    message_ids: tuple[str, ...] = ()
    """Message-IDs that may be the mail's own, the likeliest first."""


def is_marked(message: Message, owner: Owner) -> bool:
    """Whether the owner wrote to nobody but themselves, with `intro` in the first line."""
    recipients = (*message.to, *message.cc)
    first_line = next((line.strip() for line in message.own_text.split("\n") if line.strip()), "")
    return (
        message.author is not None
        and owner.recognises(message.author.email)
        and bool(recipients)
        and all(owner.recognises(address.email) for address in recipients)
        and not is_auto_submitted(message)
        and _MARKED.fullmatch(first_line) is not None
    )


def missed(message: Message, enclosed: Sequence[Message], owner: Owner) -> Missed:
    """What a marked forward holds: the first mail enclosed in it, else the first one forwarded inline."""
    hinted = tuple(dict.fromkeys((*mail.message_ids(message.header("x-forwarded-message-id")), *message.in_reply_to)))
    if enclosed:
        inner = enclosed[0]
        if not _is_by(inner, owner) or (within := _inline(inner.text, owner)) is None:
            known = (inner.message_id,) if inner.message_id else ()
            return Missed(inner, inner.author.name if inner.author else "", inner.date, known)
        hinted = inner.in_reply_to
    else:
        within = _inline(message.text, owner)
    if within is None:
        return Missed(None, message_ids=hinted)
    written_on = written(within.fields.get("date", ""), owner)
    rebuilt = _rebuilt(within, written_on, hinted[0] if len(hinted) == 1 else None)
    return Missed(rebuilt, _author(within).name, written_on, hinted)


def _is_by(message: Message, owner: Owner) -> bool:
    return message.author is not None and owner.recognises(message.author.email)


def _inline(text: str, owner: Owner) -> Forwarded | None:
    """The forwarded mail in a text; the one within it when the owner had forwarded that before."""
    found = forwarded(text)
    for _ in range(_DEEPEST):
        within = forwarded(found.text) if found and owner.recognises(_author(found).email) else None
        if within is None:
            break
        found = within
    return found


def _author(found: Forwarded) -> Address:
    """Who a header block says wrote the mail; without an address when there is none, as between users of Exchange."""
    value = _ON_BEHALF.split(found.fields.get("from", "")[:_LONGEST_FIELD])[-1]
    address = _ADDRESS.search(value)
    name = value[: address.start()] if address else value
    name = " ".join(name.replace("mailto:", " ").split()).strip("<>[]()\"' ")
    return Address(name, address[0] if address else "")


# Outlook names who sent it first, who wrote it last.
_ON_BEHALF = re.compile(
    r"(?:on behalf of|im auftrag von|de la part de|en nombre de|em nome de|per conto di|namens)\s", re.IGNORECASE
)
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")


def _rebuilt(found: Forwarded, written_on: datetime | None, message_id: str | None) -> Message:
    """The mail as it may have been before it was forwarded; without an author when no address is told."""
    author = _author(found)
    fields = [
        ("From", f'"{_plain(author.name)}" <{author.email}>' if author.email else ""),
        *((name, _ANGLES.sub(r"<\1>", found.fields.get(name.lower(), ""))) for name in ("To", "Cc")),
        ("Subject", found.fields.get("subject", "")),
        ("Date", format_datetime(written_on) if written_on else ""),
        ("Message-ID", message_id or ""),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    head = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields if value.strip())
    return mail.parse(f"{head}\n{found.text}\n".encode("utf-8", "replace"))


_ANGLES = re.compile(r"[\[<](?:mailto:)?([^\s<>\[\]]{3,254})[\]>](?:>)?", re.IGNORECASE)
"""An address in Outlook's brackets: `[mailto:dev@example.org]`."""


def _plain(name: str) -> str:
    return name.replace("\\", "").replace('"', "")


# Dates in header blocks -----------------------------------------------------------------------------------------------

_CLOCK = r"(?<![\d.])(\d{1,2})%s(\d{2})(?:[:.](\d{2}))?(?![\d.])\s?(?:([ap])\.?\s?m\b)?"
_TIMES = tuple(re.compile(_CLOCK % mark, re.IGNORECASE) for mark in ("[:h]", r"\."))
"""With a full stop only where there is no colon: it may be a date."""
_OFFSET = re.compile(r"(?<![\d-])([+-])(\d{2}):?(\d{2})\b|\b(?:GMT|UTC)(?![+-]\d)\b")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,4})([./-])(\d{1,2})\2(\d{2,4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_DAY = re.compile(r"(?<![\d:])(\d{1,2})(?![\d:])")
_WORD = re.compile(r"[^\W\d_]+")


def written(value: str, owner: Owner) -> datetime | None:
    """The moment that a date in a header block names, in any shipped language; None when it is not certain.

    Without a numeric zone it is taken in the owner's: programs write the reader's local time.
    """
    value = value[:_LONGEST_FIELD]
    clock = next(filter(None, (form.search(value) for form in _TIMES)), None)
    if clock is None:
        return None
    hour = int(clock[1]) % 12 + (12 if clock[4] in "pP" else 0) if clock[4] else int(clock[1])
    rest = f"{value[: clock.start()]} {value[clock.end() :]}"
    offset = _OFFSET.search(rest)
    rest = rest.replace(offset[0], " ", 1) if offset else rest
    day = _numeric_day(rest, owner) or _worded_day(rest)
    if day is None:
        return None
    try:
        return datetime(*day, hour, int(clock[2]), int(clock[3] or 0), tzinfo=_zone(offset) or owner.timezone)
    except ValueError:
        return None


def _zone(offset: re.Match[str] | None) -> timezone | None:
    if offset is None:
        return None
    distance = timedelta(hours=int(offset[2] or 0), minutes=int(offset[3] or 0))
    return timezone(-distance if offset[1] == "-" else distance)


def _numeric_day(text: str, owner: Owner) -> tuple[int, int, int] | None:
    found = _NUMERIC.search(text)
    if found is None:
        return None
    first, second, last = int(found[1]), int(found[3]), int(found[4])
    if len(found[1]) == _FOUR_DIGITS:
        return first, second, last
    year = last if len(found[4]) == _FOUR_DIGITS else 2000 + last
    if found[2] != "/" or first > _DECEMBER:
        return year, second, first
    if second > _DECEMBER or owner.country == "US":
        return year, first, second
    is_certain = owner.country is not None or owner.language != "en" or first == second
    return (year, second, first) if is_certain else None


_FOUR_DIGITS, _DECEMBER = 4, 12


def _worded_day(text: str) -> tuple[int, int, int] | None:
    """`May 4, 2026`, `4. Mai 2026`, `lun. 4 mai 2026`: the last month before the year, and the number nearest to it.

    A weekday may look like a month: "mar." is mardi, and marzo.
    """
    year = _YEAR.search(text)
    if year is None:
        return None
    months = [(word, number) for word in _WORD.finditer(text[: year.start()]) if (number := _month(word[0]))]
    if not months:
        return None
    word, month = months[-1]
    days = [found for found in _DAY.finditer(text) if found.start() != year.start()]
    if not days:
        return None
    nearest = min(days, key=lambda found: min(abs(found.end() - word.start()), abs(found.start() - word.end())))
    return int(year[1]), month, int(nearest[1])


@lru_cache(maxsize=512)
def _month(word: str) -> int | None:
    """The number of the month of this name, in any shipped language; None when it is no month."""
    tokens = tokenize(word)
    for language in shipped_languages():
        found = vocabulary(language).dates.lexicon.longest(tokens, 0)
        for label, number in found.labels if found else ():
            if label == "months":
                return int(number) + 1
    return None


# The original ---------------------------------------------------------------------------------------------------------


def the_original(found: Missed, candidates: Sequence[Message]) -> Message | None:
    """Which of these messages is the one that was forwarded; None when that is not certain.

    By its words, when they are the same; else by subject and date, when only one fits.
    """
    forwarded_one = found.message
    if forwarded_one is None:
        return None
    authored = [candidate for candidate in candidates if _is_by_same(candidate, forwarded_one, found.name)]
    worded = [one for one in authored if fingerprint_of(one) == fingerprint_of(forwarded_one)]
    fitting = worded or [one for one in authored if _fits(one, found, forwarded_one)]
    dated = sorted(fitting, key=lambda one: _distance(one, found))
    return dated[0] if worded or len(dated) == 1 else None


def _is_by_same(candidate: Message, other: Message, name: str) -> bool:
    if candidate.author is None:
        return False
    if other.author is not None:
        return same_address(candidate.author.email, other.author.email)
    return bool(words(name)) and sorted(words(candidate.author.name)) == sorted(words(name))


def _fits(candidate: Message, found: Missed, other: Message) -> bool:
    return words(candidate.subject) == words(other.subject) and _distance(candidate, found) <= _NEAR


def _distance(candidate: Message, found: Missed) -> timedelta:
    if candidate.date is None or found.written_on is None:
        return timedelta()
    return abs(candidate.date - found.written_on)
