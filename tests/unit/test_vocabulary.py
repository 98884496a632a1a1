"""The word tables: their notation, and what must hold of every one that is shipped."""

import tomllib
from importlib import resources

import pytest

from agent.model import Question
from agent.tokens import tidy, tokenize
from agent.vocabulary import Phrases, choose, client_words, is_one_slip, shipped_languages, vocabulary


def meaning(phrases: Phrases, text: str) -> tuple[tuple[str, ...], int] | None:
    match = phrases.longest(tokenize(tidy(text)), 0)
    return None if match is None else (match.labels, match.end)


def phrases(**rows: str) -> Phrases:
    table = Phrases({"@fruit": fruit()})
    for label, notation in rows.items():
        table.add(notation, label)
    return table


def fruit() -> Phrases:
    table = Phrases()
    table.add("(apples|passion fruit)", "fruit")
    return table


def test_brackets_stand_for_choices_and_for_what_may_be_missing() -> None:
    table = phrases(busy="(really|so) [very] busy")

    assert meaning(table, "so very busy") == (("busy",), 3)
    assert meaning(table, "really busy now") == (("busy",), 2)
    assert meaning(table, "very busy") is None


def test_a_gap_stands_for_up_to_three_words_and_never_for_a_mark() -> None:
    table = phrases(leaving="leaving .. field")

    assert meaning(table, "leaving field") == (("leaving",), 2)
    assert meaning(table, "leaving my dear old field") == (("leaving",), 5)
    assert meaning(table, "leaving my very dear old field") is None
    assert meaning(table, "leaving town, the field") is None


def test_a_list_stands_for_each_of_its_phrases() -> None:
    assert meaning(phrases(eats="likes @fruit"), "likes passion fruit") == (("eats",), 3)


def test_the_longest_phrase_wins_and_equal_ones_keep_all_their_meanings() -> None:
    table = phrases(no="no", idiom="no problem", denial="no")

    assert meaning(table, "no problem") == (("idiom",), 2)
    assert meaning(table, "no") == (("no", "denial"), 1)


@pytest.mark.parametrize("notation", ["(a|b", "a]", "a(b)", ".. a", "[a]", "[a] .."])
def test_a_slip_in_the_notation_is_refused(notation: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        phrases(x=notation)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("swaped", "swamped"),
        ("swmaped", "swamped"),
        ("swampedd", "swamped"),
        ("swanped", "swamped"),
        ("feilds", "fields"),
    ],
)
def test_one_slip_of_the_finger_in_a_long_word_is_corrected(wrong: str, right: str) -> None:
    assert is_one_slip(wrong, right)
    assert vocabulary("en").corrected(wrong) == right


@pytest.mark.parametrize("word", ["swapped", "stamped", "charging", "nope", "slack", "hanging"])
def test_words_that_are_spelled_right_are_left_alone(word: str) -> None:
    assert vocabulary("en").corrected(word) == word


def test_the_language_that_knows_most_of_the_words_is_chosen_and_the_owner_s_on_a_tie() -> None:
    assert choose(["en"], tokenize("no, no")).language == "en"
    assert choose([], tokenize("")).language == "en"


def test_clients_words_are_no_language() -> None:
    assert "clients" not in shipped_languages()
    assert client_words().automatic_subjects


@pytest.mark.parametrize("language", shipped_languages())
class TestEveryLanguage:
    def test_names_itself_as_its_file_does(self, language: str) -> None:
        assert vocabulary(language).language == language

    def test_words_both_questions(self, language: str) -> None:
        assert set(vocabulary(language).questions) == {question.value for question in Question}

    def test_has_twelve_months_and_seven_weekdays(self, language: str) -> None:
        assert len(vocabulary(language).dates.month_names) == 12

    def test_can_say_what_is_unclear(self, language: str) -> None:
        english = vocabulary("en").unclear

        assert set(vocabulary(language).unclear) == set(english)
        for name, phrase in vocabulary(language).unclear.items():
            assert phrase.count("{") == english[name].count("{"), name

    def test_gives_every_reason_a_name_fit_for_a_letter(self, language: str) -> None:
        assert set(vocabulary(language).reasons) == set(vocabulary("en").reasons)

    def test_knows_the_direction_of_every_word_that_leads_to_a_day_of_the_month(self, language: str) -> None:
        lexicon = vocabulary(language).dates.lexicon
        leads = {"until", "through", "after", "before", "back", "on"}
        table = tomllib.loads(resources.files("agent").joinpath("words", f"{language}.toml").read_text("utf-8"))

        for notation in table["dates"]["words"]["until_day"]:
            match = lexicon.longest(tokenize(tidy(notation), elides=vocabulary(language).elides), 0)
            assert match is not None
            assert leads & {category for category, _ in match.labels}, notation

    def test_is_shipped_as_data_inside_the_package(self, language: str) -> None:
        assert resources.files("agent").joinpath("words", f"{language}.toml").is_file()
