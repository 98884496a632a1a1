"""Pure. A verdict as a person wants to see it: the mail with its evidence marked in place, the sum, the people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from agent.detect import NEAR
from agent.model import Address, Contact, Evidence, Introducer, Kind, Message, Verdict
from agent.sentences import MOST_TEXT

_WHOLE = 4_000
"""Characters of a text that are shown without leaving anything out."""
_OPENING = 400
"""Characters shown of the beginning of a longer one."""
_AROUND = 300
"""Characters shown before and after a piece of evidence in a longer one."""


class Tone(StrEnum):
    """What a piece of the mail does to the score."""

    PLAIN = "plain"
    FOR = "for"
    AGAINST = "against"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive characters of the own text that weigh the same; or a remark on what is left out."""

    text: str
    tone: Tone


def marked(text: str, evidence: Sequence[Evidence]) -> Iterator[Piece]:
    """Yield the own text with its evidence marked; of a long one the beginning and what surrounds the evidence."""
    spans = [(one.start, one.end, one.weight) for one in evidence if one.start is not None and one.end is not None]
    shown = 0
    for start, end in _windows(text, [(start, end) for start, end, _ in spans]):
        yield from _left_out(start - shown, "\n")
        yield from _pieces(text, start, end, spans)
        shown = end
    yield from _left_out(len(text) - shown, "")


def _left_out(count: int, line_end: str) -> Iterator[Piece]:
    if count:
        yield Piece(f"[… {count:,} characters …]{line_end}", Tone.LEFT_OUT)


def _windows(text: str, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of a text to show, in order, none touching another; they begin and end with lines where possible."""
    if len(text) <= _WHOLE:
        return [(0, len(text))]
    windows = [(0, _line_end(text, _OPENING // 2, _OPENING))]
    for start, end in sorted(spans):
        first = _line_begin(text, max(0, start - _AROUND), start)
        last = _line_end(text, end, min(len(text), end + _AROUND))
        if first <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(windows[-1][1], last)
        else:
            windows.append((first, last))
    return windows


def _line_begin(text: str, low: int, high: int) -> int:
    return text.find("\n", low, high) + 1 or low


def _line_end(text: str, low: int, high: int) -> int:
    found = text.rfind("\n", low, high)
    return high if found < 0 else found + 1


def _pieces(text: str, start: int, end: int, spans: Sequence[tuple[int, int, float]]) -> Iterator[Piece]:
    """Where evidence overlaps, the sum of its weights tells the tone."""
    edges = sorted({start, end, *(edge for span in spans for edge in span[:2] if start < edge < end)})
    for first, last in pairwise(edges):
        weights = [weight for begin, stop, weight in spans if begin <= first and last <= stop]
        yield Piece(text[first:last], _tone(weights))


def _tone(weights: Sequence[float]) -> Tone:
    if not weights:
        return Tone.PLAIN
    return Tone.FOR if sum(weights) >= 0 else Tone.AGAINST


def unmarked(message: Message) -> str | None:
    """What of the mail is not judged and not shown, as a remark; None when that is nothing."""
    parts = {
        "quoted text": len(message.quoted_text.strip()),
        "a signature": len(message.signature.strip()),
        "what follows": max(0, len(message.own_text) - MOST_TEXT),
    }
    named = [f"{name} ({count:,} characters)" for name, count in parts.items() if count]
    return f"not judged: {', '.join(named)}" if named else None


def fields(message: Message) -> list[tuple[str, str]]:
    """The header fields that a person looks at, and their values."""
    rows = [
        ("From", _mailboxes((message.author,) if message.author else ())),
        ("To", _mailboxes(message.to)),
        ("Cc", _mailboxes(message.cc)),
        ("Date", message.date.strftime("%Y-%m-%d %H:%M UTC") if message.date else ""),
        ("Subject", message.subject),
    ]
    return [(name, value) for name, value in rows if value or name not in {"Cc", "Date"}]


_MOST_NAMED = 8


def _mailboxes(addresses: Sequence[Address]) -> str:
    named = [f"{one.name} <{one.email}>" if one.name else one.email for one in addresses[:_MOST_NAMED]]
    rest = len(addresses) - len(named)
    return ", ".join([*named, *([f"and {rest:,} more"] if rest else [])])


def answer(verdict: Verdict) -> str:
    """What the message is found to be, in a few words."""
    if verdict.is_offer:
        return "an offer"
    near = "a near miss" if NEAR <= verdict.score < verdict.threshold else ""
    reasons = ", ".join(filter(None, (_KINDS[verdict.kind], near)))
    return f"no offer ({reasons})" if reasons else "no offer"


_KINDS = {
    Kind.OFFER: "an offer",
    Kind.MADE: "an introduction already made",
    Kind.REQUEST: "a request for an introduction",
    Kind.SELF: "somebody introduces or sells themselves",
    Kind.BULK: "bulk mail",
    Kind.PAST: "about a past introduction",
    Kind.QUOTED: "an offer only in quoted text",
    Kind.OTHER_PERSON: "an offer to somebody else",
    Kind.WITHDRAWN: "an offer withdrawn",
    Kind.NONE: "",
}

_MEANINGS = {
    "named": "a third person is named",
    "named-in-full": "a third person is named in full",
    "named-too": "a third person is named",
    "pronouns": "somebody is referred to",
    "roles": "somebody is referred to by what they are",
    "familiar": "somebody you know already",
    "no-link": "nothing brings you together",
    "nobody": "no third person is mentioned",
    "question": "it is asked",
    "alone": "sent to you and nobody else",
    "among-many": "sent to many",
    "known-author": "you have written to the author before",
    "unasked": "nothing is asked of you",
    "for-another": "said to somebody else on the thread",
    "own-mail": "you wrote it",
    "ignored-author": "your configuration ignores the author",
    "report": "a delivery or read report",
    "automatic": "sent by a program by itself",
    "calendar": "an invitation of a calendar",
    "list-or-bulk": "sent to a list, or in bulk",
    "automatic-sender": "nobody reads the author's address",
}


def words_of(evidence: Evidence) -> str:
    """The words that were found, on one line; what the rule means where it rests on none of the text."""
    found = " ".join(evidence.text.split())
    meaning = _MEANINGS.get(evidence.rule, "")
    return found if evidence.start is not None or not meaning else f"({meaning})"


def in_sum(verdict: Verdict) -> str:
    """The sum of the evidence against the threshold: what it takes is 5, and there are 4.5."""
    missing = verdict.threshold - verdict.score
    return f"of {verdict.threshold:g} needed" + (f", {missing:g} short" if missing > 0 else "")


def people(verdict: Verdict, reply_to: Sequence[Address]) -> list[tuple[str, str]]:
    """Who offers whom and where an answer would go, as labels and values; contacts are told for offers only."""
    rows = [("kind", str(verdict.kind)), ("language", verdict.language or "unknown")]
    if verdict.introducer is not None:
        rows.append(("introducer", _introducer(verdict.introducer)))
    if verdict.is_offer:
        rows += [("contact", _contact(contact)) for contact in verdict.contacts or (Contact(),)]
        rows.append(("answer to", _mailboxes(reply_to[:1]) or "nobody"))
    return rows


def _introducer(introducer: Introducer) -> str:
    greeted = f"greeted as {introducer.greeting}" if introducer.greeting else "greeted without a name"
    return f"{_mailboxes((Address(introducer.name or '', introducer.address),))}, {greeted}"


def _contact(contact: Contact) -> str:
    named = contact.name or contact.description or "not recognised"
    rest = [f"greeted as {contact.greeting}"] if contact.greeting else []
    rest += [contact.description] if contact.name and contact.description else []
    rest += [value for value in (contact.organisation, contact.field) if value]
    return ", ".join([named, *rest])
