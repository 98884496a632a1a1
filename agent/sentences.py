"""Pure. Text into sentences of tokens, with offsets. It knows no language; abbreviations are given to it."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MOST_TEXT = 16_384
"""Characters of a text that are read: a letter is shorter, and what follows is a report, a log or an attack."""
MOST_TOKENS = 120
"""Tokens of one sentence; what runs on longer is cut there."""

WORD = re.compile(r"[\w\u0300-\u036f]+")
_PIECE = re.compile(r"(?P<word>[\w\u0300-\u036f]+)|(?P<stop>[.!?…\u3002\uff01\uff1f\u061f]+)|(?P<line>\n)")
_TRANSLITERATED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "\u0131": "i"})
_ENDING_MARKS = frozenset(".!?…\u3002\uff01\uff1f\u061f")
_QUESTION_MARKS = frozenset("?\uff1f\u061f")


class Token(NamedTuple):
    """One word: folded for comparison, with its place in the text."""

    word: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """Consecutive tokens that belong together. `is_question` tells that it ends in a question mark."""

    tokens: tuple[Token, ...]
    is_question: bool = False
    paragraph: int = 0
    """Counts blank lines above it."""

    @property
    def start(self) -> int:
        """Offset of the first token."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Offset behind the last token."""
        return self.tokens[-1].end


def fold(word: str) -> str:
    """`word` without regard to case, accents and compatibility forms; as both tables and texts are compared."""
    if word.isascii():
        return word.lower().strip("_") if "_" in word else word.lower()
    marked = unicodedata.normalize("NFKD", word.casefold().translate(_TRANSLITERATED))
    return "".join(char for char in marked if not unicodedata.combining(char)).strip("_")


def words(text: str) -> list[str]:
    """The folded words of a short text: `I'd` is `i`, `d`."""
    return [fold(found) for found in WORD.findall(text)]


def sentences(text: str, abbreviations: frozenset[str] = frozenset()) -> tuple[Sentence, ...]:
    """The sentences of the first MOST_TEXT characters, with offsets in `text`; a line that is only wrapped goes on."""
    return tuple(_Splitter(text[:MOST_TEXT], abbreviations).sentences())


class _Splitter:
    def __init__(self, text: str, abbreviations: frozenset[str]) -> None:
        self._text = text
        self._abbreviations = abbreviations
        self._breaks = _hard_breaks(text)
        self._tokens: list[Token] = []
        self._paragraph = 0

    def sentences(self) -> Iterator[Sentence]:
        for piece in _PIECE.finditer(self._text):
            if piece.lastgroup == "word":
                word = fold(piece[0])
                if word:
                    self._tokens.append(Token(word, piece.start(), piece.end()))
                if len(self._tokens) >= MOST_TOKENS:
                    yield from self._close()
            elif piece.lastgroup == "line":
                if piece.start() in self._breaks:
                    yield from self._close()
                    self._paragraph += self._breaks[piece.start()]
            elif self._is_end(piece[0], piece.end()):
                yield from self._close(is_question=not _QUESTION_MARKS.isdisjoint(piece[0]))
        yield from self._close()

    def _close(self, *, is_question: bool = False) -> Iterator[Sentence]:
        if self._tokens:
            yield Sentence(tuple(self._tokens), is_question, self._paragraph)
            self._tokens = []

    def _is_end(self, mark: str, end: int) -> bool:
        if _ENDING_MARKS.isdisjoint(mark):
            return False
        follows = self._text[end : end + 1]
        if follows and not follows.isspace() and follows not in "\"'”’»)]*_":
            return not _QUESTION_MARKS.isdisjoint(mark) and follows.isupper()
        return mark != "." or not self._is_abbreviated(end)

    def _is_abbreviated(self, end: int) -> bool:
        """Whether the full stop before `end` belongs to its word: "Dr.", "J." in a name, "e.g." within a sentence."""
        if not self._tokens or self._tokens[-1].end != end - 1:
            return False
        last = self._tokens[-1]
        if last.word in self._abbreviations:
            return True
        following = self._text[end : end + 3].lstrip()
        if last.end - last.start == 1 and last.word.isalpha() and len(self._tokens) > 1:
            return following[:1].isalpha()
        return last.end - last.start <= _SHORT and following[:1].islower()


def _hard_breaks(text: str) -> dict[int, int]:
    """Offset of each line end at which a sentence ends too → 1 when a blank line follows, else 0."""
    breaks: dict[int, int] = {}
    for start, lines in _paragraphs(text):
        width = max(map(len, lines))
        offset = start
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            offset += len(line)
            if not following:
                breaks[offset] = 1
            elif _is_broken_by_hand(line, following, width):
                breaks[offset] = 0
            offset += 1
    return breaks


def _paragraphs(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, each with the offset of its first character."""
    lines: list[str] = []
    start = offset = 0
    for line in text.split("\n"):
        if line.strip():
            start = start if lines else offset
            lines.append(line)
        elif lines:
            yield start, lines
            lines = []
        offset += len(line) + 1
    if lines:
        yield start, lines


_WRAPPED = 100
"""Lines longer than this were not wrapped by a mail client, so each of their ends is meant."""
_SHORT = 2
"""Letters of a word whose full stop, before a small letter, is rather an abbreviation's."""
_SLACK = 12
"""Characters by which a wrapped line may fall short of the width although the next word would have fitted."""


def _is_broken_by_hand(line: str, following: str, width: int) -> bool:
    if width > _WRAPPED:
        return True
    first = following.split(maxsplit=1)[0]
    has_room = len(line) + 1 + len(first) + _SLACK <= width
    return has_room and not first[:1].islower()
