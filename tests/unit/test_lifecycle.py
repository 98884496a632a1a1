from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.lifecycle import (
    CHECK_IN,
    DRAFT,
    MAX_CLARIFICATIONS,
    MOVES,
    NOT_STARTED,
    REMINDER,
    Case,
    Effect,
    EffectFact,
    Event,
    Letter,
    Policy,
    ReplyFact,
    Stage,
    event_of,
    expires_at,
    is_expired,
    is_known_as_none,
    is_taken_back,
    may_reopen,
    moved,
    next_step,
    owed,
    retries_at,
)
from agent.model import Answers, Outcome
from tests.shapes import NOW, a_case, answers

POLICY = Policy(remind_after=timedelta(days=2), expire_after=timedelta(days=21))
DAY = timedelta(days=1)


def done(*effects: Effect, basis: int = 0) -> dict[str, EffectFact]:
    return {
        effect.code: EffectFact(effect.code, f"<{effect.code}@x>", 1, NOW, done_at=NOW, basis=basis)
        for effect in effects
    }


def reply(number: int, said: Answers, stage: Stage = Stage.ASKED, *, refused: bool = False) -> ReplyFact:
    return ReplyFact(number, f"<reply{number}@x>", NOW, said, stage, refused)


def owed_codes(case: Case, later: timedelta = timedelta()) -> list[str]:
    return [effect.code for effect in owed(case, NOW + later, POLICY)]


def test_a_found_offer_is_owed_a_check_in() -> None:
    assert owed(a_case(Stage.FOUND), NOW, POLICY) == (CHECK_IN,)


def test_an_asked_offer_is_owed_nothing_until_the_reminder() -> None:
    case = a_case(Stage.ASKED, effects=done(CHECK_IN))
    assert owed_codes(case, DAY) == []
    assert owed_codes(case, 2 * DAY) == ["reminder-1"]


def test_the_owner_is_reminded_once() -> None:
    case = a_case(Stage.ASKED, effects=done(CHECK_IN, REMINDER))
    assert owed_codes(case, 9 * DAY) == []


def test_whoever_has_answered_is_not_reminded() -> None:
    said = reply(1, answers(Outcome.CLARIFY))
    case = a_case(Stage.ASKED, effects=done(CHECK_IN), replies=(said,), answers=said.answers)
    assert owed_codes(case, 9 * DAY) == []


def test_a_reply_that_was_not_believed_does_not_stop_the_reminder() -> None:
    said = reply(1, answers(Outcome.ACCEPT), refused=True)
    case = a_case(Stage.ASKED, effects=done(CHECK_IN), replies=(said,))
    assert owed_codes(case, 2 * DAY) == ["reminder-1", "reply_refused-1"]


def test_an_unclear_reply_is_owed_one_question_back() -> None:
    assert owed_codes(a_case(Stage.UNCLEAR, effects=done(CHECK_IN))) == ["clarification-1"]


def test_questions_back_end_after_two() -> None:
    asked = done(CHECK_IN, *(Effect(Letter.CLARIFICATION, number) for number in range(1, MAX_CLARIFICATIONS + 1)))
    case = a_case(Stage.UNCLEAR, effects=asked)
    assert owed_codes(case) == []
    assert next_step(case, NOW, POLICY)[0] == "waits for a clearer answer from you"


def test_a_saved_draft_is_owed_a_notice() -> None:
    said = reply(1, answers(Outcome.ACCEPT))
    case = a_case(Stage.DRAFTED, effects=done(CHECK_IN, DRAFT, basis=1), replies=(said,))
    assert owed_codes(case) == ["draft_ready-1"]


def test_a_correction_after_the_draft_is_carried_in_a_notice() -> None:
    said = (reply(1, answers(Outcome.ACCEPT)), reply(2, answers(Outcome.DECLINE), Stage.DRAFTED))
    case = a_case(Stage.DRAFTED, effects=done(CHECK_IN, DRAFT, basis=1), replies=said)
    assert owed_codes(case) == ["draft_ready-1", "corrected-2"]


def test_a_correction_that_crossed_the_append_is_carried_in_a_notice_too() -> None:
    said = (reply(1, answers(Outcome.ACCEPT)), reply(2, answers(Outcome.DECLINE), Stage.DECIDED))
    case = a_case(Stage.DRAFTED, effects=done(CHECK_IN, DRAFT, basis=1), replies=said)
    assert "corrected-2" in owed_codes(case)


def test_a_parked_draft_is_told_of_once() -> None:
    failed = EffectFact(DRAFT.code, "<draft@x>", 1, NOW, failed_at=NOW, failure="no Drafts")
    case = a_case(Stage.DECIDED, effects={DRAFT.code: failed})
    assert owed_codes(case) == ["draft-1", "parked-1"]


@pytest.mark.parametrize(
    ("reason", "notices"),
    [
        (Event.SKIPPED, ["skipped-1"]),
        (Event.NOT_AN_OFFER, ["not_an_offer-1"]),
        (Event.WITHDRAWN, ["withdrawn-1"]),
        (Event.INTRODUCED, ["introduced-1"]),
        (Event.OWNER_WROTE, []),
        (Event.FORGOTTEN, []),
    ],
)
def test_a_closed_offer_is_owed_the_notice_of_its_reason(reason: Event, notices: list[str]) -> None:
    assert owed_codes(a_case(Stage.CLOSED, closed_because=reason, effects=done(CHECK_IN))) == notices


def test_nobody_hears_of_the_end_of_an_offer_they_were_not_asked_about() -> None:
    assert owed_codes(a_case(Stage.CLOSED, closed_because=Event.WITHDRAWN)) == []


def test_replies_to_a_closed_offer_get_one_notice_together() -> None:
    late = tuple(reply(number, answers(Outcome.ACCEPT), Stage.CLOSED) for number in (1, 2))
    assert owed_codes(a_case(Stage.CLOSED, closed_because=Event.OWNER_WROTE, replies=late)) == ["closed_already-1"]


def test_an_offer_that_nobody_was_asked_about_does_not_expire() -> None:
    assert expires_at(a_case(Stage.FOUND), POLICY) is None


@pytest.mark.parametrize("stage", [Stage.ASKED, Stage.UNCLEAR])
def test_silence_ends_an_offer(stage: Stage) -> None:
    case = a_case(stage)
    assert not is_expired(case, NOW + 20 * DAY, POLICY)
    assert is_expired(case, NOW + 21 * DAY, POLICY)
    assert moved(stage, Event.EXPIRED) is Stage.EXPIRED


def test_a_decided_offer_does_not_expire() -> None:
    assert expires_at(a_case(Stage.DECIDED), POLICY) is None


@pytest.mark.parametrize("stage", [Stage.FOUND, Stage.ASKED, Stage.UNCLEAR, Stage.DECIDED, Stage.EXPIRED])
def test_an_answer_decides_from_every_stage_before_the_draft(stage: Stage) -> None:
    assert moved(stage, Event.DECIDED) is Stage.DECIDED


@pytest.mark.parametrize("event", [event for event in Event if event is not Event.REOPENED])
def test_a_closed_offer_stays_closed_until_the_owner_reopens_it(event: Event) -> None:
    assert moved(Stage.CLOSED, event) is Stage.CLOSED


@pytest.mark.parametrize("because", [Event.NOT_AN_OFFER, Event.SKIPPED, Event.EXPIRED, Event.FORGOTTEN])
def test_what_the_owner_ended_may_begin_once_more(because: Event) -> None:
    case = a_case(Stage.CLOSED, closed_because=because, effects=done(CHECK_IN))
    assert may_reopen(case)
    assert not may_reopen(replace(case, effects=done(CHECK_IN, DRAFT)))


@pytest.mark.parametrize("because", [Event.OWNER_WROTE, Event.WITHDRAWN, Event.INTRODUCED, *NOT_STARTED])
def test_what_others_ended_may_not(because: Event) -> None:
    assert not may_reopen(a_case(Stage.CLOSED, closed_because=because))


def test_an_open_offer_is_not_reopened() -> None:
    assert not any(may_reopen(a_case(stage)) for stage in Stage if stage not in {Stage.CLOSED, Stage.EXPIRED})


def test_a_reopened_offer_is_owed_another_check_in_and_another_reminder() -> None:
    case = a_case(Stage.FOUND, askings=2, effects=done(CHECK_IN, REMINDER))
    assert owed_codes(case) == ["check_in-2"]
    case = a_case(Stage.ASKED, askings=2, effects=done(CHECK_IN, REMINDER, case.check_in))
    assert owed_codes(case) == []
    assert owed_codes(case, 2 * DAY) == ["reminder-2"]


def test_every_not_an_offer_is_confirmed() -> None:
    case = a_case(Stage.CLOSED, closed_because=Event.NOT_AN_OFFER, askings=2, effects=done(CHECK_IN))
    assert owed_codes(case) == ["not_an_offer-2"]


@pytest.mark.parametrize("because", sorted(NOT_STARTED))
def test_a_wish_that_could_not_be_met_is_owed_one_notice(because: Event) -> None:
    assert moved(Stage.FOUND, because) is Stage.CLOSED
    case = a_case(Stage.CLOSED, closed_because=because)
    assert owed_codes(case) == ["not_started-1"]
    assert owed_codes(replace(case, replies=(reply(1, answers(Outcome.SKIP), Stage.CLOSED),))) == ["not_started-1"]


def test_the_last_word_about_a_wording_counts() -> None:
    none = a_case(Stage.CLOSED, closed_because=Event.NOT_AN_OFFER)
    later = a_case(Stage.FOUND, moved_at=NOW + DAY)
    assert is_known_as_none([none])
    assert is_known_as_none([none, a_case(Stage.CLOSED, closed_because=Event.SKIPPED, moved_at=NOW - DAY)])
    assert not is_known_as_none([none, later])
    assert not is_known_as_none([])


@pytest.mark.parametrize(("outcome", "is_one"), [(Outcome.ACCEPT, True), (Outcome.CLARIFY, False)])
def test_an_answer_to_the_questions_takes_not_an_offer_back(outcome: Outcome, is_one: bool) -> None:  # noqa: FBT001
    none = a_case(Stage.CLOSED, closed_because=Event.NOT_AN_OFFER)
    assert is_taken_back(none, answers(outcome)) is is_one
    assert is_taken_back(none, answers(outcome), is_called_one=True)
    assert not is_taken_back(none, answers(Outcome.NOT_AN_OFFER), is_called_one=True)
    assert not is_taken_back(a_case(Stage.CLOSED, closed_because=Event.SKIPPED), answers(outcome))
    assert not is_taken_back(a_case(Stage.ASKED), answers(outcome))


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage not in {Stage.DRAFTED, Stage.CLOSED}])
def test_the_owners_own_answer_closes_an_offer(stage: Stage) -> None:
    assert moved(stage, Event.OWNER_WROTE) is Stage.CLOSED


def test_every_outcome_but_ignore_is_an_event() -> None:
    without = [outcome for outcome in Outcome if event_of(answers(outcome)) is None]
    assert without == [Outcome.IGNORE]


def test_pauses_between_attempts_grow() -> None:
    pauses = [
        (retries_at(EffectFact("draft-1", "<x@y>", attempts, NOW, failed_at=NOW)) or NOW) - NOW
        for attempts in range(1, 9)
    ]
    assert pauses == sorted(pauses)
    assert pauses[0] >= timedelta(minutes=5)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(list(Event)), max_size=20))
def test_whatever_happens_no_offer_leaves_the_table(events: list[Event]) -> None:
    stage = Stage.FOUND
    for event in events:
        after = moved(stage, event)
        assert after is stage or MOVES[stage, event] is after
        assert stage is not Stage.CLOSED or after is Stage.CLOSED or event is Event.REOPENED
        stage = after


@settings(derandomize=True, deadline=None)
@given(st.sampled_from(list(Stage)), st.integers(0, 60))
def test_what_was_done_is_never_owed_again(stage: Stage, days: int) -> None:
    case = a_case(stage, closed_because=Event.SKIPPED if stage is Stage.CLOSED else None)
    for effect in owed(case, NOW + days * DAY, POLICY):
        finished = a_case(stage, closed_because=case.closed_because, effects=done(effect))
        assert effect not in owed(finished, NOW + days * DAY, POLICY)
