"""What a reply to a check-in says. Written on Tuesday, 24 November 2026, 10:00 in London."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.message import parse
from agent.model import Answers, Message, Outcome, Owner, Question, ReplyContext
from agent.reply import calls_it_an_offer, context_from_checkin, from_json, interpret, outcome_of, to_json

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
ALEX = Owner("Alex Morgan", ("alex@example.com",), signature="Alex", timezone=ZoneInfo("Europe/London"))
OURS = "1. Are you swamped?\n2. Are you changing fields?\n\nJust reply to this mail, in your own words.\n"
SWAMPED, CHANGING = Question.SWAMPED, Question.CHANGING_FIELDS
CONTEXT = ReplyContext(ours=(OURS,), subjects=("An offer",), asked=frozenset(Question), owner=ALEX)
LAST = Answers(
    swamped=True,
    until=date(2027, 2, 15),
    reason="travelling",
    changing_fields=False,
    new_field=None,
    outcome=Outcome.DEFER,
)


def mail(text: str, *headers: str, written: str = "Tue, 24 Nov 2026 10:00:00 +0000") -> Message:
    lines = [
        "From: Alex <alex@example.com>",
        "To: alex@example.com",
        f"Date: {written}",
        "Content-Type: text/plain; charset=utf-8",
        *headers,
    ]
    return parse(("\n".join(lines) + f"\nContent-Transfer-Encoding: 8bit\n\n{text}\n").encode())


def said(text: str, context: ReplyContext = CONTEXT) -> Answers:
    return interpret(mail(text), context, now=NOW)


def asked(*questions: Question, earlier: Answers | None = None) -> ReplyContext:
    return replace(CONTEXT, asked=frozenset(questions), earlier=earlier)


def values(answers: Answers) -> tuple[Outcome, bool | None, bool | None]:
    return answers.outcome, answers.swamped, answers.changing_fields


ACCEPT, DEFER, DECLINE, REDIRECT = Outcome.ACCEPT, Outcome.DEFER, Outcome.DECLINE, Outcome.REDIRECT
SKIP, NOT_AN_OFFER, CLARIFY, IGNORE = Outcome.SKIP, Outcome.NOT_AN_OFFER, Outcome.CLARIFY, Outcome.IGNORE


@pytest.mark.parametrize(
    "text",
    [
        "No, no", "no and no", "no/no", "No. No.", "No\nNo", "n n", "neither", "Neither of them!", "none of the above",
        "no to both", "both: no", "1. no 2. no", "1) no\n2) no", "#1 no, #2 no", "first: no, second: no", "nope, nope",
        "Swamped: no\nChanging fields: no", "swamped? no. changing fields? no.", "swamped no changing fields no",
        "Not swamped, not changing fields.", "I'm neither swamped nor changing fields",
        "Not swamped or changing fields",
        "Not really, and no.", "I have time, and I'm staying in my field.", "no longer swamped, same field as ever",
        "I'm definitely not swamped and I have no plans to change fields", "Not swmaped, not changing feilds",
        "no I'm not swamped and no I'm not changing fields",
        "I was swamped last week but now I'm free. Not changing fields.",
        "❌ ❌", "**No**, **no**", "No. Also no.", "Am I swamped? No. Am I changing fields? No.",
    ],
)  # fmt: skip
def test_neither_swamped_nor_changing_accepts(text: str) -> None:
    assert values(said(text)) == (ACCEPT, False, False)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("yes, no", None),
        ("yes/no", None),
        ("Yes.\nNo.", None),
        ("1. yes 2. no", None),
        ("Swamped, but not changing fields.", None),
        ("Swamped: yes; changing fields: no", None),
        ("yes to the first, no to the second", None),
        ("Completely snowed under. No career change.", None),
        ("Swamped until the 12th, not changing fields", date(2026, 12, 12)),
        ("Yes, until 5 March. No.", date(2027, 3, 5)),
        ("yes (until Friday) / no", date(2026, 11, 27)),
        ("Back in two weeks, not changing fields", date(2026, 12, 8)),
        ("I'm free from mid January. Not changing fields.", date(2027, 1, 15)),
        ("Not before Easter. Same field.", date(2027, 3, 28)),
        ("Slammed this week, ask me again in January. Not changing fields.", date(2027, 1, 1)),
        ("Leaving town tomorrow, not changing fields", None),
    ],
)
def test_swamped_and_not_changing_defers_until_the_day_that_was_said(text: str, until: date | None) -> None:
    answers = said(text)

    assert values(answers) == (DEFER, True, False)
    assert answers.until == until


@pytest.mark.parametrize(
    ("text", "swamped"),
    [
        ("no, yes", False),
        ("1. no\n2. yes", False),
        ("both", True),
        ("Both, I'm afraid", True),
        ("yes and yes", True),
        ("I'm changing fields", None),
        ("Changing fields: yes", None),
        ("changing fields? yep", None),
        ("Not swamped, but I am changing fields", False),
        ("I'm leaving tech", None),
        ("Swamped and changing fields", True),
        ("2. yes", None),
    ],
)
def test_a_change_of_field_declines_whatever_the_other_answer(text: str, *, swamped: bool | None) -> None:
    assert values(said(text)) == (DECLINE, swamped, True)


@pytest.mark.parametrize(
    "text",
    [
        "Not worth meeting",
        "don't",
        "Please don't.",
        "no thanks, not this one",
        "please decline",
        "I'd rather not",
        "not interested",
    ],
)
def test_an_order_to_decline_claims_no_change_of_field(text: str) -> None:
    assert values(said(text)) == (DECLINE, None, None)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Changing fields. Introduce me as an aspiring cellist.", "cellist"),
        ("Yes, changing to music, but I'd still like to meet her", "music"),
        ("No. Yes, moving into biotech, and I'd love to meet her there.", "biotech"),
        ("introduce me as a budding novelist", "novelist"),
    ],
)
def test_a_contact_who_matters_in_the_new_field_is_met_as_a_newcomer(text: str, field: str) -> None:
    answers = said(text)

    assert answers.outcome is REDIRECT
    assert answers.new_field == field


def test_a_wish_to_meet_in_an_unnamed_new_field_is_asked_about() -> None:
    answers = said("I'm changing fields, but I'd still like to meet her")

    assert answers.outcome is CLARIFY
    assert answers.unclear == ("which new field you would like to be introduced in",)


@pytest.mark.parametrize("text", ["just say yes", "Please accept on my behalf", "go ahead"])
def test_an_order_to_accept_needs_no_answers(text: str) -> None:
    assert values(said(text)) == (ACCEPT, None, None)


def test_an_order_to_accept_later_defers() -> None:
    answers = said("Say yes, but not before the 12th")

    assert (answers.outcome, answers.until) == (DEFER, date(2026, 12, 12))


@pytest.mark.parametrize("text", ["skip", "Skip this one", "ignore this one", "Never mind", "I'll reply myself"])
def test_skip_writes_no_letter(text: str) -> None:
    assert said(text).outcome is SKIP


@pytest.mark.parametrize("text", ["not an introduction", "This is not an offer", "false alarm", "It's spam"])
def test_what_is_no_introduction_is_left_alone(text: str) -> None:
    assert said(text).outcome is NOT_AN_OFFER


@pytest.mark.parametrize(
    ("text", "swamped", "changing"),
    [
        ("", None, None),
        ("yes", None, None),
        ("No.", None, None),
        ("👍", None, None),
        ("No, not at all.", None, None),
        ("Sure!", None, None),
        ("Thanks", None, None),
        ("I don't know", None, None),
        ("no thanks", None, None),
        ("no yes no", None, None),
        ("swamped", True, None),
        ("not swamped", False, None),
        ("not changing fields", None, False),
        ("Not swamped, not sure about changing fields", False, None),
        ("maybe swamped, not changing fields", None, False),
        ("Not swamped if it's short. Not changing fields.", None, False),
        ("I'm swamped. I'm not swamped. Not changing fields.", None, False),
        ("Oh sure, what do you think?", None, None),
        ("Not swamped. She is changing fields.", False, None),
        ("I might leave the field, not swamped", False, None),
        ("Not swamped and changing fields", False, None),
        ("I was swamped", None, None),
        ("no, no, but ask her first", None, None),
    ],
)
def test_what_a_person_could_not_decide_either_is_asked_back(
    text: str, *, swamped: bool | None, changing: bool | None
) -> None:
    answers = said(text)

    assert values(answers) == (CLARIFY, swamped, changing)
    assert answers.unclear
    assert answers.missing == {name for name, value in ((SWAMPED, swamped), (CHANGING, changing)) if value is None}


def test_a_lone_answer_is_quoted_in_the_question_back() -> None:
    assert said("Yep!").unclear == ("which of the two questions your “Yep” answers",)


def test_an_ambiguous_date_is_asked_about_with_both_readings() -> None:
    answers = said("Swamped until 05/12, not changing fields")

    assert values(answers) == (CLARIFY, True, False)
    assert answers.until is None
    assert answers.missing == {SWAMPED}
    assert "2026-12-05" in answers.unclear[0]
    assert "2027-05-12" in answers.unclear[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Yes, on deadline until Friday. No.", "on deadline"),
        ("Leaving town tomorrow. Not changing fields.", "travelling"),
        ("Swamped, we're moving house. Not changing fields.", "moving"),
        ("Yes - exams until the 5th. No.", "preparing for exams"),
        ("I'm swamped because of the annual audit. No change of field.", "in the middle of an audit"),
        ("Swamped with wedding cakes until Friday. Not changing fields.", "busy with wedding cakes"),
        ("Swamped. Not changing fields.", None),
        ("No deadline, but swamped. Not changing fields.", None),
    ],
)
def test_the_reason_is_what_the_owner_gave(text: str, reason: str | None) -> None:
    answers = said(text)

    assert (answers.outcome, answers.reason) == (DEFER, reason)


def test_who_is_not_swamped_has_no_reason_and_no_date() -> None:
    answers = said("Not swamped, though I travel on 5 December. Not changing fields.")

    assert (answers.outcome, answers.until, answers.reason) == (ACCEPT, None, None)


def test_answers_between_the_questions_answer_them() -> None:
    answers = said("> 1. Are you swamped?\nyes, until Friday\n> 2. Are you changing fields?\nno")

    assert values(answers) == (DEFER, True, False)
    assert answers.until == date(2026, 11, 27)


def test_a_yes_under_the_second_question_answers_it() -> None:
    assert values(said("> 2. Are you changing fields?\nyes")) == (DECLINE, None, True)


def test_an_answer_after_the_second_question_answers_it_when_the_first_has_one() -> None:
    text = "> 1. Are you swamped?\nno\n> 2. Are you changing fields?\n>\n> Just reply to this mail.\n\nno"

    assert values(said(text)) == (ACCEPT, False, False)


def test_answers_typed_into_the_quotation_are_read_when_there_are_no_others() -> None:
    text = "> 1. Are you swamped?\n> no\n> 2. Are you changing fields?\n> no\n>\n> Just reply to this mail."

    assert values(said(text)) == (ACCEPT, False, False)


class TestInAThread:
    PARTLY = Answers(
        swamped=True,
        until=date(2026, 12, 12),
        reason="on deadline",
        changing_fields=None,
        new_field=None,
        outcome=CLARIFY,
    )
    SETTLED = replace(PARTLY, changing_fields=False, outcome=DEFER)

    def test_a_lone_answer_to_a_single_question_answers_that(self) -> None:
        answers = said("no", asked(CHANGING, earlier=self.PARTLY))

        assert values(answers) == (DEFER, True, False)
        assert (answers.until, answers.reason) == (date(2026, 12, 12), "on deadline")

    def test_a_doubled_answer_to_a_single_question_changes_nothing_else(self) -> None:
        assert values(said("No, no!", asked(CHANGING, earlier=self.PARTLY))) == (DEFER, True, False)

    def test_a_date_alone_completes_an_earlier_yes(self) -> None:
        earlier = replace(self.PARTLY, until=None, changing_fields=False)

        assert said("5 December", asked(SWAMPED, earlier=earlier)).until == date(2026, 12, 5)

    def test_the_last_word_counts(self) -> None:
        assert values(said("Actually, I'm not swamped any more", asked(earlier=self.SETTLED))) == (ACCEPT, False, False)

    def test_a_corrected_date_replaces_the_earlier_one(self) -> None:
        answers = said("Make it until the 20th, please", asked(earlier=self.SETTLED))

        assert (answers.outcome, answers.until) == (DEFER, date(2026, 12, 20))

    def test_a_change_of_mind_to_skip_is_followed(self) -> None:
        assert said("skip it after all", asked(earlier=self.SETTLED)).outcome is SKIP

    @pytest.mark.parametrize("text", ["Thanks!", "Thank you, looks great", "perfect", "👍", "ok"])
    def test_thanks_after_a_settled_answer_is_ignored(self, text: str) -> None:
        assert said(text, asked(earlier=self.SETTLED)).outcome is IGNORE

    def test_thanks_before_any_answer_is_no_answer(self) -> None:
        assert said("Thanks!", asked(*Question, earlier=self.PARTLY)).outcome is CLARIFY

    def test_words_that_say_nothing_on_a_settled_offer_are_asked_about(self) -> None:
        answers = said("Please use a warmer tone", asked(earlier=self.SETTLED))

        assert answers.outcome is CLARIFY
        assert answers.unclear == ("what you would like to answer",)


class TestSameAsLastTime:
    @pytest.mark.parametrize("text", ["same as last time", "As before.", "the usual", "Same answer as last time!"])
    def test_repeats_the_last_answers(self, text: str) -> None:
        answers = said(text, replace(CONTEXT, last=LAST))

        assert replace(answers, unclear=()) == replace(LAST, unclear=())

    def test_may_change_one_of_them(self) -> None:
        assert said("same as last time, but until March", replace(CONTEXT, last=LAST)).until == date(2027, 3, 1)

    def test_does_not_repeat_a_day_that_has_passed(self) -> None:
        assert said("same as last time", replace(CONTEXT, last=replace(LAST, until=date(2026, 11, 1)))).until is None

    def test_without_a_last_time_is_asked_about(self) -> None:
        assert said("same as last time").unclear == ("what you answered last time",)


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: auto-replied"],
        ["Subject: Automatic reply: An offer"],
        ["Subject: Abwesenheitsnotiz: bis 5. Januar"],
        ["Subject: Undeliverable: An offer"],
    ],
)
def test_automatic_mail_is_ignored(headers: list[str]) -> None:
    assert interpret(mail("yes, no", *headers), CONTEXT, now=NOW).outcome is IGNORE


def test_relative_dates_count_from_the_reply_s_own_day_in_the_owner_s_zone() -> None:
    owner = replace(ALEX, timezone=ZoneInfo("Pacific/Auckland"))
    late = mail("swamped until tomorrow, not changing fields", written="Tue, 24 Nov 2026 23:00:00 +0000")

    assert interpret(late, replace(CONTEXT, owner=owner), now=NOW).until == date(2026, 11, 26)


def test_the_moment_of_reading_stands_in_for_a_missing_date() -> None:
    undated = mail("swamped until tomorrow, not changing fields", written="no date")

    assert interpret(undated, CONTEXT, now=NOW).until == date(2026, 11, 25)


def test_a_letter_about_something_else_is_no_answer() -> None:
    text = (
        "Dear all, the quarterly figures will be changing as of Friday because the depot in Leith was closed and both "
        "teams moved their stock to the harbour, where neither crane was working until Thursday; please send the "
        "corrected sheets to Moira, who collects them, and remind your people that no claims can be accepted after "
        "the first of the month."
    )

    assert said(text).outcome is CLARIFY


@pytest.mark.parametrize("swamped", [True, False, None])
@pytest.mark.parametrize("changing", [True, False, None])
def test_the_outcome_follows_from_the_two_answers(*, swamped: bool | None, changing: bool | None) -> None:
    found = outcome_of(swamped=swamped, changing_fields=changing)

    if changing:
        assert found is DECLINE
    elif None in {swamped, changing}:
        assert found is CLARIFY
    else:
        assert found is (DEFER if swamped else ACCEPT)
    assert outcome_of(swamped=swamped, changing_fields=changing, redirects=True) is (REDIRECT if changing else found)


def checkin(*headers: str) -> Message:
    return mail(OURS, "Subject: An offer", *headers)


@pytest.mark.parametrize(
    ("headers", "questions"),
    [
        ([], {SWAMPED, CHANGING}),
        (["X-Gracious-Asks: changing_fields"], {CHANGING}),
        (["X-Gracious-Asks: swamped, changing_fields"], {SWAMPED, CHANGING}),
    ],
)
def test_a_check_in_given_as_a_file_says_what_it_asks(headers: Iterable[str], questions: set[Question]) -> None:
    context = context_from_checkin(checkin(*headers), ALEX)

    assert context.asked == questions
    assert context.subjects == ("An offer",)
    assert "Are you swamped?" in context.ours[0]


def test_answers_survive_the_journey_through_json() -> None:
    answers = said("Yes, on deadline until Friday. No.")

    assert from_json(to_json(answers)) == answers
    assert list(to_json(answers)) == [
        "swamped",
        "until",
        "reason",
        "changing_fields",
        "new_field",
        "outcome",
        "unclear",
    ]


@pytest.mark.parametrize("fields", [{"swamped": "yes"}, {"until": "soon"}, {"until": 5}, {"outcome": "perhaps"}])
def test_json_of_the_wrong_kind_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_json(fields)


@given(st.text(max_size=300))
def test_no_reply_raises_and_every_question_back_says_what_is_unclear(text: str) -> None:
    answers = said(text)

    assert (answers.outcome is CLARIFY) == bool(answers.unclear)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "no ",
        "not ",
        "until ",
        "swamped and ",
        "1. ",
        "(",
        "a week or ",
        "> ",
        ">",
        "5/",
        "leaving the ",
        "Are you ",
        "\n",
    ],
)
def test_a_hostile_reply_is_read_in_reasonable_time(piece: str) -> None:
    said(piece * (60_000 // len(piece)))


@pytest.mark.parametrize(
    "text",
    [
        "It was one after all",
        "Sorry, that was an introduction.",
        "Es war doch eine Vorstellung.",
        "C'était bien une mise en relation",
        "Sí era una presentación",
        "Afinal era uma apresentação",
        "Invece era un'offerta",
        "Het was toch een introductie",
    ],
)
def test_that_it_was_an_offer_after_all_is_heard_in_every_language(text: str) -> None:
    assert calls_it_an_offer(mail(text), CONTEXT)


@pytest.mark.parametrize(
    "text",
    ["Thanks!", "ok", "This was no introduction.", "No, that was not one.", "Das war keine", "> It was one after all"],
)
def test_nothing_else_is_heard_as_that(text: str) -> None:
    assert not calls_it_an_offer(mail(text), CONTEXT)
