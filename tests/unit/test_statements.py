"""What single clauses say, before anything is settled between them."""

from datetime import date

import pytest

from agent.model import Question
from agent.statements import Event, Kind, read
from agent.vocabulary import vocabulary

TODAY = date(2026, 11, 24)
SWAMPED, CHANGING = Question.SWAMPED, Question.CHANGING_FIELDS


def events(text: str, language: str = "en") -> list[Event]:
    return [event for stretch in read(text, TODAY, vocabulary(language)) for event in stretch.events]


def topics(text: str, language: str = "en") -> list[tuple[Question | None, bool | None]]:
    return [(event.question, event.value) for event in events(text, language) if event.kind is Kind.TOPIC]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("I'm swamped", True),
        ("not swamped", False),
        ("I'm not really all that swamped", False),
        ("I don't think I'm swamped", False),
        ("definitely not swamped", False),
        ("couldn't be busier", True),
        ("no longer swamped", False),
        ("not only swamped", True),
        ("maybe swamped", None),
        ("swamped if it rains", None),
        ("am I swamped?", None),
        ("nope to swamped", False),
        ("yes to swamped", True),
    ],
)
def test_a_statement_is_turned_round_or_weakened_by_its_clause(text: str, *, value: bool | None) -> None:
    assert topics(text) == [(SWAMPED, value)]


@pytest.mark.parametrize(
    "text", ["I was swamped", "she is swamped", "your swamped colleague", "moving into a new flat", "leaving town"]
)
def test_what_was_and_what_others_are_is_no_statement_on_a_change(text: str) -> None:
    assert (CHANGING, True) not in topics(text)
    assert (SWAMPED, True) not in topics(text) or text == "leaving town"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("swamped: no", [(SWAMPED, False)]),
        ("swamped? nope", [(SWAMPED, False)]),
        ("swamped no changing fields yes", [(SWAMPED, False), (CHANGING, True)]),
        ("swamped and changing fields: no", [(SWAMPED, False), (CHANGING, False)]),
        ("neither swamped nor changing fields", [(SWAMPED, False), (CHANGING, False)]),
        ("not swamped or changing fields", [(SWAMPED, False), (CHANGING, False)]),
        ("not swamped and changing fields", [(SWAMPED, False), (CHANGING, None)]),
        ("not swamped but changing fields", [(SWAMPED, False), (CHANGING, True)]),
    ],
)
def test_labels_take_the_answer_after_them_and_denials_reach_over_or(
    text: str, expected: list[tuple[Question, bool | None]]
) -> None:
    assert topics(text) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Ich wechsle das Fach nicht", "de", [(CHANGING, False)]),
        ("Ik verander niet van vakgebied", "nl", [(CHANGING, False)]),
        ("Je ne change pas de domaine", "fr", [(CHANGING, False)]),
        ("No cambio de sector", "es", [(CHANGING, False)]),
        ("Non cambio settore", "it", [(CHANGING, False)]),
        ("Não mudo de área", "pt", [(CHANGING, False)]),
        ("Ik weet niet of ik van vakgebied verander", "nl", [(CHANGING, None)]),
    ],
)
def test_each_language_denies_in_its_own_place(
    text: str, language: str, expected: list[tuple[Question, bool | None]]
) -> None:
    assert topics(text, language) == expected


def test_numbered_answers_are_stretches_of_their_own() -> None:
    stretches = read("1. no 2. yes, until Friday", TODAY, vocabulary("en"))

    assert [(stretch.question, len(stretch.events)) for stretch in stretches if stretch.events] == [
        (SWAMPED, 1),
        (CHANGING, 2),
    ]


def test_a_date_on_the_change_of_field_is_not_the_end_of_being_swamped() -> None:
    (stretch,) = read("leaving tech in January", TODAY, vocabulary("en"))

    assert stretch.dates == ()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("moving into climate tech", "climate tech"),
        ("changing fields, to music", "music"),
        ("becoming a nurse next year", "nurse"),
        ("introduce me as an aspiring cellist", "cellist"),
        ("leaving law for teaching", "teaching"),
        ("moving into a new house", None),
    ],
)
def test_the_new_field_is_named_in_the_owner_s_words(text: str, field: str | None) -> None:
    assert read(text, TODAY, vocabulary("en"))[0].new_field == field


@pytest.mark.parametrize(
    "text", ["please don't skip it", "should I decline?", "they will accept it", "skip it if she asks"]
)
def test_an_order_that_is_denied_asked_or_of_others_is_not_given(text: str) -> None:
    assert not [event for event in events(text) if event.kind is Kind.ORDER and event.value]
