"""Pure. "Until the 5th", "back in two weeks", "mid January" → a date, counted from the day the owner wrote.

A grammar of our own over the date words of agent/words/<language>.toml, because libraries guess: every reading must lie
between the day of writing and 18 months later, and what has two readings is handed back as a question, never decided.
"""

import calendar
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import MAXYEAR, date, timedelta
from enum import Enum, auto
from itertools import pairwise
from typing import Any

from agent.tokens import Token, TokenKind, text_between, tidy, tokenize
from agent.vocabulary import DateWords, Vocabulary

HORIZON_MONTHS = 18
"""A constraint further away than this is a slip or another matter."""
SUSPICIOUS_DAYS = 330
"""A date without a year this far ahead has most likely just passed: "until 5 November", written on 24 November."""
LOOK_BACK = 6
"""Lexemes before a date in which "back", "leaving" or "been" still speak of it."""
SOUTHERN_COUNTRIES = frozenset(
    {"AR", "AU", "BO", "BR", "BW", "CL", "FJ", "LS", "MU", "MZ", "NA", "NZ", "PE", "PY", "UY", "ZA", "ZW"}
)
_SEASON_MONTHS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
_FOUR_DIGITS = 4


class Role(Enum):
    """What a date in a sentence is: the end of a constraint, its beginning, the time it fills, or not told."""

    END = auto()
    START = auto()
    DURING = auto()
    BARE = auto()


@dataclass(frozen=True, slots=True)
class Mention:
    """A date in a text: tokens `start` to `end`, and the first and last day it may mean (one day: both the same)."""

    start: int
    end: int
    first: date | None
    last: date | None
    role: Role = Role.BARE
    lead: str | None = None
    """The kind of word that leads to it, such as "until" or "after"; None when there is none."""
    is_after: bool = False
    is_duration: bool = False
    readings: tuple[date, ...] = ()
    """The days it may mean when it cannot be decided; empty when it is decided, or when no reading is possible."""

    @property
    def is_clear(self) -> bool:
        """Whether it means one day, or one stretch of days, for certain."""
        return self.first is not None

    @property
    def until(self) -> date | None:
        """The day a constraint ends that this mention is the end of."""
        return self.last if self.is_after else self.first


@dataclass(frozen=True, slots=True)
class Until:
    """The day a constraint ends. Without one, `ambiguous` quotes the words that have several readings, or is None."""

    value: date | None = None
    ambiguous: str | None = None
    readings: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class _Lexeme:
    means: Mapping[str, Any]
    start: int
    end: int

    def value(self, category: str) -> Any:
        return self.means.get(category)


@dataclass(frozen=True, slots=True)
class _Found:
    """A stretch of lexemes that is a date; `end` is the lexeme after it."""

    first: date | None
    last: date | None
    end: int
    readings: tuple[date, ...] = ()
    needs_lead: bool = False
    is_duration: bool = False
    is_end: bool = False
    is_present: bool = False
    """A stretch that runs already: "this week"."""
    is_named: bool = False
    """A month by its name, which "until" cannot mean while it runs."""

    @classmethod
    def day(cls, day: date | None, end: int, *, needs_lead: bool = False) -> "_Found":
        return cls(day, day, end, needs_lead=needs_lead)


@dataclass(frozen=True, slots=True)
class _Text:
    lexemes: tuple[_Lexeme, ...]
    tokens: tuple[Token, ...]
    base: date
    words: DateWords
    is_southern: bool

    def value(self, category: str, at: int) -> Any:
        return self.lexemes[at].value(category) if 0 <= at < len(self.lexemes) else None

    def skip(self, at: int, *categories: str) -> int:
        while at < len(self.lexemes) and any(category in self.lexemes[at].means for category in categories):
            at += 1
        return at

    def touch(self, at: int) -> bool:
        return self.tokens[self.lexemes[at].end - 1].touches(self.tokens[self.lexemes[at + 1].start])

    def mark(self, at: int) -> str:
        return self.value("mark", at) or ""


def find_until(text: str, base: date, vocabulary: Vocabulary, *, country: str | None = None) -> Until:
    """Until when, by the dates of `text`, written on `base` in the owner's zone; seasons turn with `country`."""
    tidied = tidy(text)
    tokens = tokenize(tidied, elides=vocabulary.elides)
    return resolve(mentions(tokens, base, vocabulary.dates, country=country), tidied, tokens, vocabulary.dates)


def mentions(
    tokens: Sequence[Token], base: date, words: DateWords, *, country: str | None = None
) -> tuple[Mention, ...]:
    """Every date that the tokens mention, in order, with its role in the sentence."""
    lexemes = _lexemes(tokens, words)
    text = _Text(lexemes, tuple(tokens), base, words, is_southern=country in SOUTHERN_COUNTRIES)
    return _with_ranges(text, tuple(_mentions(text)))


def resolve(found: Sequence[Mention], tidied: str, tokens: Sequence[Token], words: DateWords) -> Until:
    """The one day that several mentions agree on. Ends of a constraint count before dates whose role is not told."""
    counted = [mention for mention in found if mention.role is not Role.START]
    ends = [mention for mention in counted if mention.role is Role.END] or counted
    if not ends:
        return Until()
    unclear = next((mention for mention in ends if not mention.is_clear), None)
    if unclear is not None:
        quote = text_between(tidied, tokens[unclear.start : unclear.end])
        return Until(None, quote, unclear.readings)
    days = tuple(dict.fromkeys(mention.until for mention in ends if mention.until is not None))
    if len(days) == 1 or _follow_each_other(ends, tokens, words):
        return Until(max(days))
    return Until(None, text_between(tidied, tokens[ends[0].start : ends[-1].end]), days)


def _follow_each_other(ends: Sequence[Mention], tokens: Sequence[Token], words: DateWords) -> bool:
    between = [tokens[one.end : other.start] for one, other in pairwise(ends)]
    return all(any("then" in lexeme.means for lexeme in _lexemes(gap, words)) for gap in between)


# --- words to lexemes -------------------------------------------------------------------------------------------------


def _lexemes(tokens: Sequence[Token], words: DateWords) -> tuple[_Lexeme, ...]:
    lexemes: list[_Lexeme] = []
    at = 0
    while at < len(tokens):
        lexeme = _lexeme(tokens, at, words)
        lexemes.append(lexeme)
        at = lexeme.end
    return tuple(lexemes)


def _lexeme(tokens: Sequence[Token], at: int, words: DateWords) -> _Lexeme:
    match = words.lexicon.longest(tokens, at)
    if match is not None:
        return _Lexeme(_categories(match.labels, tokens[at]), at, match.end)
    token = tokens[at]
    if token.is_number:
        return _number(tokens, at, words)
    kinds: dict[TokenKind, Mapping[str, Any]] = {
        TokenKind.BREAK: {"break": True},
        TokenKind.MARK: {"mark": token.text},
    }
    return _Lexeme(kinds.get(token.kind, {"other": True}), at, at + 1)


def _categories(labels: Sequence[tuple[str, Any]], token: Token) -> Mapping[str, Any]:
    means = dict(labels)
    if token.is_number:
        means.setdefault("number", int(token.text[:_FOUR_DIGITS]))
    return means


def _number(tokens: Sequence[Token], at: int, words: DateWords) -> _Lexeme:
    token = tokens[at]
    if len(token.text) > _FOUR_DIGITS:
        return _Lexeme({"other": True}, at, at + 1)
    following = tokens[at + 1] if at + 1 < len(tokens) and token.touches(tokens[at + 1]) else None
    means: dict[str, Any] = {"number": int(token.text), "digits": len(token.text)}
    if following is not None and following.text in words.ordinal_suffixes:
        return _Lexeme({"ordinal": int(token.text), "suffixed": True}, at, at + 2)
    if words.has_dotted_ordinals and following is not None and following.text == ".":
        means |= {"dotted": True}
    return _Lexeme(means, at, at + 1)


# --- lexemes to mentions ----------------------------------------------------------------------------------------------


def _mentions(text: _Text) -> Iterator[Mention]:
    at = 0
    while at < len(text.lexemes):
        found = _date_at(text, at)
        if found is None:
            at += 1
            continue
        mention = _mention(text, at, found)
        if mention is not None:
            yield mention
        at = max(found.end, at + 1)


def _date_at(text: _Text, at: int) -> _Found | None:
    """The longest date that begins at this lexeme; the earlier production on a tie."""
    best: _Found | None = None
    for production in _PRODUCTIONS:
        found = production(text, at)
        if found is not None and (best is None or found.end > best.end):
            best = found
    return best


def _mention(text: _Text, at: int, found: _Found) -> Mention | None:
    lead = _lead(text, at)
    if found.is_duration and lead == "before":
        # "Vor zwei Wochen" is two weeks ago; "voor twee weken" is for two weeks.
        lead = "for" if text.value("for", at - 1) else "gone"
    if lead == "gone":
        return None
    is_led = lead is not None or _trails(text, found.end) or _is_isolated(text, at, found)
    if _is_past(text, at, found, lead) or (found.needs_lead and not is_led):
        return None
    role = _role(text, at, found, lead)
    start, end = text.lexemes[at].start, text.lexemes[found.end - 1].end
    if found.is_named and role is Role.END and lead != "through":
        found = replace(found, first=None, last=None)
    is_after = lead in {"after", "through"} or (lead == "for" and not found.is_duration) or found.is_present
    mention = Mention(start, end, found.first, found.last, role, lead, is_after, found.is_duration, found.readings)
    return _within_horizon(mention, text.base, is_duration=found.is_duration)


def _is_isolated(text: _Text, at: int, found: _Found) -> bool:
    """Whether a month or weekday stands alone between marks, so that it can be nothing else: "but later: March"."""
    is_name = text.value("months", at) is not None or text.value("weekdays", at) is not None
    around = [text.lexemes[place] for place in (at - 1, found.end) if 0 <= place < len(text.lexemes)]
    return is_name and at > 0 and all("mark" in lexeme.means or "break" in lexeme.means for lexeme in around)


def _role(text: _Text, at: int, found: _Found, lead: str | None) -> Role:
    if found.is_end or lead in _ENDING or _trails(text, found.end):
        return Role.END
    if lead == "start" and text.value("onwards", found.end):
        return Role.END
    if lead == "start" or (found.first == found.last and not found.is_duration and _is_near(text, at, "departure")):
        return Role.END if _is_near(text, at, "return") else Role.START
    if _is_near(text, at, "return") or (found.is_duration and lead in {"in", "for"}):
        return Role.END
    is_during = found.is_present or lead in {"in", "for"} or text.value("next", at)
    return Role.DURING if is_during and found.first != found.last else Role.BARE


_LEADS = ("until", "through", "after", "before", "back", "start", "for", "in", "on")
_ENDING = frozenset({"until", "through", "after", "before", "back"})


def _lead(text: _Text, at: int) -> str | None:
    """The category of the word that leads to a date, over articles and "about"; None when there is none."""
    before = at - 1
    while before >= 0 and _is_only(text.lexemes[before], {"glue", "article", "filler"}):
        before -= 1
    return next((lead for lead in _LEADS if text.value(lead, before)), None)


def _is_only(lexeme: _Lexeme, categories: set[str]) -> bool:
    return any(category in lexeme.means for category in categories) and not any(lead in lexeme.means for lead in _LEADS)


def _trails(text: _Text, end: int) -> bool:
    return bool(text.value("trail", text.skip(end, "glue")))


def _is_near(text: _Text, at: int, category: str) -> bool:
    for before in range(at - 1, max(-1, at - 1 - LOOK_BACK), -1):
        if text.value(category, before):
            return True
        if text.value("break", before) or text.mark(before) in set(".!?;"):
            return False
    return False


def _is_past(text: _Text, at: int, found: _Found, lead: str | None) -> bool:
    if text.value("gone", at - 1) or text.value("gone", found.end):
        return True
    return lead not in _ENDING and _is_near(text, at, "past")


def _within_horizon(mention: Mention, base: date, *, is_duration: bool) -> Mention | None:
    latest = plus_months(base, HORIZON_MONTHS)
    if mention.readings:
        return _decided(mention, tuple(day for day in mention.readings if base < day <= latest))
    if mention.first is None or mention.last is None:
        return mention
    if is_duration and mention.first > latest:
        # "I have been a lawyer for ten years" is no constraint.
        return None
    day = mention.until if mention.until is not None else mention.first
    if base < day <= latest:
        return replace(mention, first=max(mention.first, base))
    return replace(mention, first=None, last=None)


def _decided(mention: Mention, possible: tuple[date, ...]) -> Mention:
    if len(possible) == 1:
        return replace(mention, first=possible[0], last=possible[0], readings=())
    return replace(mention, first=None, last=None, readings=possible)


def _with_ranges(text: _Text, found: tuple[Mention, ...]) -> tuple[Mention, ...]:
    """As in "From the 3rd to the 10th": the first is where it starts, the second where it ends."""
    ranged = list(found)
    for number, (one, other) in enumerate(pairwise(found)):
        if _is_range(text, one, other):
            ranged[number] = replace(one, role=Role.START)
            ranged[number + 1] = replace(_after(text, other, one), role=Role.END, is_after=True)
        elif _is_choice(text, one, other):
            days = tuple(mention.until for mention in (one, other) if mention.until)
            ranged[number] = replace(one, first=None, last=None, readings=days, end=other.end)
            ranged[number + 1] = replace(one, first=None, last=None, readings=days, end=other.end)
    return tuple(ranged)


def _after(text: _Text, end: Mention, start: Mention) -> Mention:
    """The end of a range lies after its start: "away from 20 December to the 5th" ends in January."""
    if not (end.is_clear and start.first and end.first and end.last and end.last < start.first):
        return end
    if text.value("weekdays", _lexeme_at(text, end.start)) is not None:
        return replace(end, first=end.first + timedelta(7), last=end.last + timedelta(7))
    later = _next_month_like(start.first, end.first.day) if end.first == end.last else None
    return replace(end, first=later, last=later)


def _is_range(text: _Text, one: Mention, other: Mention) -> bool:
    between = [lexeme for lexeme in text.lexemes if one.end <= lexeme.start and lexeme.end <= other.start]
    between = [lexeme for lexeme in between if not _is_only(lexeme, {"glue", "article"})]
    if len(between) != 1:
        return False
    led = any(lexeme.end == one.start and "between" in lexeme.means for lexeme in text.lexemes) or _is_near(
        text, _lexeme_at(text, one.start), "between"
    )
    word = between[0]
    return "range" in word.means or word.value("mark") == "-" or (led and "and" in word.means)


def _is_choice(text: _Text, one: Mention, other: Mention) -> bool:
    """As in "Monday or Tuesday", "the 5th or maybe the 6th"."""
    between = [lexeme for lexeme in text.lexemes if one.end <= lexeme.start and lexeme.end <= other.start]
    return len(between) <= 3 and any("or" in lexeme.means for lexeme in between)  # noqa: PLR2004 "or maybe in"


def _lexeme_at(text: _Text, token: int) -> int:
    return next(number for number, lexeme in enumerate(text.lexemes) if lexeme.start == token)


# --- productions: a stretch of lexemes, or None -----------------------------------------------------------------------


def _iso(text: _Text, at: int) -> _Found | None:
    year, month, day = (text.value("number", at + step) for step in (0, 2, 4))
    if text.value("digits", at) != _FOUR_DIGITS or month is None or day is None:
        return None
    if text.mark(at + 1) not in {"-", "/", "."} or text.mark(at + 3) != text.mark(at + 1):
        return None
    found = _day(year, month, day)
    return _Found.day(found, at + 5) if found else None


def _numeric(text: _Text, at: int) -> _Found | None:
    separator = text.mark(at + 1)
    one, other = text.value("number", at), text.value("number", at + 2)
    if separator not in {"/", ".", "-"} or one is None or other is None or not (text.touch(at) and text.touch(at + 1)):
        return None
    year, end = _numeric_year(text, at + 3, separator)
    if not _is_written_date(text, separator, year, (one, other), end):
        return None
    return _numeric_readings(text, (one, other), year, separator, end)


def _is_written_date(text: _Text, separator: str, year: int | None, pair: tuple[int, int], end: int) -> bool:
    if text.value("units", end) or text.value("months", end):
        return False
    if year is not None:
        return True
    # "5-12" alone is a range, "24/7" a way of speaking, and "10.30" without a final dot a time.
    return (separator == "/" and pair != (24, 7)) or (separator == "." and text.mark(end) == ".")


def _numeric_year(text: _Text, at: int, separator: str) -> tuple[int | None, int]:
    year = text.value("number", at + 1)
    if text.mark(at) != separator or year is None or not text.touch(at):
        return None, at
    if text.value("digits", at + 1) == _FOUR_DIGITS:
        return year, at + 2
    return (2000 + year, at + 2) if text.value("digits", at + 1) == 2 else (None, at)  # noqa: PLR2004 "05/12/26"


def _numeric_readings(text: _Text, pair: tuple[int, int], year: int | None, separator: str, end: int) -> _Found | None:
    is_day_first = True if separator == "." else text.words.is_day_first
    orders = {True: [pair], False: [pair[::-1]], None: [pair, pair[::-1]]}[is_day_first]
    if is_day_first and not 1 <= pair[1] <= 12 and separator != ".":  # noqa: PLR2004 months
        orders = [pair[::-1]]
    readings = tuple(
        dict.fromkeys(day for order in orders if (day := _dated(text.base, order[0], order[1], year)) is not None)
    )
    if not readings:
        return None
    return _Found.day(readings[0], end) if len(readings) == 1 else _Found(None, None, end, readings)


def _dated(base: date, day: int, month: int, year: int | None) -> date | None:
    if year is not None:
        return _day(year, month, day)
    return _coming(base, day, month)


def _coming(base: date, day: int, month: int) -> date | None:
    for year in range(base.year, base.year + 5):
        found = _day(year, month, day)
        if found is not None and found > base:
            return found
    return None


def _day_month(text: _Text, at: int) -> _Found | None:
    at = text.skip(at, "article")
    number = _day_number(text, at)
    if number is None:
        return None
    after = at + 1 + (1 if text.value("dotted", at) else 0)
    month_at = text.skip(after, "glue")
    month = text.value("months", month_at)
    if month is None:
        return _day_range(text, at, number)
    return _in_year(text, number, month + 1, month_at + 1)


def _day_range(text: _Text, at: int, start: int) -> _Found | None:
    """As in "5-12 May", "3rd to 10th of May": the end of it."""
    dotted = 1 if text.value("dotted", at) else 0
    link = at + 1 + dotted
    if not (text.value("range", link) or text.mark(link) == "-"):
        return None
    second = text.skip(link + 1, "article")
    end = _day_month(text, second) if text.value("months", second) is None else None
    if end is None or _day_number(text, second) is None or (_day_number(text, second) or 0) <= start:
        return None
    return replace(end, is_end=True)


def _day_number(text: _Text, at: int) -> int | None:
    number = text.value("ordinal", at) or text.value("ordinals", at)
    if number is None and text.value("digits", at) in {1, 2}:
        number = text.value("number", at)
    return number if isinstance(number, int) and 1 <= number <= 31 else None  # noqa: PLR2004 days of a month


def _month_day(text: _Text, at: int) -> _Found | None:
    month = text.value("months", at)
    dot = 1 if text.mark(at + 1) == "." else 0
    day_at = text.skip(at + 1 + dot, "article")
    number = _day_number(text, day_at)
    if month is None or number is None or text.value("units", day_at + 1) or text.mark(day_at + 1) == ":":
        return None
    last = _month_day_range(text, day_at, number)
    if last is not None:
        return replace(_in_year(text, last[0], month + 1, last[1]), is_end=True)
    return _in_year(text, number, month + 1, day_at + 1)


def _month_day_range(text: _Text, day_at: int, start: int) -> tuple[int, int] | None:
    link = day_at + 1
    second = _day_number(text, link + 1)
    is_link = text.value("range", link) or text.mark(link) == "-"
    is_day = second is not None and not text.value("months", link + 2) and not text.value("units", link + 2)
    return (second, link + 2) if is_link and is_day and second is not None and second > start else None


def _in_year(text: _Text, day: int, month: int, at: int) -> _Found:
    year, end = _year(text, at)
    if year is not None:
        found = _day(year, month, day)
        return _Found.day(found, end)
    coming = _coming(text.base, day, month)
    if coming is not None and (coming - text.base).days > SUSPICIOUS_DAYS:
        return _Found(None, None, at)
    return _Found.day(coming, at)


def _year(text: _Text, at: int) -> tuple[int | None, int]:
    """A year after a day and month, or "next year"; None and the same place when there is none."""
    here = at + 1 if text.mark(at) in {",", "."} else at
    here = text.skip(here, "glue")
    number = text.value("number", here)
    if text.value("digits", here) == _FOUR_DIGITS and number is not None and abs(number - text.base.year) <= 20:  # noqa: PLR2004
        return number, here + 1
    nearby = _relative_unit(text, text.skip(at, "glue", "article", "in"))
    if nearby is not None and nearby[0] == "year":
        return text.base.year + nearby[1], nearby[2]
    return None, at


def _month(text: _Text, at: int) -> _Found | None:
    is_next = bool(text.value("next", at) or text.value("this", at))
    here = at + 1 if is_next else at
    month = text.value("months", here)
    if month is None:
        return None
    if text.value("digits", here + 1) == 2 and _day_number(text, here + 1) is None:  # noqa: PLR2004 "32 December"
        return _Found(None, None, here + 2)
    after = here + 1 + (1 if text.mark(here + 1) == "." and text.value("digits", here + 2) == _FOUR_DIGITS else 0)
    year, end = _year(text, after)
    if text.value("following", end):
        end += 1
    word = text.tokens[text.lexemes[here].start].text
    needs_lead = year is None and not is_next and word in text.words.weak
    if year is not None:
        return (
            _span_of_month(date(year, month + 1, 1), end, needs_lead=needs_lead) if _day(year, month + 1, 1) else None
        )
    return _coming_month(text, month + 1, end, needs_lead=needs_lead, is_next=bool(text.value("next", at)))


def _coming_month(text: _Text, month: int, end: int, *, needs_lead: bool, is_next: bool) -> _Found:
    base = text.base
    if month == base.month:
        # "Swamped in November", written in November: to its end. "Until November" is a year away, or a slip.
        this = date(base.year, month, 1)
        return replace(_span_of_month(this, end, needs_lead=needs_lead), is_present=True, is_named=True)
    first = date(base.year + (1 if month < base.month else 0), month, 1)
    if is_next and first.year == base.year:
        return _Found(None, None, end, readings=(first, date(base.year + 1, month, 1)))
    if (first - base).days > SUSPICIOUS_DAYS:
        return _Found(None, None, end, needs_lead=needs_lead)
    return _span_of_month(first, end, needs_lead=needs_lead)


def _span_of_month(first: date, end: int, *, needs_lead: bool = False) -> _Found:
    return _Found(first, plus_months(first, 1) - timedelta(1), end, needs_lead=needs_lead)


def _day_of_month(text: _Text, at: int) -> _Found | None:
    """As in "The 5th", "until the first", "hasta el 5": the next day of that number."""
    begin = text.skip(at, "article")
    number = _day_number(text, begin)
    if number is None or not _may_stand_alone(text, at, begin):
        return None
    after = begin + 1 + (1 if text.value("dotted", begin) else 0)
    month = _named_month_after(text, after)
    if month is not None:
        return _Found.day(_day(month[0].year, month[0].month, number), month[1])
    return _Found.day(_next_month_like(text.base, number), after)


def _may_stand_alone(text: _Text, at: int, begin: int) -> bool:
    has_article = begin > at
    lead = _lead(text, at)
    is_led = lead in _ENDING
    after = begin + 1 + (1 if text.value("dotted", begin) else 0)
    if text.value("units", after) or text.value("clock", after) or text.mark(begin + 1) in {":", "/"}:
        return False
    if text.value("suffixed", begin):
        return has_article or lead is not None or text.value("weekdays", at - 1) is not None
    if text.value("dotted", begin):
        return is_led or (lead == "on" and has_article) or text.value("weekdays", at - 1) is not None
    if text.value("ordinals", begin) is not None:
        return is_led and not text.value("question", begin + 1)
    return is_led and (has_article or bool(text.value("until_day", at - 1)))


def _named_month_after(text: _Text, at: int) -> tuple[date, int] | None:
    here = text.skip(at, "glue", "article")
    unit = _relative_unit(text, here)
    if unit is not None and unit[0] == "month":
        return plus_months(text.base.replace(day=1), unit[1]), unit[2]
    if here > at and text.value("units", here) == "month":
        return text.base.replace(day=1), here + 1
    return None


def _weekday(text: _Text, at: int) -> _Found | None:
    is_next, is_this = bool(text.value("next", at)), bool(text.value("this", at))
    here = text.skip(at, "next", "this") if is_next or is_this else at
    weekday = text.value("weekdays", here)
    if weekday is None:
        return None
    word = text.tokens[text.lexemes[here].start].text
    dated = _dated_weekday(text, here)
    if dated is not None:
        return _checked_weekday(dated, weekday)
    return _plain_weekday(text, here, weekday, is_next=is_next, needs_lead=word in text.words.weak and not is_next)


def _dated_weekday(text: _Text, at: int) -> _Found | None:
    here = at + 1 + (1 if text.mark(at + 1) in {",", "."} else 0)
    here = text.skip(here, "article", "glue")
    options = (production(text, here) for production in (_day_month, _month_day, _iso, _numeric, _ordinal_day))
    return max((option for option in options if option is not None), key=lambda option: option.end, default=None)


def _ordinal_day(text: _Text, at: int) -> _Found | None:
    number = text.value("ordinal", at)
    if number is None and text.value("dotted", at):
        number = text.value("number", at)
    if not isinstance(number, int) or not 1 <= number <= 31:  # noqa: PLR2004 days of a month
        return None
    return _Found.day(_next_month_like(text.base, number), at + 1 + (1 if text.value("dotted", at) else 0))


def _checked_weekday(dated: _Found, weekday: int) -> _Found:
    """As in "Friday 5 December" when the fifth is a Saturday: two dates, not one."""
    days = dated.readings or ((dated.first,) if dated.first else ())
    fitting = tuple(day for day in days if day.weekday() == weekday)
    if len(fitting) == 1:
        return _Found.day(fitting[0], dated.end)
    near = tuple(day + timedelta((weekday - day.weekday() + 3) % 7 - 3) for day in days)
    return _Found(None, None, dated.end, tuple(dict.fromkeys((*near, *days))))


def _plain_weekday(text: _Text, at: int, weekday: int, *, is_next: bool, needs_lead: bool) -> _Found:
    coming = text.base + timedelta((weekday - text.base.weekday() - 1) % 7 + 1)
    week_after = coming + timedelta(7)
    monday = text.base - timedelta(text.base.weekday())
    if text.value("units", at + 1) == "week" and not text.value("number", at + 2):
        return _Found.day(week_after, at + 2)
    unit = _relative_unit(text, text.skip(at + 1, "glue", "article"))
    if unit is not None and unit[0] == "week":
        return _Found.day(monday + timedelta(7 * unit[1] + weekday), unit[2])
    if text.value("following", at + 1):
        is_next, at = True, at + 1
    if is_next and not text.words.next_weekday_is_clear:
        return _Found(None, None, at + 1, readings=(coming, week_after))
    return _Found.day(coming, at + 1, needs_lead=needs_lead)


def _tomorrow(text: _Text, at: int) -> _Found | None:
    days = text.value("days_from_now", at)
    return None if not days else _Found.day(text.base + timedelta(days), at + 1)


def _duration(text: _Text, at: int) -> _Found | None:
    """As in "two weeks", "a week or two", "2-3 weeks": counted from today, or from a date that follows."""
    measured = _measure(text, at)
    if measured is None:
        return None
    count, unit, end = measured
    anchored = _anchored(text, count, unit, end)
    if anchored is not None:
        return anchored
    day = _plus(text.base, count, unit)
    if day is not None and text.value("half_more", end):
        day, end = day + timedelta(_HALF_DAYS.get(unit, 0)), end + 1
    end = text.skip(end, "from_now")
    return replace(_Found.day(day, end), is_duration=True) if day else None


_HALF_DAYS = {"week": 4, "month": 15, "year": 182}


def _measure(text: _Text, at: int) -> tuple[int, str, int] | None:
    here = text.skip(at, "article", "next") if text.value("number", at) is None else at
    if text.value("units", here) == "half_year":
        return 1, "half_year", here + 1
    count = _count(text, here)
    if count is None:
        return None
    number, unit_at = count
    unit_at = text.skip(unit_at, "glue", "filler")
    unit = text.value("units", unit_at)
    if unit is None:
        return None
    return _stretched(text, number, unit, unit_at + 1)


def _count(text: _Text, at: int) -> tuple[int, int] | None:
    number = text.value("numbers", at) or text.value("number", at)
    if number is None:
        return None
    link = at + 1
    upper = text.value("numbers", link + 1) or text.value("number", link + 1)
    is_linked = text.value("range", link) or text.value("or", link) or text.mark(link) == "-"
    return (upper, link + 2) if is_linked and upper is not None else (number, link)


def _stretched(text: _Text, number: int, unit: str, end: int) -> tuple[int, str, int]:
    """As in "A week or two" is two weeks."""
    upper = text.value("numbers", end + 1)
    if text.value("or", end) and upper is not None and text.value("units", end + 2) is None:
        return upper, unit, end + 2
    return number, unit, end


def _anchored(text: _Text, count: int, unit: str, end: int) -> _Found | None:
    is_later = any(text.value(category, end) for category in ("after", "on", "start"))
    sign = 1 if is_later else -1 if text.value("before", end) else 0
    if not sign:
        return None
    start = text.skip(end + 1, "article") if text.value("ordinal", text.skip(end + 1, "article")) is None else end + 1
    anchor = _date_at(text, start)
    if anchor is None or anchor.first is None or anchor.is_duration:
        return None
    return _Found.day(_plus(anchor.first, sign * count, unit), anchor.end)


def _relative_unit(text: _Text, at: int) -> tuple[str, int, int] | None:
    """As in "Next week", "this month", "semana que viene": (unit, how many ahead, the lexeme after)."""
    steps = 1 if text.value("next", at) else 0 if text.value("this", at) else None
    unit = text.value("units", at if steps is None else at + 1)
    if unit is None:
        return None
    if steps is not None:
        return unit, steps, at + 2
    return (unit, 1, at + 2) if text.value("following", at + 1) else None


def _unit(text: _Text, at: int) -> _Found | None:
    here = text.skip(at, "article")
    unit = _relative_unit(text, here)
    if unit is None:
        return None
    runs = here > at and text.value("next", here) and _lead(text, at) == "for" and unit[1] == 1
    if unit[0] == "fortnight" or runs:
        # "For the next month" is a month from today, "next month" the month on the calendar.
        return replace(_Found.day(_plus(text.base, 1, unit[0]), unit[2]), is_duration=True)
    weekday_at = text.skip(unit[2], "on")
    weekday = text.value("weekdays", weekday_at)
    if unit[0] == "week" and weekday is not None:
        monday = text.base + timedelta(7 * unit[1] - text.base.weekday())
        return _Found.day(monday + timedelta(weekday), weekday_at + 1)
    found = _span_of_unit(text.base, unit[0], unit[1], unit[2])
    if found is None or unit[1] != 0:
        return found
    return _and_next(text, unit[0], found) or replace(found, is_present=True)


def _and_next(text: _Text, unit: str, found: _Found) -> _Found | None:
    """As in "this week and next": to the end of the second one."""
    if not (text.value("and", found.end) and text.value("next", found.end + 1)):
        return None
    end = found.end + 2 + bool(text.value("units", found.end + 2) == unit)
    second = _span_of_unit(text.base, unit, 1, end)
    return _Found(found.first, second.last, end, is_present=True) if second else None


def _span_of_unit(base: date, unit: str, ahead: int, end: int) -> _Found | None:
    monday = base - timedelta(base.weekday())
    quarter = date(base.year, (base.month - 1) // 3 * 3 + 1, 1)
    spans: Mapping[str, Callable[[], tuple[date, date]]] = {
        "week": lambda: (monday + timedelta(7 * ahead), monday + timedelta(7 * ahead + 6)),
        "month": lambda: _months(base.replace(day=1), ahead, 1),
        "quarter": lambda: _months(quarter, 3 * ahead, 3),
        "year": lambda: _months(date(base.year, 1, 1), 12 * ahead, 12),
    }
    if unit not in spans:
        return None
    first, last = spans[unit]()
    return _Found(first, last, end)


def _months(first: date, ahead: int, length: int) -> tuple[date, date]:
    begin = plus_months(first, ahead)
    return begin, plus_months(begin, length) - timedelta(1)


def _named_span(text: _Text, at: int) -> _Found | None:
    monday = text.base - timedelta(text.base.weekday())
    kind = text.value("spans", text.skip(at, "article"))
    end = text.skip(at, "article") + 1
    if kind == "weekend":
        saturday = monday + timedelta(5)
        return _Found(saturday, saturday + timedelta(2), end)
    if kind == "week_after_next":
        return _Found(monday + timedelta(14), monday + timedelta(20), end)
    if kind == "month_after_next":
        return _Found(*_months(text.base.replace(day=1), 2, 1), end)
    if kind in {"week_end", "month_end", "quarter_end", "year_end"}:
        return _end_of(kind.removesuffix("_end"), text.base, end)
    return _neighbour(text, end - 1)


def _end_of(unit: str, base: date, end: int) -> _Found | None:
    """As in "EOY", "Monatsende": one word for the end of a stretch."""
    found = _span_of_unit(base, unit, 0, end)
    return _part_of("end", unit, replace(found, is_present=True), base) if found else None


def _neighbour(text: _Text, at: int) -> _Found | None:
    """As in "The week after Easter", "the day after Christmas": the next one that begins after that date."""
    unit = text.value("units", at)
    if unit not in {"day", "week"} or not text.value("after", at + 1) or not text.value("article", at - 1):
        return None
    anchor = _date_at(text, at + 2)
    if anchor is None or anchor.last is None:
        return None
    monday = anchor.last + timedelta(7 - anchor.last.weekday())
    first = monday if unit == "week" else anchor.last + timedelta(1)
    return _Found(first, first + timedelta(6 if unit == "week" else 0), anchor.end)


def _part(text: _Text, at: int) -> _Found | None:
    """As in "End of March", "mid next week", "EOY": a part of a stretch of days."""
    here = text.skip(at, "article")
    part = text.value("parts", here)
    if part is None:
        return None
    after = here + 1 + (1 if text.mark(here + 1) == "-" else 0)
    after = text.skip(after, "glue", "article", "in")
    whole = _whole(text, after)
    if whole is None:
        return None
    unit, found = whole
    return _part_of(part, unit, found, text.base)


def _whole(text: _Text, at: int) -> tuple[str, _Found] | None:
    """The stretch that a part is of, with its unit; "the month" is this month."""
    unit = text.value("units", at)
    if unit in {"week", "month", "quarter", "year"} and not text.value("following", at + 1):
        found = _span_of_unit(text.base, unit, 0, at + 1)
        return (unit, replace(found, is_present=True)) if found else None
    relative = _relative_unit(text, text.skip(at, "article"))
    for production in (_unit, _month, _quarter, _season, _year_alone, _named_span):
        found = production(text, at)
        if found is not None and found.first is not None and found.last is not None:
            return (relative[0] if relative else _unit_of_span(found)), found
    return None


def _unit_of_span(found: _Found) -> str:
    length = (found.last - found.first).days if found.first and found.last else 0
    return "week" if length < 8 else "month" if length < 32 else "quarter" if length < 100 else "year"  # noqa: PLR2004


_PARTS: Mapping[tuple[str, str], int] = {
    # Days from the first day of the stretch, or from its last one when negative.
    ("start", ""): 0, ("early", "week"): 0, ("early", "month"): 4, ("early", "quarter"): 14, ("early", "year"): 14,
    ("mid", "week"): 2, ("mid", "month"): 14, ("mid", "quarter"): 45, ("mid", "year"): 181,
    ("late", "week"): 3, ("late", "month"): 24, ("late", "quarter"): -15, ("late", "year"): -46,
    ("end", "week"): 4, ("end", ""): -1, ("rest", ""): -1, ("whole", ""): -1,
    ("week1", ""): 0, ("week2", ""): 7, ("week3", ""): 14, ("week4", ""): 21, ("weeklast", ""): -7,
}  # fmt: skip


def _part_of(part: str, unit: str, found: _Found, base: date) -> _Found:
    if part == "end" and unit == "week" and base.weekday() >= calendar.FRIDAY and found.is_present:
        # Said on a Friday or later, it may be this week or the next.
        return _Found(None, None, found.end)
    days = _PARTS.get((part, unit), _PARTS.get((part, ""), 0))
    if found.first is None or found.last is None:
        return found
    day = found.first + timedelta(days) if days >= 0 else found.last + timedelta(days + 1)
    if day <= base and found.is_present and not (part in {"start", "early", "mid", "late"} and unit == "week"):
        day = day if part not in {"start", "early", "mid", "late"} else base
    is_present = part in {"rest", "whole"}
    return replace(_Found(base if is_present else day, day, found.end), is_present=is_present)


def _quarter(text: _Text, at: int) -> _Found | None:
    here = text.skip(at, "article")
    number = text.value("quarters", here)
    if number is None:
        return None
    year, end = _year(text, here + 1)
    base = text.base
    first = date(year or base.year, 3 * number - 2, 1)
    if year is None and plus_months(first, 3) <= base:
        first = first.replace(year=base.year + 1)
    return _Found(first, plus_months(first, 3) - timedelta(1), end, needs_lead=year is None)


def _season(text: _Text, at: int) -> _Found | None:
    here = text.skip(at, "article", "next", "this")
    season = text.value("seasons", here)
    if season is None:
        return None
    year, end = _year(text, here + 1)
    end = text.skip(end, "following")
    month = (_SEASON_MONTHS[season] + (6 if text.is_southern else 0) - 1) % 12 + 1
    first = date(year or text.base.year, month, 1)
    if year is None and first <= text.base:
        first = first.replace(year=first.year + 1)
    return _Found(first, plus_months(first, 3) - timedelta(1), end, needs_lead=year is None)


def _vague(text: _Text, at: int) -> _Found | None:
    """A time that has no day of its own in the tables, such as "the holidays": a question, not a guess."""
    return _Found(None, None, at + 1, needs_lead=True) if text.value("vague", at) else None


def _year_alone(text: _Text, at: int) -> _Found | None:
    year = text.value("number", at)
    if text.value("digits", at) != _FOUR_DIGITS or year is None or not 0 <= year - text.base.year <= 2:  # noqa: PLR2004
        return None
    return _Found(date(year, 1, 1), date(year, 12, 31), at + 1, needs_lead=True)


def _holiday(text: _Text, at: int) -> _Found | None:
    here = text.skip(at, "article", "next", "this")
    rule = text.value("holidays", here)
    if rule is None:
        return None
    year, end = _year(text, here + 1)
    if year is not None:
        return _Found.day(holiday(rule, year), end)
    days = (holiday(rule, candidate) for candidate in range(text.base.year, text.base.year + 3))
    return _Found.day(next((day for day in days if day is not None and day > text.base), None), end)


_PRODUCTIONS: tuple[Callable[[_Text, int], _Found | None], ...] = (
    _iso, _numeric, _day_month, _month_day, _part, _weekday, _duration, _holiday, _named_span,
    _unit, _vague, _day_of_month, _month, _quarter, _season, _tomorrow, _year_alone,
)  # fmt: skip


# --- the calendar -----------------------------------------------------------------------------------------------------


def plus_months(day: date, months: int) -> date:
    """The same day of the month, months later; the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = min(max(year, 1), MAXYEAR)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _plus(day: date, count: int, unit: str) -> date | None:
    days = {"day": 1, "workday": 1, "week": 7, "fortnight": 14}
    months = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
    if abs(count) > 1000:  # noqa: PLR2004 no constraint is given in thousands of anything
        return None
    if unit == "workday":
        return _plus_workdays(day, count)
    if unit in days:
        return day + timedelta(count * days[unit])
    return plus_months(day, count * months[unit])


def _plus_workdays(day: date, count: int) -> date:
    step = 1 if count >= 0 else -1
    left = abs(count)
    while left:
        day += timedelta(step)
        left -= day.weekday() < calendar.SATURDAY
    return day


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next_month_like(base: date, number: int) -> date | None:
    """The next day after `base` whose number in the month this is."""
    for ahead in range(4):
        first = plus_months(base.replace(day=1), ahead)
        found = _day(first.year, first.month, number)
        if found is not None and found > base:
            return found
    return None


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century = year % 19, year // 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - epact - year % 100 % 4) % 7
    correction = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * correction + 114, 31)
    return date(year, month, day + 1)


def holiday(rule: str, year: int) -> date | None:
    """The day of a holiday: "12-25", "easter+39" (days after Easter), "11:4:3" (November's fourth Thursday), or a list.

    The last such weekday of a month is number -1. A rule of another form is an error in a word table: ValueError.
    """
    if " " in rule:
        return next((day for day in map(date.fromisoformat, rule.split()) if day.year == year), None)
    if rule.startswith("easter"):
        return easter(year) + timedelta(int(rule.removeprefix("easter") or 0))
    if ":" in rule:
        month, number, weekday = map(int, rule.split(":"))
        return _nth_weekday(year, month, number, weekday)
    month, day = map(int, rule.split("-"))
    return _day(year, month, day)


def _nth_weekday(year: int, month: int, number: int, weekday: int) -> date:
    first = date(year, month, 1)
    if number < 0:
        last = plus_months(first, 1) - timedelta(1)
        return last - timedelta((last.weekday() - weekday) % 7)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (number - 1))
