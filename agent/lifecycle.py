"""Pure. Stage × event → stage, and what is owed at a moment. Nothing else moves an offer.

    found ──► asked ──► decided ──► drafted ──► closed
                │ ▲
                ▼ │ (one question back)
              unclear

The store keeps facts only. `owed` computes from them what has yet to be done, so that a poll after a crash simply
continues: an effect that was done but not recorded is found again by its Message-ID before it is repeated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from agent.model import Answers, Notice, Offer, Outcome

MAX_CLARIFICATIONS = 2
"""More questions than this would be nagging: the offer then waits, visibly, in `status`."""


class Stage(StrEnum):
    """Where an offer stands."""

    FOUND = "found"
    ASKED = "asked"
    UNCLEAR = "unclear"
    DECIDED = "decided"
    DRAFTED = "drafted"
    EXPIRED = "expired"
    CLOSED = "closed"


class Event(StrEnum):
    """What can happen to an offer."""

    CHECKED_IN = "checked_in"
    DECIDED = "decided"
    UNCLEAR = "unclear"
    CLARIFIED = "clarified"
    DRAFTED = "drafted"
    SKIPPED = "skipped"
    NOT_AN_OFFER = "not_an_offer"
    OWNER_WROTE = "owner_wrote"
    WITHDRAWN = "withdrawn"
    INTRODUCED = "introduced"
    EXPIRED = "expired"
    FORGOTTEN = "forgotten"
    REOPENED = "reopened"
    """The owner says that it was one after all."""
    # Why the line could not be started for a mail that the owner named.
    NOTHING_FORWARDED = "nothing_forwarded"
    AUTHOR_MISSING = "author_missing"
    OWN_MAIL = "own_mail"
    FORWARD_REFUSED = "forward_refused"
    """The forward failed DMARC on the owner's server and was not believed."""
    NOT_FOUND = "not_found"


NOT_STARTED = frozenset(
    {Event.NOTHING_FORWARDED, Event.AUTHOR_MISSING, Event.OWN_MAIL, Event.FORWARD_REFUSED, Event.NOT_FOUND}
)
"""What closes, as soon as it is noted, a case that stands for no offer but for the owner's wish to be asked."""

_REOPENABLE = frozenset({Event.NOT_AN_OFFER, Event.SKIPPED, Event.EXPIRED, Event.FORGOTTEN})
"""Ends that were the owner's own word, or silence: another word of theirs may undo them."""

_CLOSING = (
    Event.SKIPPED,
    Event.NOT_AN_OFFER,
    Event.OWNER_WROTE,
    Event.WITHDRAWN,
    Event.INTRODUCED,
    Event.FORGOTTEN,
)
_OPEN = (Stage.FOUND, Stage.ASKED, Stage.UNCLEAR, Stage.DECIDED, Stage.DRAFTED, Stage.EXPIRED)

MOVES: Mapping[tuple[Stage, Event], Stage] = {
    # The straight line.
    (Stage.FOUND, Event.CHECKED_IN): Stage.ASKED,
    (Stage.ASKED, Event.DECIDED): Stage.DECIDED,
    (Stage.DECIDED, Event.DRAFTED): Stage.DRAFTED,
    # A crash between sending the check-in and recording it may be overtaken by the owner's reply.
    (Stage.FOUND, Event.DECIDED): Stage.DECIDED,
    (Stage.FOUND, Event.UNCLEAR): Stage.UNCLEAR,
    # One question back, and its answer, which may come before the question was recorded as asked.
    (Stage.ASKED, Event.UNCLEAR): Stage.UNCLEAR,
    (Stage.UNCLEAR, Event.CLARIFIED): Stage.ASKED,
    (Stage.UNCLEAR, Event.DECIDED): Stage.DECIDED,
    (Stage.UNCLEAR, Event.UNCLEAR): Stage.UNCLEAR,
    # Until the draft is saved the last word counts; afterwards a correction is carried in a notice.
    (Stage.DECIDED, Event.DECIDED): Stage.DECIDED,
    (Stage.DECIDED, Event.UNCLEAR): Stage.UNCLEAR,
    # A draft that was appended but not recorded is recognised later, whatever was said meanwhile.
    (Stage.UNCLEAR, Event.DRAFTED): Stage.DRAFTED,
    # Silence ends an offer quietly, but a late answer is honoured.
    (Stage.ASKED, Event.EXPIRED): Stage.EXPIRED,
    (Stage.UNCLEAR, Event.EXPIRED): Stage.EXPIRED,
    (Stage.DRAFTED, Event.EXPIRED): Stage.CLOSED,
    (Stage.EXPIRED, Event.EXPIRED): Stage.CLOSED,
    (Stage.EXPIRED, Event.DECIDED): Stage.DECIDED,
    (Stage.EXPIRED, Event.UNCLEAR): Stage.UNCLEAR,
    # The owner's second thought; `may_reopen` says when.
    (Stage.CLOSED, Event.REOPENED): Stage.FOUND,
    (Stage.EXPIRED, Event.REOPENED): Stage.FOUND,
    # A wish that could not be met ends with a notice.
    **{(Stage.FOUND, event): Stage.CLOSED for event in NOT_STARTED},
    # Everything else that ends one, from wherever it stands. After the draft only the owner's own letter, or the
    # owner's word on the terminal, does: "skip" then comes too late, and is answered so.
    **{(stage, event): Stage.CLOSED for stage in _OPEN if stage is not Stage.DRAFTED for event in _CLOSING},
    (Stage.DRAFTED, Event.OWNER_WROTE): Stage.CLOSED,
    (Stage.DRAFTED, Event.WITHDRAWN): Stage.CLOSED,
    (Stage.DRAFTED, Event.INTRODUCED): Stage.CLOSED,
    (Stage.DRAFTED, Event.FORGOTTEN): Stage.CLOSED,
}

EVENT_OF_OUTCOME: Mapping[Outcome, Event] = {
    Outcome.ACCEPT: Event.DECIDED,
    Outcome.DEFER: Event.DECIDED,
    Outcome.DECLINE: Event.DECIDED,
    Outcome.REDIRECT: Event.DECIDED,
    Outcome.SKIP: Event.SKIPPED,
    Outcome.NOT_AN_OFFER: Event.NOT_AN_OFFER,
    Outcome.CLARIFY: Event.UNCLEAR,
}
"""`ignore` is missing on purpose: such a reply is no event."""

_NOTICE_OF_CLOSING: Mapping[Event, Notice] = {
    Event.SKIPPED: Notice.SKIPPED,
    Event.NOT_AN_OFFER: Notice.NOT_AN_OFFER,
    Event.WITHDRAWN: Notice.WITHDRAWN,
    Event.INTRODUCED: Notice.INTRODUCED,
    **dict.fromkeys(sorted(NOT_STARTED), Notice.NOT_STARTED),
}
_TOLD_UNASKED = frozenset({Event.SKIPPED, Event.NOT_AN_OFFER}) | NOT_STARTED
"""Ends that the owner brought about and hears of even when the check-in never left."""


def moved(stage: Stage, event: Event) -> Stage:
    """Return the stage after the event; the same one when the event means nothing there."""
    return MOVES.get((stage, event), stage)


class Letter(StrEnum):
    """The kinds of letters that Gracious writes."""

    CHECK_IN = "check_in"
    REMINDER = "reminder"
    CLARIFICATION = "clarification"
    DRAFT = "draft"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Effect:
    """One letter that is owed. `number` tells several of one kind apart, counted from 1."""

    letter: Letter
    number: int = 1
    notice: Notice | None = None

    @property
    def code(self) -> str:
        """The effect's name within its offer: its Message-ID derives from it."""
        return f"{self.notice or self.letter}-{self.number}"


CHECK_IN = Effect(Letter.CHECK_IN)
REMINDER = Effect(Letter.REMINDER)
DRAFT = Effect(Letter.DRAFT)


@dataclass(frozen=True, slots=True)
class EffectFact:
    """What is known of an effect. Attempts are recorded before they are made, success after it."""

    code: str
    message_id: str
    attempts: int = 0
    attempted_at: datetime | None = None
    transmitted_at: datetime | None = None
    """When the last byte of a mail was about to leave: from here on the outcome is unknown until `done_at`."""
    resent: int = 0
    """How many attempts were made although an earlier one may have succeeded."""
    failed_at: datetime | None = None
    """When the last attempt certainly failed; None while its outcome is unknown."""
    failure: str | None = None
    done_at: datetime | None = None
    basis: int = 0
    """How many replies were known when it was attempted: what a draft was written from."""
    text: str | None = None
    """What our mail said, for as long as the offer is open: clients quote it below the owner's reply."""


@dataclass(frozen=True, slots=True)
class ReplyFact:
    """A reply of the owner that says something, read once. `number` counts from 1.

    `stage` is where it found the offer. Replies that say nothing ("Thanks", automatic mail) are no facts.
    """

    number: int
    message_id: str
    received_at: datetime
    answers: Answers
    stage: Stage
    refused: bool = False
    """It failed DMARC on the owner's server and was not believed."""


@dataclass(frozen=True, slots=True)
class Case:
    """An offer with all facts about it."""

    offer: Offer
    stage: Stage
    found_at: datetime
    moved_at: datetime
    closed_because: Event | None = None
    answers: Answers | None = None
    """What all replies together say so far; None before the first."""
    replies: tuple[ReplyFact, ...] = ()
    effects: Mapping[str, EffectFact] = field(default_factory=dict)
    askings: int = 1
    """How many times the line was begun for it: once, and once more for each time that it was reopened."""

    @property
    def check_in(self) -> Effect:
        """The check-in of this time."""
        return Effect(Letter.CHECK_IN, self.askings)

    @property
    def reminder(self) -> Effect:
        """The reminder of this time."""
        return Effect(Letter.REMINDER, self.askings)

    def fact(self, effect: Effect) -> EffectFact | None:
        """What is known of the effect; None when it was never attempted."""
        return self.effects.get(effect.code)

    def done_at(self, effect: Effect) -> datetime | None:
        """When the effect was done; None when it was not, or is not known to be."""
        fact = self.fact(effect)
        return fact.done_at if fact else None

    @property
    def is_open(self) -> bool:
        """Whether anything may still happen to it."""
        return self.stage not in {Stage.CLOSED, Stage.EXPIRED}

    @property
    def was_asked(self) -> bool:
        """Whether the owner has, or may have, a check-in."""
        return any(code.startswith(Letter.CHECK_IN) for code in self.effects)

    @property
    def has_been_answered(self) -> bool:
        """Whether the owner has said anything that was believed, since the line last began."""
        return self.answers is not None

    @property
    def clarifications(self) -> int:
        """How many questions back were put."""
        return sum(1 for code, fact in self.effects.items() if code.startswith(Letter.CLARIFICATION) and fact.done_at)


@dataclass(frozen=True, slots=True)
class Policy:
    """The owner's patience, from `[checkin]`."""

    remind_after: timedelta
    expire_after: timedelta


def expires_at(case: Case, policy: Policy) -> datetime | None:
    """When the offer ends by itself; None when it does not."""
    # Nobody expires who was not asked: a check-in that cannot be sent for weeks is still owed.
    if case.stage in {Stage.ASKED, Stage.UNCLEAR, Stage.DRAFTED, Stage.EXPIRED}:
        return max(case.done_at(case.check_in) or case.found_at, case.moved_at) + policy.expire_after
    return None


def reminds_at(case: Case, policy: Policy) -> datetime | None:
    """When the owner is reminded; None when no reminder is due any more."""
    asked_at = case.done_at(case.check_in)
    if case.stage is not Stage.ASKED or asked_at is None or case.has_been_answered or case.done_at(case.reminder):
        return None
    return asked_at + policy.remind_after


def is_expired(case: Case, now: datetime, policy: Policy) -> bool:
    """Whether the offer's time is over."""
    end = expires_at(case, policy)
    return end is not None and now >= end


_RETRY_PAUSES = (timedelta(0), *(timedelta(minutes=minutes) for minutes in (5, 15, 30, 60, 180, 360)))


def retries_at(fact: EffectFact) -> datetime | None:
    """When an effect whose last attempt certainly failed is tried again; None when it did not fail."""
    if fact.failed_at is None:
        return None
    return fact.failed_at + _RETRY_PAUSES[min(fact.attempts, len(_RETRY_PAUSES) - 1)]


def owed(case: Case, now: datetime, policy: Policy) -> tuple[Effect, ...]:
    """Return the letters that are owed now, in the order in which they are to be written."""
    return tuple(effect for effect in _due(case, now, policy) if case.done_at(effect) is None)


def _due(case: Case, now: datetime, policy: Policy) -> Iterator[Effect]:
    yield from _DUE[case.stage](case, now, policy)
    if any(reply.refused for reply in case.replies):
        yield Effect(Letter.NOTICE, notice=Notice.REPLY_REFUSED)


def _due_when_found(case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    yield case.check_in


def _due_when_asked(case: Case, now: datetime, policy: Policy) -> Iterator[Effect]:
    remind_at = reminds_at(case, policy)
    if remind_at is not None and now >= remind_at:
        yield case.reminder


def _due_when_unclear(case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    if (number := case.clarifications + 1) <= MAX_CLARIFICATIONS:
        yield Effect(Letter.CLARIFICATION, number)


def _due_when_decided(case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    yield DRAFT
    draft = case.fact(DRAFT)
    if draft is not None and draft.failed_at is not None:
        yield Effect(Letter.NOTICE, notice=Notice.PARKED)


def _due_when_drafted(case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    yield Effect(Letter.NOTICE, notice=Notice.DRAFT_READY)
    yield from _corrections(case)


def _due_when_closed(case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    yield from _closing_notices(case)


def _nothing_due(_case: Case, _now: datetime, _policy: Policy) -> Iterator[Effect]:
    yield from ()


_DUE = {
    Stage.FOUND: _due_when_found,
    Stage.ASKED: _due_when_asked,
    Stage.UNCLEAR: _due_when_unclear,
    Stage.DECIDED: _due_when_decided,
    Stage.DRAFTED: _due_when_drafted,
    Stage.EXPIRED: _nothing_due,
    Stage.CLOSED: _due_when_closed,
}


def _corrections(case: Case) -> Iterator[Effect]:
    draft = case.fact(DRAFT)
    basis = draft.basis if draft else 0
    for reply in case.replies[basis:]:
        if reply.refused:
            continue
        if reply.answers.outcome.has_letter:
            yield Effect(Letter.NOTICE, reply.number, Notice.CORRECTED)
        elif reply.answers.outcome is not Outcome.CLARIFY:
            yield Effect(Letter.NOTICE, notice=Notice.CLOSED_ALREADY)
        else:
            yield Effect(Letter.CLARIFICATION, MAX_CLARIFICATIONS + 1)


def _closing_notices(case: Case) -> Iterator[Effect]:
    reason = case.closed_because
    if reason is not None and reason in _NOTICE_OF_CLOSING and (case.was_asked or reason in _TOLD_UNASKED):
        yield Effect(Letter.NOTICE, case.askings, _NOTICE_OF_CLOSING[reason])
    if reason not in NOT_STARTED and any(_came_late(reply) for reply in case.replies):
        yield Effect(Letter.NOTICE, notice=Notice.CLOSED_ALREADY)


def _came_late(reply: ReplyFact) -> bool:
    return reply.stage is Stage.CLOSED and not reply.refused


def event_of(answers: Answers) -> Event | None:
    """Return the event that a reply is; None when it is none ("Thanks", automatic mail)."""
    return EVENT_OF_OUTCOME.get(answers.outcome)


def may_reopen(case: Case) -> bool:
    """Whether the line may begin once more for it, since the owner says so. Never when a letter was written."""
    is_over = case.stage is Stage.EXPIRED or (case.stage is Stage.CLOSED and case.closed_because in _REOPENABLE)
    return is_over and case.fact(DRAFT) is None


def is_taken_back(case: Case, answers: Answers, *, is_called_one: bool = False) -> bool:
    """Whether a reply to a closed offer takes back that it was none.

    It does by answering what was asked about it. `is_called_one` tells that it says so in words; it may then leave
    the questions open.
    """
    event = event_of(answers)
    return (
        case.stage is Stage.CLOSED
        and case.closed_because is Event.NOT_AN_OFFER
        and may_reopen(case)
        and (event is Event.DECIDED or (event is Event.UNCLEAR and is_called_one))
    )


def is_known_as_none(same_wording: Sequence[Case]) -> bool:
    """Whether the owner has said that this wording of this author is no offer.

    `same_wording` are the author's offers in these words. The last word counts: one that was reopened, or begun later
    on the owner's own wish, takes the earlier "not an offer" back.
    """
    last = max(same_wording, key=lambda case: case.moved_at, default=None)
    return last is not None and last.closed_because is Event.NOT_AN_OFFER


def next_step(case: Case, now: datetime, policy: Policy) -> tuple[str, datetime | None]:
    """Return what happens next, in words for `status`, and when; None when it waits for somebody."""
    effects = owed(case, now, policy)
    if effects:
        return _OWED_WORDS[effects[0].letter], now
    if (remind_at := reminds_at(case, policy)) is not None:
        return "reminder, unless you answer", remind_at
    return _WAITING_WORDS[case.stage], expires_at(case, policy)


_OWED_WORDS: Mapping[Letter, str] = {
    Letter.CHECK_IN: "check-in to you",
    Letter.REMINDER: "reminder to you",
    Letter.CLARIFICATION: "one question back to you",
    Letter.DRAFT: "letter into Drafts",
    Letter.NOTICE: "notice to you",
}
_WAITING_WORDS: Mapping[Stage, str] = {
    Stage.FOUND: "check-in to you",
    Stage.ASKED: "waits for your answer",
    Stage.UNCLEAR: "waits for a clearer answer from you",
    Stage.DECIDED: "letter into Drafts",
    Stage.DRAFTED: "waits in Drafts for you to send",
    Stage.EXPIRED: "expired unanswered; a late answer still counts",
    Stage.CLOSED: "nothing",
}


def letters_of(case: Case) -> Sequence[EffectFact]:
    """Return our mail to the owner about the offer, newest first: what a reply may quote."""
    ours = [fact for code, fact in case.effects.items() if not code.startswith(Letter.DRAFT) and fact.attempted_at]
    return sorted(ours, key=lambda fact: fact.attempted_at or case.found_at, reverse=True)
