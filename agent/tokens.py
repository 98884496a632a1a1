"""Pure. Text → tokens: words folded for comparison, numbers, marks, line breaks, with offsets. No language in here."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))
# Zero-width and direction marks, variation selectors and skin tones: they change no meaning and break comparisons.
_INVISIBLE = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]"
)
_SPACES = re.compile("[^\\S\n]")
_TOKEN = re.compile(r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)|(?P<number>\d+)|(?P<break>\n)|(?P<mark>[^\w\s]|_)")
_ELISION = re.compile(r"[^']+'?")


class TokenKind(Enum):
    """What a token is made of."""

    WORD = auto()
    NUMBER = auto()
    MARK = auto()
    BREAK = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `text` is folded (no accents, no case); `start` and `end` are offsets into the tidied text."""

    text: str
    start: int
    end: int
    kind: TokenKind

    @property
    def is_word(self) -> bool:
        """Whether this is made of letters."""
        return self.kind is TokenKind.WORD

    @property
    def is_number(self) -> bool:
        """Whether this is made of digits."""
        return self.kind is TokenKind.NUMBER

    def touches(self, following: "Token") -> bool:
        """Whether nothing, not even a space, stands between this token and the following one."""
        return self.end == following.start


def tidy(text: str) -> str:
    """`text` in NFKC with plain apostrophes, dashes, spaces and line feeds, and nothing invisible."""
    composed = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    lines = composed.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return _SPACES.sub(" ", lines.translate(_APOSTROPHES).translate(_DASHES))


def fold(word: str) -> str:
    """`word` as it is compared: without case and accents."""
    if word.isascii():
        return word.lower()
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    return bare.casefold()


def tokenize(tidied: str, *, elides: bool = False) -> tuple[Token, ...]:
    """The tokens of a tidied text. With `elides`, "j'ai" is two words, "j'" and "ai", as French and Italian mean it."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(tidied):
        if match.lastgroup == "word":
            tokens.extend(_words(match.group(), match.start(), elides=elides))
        else:
            kind = {"number": TokenKind.NUMBER, "break": TokenKind.BREAK}.get(match.lastgroup or "", TokenKind.MARK)
            tokens.append(Token(match.group(), match.start(), match.end(), kind))
    return tuple(token for token in tokens if not _is_hyphen(token, tidied))


def words_of(text: str) -> tuple[str, ...]:
    """Only the words and numbers of `text`, folded: what is compared when a mail is subtracted."""
    kinds = (TokenKind.WORD, TokenKind.NUMBER)
    return tuple(token.text for token in tokenize(tidy(text)) if token.kind in kinds)


def text_between(tidied: str, tokens: Sequence[Token]) -> str:
    """The stretch of text from the first of `tokens` to the last, on one line."""
    return " ".join(tidied[tokens[0].start : tokens[-1].end].split()) if tokens else ""


def _is_hyphen(token: Token, tidied: str) -> bool:
    """Whether this dash joins two words ("mid-January"), which then count as two words with nothing between."""
    sides = tidied[token.start - 1 : token.start] + tidied[token.end : token.end + 1]
    return token.text == "-" and len(sides) == len("xy") and sides.isalpha()


def _words(raw: str, start: int, *, elides: bool) -> list[Token]:
    if not elides:
        # "Work's quiet" is "work is quiet": the clitic is a word of its own.
        stem = raw.removesuffix("'s").removesuffix("'S")
        tail = [Token("s", start + len(stem), start + len(raw), TokenKind.WORD)] if stem != raw else []
        return [Token(fold(stem), start, start + len(stem), TokenKind.WORD), *tail]
    return [
        Token(fold(part.group()), start + part.start(), start + part.end(), TokenKind.WORD)
        for part in _ELISION.finditer(raw)
    ]
