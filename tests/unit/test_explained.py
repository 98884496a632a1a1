"""What a person sees of a verdict; and that a mail cannot play tricks with a terminal."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.explained import Piece, Tone, answer, in_sum, marked
from agent.model import Evidence, Kind, Verdict
from agent.terminal import harmless


def evidence(start: int, end: int, weight: float) -> Evidence:
    return Evidence("a-rule", "", weight, start, end)


def a_verdict(kind: Kind, score: float) -> Verdict:
    return Verdict(kind, score, 5.0, (), None, None, None)


def test_evidence_is_marked_where_it_stands() -> None:
    text = "Shall I introduce you to Sara? We connect to the VPN."
    pieces = list(marked(text, [evidence(0, 21, 4.0), evidence(31, 52, -2.0), Evidence("alone", "", 0.5)]))
    assert pieces == [
        Piece("Shall I introduce you", Tone.FOR),
        Piece(" to Sara? ", Tone.PLAIN),
        Piece("We connect to the VPN", Tone.AGAINST),
        Piece(".", Tone.PLAIN),
    ]


def test_where_evidence_overlaps_its_sum_decides() -> None:
    pieces = list(marked("one two three", [evidence(0, 7, 1.0), evidence(4, 13, -2.0)]))
    assert [piece.tone for piece in pieces] == [Tone.FOR, Tone.AGAINST, Tone.AGAINST]


def test_of_a_long_text_the_beginning_and_the_surroundings_of_the_evidence_are_shown() -> None:
    text = "A line of a long letter.\n" * 1_000
    text = f"{text}Shall I introduce you?\n{text}"
    start = text.index("Shall")
    pieces = list(marked(text, [evidence(start, start + 21, 4.0)]))
    assert [piece.text for piece in pieces if piece.tone is Tone.FOR] == ["Shall I introduce you"]
    assert sum(len(piece.text) for piece in pieces) < 1_500
    assert [piece.tone for piece in pieces].count(Tone.LEFT_OUT) == 2


Drawn = tuple[int, int, float]
spans = st.tuples(st.integers(0, 9_000), st.integers(0, 400), st.sampled_from([-2.0, 0.0, 1.0]))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.text(alphabet="a \n\x1b\u202e", max_size=30), st.integers(1, 300), st.lists(spans, max_size=12))
def test_all_evidence_is_shown_and_everything_is_accounted_for(unit: str, repeats: int, drawn: list[Drawn]) -> None:
    text = unit * repeats
    found = [
        evidence(start, min(len(text), start + length), weight) for start, length, weight in drawn if start < len(text)
    ]
    pieces = list(marked(text, found))
    shown = [piece for piece in pieces if piece.tone is not Tone.LEFT_OUT]
    left_out = [int(piece.text.split()[1].replace(",", "")) for piece in pieces if piece.tone is Tone.LEFT_OUT]
    assert sum(len(piece.text) for piece in shown) + sum(left_out) == len(text)
    covered = {at for one in found for at in range(one.start or 0, one.end or 0)}
    assert sum(len(piece.text) for piece in shown if piece.tone is not Tone.PLAIN) == len(covered)


@pytest.mark.parametrize(
    ("verdict", "words", "total"),
    [
        (a_verdict(Kind.OFFER, 7.0), "an offer", "of 5 needed"),
        (a_verdict(Kind.NONE, 4.5), "no offer (a near miss)", "of 5 needed, 0.5 short"),
        (a_verdict(Kind.BULK, 0.0), "no offer (bulk mail)", "of 5 needed, 5 short"),
        (a_verdict(Kind.NONE, 0.0), "no offer", "of 5 needed, 5 short"),
    ],
)
def test_a_verdict_is_told_in_words(verdict: Verdict, words: str, total: str) -> None:
    assert (answer(verdict), in_sum(verdict)) == (words, total)


def test_what_would_steer_a_terminal_is_made_visible() -> None:
    assert harmless("\x1b[31mred \u202egnp\u2066 \x07\x9b1m\u2028") == (
        "\\u001b[31mred \\u202egnp\\u2066 \\u0007\\u009b1m\\u2028"
    )
    assert harmless("a\nb\tc\rd", keep_lines=True) == "a\nb\tc\\u000dd"
    assert harmless("Zoë 👩\u200d🚀 שלום") == "Zoë 👩\u200d🚀 שלום"
