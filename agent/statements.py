"""Pure. The owner's words → events: what each clause says of the two questions, in the order in which it is said.

A clause is what stands between two marks or conjunctions. Its phrases come from the word tables; here it is decided
what they say together: what is denied, doubted, past, asked, or only names the question that the next word answers.
Nothing is settled between clauses: agent.reply does that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise

from agent.dates import Mention, Role, mentions
from agent.model import Question
from agent.tokens import Token, TokenKind, text_between, tidy, tokenize
from agent.vocabulary import Match, Vocabulary

MOST_UNREAD_BEFORE = 2
"""Unread words before a statement in its clause, above which it may be about something else."""
MOST_UNREAD_AFTER_ORDER = 5
MOST_UNREAD_BESIDE_DATE = 4
"""The same around a date that stands for "swamped until then"."""
MOST_TOKENS = 300
"""Tokens of one stretch of a reply that are read; what goes on longer is no answer to two questions."""
NEGATION_REACH = 5
"""Words without a meaning of their own that may stand between "not" and what it denies."""
LONGEST_FIELD = 6
"""Words that name a new field at most."""
SWAMPED, CHANGING = Question.SWAMPED, Question.CHANGING_FIELDS


class Kind(StrEnum):
    """What an event is."""

    PARTICLE = "particle"
    """A bare yes, no, or "maybe", that does not say to which question."""
    TOPIC = "topic"
    """A statement on one of the questions."""
    BOTH = "both"
    """One answer to both questions."""
    ORDER = "order"
    """What to do, whatever the answers: "skip", "just say yes"."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing said. `value` None is a doubt; on an order it has no meaning."""

    kind: Kind
    value: bool | None
    question: Question | None = None
    order: str = ""
    label: str = ""
    """Of a topic that may only name the question: "asked" with a question mark, "plain" without."""
    was_label: bool = False
    """Of a topic that stood alone, with no answer after it."""
    is_ditto: bool = False
    is_firm: bool = False
    """A particle such as "not at all", which may only underline the one before."""
    is_strong: bool = False
    """Worded as the question is, so that it outweighs "busy" and the like."""
    is_implied: bool = False
    """Follows from a date or a reason, not from words on the question itself."""
    is_inverse: bool = False
    """Worded as the opposite of the question: "free", "staying"."""
    separators: frozenset[str] = frozenset()
    """What stands between the event before and this one; "," for any light mark, "." for the end of a sentence."""
    words: str = ""
    sentence: int = 0
    at: int = 0
    """The token it begins with."""


@dataclass(frozen=True, slots=True)
class DatedMention:
    """A date that may tell until when, with the sentence it stands in and whether that speaks of being swamped."""

    mention: Mention
    sentence: int
    is_apart: bool
    """Whether its sentence says nothing of either question."""
    is_doubted: bool = False
    """Whether its clause says "maybe"."""


@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that one stretch of the reply says."""

    events: tuple[Event, ...] = ()
    dates: tuple[DatedMention, ...] = ()
    reasons: tuple[str, ...] = ()
    """Categories, or the owner's own words after "=", in order."""
    new_field: str | None = None
    is_wish: bool = False
    """Whether the owner would like to meet the contact all the same."""
    is_introduced_anew: bool = False
    """Whether the owner said as what to be introduced."""
    flags: frozenset[str] = frozenset()
    """Which of sarcasm, condition, hold, acknowledged, corrected, unread occur."""
    question: Question | None = None
    words: int = 0
    unread: int = 0
    """How many words there are, and how many of them no phrase holds."""
    tidied: str = ""
    tokens: tuple[Token, ...] = ()


@dataclass(frozen=True, slots=True)
class _Atom:
    """A phrase or a date in a clause."""

    labels: tuple[str, ...]
    start: int
    end: int
    mention: Mention | None = None

    def has(self, *labels: str) -> bool:
        return any(label in self.labels for label in labels)


@dataclass(frozen=True, slots=True)
class _Clause:
    atoms: tuple[_Atom, ...]
    start: int
    end: int
    separators: frozenset[str]
    """What stands before it."""
    sentence: int
    covered: frozenset[int] = frozenset()
    """Tokens that belong to a phrase."""
    is_asked: bool = False

    def has(self, *labels: str) -> bool:
        return any(atom.has(*labels) for atom in self.atoms)

    def unread(self, start: int, end: int) -> int:
        """How many tokens of this part of the clause belong to no phrase."""
        return sum(at not in self.covered for at in range(start, end))

    @property
    def is_read(self) -> bool:
        return not self.unread(self.start, self.end)


@dataclass(frozen=True, slots=True)
class _Text:
    tidied: str
    tokens: tuple[Token, ...]
    vocabulary: Vocabulary

    def quote(self, start: int, end: int) -> str:
        return text_between(self.tidied, self.tokens[start:end])


def read(
    text: str, base: date, vocabulary: Vocabulary, *, question: Question | None = None, country: str | None = None
) -> tuple[Statements, ...]:
    """What `text` says; a numbered answer ("1. no 2. yes") begins a stretch of its own, under its question."""
    tidied = tidy(text)
    tokens = tokenize(tidied, elides=vocabulary.elides)[:MOST_TOKENS]
    tokens = tuple(_respelled(token, vocabulary) for token in tokens)
    dated = mentions(tokens, base, vocabulary.dates, country=country)
    return tuple(
        _statements(_Text(tidied, tokens, vocabulary), begin, end, asked or question, dated)
        for begin, end, asked in _stretches(tokens, dated, vocabulary)
    )


def _respelled(token: Token, vocabulary: Vocabulary) -> Token:
    return replace(token, text=vocabulary.corrected(token.text)) if token.is_word else token


# --- numbered answers -------------------------------------------------------------------------------------------------

_NUMBERED = {"1": SWAMPED, "2": CHANGING}


def _stretches(
    tokens: Sequence[Token], dated: Sequence[Mention], vocabulary: Vocabulary
) -> Iterator[tuple[int, int, Question | None]]:
    begin, question = 0, None
    for at in range(len(tokens)):
        if _is_number_of_answer(tokens, at, dated, vocabulary):
            yield begin, at, question
            begin, question = at + 1, _NUMBERED[tokens[at].text]
    yield begin, len(tokens), question


def _is_number_of_answer(tokens: Sequence[Token], at: int, dated: Sequence[Mention], vocabulary: Vocabulary) -> bool:
    if tokens[at].text not in _NUMBERED or any(mention.start <= at < mention.end for mention in dated):
        return False
    is_marked = at + 1 < len(tokens) and tokens[at + 1].text in set(".):-=/]")
    before = tokens[at - 1] if at else None
    begins = before is None or before.kind is not TokenKind.WORD or _is_answer(tokens, at - 1, vocabulary)
    after = at + 1
    while after < len(tokens) and tokens[after].kind is TokenKind.MARK and tokens[after].text in set(".):-=/]"):
        after += 1
    return begins and (is_marked or _is_answer(tokens, after, vocabulary))


def _is_answer(tokens: Sequence[Token], at: int, vocabulary: Vocabulary) -> bool:
    match = vocabulary.phrases.longest(tokens, at) if 0 <= at < len(tokens) else None
    return match is not None and bool({"yes", "no", "firm_yes", "firm_no"} & set(match.labels))


# --- clauses ----------------------------------------------------------------------------------------------------------

_STOPS = {".": ".", "!": ".", "?": ".", ";": ".", "/": "/", "|": "/", "&": "and", "+": "and"}


def _clauses(text: _Text, begin: int, end: int, dated: Sequence[Mention]) -> tuple[_Clause, ...]:
    clauses: list[_Clause] = []
    atoms: list[_Atom] = []
    separators: set[str] = set()
    start = at = begin
    sentence = 0
    while at <= end:
        atom = _atom(text, at, end, dated) if at < end else None
        separator = _separator(text, at, atom) if at < end else "."
        if separator is None:
            atoms += [atom] if atom else []
            at = atom.end if atom else at + 1
            continue
        if at > start:
            is_asked = at < end and text.tokens[at].text == "?"
            covered = frozenset(place for one in atoms for place in range(one.start, one.end))
            clauses.append(_Clause(tuple(atoms), start, at, frozenset(separators), sentence, covered, is_asked))
            atoms, separators = [], set()
        sentence += separator in {".", "\n"} and at < end
        separators.add(separator)
        # "Nor" both separates and denies.
        at = start = at if separator == "or" and atom is not None and atom.has("not") and at > start else at + 1
        if atom is not None and separator == "or" and atom.has("not"):
            atoms, at = [atom], atom.end
    return _asked_as_a_whole(clauses)


def _asked_as_a_whole(clauses: Sequence[_Clause]) -> tuple[_Clause, ...]:
    """A question mark turns its whole sentence into a question, but not what stands before a "but"."""
    settled: list[_Clause] = []
    for clause in reversed(clauses):
        after = settled[-1] if settled else None
        belongs = after is not None and after.sentence == clause.sentence and "but" not in after.separators
        settled.append(replace(clause, is_asked=clause.is_asked or (belongs and after is not None and after.is_asked)))
    return tuple(reversed(settled))


def _atom(text: _Text, at: int, end: int, dated: Sequence[Mention]) -> _Atom | None:
    mention = next((mention for mention in dated if mention.start == at), None)
    if mention is not None:
        return _Atom(("date",), at, min(mention.end, end), mention)
    match = _match(text, at)
    if match is None or match.end > end:
        return None
    longer = _longer_inside(text, at, match)
    if longer is not None:
        match = text.vocabulary.phrases.longest(text.tokens[:longer], at)
        if match is None:
            return None
    following = next((mention.start for mention in dated if at < mention.start < match.end), match.end)
    return _Atom(match.labels, at, max(following, at + 1)) if match.labels else None


def _match(text: _Text, at: int) -> Match | None:
    """The longest phrase; one that must end a statement counts only where the statement may end."""
    phrases = text.vocabulary.phrases
    match = phrases.longest(text.tokens, at)
    if match is None or not set(match.labels) & _CLOSING or _may_end(text, match.end):
        return match
    return phrases.longest(text.tokens, at, without=_CLOSING)


def _longer_inside(text: _Text, at: int, match: Match) -> int | None:
    """Where a longer phrase begins inside this one and outlasts it: "I'm free | from the 12th"; None when none does."""
    for start in range(at + 1, match.end):
        other = _match(text, start)
        if other is not None and other.end > match.end and other.end - start >= match.end - at:
            return start
    return None


_CLOSING = frozenset({"firm_yes_end", "firm_no_end", "decline_end"})


def _may_end(text: _Text, at: int) -> bool:
    return at >= len(text.tokens) or not text.tokens[at].is_word or _label_at(text, at, "after_end")


def _separator(text: _Text, at: int, atom: _Atom | None) -> str | None:
    token = text.tokens[at]
    if token.kind is TokenKind.BREAK:
        return "\n"
    if token.kind is TokenKind.MARK:
        return None if atom is not None else _STOPS.get(token.text, ",")
    if atom is None or atom.end > at + 1:
        return None
    joining = next((label for label in ("and", "but", "or", "so") if atom.has(f"word_{label}")), None)
    return "," if joining == "so" else joining


# --- what a stretch says ----------------------------------------------------------------------------------------------


def _statements(text: _Text, begin: int, end: int, question: Question | None, dated: Sequence[Mention]) -> Statements:
    clauses = _clauses(text, begin, end, dated)
    events = _labelled_answers(tuple(_events(text, clauses)))
    field, is_as = _new_field(text, clauses)
    return Statements(
        events=events,
        dates=_dates(clauses, question),
        reasons=_reasons(text, clauses),
        new_field=field,
        is_wish=is_as or any(clause.has("wish") and not _denied(clause, "wish") for clause in clauses),
        is_introduced_anew=is_as,
        flags=_flags(clauses),
        question=question,
        words=sum(clause.end - clause.start for clause in clauses),
        unread=sum(clause.unread(clause.start, clause.end) for clause in clauses),
        tidied=text.tidied,
        tokens=text.tokens,
    )


_TOPICS: dict[str, tuple[Question, bool]] = {
    "swamped": (SWAMPED, True),
    "busy": (SWAMPED, True),
    "free": (SWAMPED, False),
    "free_from": (SWAMPED, True),
    "changing": (CHANGING, True),
    "leaving": (CHANGING, True),
    "into": (CHANGING, True),
    "staying": (CHANGING, False),
    "staying_bare": (CHANGING, False),
    "leaving_bare": (CHANGING, True),
    "perhaps_leaving": (CHANGING, True),
}
_STRONG = {"swamped", "changing"}
_INVERSE = {"free", "staying", "staying_bare"}
_ORDERS = ("accept", "defer", "decline", "decline_end", "skip", "not_an_offer", "same", "same_alone")
_DENIALS = ("not", "firm_no")
_YES = ("yes", "firm_yes", "firm_yes_end")
_NO = ("no", "firm_no", "firm_no_end")


def _topic(atom: _Atom) -> str | None:
    named = next((label for label in atom.labels if label in _TOPICS), None)
    return "busy" if named is None and any(label.startswith("busy:") for label in atom.labels) else named


def _events(text: _Text, clauses: Sequence[_Clause]) -> Iterator[Event]:
    separators: set[str] = set()
    denied_before = False
    named: Question | None = None
    for clause in clauses:
        separators |= clause.separators
        named = _named(clause) or (None if clause.separators & {".", "\n"} else named)
        found = list(_events_in(text, clause, clauses, chained=denied_before and "or" in clause.separators))
        found = _with_doubtful_chain(clause, found, denied_before=denied_before)
        for event in found:
            question = event.question or (named if event.kind is Kind.PARTICLE else None)
            yield replace(event, question=question, separators=frozenset(separators), sentence=clause.sentence)
            separators = set()
        topics = [event for event in found if event.kind is Kind.TOPIC]
        denied_before = (
            any(event.value is False and not event.is_inverse for event in topics)
            if topics
            else (denied_before and not clause.separators & {".", "\n"})
        )


def _with_doubtful_chain(clause: _Clause, found: list[Event], *, denied_before: bool) -> list[Event]:
    """As in "Not swamped and changing fields": whether the "not" reaches over the "and" cannot be told."""
    first = clause.atoms[0] if clause.atoms else None
    is_bare = first is not None and _topic(first) is not None and first.start == clause.start
    if not (denied_before and is_bare and clause.separators == frozenset({"and"}) and found):
        return found
    return [replace(found[0], value=None), *found[1:]] if found[0].value is True else found


def _events_in(text: _Text, clause: _Clause, clauses: Sequence[_Clause], *, chained: bool) -> Iterator[Event]:
    is_hedged = clause.has("hedge", "soft_hedge") or _follows_hedge(clause, clauses)
    is_doubted = is_hedged or _is_conditional(clause, clauses)
    topics = [atom for atom in clause.atoms if _topic(atom) is not None]
    found = [event for atom in topics for event in _topic_events(text, clause, atom, chained=chained)]
    found = _with_particles(text, clause, topics, found)
    found += _implied(clause, found)
    if not found and clause.has("hedge", "soft_hedge") and not clause.has("date"):
        found = [Event(Kind.PARTICLE, None, words=text.quote(clause.start, clause.end), question=_named(clause))]
    for event in found:
        doubtful = is_doubted and event.kind is not Kind.ORDER and not event.is_implied
        yield replace(event, value=None) if doubtful else event
    yield from _orders(clause, is_doubted=is_doubted)


def _follows_hedge(clause: _Clause, clauses: Sequence[_Clause]) -> bool:
    """As in the Dutch "I don't know | or I change fields", where "or" means "whether"."""
    at = clauses.index(clause)
    return "or" in clause.separators and at > 0 and clauses[at - 1].has("hedge")


def _is_conditional(clause: _Clause, clauses: Sequence[_Clause]) -> bool:
    return any(other.has("condition") for other in clauses if other.sentence == clause.sentence)


def _topic_events(text: _Text, clause: _Clause, atom: _Atom, *, chained: bool) -> Iterator[Event]:
    name = _topic(atom) or ""
    question, value = _TOPICS[name]
    negations = _negations(text, clause, atom)
    if text.vocabulary.denial_follows and not negations:
        negations = int(_is_denied_after(clause, atom))
    answer = _answer_to(clause, atom)
    if answer is not None:
        said = value if answer.has(*_YES) else not value
        yield Event(Kind.TOPIC, said, question, is_strong=True, words=text.quote(atom.start, atom.end), at=atom.start)
        return
    if _is_no_statement(text, clause, atom, name, negated=bool(negations) or chained):
        return
    is_strong = name in _STRONG
    words = text.quote(atom.start, atom.end)
    event = Event(
        Kind.TOPIC, value, question, is_strong=is_strong, is_inverse=name in _INVERSE, words=words, at=atom.start
    )
    if name == "free" and not negations:
        event = replace(event, value=_free_when(clause))
        if event.value is not False:
            yield replace(event, is_inverse=False)
            return
    is_denied_again = _is_denied_after(clause, atom) and not (text.vocabulary.denial_follows and negations == 1)
    is_doubted = negations > 1 or _is_remote(clause, atom) or is_denied_again
    if name == "perhaps_leaving" or is_doubted or (clause.is_asked and not _is_label(clause, atom)):
        yield replace(event, value=None if not (negations == 1 and name == "perhaps_leaving") else False)
    elif _is_label(clause, atom) and not negations and not chained:
        yield replace(event, label="asked" if clause.is_asked else "plain")
    else:
        yield replace(event, value=value != (bool(negations) or chained))


def _answer_to(clause: _Clause, atom: _Atom) -> _Atom | None:
    """The "nope" of "nope to changing fields"."""
    link = next((other for other in clause.atoms if other.end == atom.start and other.has("word_to")), None)
    before = next((other for other in clause.atoms if link is not None and other.end == link.start), None)
    return before if before is not None and before.has(*_YES, *_NO) else None


def _free_when(clause: _Clause) -> bool | None:
    """As in "Free" is not swamped, "free from the 12th" is swamped until then, and "free on Friday" tells neither."""
    mention = next((atom.mention for atom in clause.atoms if atom.mention is not None), None)
    if mention is None or mention.lead == "until" or (mention.is_after and mention.lead not in _AFTER):
        return False
    starts = mention.lead in _AFTER or mention.role is Role.START or mention.is_duration
    return True if starts else None


_AFTER = ("after", "through", "back")


def _is_denied_after(clause: _Clause, atom: _Atom) -> bool:
    """As in "Changing fields is out of the question": a denial after the statement that denies nothing else."""
    after = [other for other in clause.atoms if other.start >= atom.end]
    denials = [
        other for other in after if other.has("not") and not other.has("no", "firm_no", "firm_no_end", "not_only")
    ]
    return any(not any(_topic(other) and other.start >= denial.end for other in after) for denial in denials)


def _is_remote(clause: _Clause, atom: _Atom) -> bool:
    """Whether so much unread stands before a statement that it may be on another matter."""
    is_single = atom.has("changing") and atom.end == atom.start + 1
    # "Changing trains": the word alone decides only when it stands alone.
    is_remark = atom.start == clause.start and any(
        other.start == atom.end and other.has("copula") for other in clause.atoms
    )
    if (is_single or is_remark) and not clause.is_read:
        return True
    return clause.unread(clause.start, atom.start) > MOST_UNREAD_BEFORE


def _is_no_statement(text: _Text, clause: _Clause, atom: _Atom, name: str, *, negated: bool) -> bool:
    """Whether the words say nothing now: what was, a bare "leaving", "moving into a new flat"."""
    if any(other.has("past") and other.start <= atom.start for other in clause.atoms) or _ends_past(clause, atom):
        return True
    if any(other.has("other_subject", "addressed") and other.end <= atom.start for other in clause.atoms):
        return True
    if name == "leaving_bare":
        return not negated
    if name == "staying_bare":
        return not _is_last(clause, atom)
    if name == "into":
        return _captured(text, atom.end, clause.end, "field_stop") is None
    return name == "free_from" and not any(other.mention for other in clause.atoms)


def _ends_past(clause: _Clause, atom: _Atom) -> bool:
    """As in "swamped last week"; but who left the field last week has left it."""
    is_on_time = _TOPICS[_topic(atom) or ""][0] is SWAMPED
    return is_on_time and any(
        other.has("past") and other.start >= atom.end and not other.has("not") for other in clause.atoms
    )


def _is_last(clause: _Clause, atom: _Atom) -> bool:
    rest = [other for other in clause.atoms if other.start >= atom.end]
    covered = sum(other.end - other.start for other in rest if other.has("filler", *_YES, *_NO, "date"))
    return covered == clause.end - atom.end


def _is_label(clause: _Clause, atom: _Atom) -> bool:
    """Whether the clause is nothing but the name of a question: "Swamped", "are you busy"."""
    if _topic(atom) not in _STRONG and not clause.is_asked:
        return False
    if _is_answered_at_once(clause, atom):
        return True
    others = [other for other in clause.atoms if other is not atom]
    covered = atom.end - atom.start + sum(other.end - other.start for other in others)
    said = any(_topic(other) or other.has("subject", "claim") for other in others if not clause.is_asked)
    return (
        covered == clause.end - clause.start
        and not said
        and all(other.has("filler", *_YES, *_NO, "subject", "ack") or _topic(other) for other in others)
    )


def _is_answered_at_once(clause: _Clause, atom: _Atom) -> bool:
    """As in the dictated "swamped no changing fields no"; but "I'm swamped" is a statement."""
    follows = any(other.has("yes", "no") and other.start == atom.end for other in clause.atoms)
    before = [other for other in clause.atoms if other.end <= atom.start]
    since = before[max((i + 1 for i, other in enumerate(before) if other.has("yes", "no")), default=0) :]
    return follows and all(other.has("filler") and not other.has("subject") for other in since)


def _negations(text: _Text, clause: _Clause, atom: _Atom) -> int:
    """How many words deny this topic: those before it in the clause, with no other topic and little else between."""
    count = 0
    reach = atom.start
    for other in reversed([other for other in clause.atoms if other.end <= atom.start]):
        if _topic(other) is not None:
            break
        if other.has(*_DENIALS) and not other.has("not_only") and reach - other.end <= NEGATION_REACH:
            if _is_own_answer(text, clause, other) or _is_bare_no(clause, other, atom):
                break
            count += 1
        reach = other.start if other.has("filler", "not", "firm_no") else reach
    return count


def _is_bare_no(clause: _Clause, atom: _Atom, topic: _Atom) -> bool:
    """As in "No I'm not busy": with a subject or a "not" of its own after it, the "no" is an answer."""
    between = [other for other in clause.atoms if atom.end <= other.start < topic.start]
    return atom.has("no") and any(other.has("subject", "not") for other in between)


def _is_own_answer(text: _Text, clause: _Clause, atom: _Atom) -> bool:
    """Whether this "no" answers the bare topic right before it, as in the dictated "swamped no changing fields no"."""
    if not atom.has("no"):
        return False
    before = next((other for other in clause.atoms if other.end == atom.start), None)
    return before is not None and _topic(before) in _STRONG and not _negations(text, clause, before)


# --- yes and no -------------------------------------------------------------------------------------------------------


def _with_particles(text: _Text, clause: _Clause, topics: Sequence[_Atom], found: Sequence[Event]) -> list[Event]:
    particles = [atom for atom in clause.atoms if _is_particle(text, clause, atom, topics)]
    swept = [event for atom in clause.atoms for event in _sweeping(clause, atom, topics, particles)]
    # In "no to both" the "no" is no answer of its own.
    answers = [] if swept else [_particle(text, atom, clause) for atom in particles]
    return sorted((*found, *swept, *answers), key=lambda event: event.at)


def _is_particle(text: _Text, clause: _Clause, atom: _Atom, topics: Sequence[_Atom]) -> bool:
    if not atom.has(*_YES, *_NO, "ditto") or any(_answer_to(clause, topic) is atom for topic in topics):
        return False
    if atom.has(*_DENIALS) and any(_denies(text, clause, atom, topic) for topic in topics):
        return False
    if not atom.has("yes", "no") or text.tokens[atom.end - 1].end - text.tokens[atom.start].start == 1:
        # "Right", "never", "n" are answers only when nothing else is said.
        return clause.is_read
    is_alone = not clause.unread(clause.start, atom.start) or not clause.unread(atom.end, clause.end)
    # "No idea", "no kids": a determiner, not an answer.
    is_determiner = atom.has("no") and atom.end < clause.end and clause.unread(atom.end, atom.end + 1)
    return is_alone and not is_determiner


def _denies(text: _Text, clause: _Clause, atom: _Atom, topic: _Atom) -> bool:
    if topic.start < atom.end or _is_own_answer(text, clause, atom):
        return False
    between = [other for other in clause.atoms if atom.end <= other.start < topic.start]
    return not any(_topic(other) or other.has("yes", "no") for other in between) and not _is_bare_no(
        clause, atom, topic
    )


def _particle(text: _Text, atom: _Atom, clause: _Clause) -> Event:
    value = None if atom.has("ditto") else atom.has(*_YES)
    is_firm = not atom.has("yes", "no")
    return Event(
        Kind.PARTICLE,
        None if clause.is_asked else value,
        _named(clause),
        is_ditto=atom.has("ditto"),
        is_firm=is_firm,
        words=text.quote(atom.start, atom.end),
        at=atom.start,
    )


def _named(clause: _Clause) -> Question | None:
    """The question that "the first" or "the second" in this clause names."""
    if clause.has("first") == clause.has("second"):
        return None
    return SWAMPED if clause.has("first") else CHANGING


def _sweeping(clause: _Clause, atom: _Atom, topics: Sequence[_Atom], particles: Sequence[_Atom]) -> Iterator[Event]:
    """As in "Both", "neither", and "no to both"."""
    if not clause.is_read or "or" in clause.separators:
        return
    if atom.has("neither") and not any(topic.start >= atom.end for topic in topics):
        yield Event(Kind.BOTH, None if clause.is_asked else False, at=atom.start)
    elif atom.has("both"):
        said = {particle.has(*_YES) for particle in particles}
        value = None if clause.is_asked or len(said) > 1 else next(iter(said), True)
        yield Event(Kind.BOTH, value, label="" if said or clause.is_asked else "plain", at=atom.start)


def _implied(clause: _Clause, found: Sequence[Event]) -> list[Event]:
    """As in "Back on the 12th" says that one is swamped, when nothing else in the clause speaks of a question."""
    if any(event.kind is Kind.TOPIC for event in found):
        return []
    if clause.unread(clause.start, clause.end) > MOST_UNREAD_BESIDE_DATE:
        return []
    ends = any(atom.mention is not None and atom.mention.role is Role.END for atom in clause.atoms)
    return [Event(Kind.TOPIC, True, SWAMPED, is_implied=True)] if ends else []


def _labelled_answers(events: tuple[Event, ...]) -> tuple[Event, ...]:
    """As in "Swamped: no", "changing fields? not at all": the label takes the value of the answer after it."""
    settled: list[Event] = []
    labels: list[Event] = []
    for event in events:
        if event.kind is Kind.BOTH and event.label and settled and _is_close_particle(settled[-1], event):
            event = replace(event, value=settled.pop().value, label="")  # noqa: PLW2901 "no, both"
        if event.label:
            settled += _unanswered(labels) if labels and not _is_joined(event) else []
            labels = [*labels, event] if _is_joined(event) else [event]
        elif labels and event.kind is Kind.PARTICLE and event.question is None and _answers_label(labels[-1], event):
            settled += [replace(label, value=event.value, label="", is_inverse=False) for label in labels]
            labels = []
        else:
            settled += _unanswered(labels)
            labels = []
            settled.append(event)
    return tuple(_with_refused_labels([*settled, *_unanswered(labels)]))


def _with_refused_labels(events: Sequence[Event]) -> Iterator[Event]:
    """As in "no, swamped" or "not any more (swamped)": what the "no" denies cannot be told."""
    yield from events[:1]
    for before, event in pairwise(events):
        refused = before.value is False and _is_close_particle(before, event)
        yield replace(event, value=None) if refused and event.was_label else event


def _is_close_particle(particle: Event, event: Event) -> bool:
    return particle.kind is Kind.PARTICLE and particle.question is None and not event.separators - {","}


def _is_joined(event: Event) -> bool:
    return bool(event.separators & {"and", "or"}) and not event.separators & {".", "\n"}


def _answers_label(label: Event, event: Event) -> bool:
    if label.label == "asked":
        return True
    return not event.separators & {".", "and", "but", "or", "/"}


def _unanswered(labels: Sequence[Event]) -> list[Event]:
    """A label with no answer is a statement, "swamped"; a question put to nobody is a doubt."""
    return [
        replace(label, value=None if label.label == "asked" else label.value, label="", was_label=True)
        for label in labels
    ]


# --- orders, reasons, dates, the new field ----------------------------------------------------------------------------


def _orders(clause: _Clause, *, is_doubted: bool) -> Iterator[Event]:
    for atom in clause.atoms:
        order = next((name for name in _ORDERS if atom.has(name)), None)
        if order is None or clause.is_asked or (order == "decline_end" and not _closes(clause, atom)):
            continue
        if not _is_imperative(clause, atom):
            continue
        is_denied = any(other.has("not", "decline_end") and other.end <= atom.start for other in clause.atoms)
        value = None if is_doubted or (is_denied and not atom.has("not")) else True
        yield Event(Kind.ORDER, value, order="decline" if order == "decline_end" else order)


def _is_imperative(clause: _Clause, atom: _Atom) -> bool:
    """Whether the words may be addressed to us, rather than occur in a tale about somebody."""
    others = any(other.has("other_subject") and other.end <= atom.start for other in clause.atoms)
    if atom.has("same", "same_alone") and any(_topic(other) for other in clause.atoms):
        return False
    is_short = clause.unread(atom.end, clause.end) <= MOST_UNREAD_AFTER_ORDER
    return is_short and not others and not clause.unread(clause.start, atom.start)


def _closes(clause: _Clause, atom: _Atom) -> bool:
    rest = [other for other in clause.atoms if other.start >= atom.end]
    covered = sum(other.end - other.start for other in rest)
    return covered == clause.end - atom.end and all(other.has("filler", "ack") for other in rest)


def _denied(clause: _Clause, label: str) -> bool:
    at = next((atom.start for atom in clause.atoms if atom.has(label)), None)
    return at is not None and any(atom.has("not") and atom.end <= at for atom in clause.atoms)


_FLAGS = {
    "sarcasm": "sarcasm",
    "condition": "condition",
    "hold": "hold",
    "ack": "acknowledged",
    "correction": "corrected",
}


def _flags(clauses: Sequence[_Clause]) -> frozenset[str]:
    found = {flag for label, flag in _FLAGS.items() if any(clause.has(label) for clause in clauses)}
    return frozenset(found if all(clause.is_read for clause in clauses) else {*found, "unread"})


def _dates(clauses: Sequence[_Clause], question: Question | None) -> tuple[DatedMention, ...]:
    return tuple(
        _dated(clauses, clause, atom.mention)
        for clause in clauses
        for atom in clause.atoms
        if atom.mention is not None and not _is_about_change(clauses, clause, atom, question)
    )


def _dated(clauses: Sequence[_Clause], clause: _Clause, mention: Mention) -> DatedMention:
    sentence = [other for other in clauses if other.sentence == clause.sentence]
    is_busy = any(_topic(atom) in {"swamped", "busy"} for other in sentence for atom in other.atoms)
    during = mention.role is Role.DURING and is_busy
    is_start = clause.has("free_from") or (clause.has("free") and _free_when(clause))
    if is_start and mention.role in {Role.START, Role.BARE}:
        mention = replace(mention, role=Role.END)
    is_apart = not any(_topic(atom) for other in sentence for atom in other.atoms)
    is_doubted = clause.has("hedge") or (clause.is_asked and mention.lead is None)
    return DatedMention(replace(mention, is_after=mention.is_after or during), clause.sentence, is_apart, is_doubted)


def _is_about_change(clauses: Sequence[_Clause], clause: _Clause, atom: _Atom, question: Question | None) -> bool:
    """Whether a date belongs to the change of field: the nearest statement of its sentence is on that."""
    sentence = [other for one in clauses if one.sentence == clause.sentence for other in one.atoms]
    topics = [other for other in sentence if _topic(other)]
    nearest = next((other for other in reversed(topics) if other.start < atom.start), None)
    nearest = nearest or next((other for other in topics if clause.start <= other.start < clause.end), None)
    if nearest is not None:
        return _TOPICS[_topic(nearest) or ""][0] is CHANGING
    return question is CHANGING


def _reasons(text: _Text, clauses: Sequence[_Clause]) -> tuple[str, ...]:
    found: list[str] = []
    for clause in clauses:
        own = _own_reason(text, clause)
        for atom in clause.atoms:
            if _is_reason(atom) and not _negations(text, clause, atom) and not clause.has("past"):
                found += _own_words(text, own, atom) or [_category(atom)]
        found += [f"={text.quote(*own)}"] if own and not any(_is_reason(atom) for atom in clause.atoms) else []
    return tuple(dict.fromkeys(found))


def _is_reason(atom: _Atom) -> bool:
    return any(label.startswith(("busy:", "reason:")) for label in atom.labels)


def _category(atom: _Atom) -> str:
    return next(label for label in atom.labels if label.startswith(("busy:", "reason:"))).partition(":")[2]


def _own_words(text: _Text, own: tuple[int, int] | None, atom: _Atom) -> list[str]:
    """The owner's own words when they go on after the word of a category: "swamped with wedding cakes"."""
    goes_on = own is not None and own[0] <= atom.start and atom.end < own[1]
    return [f"={text.quote(*own)}"] if goes_on and own is not None else []


def _own_reason(text: _Text, clause: _Clause) -> tuple[int, int] | None:
    """Where the owner's own words after "because of" stand, up to a date or the end of the clause."""
    lookups = text.vocabulary.lookups
    starts = (lookups.longest_of("because", text.tokens, at) for at in range(clause.start, clause.end))
    start = next((end for end in starts if end is not None), None)
    if start is None:
        return None
    dated = (atom.start for atom in clause.atoms if atom.mention and atom.start >= start)
    end = min(dated, default=clause.end)
    end = next((at for at in range(start, end) if _label_at(text, at, "reason_stop")), end)
    return (start, end) if 0 < end - start <= LONGEST_FIELD else None


def _label_at(text: _Text, at: int, label: str) -> bool:
    return text.vocabulary.lookups.longest_of(label, text.tokens, at) is not None


def _new_field(text: _Text, clauses: Sequence[_Clause]) -> tuple[str | None, bool]:
    """What the owner moves to, or wants to be introduced as, and whether it is the latter."""
    for label, stop in (("as_new", "as_stop"), ("to_new", "field_stop")):
        for clause in clauses:
            found = _field_after(text, clause, label, stop) or _field_alone(text, clauses, clause, label)
            if found is not None:
                return found, label == "as_new"
    return None, False


def _field_alone(text: _Text, clauses: Sequence[_Clause], clause: _Clause, label: str) -> str | None:
    """The field of a clause that is nothing but "to music", after "yes" or "changing fields"."""
    at = clauses.index(clause)
    begins = label == "to_new" and at > 0 and _label_at(text, clause.start, "to_start")
    if not begins or not clauses[at - 1].has(*_YES, "changing", "leaving"):
        return None
    return _captured(text, clause.start + 1, clause.end, "field_stop")


def _field_after(text: _Text, clause: _Clause, label: str, stop: str) -> str | None:
    for at in range(clause.start, clause.end):
        end = text.vocabulary.lookups.longest_of(label, text.tokens, at)
        found = _captured(text, end, clause.end, stop) if end is not None else None
        if found is not None:
            return found
    return None


def _captured(text: _Text, start: int, end: int, stop: str) -> str | None:
    if _label_at(text, start, "no_field"):
        return None
    while start < end and _label_at(text, start, "article"):
        start += 1
    last = start
    while last < min(end, start + LONGEST_FIELD) and not _label_at(text, last, stop):
        if text.tokens[last].kind is not TokenKind.WORD and not text.tokens[last].is_number:
            break
        last += 1
    return text.quote(start, last) or None
