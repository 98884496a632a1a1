"""Text to tokens: what is compared, and where it stood."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.tokens import fold, text_between, tidy, tokenize, words_of


def texts(text: str, *, elides: bool = False) -> list[str]:
    return [token.text for token in tokenize(tidy(text), elides=elides)]


def test_words_are_folded_and_marks_kept() -> None:
    assert texts("Überlastet, NO!") == ["uberlastet", ",", "no", "!"]


def test_curly_apostrophes_and_dashes_are_plain() -> None:
    assert tidy("I\u2019m \u2014 busy") == "I'm - busy"


def test_what_cannot_be_seen_is_gone() -> None:
    assert tidy("\ufeffno\u200b,\u00a0no \U0001f44d\U0001f3fd") == "no, no \U0001f44d"


def test_a_hyphen_inside_a_word_parts_it() -> None:
    assert texts("mid-January") == ["mid", "january"]
    assert texts("no - no") == ["no", "-", "no"]


def test_the_clitic_of_is_stands_alone() -> None:
    assert texts("Work's quiet, I'm free") == ["work", "s", "quiet", ",", "i'm", "free"]


def test_elided_words_are_two_where_the_language_elides() -> None:
    assert texts("j'ai jusqu'au 5", elides=True) == ["j'", "ai", "jusqu'", "au", "5"]
    assert texts("j'ai") == ["j'ai"]


def test_only_words_and_numbers_are_compared() -> None:
    assert words_of("1. Are you swamped?") == ("1", "are", "you", "swamped")


def test_a_stretch_of_the_text_can_be_quoted_as_it_was_written() -> None:
    tidied = tidy("Until  the\n5th, please")

    assert text_between(tidied, tokenize(tidied)[:4]) == "Until the 5"


@pytest.mark.parametrize("word", ["Straße", "ÉTÉ", "naïve", "ǅ", "İ"])
def test_folding_twice_changes_nothing_more(word: str) -> None:
    assert fold(fold(word)) == fold(word)


@given(st.text(max_size=200))
def test_tokens_stand_in_order_inside_the_tidied_text(text: str) -> None:
    tidied = tidy(text)
    tokens = tokenize(tidied)

    assert all(before.end <= after.start for before, after in pairwise(tokens))
    assert all(0 <= token.start < token.end <= len(tidied) for token in tokens)
