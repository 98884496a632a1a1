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


@pytest.mark.parametrize(
    ("language", "text", "day"),
    [
        ("de", "bis zum 5.", "2026-12-05"),
        ("de", "bis 5. Dezember", "2026-12-05"),
        ("de", "bis zum 5.12.", "2026-12-05"),
        ("de", "bis 05.12.2026", "2026-12-05"),
        ("de", "bis Freitag", "2026-11-27"),
        ("de", "bis Mitte Januar", "2027-01-15"),
        ("de", "bis Ende März", "2027-03-31"),
        ("de", "Anfang Februar", "2027-02-01"),
        ("de", "in zwei Wochen", "2026-12-08"),
        ("de", "noch drei Wochen", "2026-12-15"),
        ("de", "für einen Monat", "2026-12-24"),
        ("de", "bis Ostern", "2027-03-28"),
        ("de", "nach Weihnachten", "2026-12-25"),
        ("de", "ab dem 12. Januar", "2027-01-12"),
        ("de", "ab Januar wieder", "2027-01-01"),
        ("de", "bis nächste Woche", "2026-11-30"),
        ("de", "bis Ende nächster Woche", "2026-12-04"),
        ("de", "übernächste Woche", "2026-12-07"),
        ("de", "bis morgen", "2026-11-25"),
        ("de", "vom 3. bis 10. Dezember", "2026-12-10"),
        ("de", "wieder da am 7. Januar", "2027-01-07"),
        ("de", "bis Montag, 7. Dezember", "2026-12-07"),
        ("de", "bis Ende des Jahres", "2026-12-31"),
        ("de", "bis Jahresende", "2026-12-31"),
        ("de", "bis zum Sommer", "2027-06-01"),
        ("de", "bis 2027-01-20", "2027-01-20"),
        ("de", "in einem halben Jahr", "2027-05-24"),
        ("de", "erst im Februar", "2027-02-01"),
        ("de", "diese Woche", "2026-11-29"),
        ("de", "bis Monatsende", "2026-11-30"),
        ("de", "bis zum Jahreswechsel", "2027-01-01"),
        ("fr", "jusqu'au 5", "2026-12-05"),
        ("fr", "jusqu'au 5 décembre", "2026-12-05"),
        ("fr", "jusqu'au 5/12", "2026-12-05"),
        ("fr", "jusqu'au 05/12/2026", "2026-12-05"),
        ("fr", "jusqu'à vendredi", "2026-11-27"),
        ("fr", "jusqu'à mi-janvier", "2027-01-15"),
        ("fr", "jusqu'à la mi-janvier", "2027-01-15"),
        ("fr", "jusqu'à fin mars", "2027-03-31"),
        ("fr", "jusqu'à la fin du mois", "2026-11-30"),
        ("fr", "début février", "2027-02-01"),
        ("fr", "dans deux semaines", "2026-12-08"),
        ("fr", "d'ici trois semaines", "2026-12-15"),
        ("fr", "pendant un mois", "2026-12-24"),
        ("fr", "jusqu'à Pâques", "2027-03-28"),
        ("fr", "après Noël", "2026-12-25"),
        ("fr", "à partir du 12 janvier", "2027-01-12"),
        ("fr", "de retour le 7 janvier", "2027-01-07"),
        ("fr", "jusqu'à la semaine prochaine", "2026-11-30"),
        ("fr", "jusqu'à demain", "2026-11-25"),
        ("fr", "du 3 au 10 décembre", "2026-12-10"),
        ("fr", "jusqu'au lundi 7 décembre", "2026-12-07"),
        ("fr", "jusqu'à la fin de l'année", "2026-12-31"),
        ("fr", "jusqu'à l'été", "2027-06-01"),
        ("fr", "jusqu'en mars", "2027-03-01"),
        ("fr", "pas avant mars", "2027-03-01"),
        ("fr", "jusqu'au 1er février", "2027-02-01"),
        ("fr", "dans 15 jours", "2026-12-09"),
        ("fr", "cette semaine", "2026-11-29"),
        ("es", "hasta el 5", "2026-12-05"),
        ("es", "hasta el 5 de diciembre", "2026-12-05"),
        ("es", "hasta el 5/12", "2026-12-05"),
        ("es", "hasta el viernes", "2026-11-27"),
        ("es", "hasta mediados de enero", "2027-01-15"),
        ("es", "hasta finales de marzo", "2027-03-31"),
        ("es", "hasta fin de mes", "2026-11-30"),
        ("es", "principios de febrero", "2027-02-01"),
        ("es", "en dos semanas", "2026-12-08"),
        ("es", "dentro de tres semanas", "2026-12-15"),
        ("es", "durante un mes", "2026-12-24"),
        ("es", "hasta Pascua", "2027-03-28"),
        ("es", "después de Navidad", "2026-12-25"),
        ("es", "a partir del 12 de enero", "2027-01-12"),
        ("es", "vuelvo el 7 de enero", "2027-01-07"),
        ("es", "hasta la semana que viene", "2026-11-30"),
        ("es", "hasta mañana", "2026-11-25"),
        ("es", "del 3 al 10 de diciembre", "2026-12-10"),
        ("es", "hasta el lunes 7 de diciembre", "2026-12-07"),
        ("es", "hasta fin de año", "2026-12-31"),
        ("es", "hasta el verano", "2027-06-01"),
        ("es", "hasta marzo", "2027-03-01"),
        ("es", "hasta el 1 de febrero", "2027-02-01"),
        ("es", "esta semana", "2026-11-29"),
        ("es", "hasta Semana Santa", "2027-03-21"),
        ("es", "hasta después de Reyes", "2027-01-06"),
        ("it", "fino al 5", "2026-12-05"),
        ("it", "fino al 5 dicembre", "2026-12-05"),
        ("it", "fino al 5/12", "2026-12-05"),
        ("it", "fino a venerdì", "2026-11-27"),
        ("it", "fino a metà gennaio", "2027-01-15"),
        ("it", "fino a fine marzo", "2027-03-31"),
        ("it", "fino alla fine del mese", "2026-11-30"),
        ("it", "inizio febbraio", "2027-02-01"),
        ("it", "tra due settimane", "2026-12-08"),
        ("it", "per tre settimane", "2026-12-15"),
        ("it", "per un mese", "2026-12-24"),
        ("it", "fino a Pasqua", "2027-03-28"),
        ("it", "dopo Natale", "2026-12-25"),
        ("it", "a partire dal 12 gennaio", "2027-01-12"),
        ("it", "torno il 7 gennaio", "2027-01-07"),
        ("it", "fino alla prossima settimana", "2026-11-30"),
        ("it", "fino a domani", "2026-11-25"),
        ("it", "dal 3 al 10 dicembre", "2026-12-10"),
        ("it", "fino a lunedì 7 dicembre", "2026-12-07"),
        ("it", "fino alla fine dell'anno", "2026-12-31"),
        ("it", "fino all'estate", "2027-06-01"),
        ("it", "fino a marzo", "2027-03-01"),
        ("it", "fino al 1 febbraio", "2027-02-01"),
        ("it", "questa settimana", "2026-11-29"),
        ("pt", "até dia 5", "2026-12-05"),
        ("pt", "até ao dia 5", "2026-12-05"),
        ("pt", "até 5 de dezembro", "2026-12-05"),
        ("pt", "até 5/12", "2026-12-05"),
        ("pt", "até sexta-feira", "2026-11-27"),
        ("pt", "até sexta", "2026-11-27"),
        ("pt", "até meados de janeiro", "2027-01-15"),
        ("pt", "até o fim de março", "2027-03-31"),
        ("pt", "até o final do mês", "2026-11-30"),
        ("pt", "início de fevereiro", "2027-02-01"),
        ("pt", "em duas semanas", "2026-12-08"),
        ("pt", "daqui a três semanas", "2026-12-15"),
        ("pt", "durante um mês", "2026-12-24"),
        ("pt", "até a Páscoa", "2027-03-28"),
        ("pt", "depois do Natal", "2026-12-25"),
        ("pt", "a partir de 12 de janeiro", "2027-01-12"),
        ("pt", "volto dia 7 de janeiro", "2027-01-07"),
        ("pt", "até a próxima semana", "2026-11-30"),
        ("pt", "até a semana que vem", "2026-11-30"),
        ("pt", "até amanhã", "2026-11-25"),
        ("pt", "de 3 a 10 de dezembro", "2026-12-10"),
        ("pt", "até segunda-feira, 7 de dezembro", "2026-12-07"),
        ("pt", "até o fim do ano", "2026-12-31"),
        ("pt", "até o verão", "2027-06-01"),
        ("pt", "até março", "2027-03-01"),
        ("pt", "até 1 de fevereiro", "2027-02-01"),
        ("pt", "esta semana", "2026-11-29"),
        ("nl", "tot de 5e", "2026-12-05"),
        ("nl", "tot 5 december", "2026-12-05"),
        ("nl", "tot 5/12", "2026-12-05"),
        ("nl", "tot vrijdag", "2026-11-27"),
        ("nl", "tot half januari", "2027-01-15"),
        ("nl", "tot eind maart", "2027-03-31"),
        ("nl", "tot het einde van de maand", "2026-11-30"),
        ("nl", "begin februari", "2027-02-01"),
        ("nl", "over twee weken", "2026-12-08"),
        ("nl", "nog drie weken", "2026-12-15"),
        ("nl", "voor een maand", "2026-12-24"),
        ("nl", "tot Pasen", "2027-03-28"),
        ("nl", "na Kerst", "2026-12-25"),
        ("nl", "vanaf 12 januari", "2027-01-12"),
        ("nl", "terug op 7 januari", "2027-01-07"),
        ("nl", "tot volgende week", "2026-11-30"),
        ("nl", "tot morgen", "2026-11-25"),
        ("nl", "van 3 tot 10 december", "2026-12-10"),
        ("nl", "tot maandag 7 december", "2026-12-07"),
        ("nl", "tot het einde van het jaar", "2026-12-31"),
        ("nl", "tot de zomer", "2027-06-01"),
        ("nl", "tot maart", "2027-03-01"),
        ("nl", "tot 1 februari", "2027-02-01"),
        ("nl", "deze week", "2026-11-29"),
    ],
)
def test_a_phrase_of_another_language_means_one_day(language: str, text: str, day: str) -> None:
    found = find_until(text, TODAY, vocabulary(language))

    assert (found.value, found.ambiguous) == (date.fromisoformat(day), None)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "bis nächsten Freitag"),
        ("fr", "jusqu'à vendredi prochain"),
        ("es", "hasta el próximo viernes"),
        ("it", "fino a venerdì prossimo"),
        ("pt", "até a próxima sexta"),
        ("nl", "tot volgende vrijdag"),
    ],
)
def test_next_friday_is_a_question_in_every_language(language: str, text: str) -> None:
    assert find_until(text, TODAY, vocabulary(language)).ambiguous


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("de", "vor zwei Wochen"),
        ("de", "letzten Freitag"),
        ("fr", "il y a deux semaines"),
        ("fr", "vendredi dernier"),
        ("es", "hace dos semanas"),
        ("es", "el viernes pasado"),
        ("it", "due settimane fa"),
        ("it", "venerdì scorso"),
        ("pt", "há duas semanas"),
        ("pt", "sexta passada"),
        ("nl", "twee weken geleden"),
        ("nl", "vorige vrijdag"),
    ],
)
def test_what_has_passed_is_no_date_in_any_language(language: str, text: str) -> None:
    found = find_until(text, TODAY, vocabulary(language))

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
