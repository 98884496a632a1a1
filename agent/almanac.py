"""Pure. Days as people name them, and which of them are fit to be named in a letter.

The one owner of Babel (how a language writes a day) and of holidays (on which days a country rests).
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, format_timedelta

_YEAR_AT_THE_END = re.compile(r",?(?: '[^']{1,9}')? y$")
"""How CLDR's full date patterns end in most languages: ", y", " y", " 'de' y"."""
_NEVER_A_LARGER_UNIT = 1e9
_LONGEST_REST = 31
"""Days without a working day in a row; no country comes near it."""


@dataclass(frozen=True, slots=True)
class Almanac:
    """Days in one language, as one country writes and keeps them (ISO 3166 code; None is no country in particular).

    A country that nobody has described has no holidays, and a week that ends on Saturday and Sunday.
    """

    language: str
    country: str | None

    def day(self, day: date, today: date) -> str:
        """`Monday 1 June`, as the locale has it; with the year unless it is the present one."""
        locale = _locale(self.language, self.country)
        pattern = locale.date_formats["full"].pattern
        return format_date(day, _YEAR_AT_THE_END.sub("", pattern) if day.year == today.year else pattern, locale=locale)

    def moment(self, moment: datetime) -> tuple[str, str]:
        """The day and the time of an aware datetime, in its own zone, as mail clients write them above a quotation."""
        locale = _locale(self.language, self.country)
        day = f"{format_date(moment, 'EEE', locale=locale)}, {format_date(moment, 'medium', locale=locale)}"
        time = format_time(moment, "short", tzinfo=moment.tzinfo, locale=locale)
        return day, time.replace("\u202f", " ")

    def duration(self, duration: timedelta) -> str:
        """`2 weeks`, `10 days`: whole weeks where it is whole weeks, and at least one day."""
        days = max(duration.days, 1)
        return format_timedelta(
            timedelta(days=days),
            granularity="day" if days % 7 else "week",
            threshold=_NEVER_A_LARGER_UNIT,
            locale=_locale(self.language, self.country),
        )

    def working_day_from(self, day: date) -> date:
        """`day`, or the first one after it that is neither a weekend nor a public holiday."""
        for later in range(_LONGEST_REST):
            candidate = day + timedelta(days=later)
            if candidate.weekday() not in _weekend(self.country) and candidate not in _holidays(
                self.country, candidate.year
            ):
                return candidate
        return day


@lru_cache(maxsize=32)
def _locale(language: str, country: str | None) -> Locale:
    """English for a language that nobody has described."""
    for name in (f"{language}_{country}" if country else language, language):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@lru_cache(maxsize=32)
def _weekend(country: str | None) -> AbstractSet[int]:
    import holidays  # noqa: PLC0415  # 50 ms and 14 MB that only a letter with a date needs

    if country is None:
        return frozenset({5, 6})
    try:
        return frozenset(holidays.country_holidays(country).weekend)
    except NotImplementedError:
        return frozenset({5, 6})


@lru_cache(maxsize=64)
def _holidays(country: str | None, year: int) -> AbstractSet[date]:
    """The days off of the whole country, and those of at least half of its parts (Easter Monday in the UK is one)."""
    import holidays  # noqa: PLC0415  # as above

    if country is None:
        return frozenset()
    try:
        national = holidays.country_holidays(country, years=year)
    except NotImplementedError:
        return frozenset()
    days = set(national)
    parts = [set(holidays.country_holidays(country, subdiv=part, years=year)) for part in national.subdivisions]
    days |= {day for part in parts for day in part if 2 * sum(day in other for other in parts) >= len(parts)}
    return frozenset(days)
