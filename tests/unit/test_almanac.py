from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.almanac import Almanac

TODAY = date(2026, 5, 4)
BRITISH = Almanac("en", "GB")


@pytest.mark.parametrize(
    ("language", "country", "words"),
    [
        ("en", "GB", "Monday, 1 June"),
        ("en", "US", "Monday, June 1"),
        ("en", None, "Monday, June 1"),
        ("de", "DE", "Montag, 1. Juni"),
        ("fr", "FR", "lundi 1 juin"),
        ("es", "ES", "lunes, 1 de junio"),
        ("pt", "BR", "segunda-feira, 1 de junho"),
        ("nl", None, "maandag 1 juni"),
        ("xx", "GB", "Monday, June 1"),
    ],
)
def test_a_day_is_written_as_its_language_and_country_do(language: str, country: str | None, words: str) -> None:
    assert Almanac(language, country).day(date(2026, 6, 1), TODAY) == words


def test_a_day_of_another_year_is_written_with_it() -> None:
    assert BRITISH.day(date(2027, 6, 1), TODAY) == "Tuesday, 1 June 2027"


def test_a_moment_is_written_in_its_own_zone() -> None:
    moment = datetime(2026, 5, 4, 23, 30, tzinfo=UTC)

    assert BRITISH.moment(moment.astimezone(ZoneInfo("Europe/London"))) == ("Tue, 5 May 2026", "00:30")
    assert Almanac("en", "US").moment(moment) == ("Mon, May 4, 2026", "11:30 PM")


@pytest.mark.parametrize(
    ("days", "words"), [(14, "2 weeks"), (7, "1 week"), (10, "10 days"), (1, "1 day"), (0, "1 day"), (70, "10 weeks")]
)
def test_a_duration_is_whole_weeks_where_it_can_be(days: int, words: str) -> None:
    assert BRITISH.duration(timedelta(days=days)) == words


@pytest.mark.parametrize(
    ("country", "day", "working"),
    [
        (None, date(2026, 5, 4), date(2026, 5, 4)),
        (None, date(2026, 5, 2), date(2026, 5, 4)),
        (None, date(2026, 12, 25), date(2026, 12, 25)),
        ("GB", date(2026, 5, 4), date(2026, 5, 5)),  # the early May bank holiday
        ("GB", date(2026, 4, 3), date(2026, 4, 7)),  # Good Friday; Easter Monday is none in Scotland
        ("GB", date(2026, 12, 25), date(2026, 12, 29)),  # Boxing Day falls on a Saturday
        ("US", date(2026, 7, 3), date(2026, 7, 6)),
        ("SA", date(2026, 5, 1), date(2026, 5, 3)),  # where the weekend is Friday and Saturday
        ("ZZ", date(2026, 5, 2), date(2026, 5, 4)),
    ],
)
def test_a_day_off_gives_way_to_the_next_working_day(country: str | None, day: date, working: date) -> None:
    assert Almanac("en", country).working_day_from(day) == working
