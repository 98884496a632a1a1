"""Pure. The owner's reply to a check-in → answers.

Nothing is guessed: what is unanswered, contradictory, conditional, or fits both questions is named in `unclear`, and
the outcome is to ask back. The one short cut is that a change of field decides alone, whatever the other answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from agent.dates import Mention, Until, resolve
from agent.model import Answers, Message, Outcome, Owner, Question, ReplyContext
from agent.provenance import is_auto_submitted, is_report
from agent.statements import CHANGING, SWAMPED, DatedMention, Event, Kind, Statements, read
from agent.subtract import Segment, segments
from agent.tokens import tidy, tokenize
from agent.vocabulary import ENGLISH, Vocabulary, choose, client_words, shipped_languages, vocabulary

ASKS_HEADER = "x-gracious-asks"
BOTH_QUESTIONS = frozenset(Question)


def interpret(message: Message, context: ReplyContext, *, now: datetime) -> Answers:
    """What the reply says. Its dates count from its Date header in the owner's zone, or from `now` without one."""
    if is_automatic(message):
        return _nothing(Outcome.IGNORE)
    base = (message.date or now).astimezone(context.owner.timezone).date()
    parts = segments(message, context)
    words = _vocabulary_of(parts, context.owner)
    said = _said(_read(parts, words, base, context), context, words)
    return _answers(said, context, base)


def calls_it_an_offer(message: Message, context: ReplyContext) -> bool:
    """Whether the owner, having said that it was no offer, says in so many words, in any language, that it was one."""
    texts = [tidy(part.text) for part in segments(message, context) if not part.is_inside]
    return any(_calls_it_one(text, vocabulary(language)) for language in shipped_languages() for text in texts)


def _calls_it_one(text: str, words: Vocabulary) -> bool:
    tokens = tokenize(text, elides=words.elides)
    return any(words.lookups.longest_of("was_one", tokens, at) is not None for at in range(len(tokens)))


def is_automatic(message: Message) -> bool:
    """Whether a machine wrote this: never answered, or Gracious would talk with itself."""
    if is_auto_submitted(message) or is_report(message):
        return True
    subject = tidy(message.subject).casefold().strip()
    return subject.startswith(client_words().automatic_subjects)


def outcome_of(*, swamped: bool | None, changing_fields: bool | None, redirects: bool = False) -> Outcome:
    """The outcome of the answers alone; relevance beats timing, and a missing answer leads to a question."""
    if changing_fields and redirects:
        return Outcome.REDIRECT
    return _OUTCOMES[changing_fields, swamped]


_OUTCOMES: Mapping[tuple[bool | None, bool | None], Outcome] = {
    # (changing fields, swamped)
    (True, True): Outcome.DECLINE,
    (True, False): Outcome.DECLINE,
    (True, None): Outcome.DECLINE,
    (False, True): Outcome.DEFER,
    (False, False): Outcome.ACCEPT,
    (False, None): Outcome.CLARIFY,
    (None, True): Outcome.CLARIFY,
    (None, False): Outcome.CLARIFY,
    (None, None): Outcome.CLARIFY,
}


def context_from_checkin(checkin: Message, owner: Owner) -> ReplyContext:
    """The context of a reply to one check-in, known only by its file; without our header both questions were asked."""
    named = {name.strip().casefold() for name in checkin.header(ASKS_HEADER).split(",")}
    asked = frozenset(question for question in Question if question.value in named)
    ours = tuple(text for text in (checkin.plain, checkin.html_text) if text)
    return ReplyContext(ours=ours, subjects=(checkin.subject,), asked=asked or BOTH_QUESTIONS, owner=owner)


def to_json(answers: Answers) -> dict[str, Any]:
    """The answers under the keys that `interpret --json` promises."""
    return {
        "swamped": answers.swamped,
        "until": answers.until.isoformat() if answers.until else None,
        "reason": answers.reason,
        "changing_fields": answers.changing_fields,
        "new_field": answers.new_field,
        "outcome": answers.outcome.value,
        "unclear": list(answers.unclear),
    }


def from_json(fields: Mapping[str, Any]) -> Answers:
    """Answers from those keys; missing ones are null. Raises ValueError on a value of the wrong kind."""
    swamped, changing = (_boolean(fields, name) for name in ("swamped", "changing_fields"))
    until = _words(fields, "until")
    outcome = fields.get("outcome")
    return Answers(
        swamped=swamped,
        until=date.fromisoformat(until) if until else None,
        reason=_words(fields, "reason"),
        changing_fields=changing,
        new_field=_words(fields, "new_field"),
        outcome=Outcome(outcome) if outcome else outcome_of(swamped=swamped, changing_fields=changing),
        unclear=tuple(str(phrase) for phrase in fields.get("unclear") or ()),
    )


def _boolean(fields: Mapping[str, Any], name: str) -> bool | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise ValueError(f"{name} must be true, false or null")
    return value


def _words(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be a string or null")
    return value or None


# --- reading ----------------------------------------------------------------------------------------------------------


def _vocabulary_of(parts: Sequence[Segment], owner: Owner) -> Vocabulary:
    text = tidy("\n".join(part.text for part in parts))
    return choose(owner.languages, tokenize(text))


def _read(parts: Sequence[Segment], words: Vocabulary, base: date, context: ReplyContext) -> tuple[Statements, ...]:
    """What is said outside quoted lines; what was typed into them only counts when nothing is."""
    for is_inside in (False, True):
        found = tuple(
            statements
            for part in parts
            if part.is_inside is is_inside
            for statements in read(part.text, base, words, question=part.question, country=context.owner.country)
        )
        if any(statements.events or statements.dates for statements in found):
            return found
    return tuple(
        statements
        for part in parts
        if not part.is_inside
        for statements in read(part.text, base, words, question=part.question, country=context.owner.country)
    )


_NO_DATE = Until()


@dataclass(frozen=True, slots=True)
class _Said:
    """What the whole reply says, before it is measured against earlier replies."""

    values: Mapping[Question, bool]
    doubts: frozenset[Question] = frozenset()
    """Questions spoken of, but not to be decided."""
    contradictions: frozenset[Question] = frozenset()
    orders: frozenset[str] = frozenset()
    is_order_doubted: bool = False
    lone: str | None = None
    """The one yes or no that may answer either question."""
    until: Until = _NO_DATE
    reason: str | None = None
    new_field: str | None = None
    is_wish: bool = False
    is_introduced_anew: bool = False
    flags: frozenset[str] = frozenset()
    has_words: bool = False


@dataclass(frozen=True, slots=True)
class _Assigned:
    """One answer to one question; `rank` tells how directly it was given, the higher the more."""

    question: Question
    value: bool | None
    rank: int
    event: Event


_IMPLIED, _WEAK, _STRONG, _DIRECT = range(4)


def _said(found: Sequence[Statements], context: ReplyContext, words: Vocabulary) -> _Said:
    assigned, lone = _assign(found, context)
    is_lost = _is_mostly_unread(found)
    values, doubts, contradictions = _settle([_doubted_when_lost(one) for one in assigned] if is_lost else assigned)
    orders = [event for statements in found for event in statements.events if event.kind is Kind.ORDER]
    flags = frozenset().union(*(statements.flags for statements in found))
    said = _Said(
        values=values,
        doubts=doubts,
        contradictions=contradictions,
        orders=frozenset(event.order for event in orders if event.value),
        is_order_doubted=any(event.value is None for event in orders) or (is_lost and bool(orders)),
        lone=lone,
        reason=_reason(found, words),
        new_field=next((statements.new_field for statements in found if statements.new_field), None),
        is_wish=any(statements.is_wish for statements in found),
        is_introduced_anew=any(statements.is_introduced_anew for statements in found),
        flags=flags,
        has_words=any(statements.tokens for statements in found),
    )
    return replace(said, until=_until(found, said, words))


MUCH_UNREAD = 30
"""Unread words that, when they are most of a reply, make it a letter about something else."""


def _is_mostly_unread(found: Sequence[Statements]) -> bool:
    unread = sum(statements.unread for statements in found)
    return unread > MUCH_UNREAD and unread * 2 > sum(statements.words for statements in found)


def _doubted_when_lost(one: _Assigned) -> _Assigned:
    return one if one.rank in {_STRONG, _DIRECT} else replace(one, value=None)


def _reason(found: Sequence[Statements], words: Vocabulary) -> str | None:
    named = [reason for statements in found for reason in statements.reasons]
    category = next((reason for reason in named if not reason.startswith("=")), None)
    if category is not None:
        return words.reasons[category]
    own = next((reason[1:] for reason in named), None)
    return words.unclear["own_reason"].format(words=own) if own else None


def _until(found: Sequence[Statements], said: _Said, words: Vocabulary) -> Until:
    if said.values.get(SWAMPED) is False and SWAMPED not in said.doubts:
        return _NO_DATE
    for statements in found:
        counted = [_doubted(dated) for dated in statements.dates]
        until = resolve(counted, statements.tidied, statements.tokens, words.dates)
        if until != _NO_DATE:
            return until
    return _NO_DATE


def _doubted(dated: DatedMention) -> Mention:
    return replace(dated.mention, first=None, last=None, readings=()) if dated.is_doubted else dated.mention


# --- which answer belongs to which question ---------------------------------------------------------------------------


def _assign(found: Sequence[Statements], context: ReplyContext) -> tuple[list[_Assigned], str | None]:
    assigned: list[_Assigned] = []
    lone: str | None = None
    for statements in found:
        new, alone = _assign_stretch(statements, assigned, found, context)
        assigned += new
        lone = lone or alone
    return assigned, lone


def _assign_stretch(
    statements: Statements, before: Sequence[_Assigned], found: Sequence[Statements], context: ReplyContext
) -> tuple[list[_Assigned], str | None]:
    spoken = [event for event in statements.events if event.kind is not Kind.ORDER]
    events = _with_doubts(_with_dittos(_without_emphasis(spoken)))
    topics = [_of_topic(event) for event in events if event.kind is Kind.TOPIC]
    swept = [
        _Assigned(question, event.value, _DIRECT, event)
        for event in events
        if event.kind is Kind.BOTH
        for question in Question
    ]
    named = [_direct(event.question, event) for event in events if event.kind is Kind.PARTICLE and event.question]
    bare = [event for event in events if event.kind is Kind.PARTICLE and not event.question]
    placed, lone = _place(bare, events, statements, before, found, context)
    return [*topics, *swept, *named, *placed], lone


def _of_topic(event: Event) -> _Assigned:
    rank = _IMPLIED if event.is_implied else _STRONG if event.is_strong else _WEAK
    return _Assigned(event.question or SWAMPED, event.value, rank, event)


def _direct(question: Question | None, event: Event) -> _Assigned:
    return _Assigned(question or SWAMPED, event.value, _DIRECT, event)


def _place(
    bare: Sequence[Event],
    events: Sequence[Event],
    statements: Statements,
    before: Sequence[_Assigned],
    found: Sequence[Statements],
    context: ReplyContext,
) -> tuple[list[_Assigned], str | None]:
    """The questions that bare answers belong to; else the words of the one that may answer either."""
    if not bare:
        return [], None
    if len(context.asked) == 1:
        return [_for_one_question(next(iter(context.asked)), bare)], None
    placed = _in_order(bare, events, statements, found)
    return (placed, None) if placed else _place_by_topics(bare, events, before)


def _for_one_question(question: Question, bare: Sequence[Event]) -> _Assigned:
    """As in "no, no" to a single question: one answer, or a doubt when they differ."""
    agreed = len({event.value for event in bare}) == 1
    return _direct(question, bare[0] if agreed else replace(bare[0], value=None))


def _in_order(
    bare: Sequence[Event], events: Sequence[Event], statements: Statements, found: Sequence[Statements]
) -> list[_Assigned]:
    """Bare answers placed by where they stand: one for each question, under a question, or beside a named one."""
    if len(bare) == len(BOTH_QUESTIONS) and _is_pair(bare, events) and not _is_only_under_one(statements, found):
        return [_direct(question, event) for question, event in zip(Question, bare, strict=True)]
    if statements.question is not None:
        return [_direct(statements.question, bare[0])]
    named = {event.question for event in events if event.kind is Kind.PARTICLE} - {None}
    return [_direct(next(iter(BOTH_QUESTIONS - named)), bare[0])] if len(bare) == len(named) == 1 else []


def _is_only_under_one(statements: Statements, found: Sequence[Statements]) -> bool:
    """Whether the other question has words of its own elsewhere, so that a second "no" here only underlines."""
    if statements.question is None:
        return False
    return any(other.question not in {None, statements.question} and other.events for other in found)


def _is_pair(bare: Sequence[Event], events: Sequence[Event]) -> bool:
    """As in "No, no", "yes / no", "no and no": two answers with nothing between them, each for one question."""
    first, second = bare
    places = [events.index(first), events.index(second)]
    has_topics = any(event.kind is Kind.TOPIC and not event.is_implied for event in events)
    is_sure = first.value is not None and second.value is not None
    return places[1] == places[0] + 1 and (places[0] == 0 or not has_topics) and (is_sure or not has_topics)


def _place_by_topics(
    bare: Sequence[Event], events: Sequence[Event], before: Sequence[_Assigned]
) -> tuple[list[_Assigned], str | None]:
    """A bare answer beside a statement answers the other question, unless it only underlines the statement."""
    placed: list[_Assigned] = []
    loose: list[Event] = []
    for event in bare:
        question = _beside(event, events)
        if question == "other":
            loose.append(event)
        elif question is not None:
            placed.append(_direct(Question(question), event))
    if len(loose) == 1 and not placed and before and {one.question for one in before} == {SWAMPED}:
        # The first question was answered further up; what comes after it answers the second.
        return [_direct(CHANGING, loose[0])], None
    if loose and loose[0].value is not None and not any(event.kind is Kind.TOPIC for event in events):
        return placed, loose[0].words
    return placed, None


def _beside(event: Event, events: Sequence[Event]) -> str | None:
    """The question that this bare answer is for; "other" when no statement tells, None when it only underlines one."""
    at = events.index(event)
    following = events[at + 1] if at + 1 < len(events) else None
    preceding = events[at - 1] if at else None
    if following is not None and following.kind is Kind.TOPIC and not following.is_implied:
        return _before_statement(event, following)
    if preceding is not None and preceding.kind is Kind.TOPIC:
        return _after_statement(event, preceding)
    if following is not None and following.kind is Kind.TOPIC:
        return None
    return "other"


def _before_statement(event: Event, topic: Event) -> str | None:
    is_close = not topic.separators - {","}
    if is_close or topic.question is SWAMPED:
        return None
    return SWAMPED.value if event.value is not None else None


def _after_statement(event: Event, topic: Event) -> str | None:
    if topic.question is not SWAMPED:
        return None
    is_close = not event.separators - {","}
    agrees = event.value == topic.value
    if is_close and (agrees or topic.is_inverse or event.value):
        return None
    if event.separators & {"."} and not event.separators & {"\n", "and", "/"} and event.value:
        return None
    return CHANGING.value


def _without_emphasis(events: Sequence[Event]) -> list[Event]:
    """As in "No, not at all" is one answer, "no, no" two, and "No. Not really." may be either, so that it is one."""
    kept: list[Event] = []
    for event in events:
        if kept and _underlines(event, kept[-1]):
            continue
        kept.append(event)
    return kept


def _underlines(event: Event, before: Event) -> bool:
    if not (event.kind is before.kind is Kind.PARTICLE) or event.value != before.value or event.is_ditto:
        return False
    if event.question != before.question:
        return False
    if event.separators & {"and", "or", "/", "\n", "but"}:
        return False
    # "Not really. Nope." are two answers; "Nope. Not really." may be one.
    return event.is_firm or (before.is_firm and "." not in event.separators)


def _with_doubts(events: Sequence[Event]) -> list[Event]:
    """As in "Swamped, or maybe not": a doubt in the same sentence takes back what was said right before it."""
    settled: list[Event] = []
    for event in events:
        is_doubt = event.kind is Kind.PARTICLE and event.value is None and not event.separators & {".", "\n"}
        if is_doubt and settled and settled[-1].kind is Kind.TOPIC and not settled[-1].is_implied:
            settled[-1] = replace(settled[-1], value=None)
        else:
            settled.append(event)
    return settled


def _with_dittos(events: Sequence[Event]) -> list[Event]:
    """As in "No, ditto": the same again."""
    settled: list[Event] = []
    for event in events:
        last = next((one.value for one in reversed(settled) if one.kind is not Kind.BOTH), None)
        settled.append(replace(event, value=last, is_ditto=False) if event.is_ditto else event)
    return settled


# --- what holds when several answers were given -----------------------------------------------------------------------


def _settle(
    assigned: Sequence[_Assigned],
) -> tuple[dict[Question, bool], frozenset[Question], frozenset[Question]]:
    values: dict[Question, bool] = {}
    doubts: set[Question] = set()
    contradictions: set[Question] = set()
    for question in Question:
        given = [one for one in assigned if one.question is question]
        value = _one_value(given)
        if value is not None:
            values[question] = value
        elif given:
            (contradictions if {True, False} <= {one.value for one in given} else doubts).add(question)
    return values, frozenset(doubts), frozenset(contradictions)


def _one_value(given: Sequence[_Assigned]) -> bool | None:
    """The value that the most direct answers agree on; None when they do not, or when a doubt stands against it."""
    explicit = [one for one in given if one.rank > _IMPLIED] or list(given)
    sure = {one.value for one in explicit if one.value is not None}
    doubtful = [one for one in explicit if one.value is None]
    if len(sure) == 1 and not doubtful:
        return sure.pop()
    if len(sure) > 1 and not doubtful:
        return _after_but(explicit) if _after_but(explicit) is not None else _strongest(explicit)
    return _after_but(explicit)


def _after_but(given: Sequence[_Assigned]) -> bool | None:
    last = max(given, key=lambda one: one.event.at, default=None)
    if last is None or last.value is None or "but" not in last.event.separators:
        return None
    weaker = all(one.rank <= last.rank for one in given)
    return last.value if weaker else None


def _strongest(given: Sequence[_Assigned]) -> bool | None:
    best = max(one.rank for one in given)
    values = {one.value for one in given if one.rank == best}
    return values.pop() if len(values) == 1 and best == _STRONG else None


# --- the answers ------------------------------------------------------------------------------------------------------


def _answers(said: _Said, context: ReplyContext, base: date) -> Answers:
    phrases = vocabulary(_language(context.owner)).unclear
    settled = _beyond_answers(said, context, phrases) or _closed(said, base)
    if settled is not None:
        return settled
    repeats = "same" in said.orders or ("same_alone" in said.orders and not said.values)
    if repeats and context.last is None:
        return _asking(_known(said, context.earlier, base), [phrases["last"]])
    start = context.last if repeats else context.earlier
    return _decided(_known(said, start, base), said, start, phrases)


def _beyond_answers(said: _Said, context: ReplyContext, phrases: Mapping[str, str]) -> Answers | None:
    """What a reply leads to that gives no answer: thanks, doubts about everything, or words about something else."""
    if _is_acknowledgement(said) and _is_settled(context.earlier):
        return _nothing(Outcome.IGNORE)
    if said.lone is not None and _is_settled(context.earlier):
        return _asking(_nothing(Outcome.CLARIFY), [phrases["lone"].format(words=said.lone)])
    if _is_doubtful_as_a_whole(said):
        return _asking(_nothing(Outcome.CLARIFY), [phrases[question.value] for question in Question])
    if _is_silent(said) and _is_settled(context.earlier) and context.earlier is not None:
        return replace(context.earlier, outcome=Outcome.CLARIFY, unclear=(phrases["nothing"],))
    return None


def _closed(said: _Said, base: date) -> Answers | None:
    """The outcome of an order to write no letter at all."""
    closing = [outcome for order, outcome in _CLOSING.items() if order in said.orders]
    if len(closing) == 1 and not said.orders & set(_LETTERS) and not said.is_order_doubted:
        return replace(_known(said, None, base), outcome=closing[0])
    return None


_LETTERS = frozenset({"accept", "defer", "decline"})
_CLOSING = {"skip": Outcome.SKIP, "not_an_offer": Outcome.NOT_AN_OFFER}


def _language(owner: Owner) -> str:
    return next((name for name in owner.languages if name.split("-")[0].casefold() in shipped_languages()), ENGLISH)


def _is_settled(earlier: Answers | None) -> bool:
    return earlier is not None and earlier.outcome is not Outcome.CLARIFY


def _is_silent(said: _Said) -> bool:
    spoken = (said.values, said.doubts, said.contradictions, said.orders, said.new_field, said.lone)
    return not any(spoken) and said.until == _NO_DATE


def _is_acknowledgement(said: _Said) -> bool:
    silent = _is_silent(replace(said, lone=None))
    return silent and "acknowledged" in said.flags and "unread" not in said.flags


def _is_doubtful_as_a_whole(said: _Said) -> bool:
    return bool(said.flags & {"sarcasm", "hold"}) and not said.orders & set(_CLOSING)


def _known(said: _Said, start: Answers | None, base: date) -> Answers:
    """What is known after this reply: its own words over what was known before."""
    start = start or _nothing(Outcome.CLARIFY)
    swamped = _value(SWAMPED, said, before=start.swamped)
    changing = _value(CHANGING, said, before=start.changing_fields)
    if changing is None and said.is_introduced_anew and CHANGING not in said.doubts | said.contradictions:
        changing = True
    earlier = start if start.swamped else _nothing(Outcome.CLARIFY)
    until = earlier.until if earlier.until and earlier.until > base and not said.until.ambiguous else None
    return Answers(
        swamped=swamped,
        until=(said.until.value or until) if swamped else None,
        reason=(said.reason or earlier.reason) if swamped else None,
        changing_fields=changing,
        new_field=(said.new_field or start.new_field) if changing else None,
        outcome=start.outcome,
    )


def _value(question: Question, said: _Said, *, before: bool | None) -> bool | None:
    if question in said.doubts | said.contradictions:
        return None
    return said.values.get(question, before)


def _decided(answers: Answers, said: _Said, start: Answers | None, phrases: Mapping[str, str]) -> Answers:
    redirects = said.is_wish or (start is not None and start.outcome is Outcome.REDIRECT)
    if answers.changing_fields:
        return _changing(answers, said, phrases, redirects=redirects)
    order = _order(said, start)
    if order is not None:
        return _ordered(answers, said, order, phrases)
    unclear = list(_unclear(answers, said, phrases))
    if said.is_introduced_anew and answers.changing_fields is False:
        unclear.append(phrases[CHANGING.value])
    if unclear:
        return _asking(answers, unclear, is_until_open=bool(said.until.ambiguous))
    return replace(answers, outcome=outcome_of(swamped=answers.swamped, changing_fields=answers.changing_fields))


def _changing(answers: Answers, said: _Said, phrases: Mapping[str, str], *, redirects: bool) -> Answers:
    """A change of field decides alone, unless the contact matters in the new field."""
    wants = redirects or "accept" in said.orders
    if "decline" in said.orders and wants:
        return _asking(answers, [phrases["order"]])
    if wants and answers.new_field is None:
        return _asking(answers, [phrases["new_field"]])
    return replace(
        answers,
        outcome=outcome_of(swamped=answers.swamped, changing_fields=True, redirects=wants),
    )


def _order(said: _Said, start: Answers | None) -> str | None:
    """What the owner says to do; "" when that is contradictory. An earlier order holds on."""
    given = said.orders & _LETTERS
    if said.is_order_doubted or len(given - {"accept"}) > 1 or given >= {"accept", "decline"}:
        return ""
    if given:
        return next(iter(given - {"accept"}), "accept")
    # Without an answer on the change of field, only an order can have led to a letter.
    by_order = start is not None and start.outcome.has_letter and start.changing_fields is None
    if not by_order or start is None or CHANGING in said.doubts:
        return None
    return "decline" if start.outcome is Outcome.DECLINE else "accept"


def _ordered(answers: Answers, said: _Said, order: str, phrases: Mapping[str, str]) -> Answers:
    contradicts = (order == "defer" and answers.swamped is False) or (order == "decline" and said.is_wish)
    if not order or contradicts:
        return _asking(answers, [phrases["order"]])
    if order == "decline":
        return replace(answers, outcome=Outcome.DECLINE)
    if said.doubts | said.contradictions or said.until.ambiguous:
        return _asking(answers, list(_unclear(answers, said, phrases)), is_until_open=bool(said.until.ambiguous))
    if order == "defer":
        return replace(
            answers,
            swamped=True,
            until=said.until.value or answers.until,
            reason=said.reason or answers.reason,
            outcome=Outcome.DEFER,
        )
    return replace(answers, outcome=Outcome.DEFER if answers.swamped else Outcome.ACCEPT)


def _unclear(answers: Answers, said: _Said, phrases: Mapping[str, str]) -> Iterator[str]:
    missing = _missing(answers)
    if said.lone is not None and missing == BOTH_QUESTIONS:
        yield phrases["lone"].format(words=said.lone)
        return
    for question in Question:
        if question in said.contradictions:
            yield phrases[f"contradiction_{question.value}"]
        elif question in missing:
            yield phrases[question.value]
    if answers.swamped and said.until.ambiguous:
        yield _until_phrase(said.until, phrases)


def _until_phrase(until: Until, phrases: Mapping[str, str]) -> str:
    if len(until.readings) < 2:  # noqa: PLR2004
        return phrases["until_words"].format(words=until.ambiguous)
    readings = phrases["or"].join(day.isoformat() for day in until.readings)
    return phrases["until_of"].format(words=until.ambiguous, readings=readings)


def _missing(answers: Answers) -> frozenset[Question]:
    values = {SWAMPED: answers.swamped, CHANGING: answers.changing_fields}
    return frozenset(question for question, value in values.items() if value is None)


def _asking(answers: Answers, unclear: Sequence[str], *, is_until_open: bool = False) -> Answers:
    missing = _missing(answers) | ({SWAMPED} if is_until_open else set())
    return replace(answers, outcome=Outcome.CLARIFY, unclear=tuple(dict.fromkeys(unclear)), missing=frozenset(missing))


def _nothing(outcome: Outcome) -> Answers:
    return Answers(None, None, None, None, None, outcome)
