"""Dates in a reply: one reading, no reading, or a question. Today is Tuesday, 24 November 2026."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.dates import HORIZON_MONTHS, easter, find_until, holiday, plus_months
from agent.vocabulary import vocabulary

TODAY = date(2026, 11, 24)
ENGLISH = vocabulary("en")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("until the 5th", "2026-12-05"),
        ("until the 25th", "2026-11-25"),
        ("till 5 December", "2026-12-05"),
        ("until December 5th", "2026-12-05"),
        ("until Dec. 5", "2026-12-05"),
        ("until 5th of Dec", "2026-12-05"),
        ("after the 12th of May", "2027-05-12"),
        ("until 2027-01-20", "2027-01-20"),
        ("until 20.1.2027", "2027-01-20"),
        ("until 25.12.", "2026-12-25"),
        ("until 12/25", "2026-12-25"),
        ("until 05/12/2026", "2026-12-05"),
        ("until 5/5", "2027-05-05"),
        ("until 5 March 2027", "2027-03-05"),
        ("until March 5, 2027", "2027-03-05"),
        ("until March next year", "2027-03-01"),
        ("back in two weeks", "2026-12-08"),
        ("in 10 days", "2026-12-04"),
        ("for the next three weeks", "2026-12-15"),
        ("for a couple of weeks", "2026-12-08"),
        ("a few weeks", "2026-12-15"),
        ("in a fortnight", "2026-12-08"),
        ("for another month", "2026-12-24"),
        ("half a year", "2027-05-24"),
        ("a week or two", "2026-12-08"),
        ("2-3 weeks", "2026-12-15"),
        ("two to three weeks", "2026-12-15"),
        ("in 5 working days", "2026-12-01"),
        ("until tomorrow", "2026-11-25"),
        ("until the day after tomorrow", "2026-11-26"),
        ("until Friday", "2026-11-27"),
        ("until Tuesday", "2026-12-01"),
        ("this Friday", "2026-11-27"),
        ("Friday week", "2026-12-04"),
        ("a week from Friday", "2026-12-04"),
        ("until Monday 7 December", "2026-12-07"),
        ("until Monday the 7th", "2026-12-07"),
        ("until next Wednesday 2 December", "2026-12-02"),
        ("until Monday next week", "2026-11-30"),
        ("until next week", "2026-11-30"),
        ("after next week", "2026-12-06"),
        ("until the week after next", "2026-12-07"),
        ("until next month", "2026-12-01"),
        ("until January", "2027-01-01"),
        ("in May", "2027-05-01"),
        ("mid January", "2027-01-15"),
        ("mid-January", "2027-01-15"),
        ("early March", "2027-03-05"),
        ("late March", "2027-03-25"),
        ("until the end of March", "2027-03-31"),
        ("end of the month", "2026-11-30"),
        ("until the end of the week", "2026-11-27"),
        ("until the end of next week", "2026-12-04"),
        ("until the end of the year", "2026-12-31"),
        ("for the rest of the month", "2026-11-30"),
        ("early next year", "2027-01-15"),
        ("first week of January", "2027-01-01"),
        ("second week of January", "2027-01-08"),
        ("until Q2", "2027-04-01"),
        ("until the second quarter", "2027-04-01"),
        ("until spring", "2027-03-01"),
        ("until the summer", "2027-06-01"),
        ("until the end of the summer", "2027-08-31"),
        ("until 2027", "2027-01-01"),
        ("until Easter", "2027-03-28"),
        ("until Easter Monday", "2027-03-29"),
        ("a week after Easter", "2027-04-04"),
        ("the week after Easter", "2027-03-29"),
        ("two days before Christmas", "2026-12-23"),
        ("until Thanksgiving", "2026-11-26"),
        ("before Christmas", "2026-12-25"),
        ("after the new year", "2027-01-01"),
        ("from the 3rd to the 10th of December", "2026-12-10"),
        ("between the 3rd and the 10th", "2026-12-10"),
        ("away from 20 December to the 5th", "2027-01-05"),
        ("5-12 December", "2026-12-12"),
        ("December 5-12", "2026-12-12"),
        ("from Monday until Friday", "2026-12-04"),
        ("at a fair until the 5th, then on holiday until the 12th", "2026-12-12"),
        ("when I'm back on the 12th", "2026-12-12"),
        ("leaving tomorrow, back on the 12th", "2026-12-12"),
        ("until about the 12th", "2026-12-12"),
        ("until sometime in March", "2027-03-01"),
        ("January is better", "2027-01-01"),
        ("this week", "2026-11-29"),
    ],
)
def test_a_phrase_means_one_day(text: str, day: str) -> None:
    found = find_until(text, TODAY, ENGLISH)

    assert (found.value, found.ambiguous) == (date.fromisoformat(day), None)


@pytest.mark.parametrize(
    "text",
    [
        "until 05/12",
        "until 5/12",
        "until next Friday",
        "next Tuesday",
        "5 May, 12 May",
        "until the 3rd or the 10th",
        "until Monday or Tuesday",
        "until 5 November",
        "until November",
        "until 2030-01-01",
        "until Friday 5 December",
        "until 30 February",
    ],
)
def test_what_has_several_readings_or_none_is_a_question(text: str) -> None:
    found = find_until(text, TODAY, ENGLISH)

    assert found.value is None
    assert found.ambiguous


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no",
        "two weeks ago",
        "last Friday",
        "I was there on Friday",
        "I may do it",
        "we march on",
        "24/7",
        "I have been a lawyer for ten years",
        "busy since Monday",
        "1. yes",
        "the second question",
        "until 5 pm",
        "at 10:30",
        "call +44 20 7946 0000",
        "12345678901234567890",
    ],
)
def test_what_is_no_coming_day_gives_none(text: str) -> None:
    found = find_until(text, TODAY, ENGLISH)

    assert (found.value, found.ambiguous) == (None, None)


def test_a_departure_is_not_the_end_of_a_constraint() -> None:
    assert find_until("leaving town tomorrow", TODAY, ENGLISH).value is None


def test_both_readings_of_an_ambiguous_date_are_named() -> None:
    assert find_until("until 05/12", TODAY, ENGLISH).readings == (date(2026, 12, 5), date(2027, 5, 12))


def test_seasons_turn_with_the_hemisphere() -> None:
    assert find_until("until the summer", TODAY, ENGLISH, country="AU").value == date(2026, 12, 1)


def test_the_end_of_the_week_is_a_question_at_the_end_of_a_week() -> None:
    assert find_until("until the end of the week", date(2026, 11, 28), ENGLISH).ambiguous


@given(st.dates(date(2020, 1, 1), date(2090, 1, 1)), st.text(alphabet="0123456789/.- thmayjnfried", max_size=40))
def test_a_reading_always_lies_ahead_and_within_the_horizon(today: date, text: str) -> None:
    found = find_until(text, today, ENGLISH)

    assert found.value is None or today < found.value <= plus_months(today, HORIZON_MONTHS)


@given(st.dates(date(1, 1, 1), date.max), st.text(max_size=60))
def test_no_text_on_any_day_raises(today: date, text: str) -> None:
    find_until(text, today, ENGLISH)


@pytest.mark.parametrize(
    ("year", "day"), [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2038, "2038-04-25")]
)
def test_easter_falls_where_the_church_has_it(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(day)


def test_holidays_follow_their_rules() -> None:
    assert holiday("11:4:3", 2026) == date(2026, 11, 26)
    assert holiday("5:-1:0", 2026) == date(2026, 5, 25)
    assert holiday("easter+39", 2026) == date(2026, 5, 14)
    assert holiday("2-29", 2026) is None


def test_a_month_later_is_never_an_impossible_day() -> None:
    assert plus_months(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert plus_months(date(2026, 12, 15), 1) - date(2026, 12, 15) == timedelta(31)
