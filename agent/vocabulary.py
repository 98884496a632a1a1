"""Pure, but for reading the word tables shipped beside it, once a language: what words mean in a reply to a check-in.

A table is agent/words/<language>.toml; a new language is one such file and no code. Phrases are written in a small notation:
`(a|b)` is either, `[a]` may be missing, `..` stands for up to three words that do not matter, `@field` for a field of work.
"""

import itertools
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from agent.tokens import Token, tidy, tokenize

GAP = ".."
FIELD = "@field"
GAP_WORDS = 3
"""How many words `..` may stand for at most: enough for "leaving the world of banking", too few to join two statements."""
MOST_SPELLINGS = 20_000
"""What one phrase may expand to; a guard against a slip in a table, never reached by a sensible phrase."""
SHORTEST_CORRECTED = 6
"""Letters a word of the tables must have before a misspelling of it is recognised; shorter ones are too close together."""
ENGLISH = "en"


@dataclass(slots=True)
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    labels: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """What a run of tokens means: every label its longest phrase has, and the token after it."""

    labels: tuple[Any, ...]
    end: int


class Phrases:
    """Phrases by their words; finds the longest one that begins at a token."""

    def __init__(self, fields: "Phrases | None" = None) -> None:
        self._root = _Node()
        self._fields = fields
        self.words: set[str] = set()
        """Every single word that occurs in a phrase."""

    def add(self, notation: str, label: Any, *, elides: bool = False) -> None:
        """Let every spelling of `notation` mean `label`, beside what it may mean already."""
        for spelling in spellings(notation):
            self._insert(_terms(spelling, elides=elides), label)

    def longest(self, tokens: Sequence[Token], at: int) -> Match | None:
        """The longest phrase that begins exactly at token `at`; None when no phrase does. Marks break phrases."""
        return self._longest(self._root, tokens, at)

    def _insert(self, terms: Sequence[str], label: Any) -> None:
        node = self._root
        for term in terms:
            node = node.children.setdefault(term, _Node())
        if terms and label not in node.labels:
            node.labels = (*node.labels, label)
        self.words.update(term for term in terms if term not in {GAP, FIELD})

    def _longest(self, node: _Node, tokens: Sequence[Token], at: int) -> Match | None:
        best = Match(node.labels, at) if node.labels else None
        for following in self._steps(node, tokens, at):
            if following is not None and (best is None or following.end > best.end):
                best = following
        return best

    def _steps(self, node: _Node, tokens: Sequence[Token], at: int) -> Iterator[Match | None]:
        if at < len(tokens) and tokens[at].text in node.children:
            yield self._longest(node.children[tokens[at].text], tokens, at + 1)
        if FIELD in node.children and self._fields is not None:
            named = self._fields.longest(tokens, at)
            yield self._longest(node.children[FIELD], tokens, named.end) if named else None
        if GAP in node.children:
            yield from self._after_gap(node.children[GAP], tokens, at)

    def _after_gap(self, node: _Node, tokens: Sequence[Token], at: int) -> Iterator[Match | None]:
        for skipped in range(GAP_WORDS + 1):
            yield self._longest(node, tokens, at + skipped)
            if at + skipped >= len(tokens) or not tokens[at + skipped].is_word:
                return


def spellings(notation: str) -> tuple[str, ...]:
    """Every spelling that the notation stands for. Raises ValueError on unbalanced brackets or too many spellings."""
    found, rest = _alternatives(notation, 0)
    if rest != len(notation):
        raise ValueError(f"unbalanced brackets in {notation!r}")
    return tuple(dict.fromkeys(" ".join(spelling.split()) for spelling in found))


def _alternatives(notation: str, at: int) -> tuple[list[str], int]:
    found: list[str] = []
    parts: list[list[str]] = []
    while at < len(notation) and notation[at] not in ")]":
        if notation[at] == "|":
            found += _joined(parts, notation)
            parts, at = [], at + 1
        elif notation[at] in "([":
            inner, end = _alternatives(notation, at + 1)
            parts.append([*inner, ""] if notation[at] == "[" else inner)
            at = _closed(notation, at, end)
        else:
            end = next((i for i in range(at, len(notation)) if notation[i] in "()[]|"), len(notation))
            parts.append([notation[at:end]])
            at = end
    return found + _joined(parts, notation), at


def _closed(notation: str, opened: int, end: int) -> int:
    if notation[end : end + 1] != {"(": ")", "[": "]"}[notation[opened]]:
        raise ValueError(f"unbalanced brackets in {notation!r}")
    return end + 1


def _joined(parts: Sequence[Sequence[str]], notation: str) -> list[str]:
    total = 1
    for part in parts:
        total *= len(part)
    if total > MOST_SPELLINGS:
        raise ValueError(f"{notation!r} stands for more than {MOST_SPELLINGS} spellings")
    return ["".join(choice) for choice in itertools.product(*parts)]


def _terms(spelling: str, *, elides: bool) -> list[str]:
    terms: list[str] = []
    for piece in spelling.split():
        terms += [piece] if piece in {GAP, FIELD} else [token.text for token in tokenize(tidy(piece), elides=elides)]
    return terms


@dataclass(frozen=True, slots=True)
class DateWords:
    """The words of dates in one language; `lexicon` labels are (category, value) pairs that agent.dates reads."""

    lexicon: Phrases
    ordinal_suffixes: frozenset[str]
    has_dotted_ordinals: bool
    """Whether "5." may be the fifth, as in German."""
    is_day_first: bool | None
    """How 05/12 is read; None when the language does not tell."""
    next_weekday_is_clear: bool
    """Whether "next Friday" means one day to everybody."""
    month_names: tuple[str, ...]
    weak: frozenset[str]
    """Words that are a date only beside another word of dates: "may", "march", "sun"."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words of one language that the reading of a reply needs."""

    language: str
    elides: bool
    phrases: Phrases
    """What a phrase says of the two questions, labelled with the names of the tables in the file."""
    reasons: Mapping[str, str]
    """Category of a reason → how a letter names it after "I am"."""
    dates: DateWords
    unclear: Mapping[str, str]
    """What may be missing → the phrase for the question back."""
    spellings: Mapping[str, str]
    """Common wrong or short spellings of single words → the right one."""
    taglines: Phrases
    banners: Phrases
    automatic_subjects: tuple[str, ...]
    questions: Mapping[str, tuple[str, ...]]
    """Question → how our own check-in words it, folded."""
    known: frozenset[str] = frozenset()
    """Words that are spelled right although they look like a misspelling of a word of the tables."""
    long_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """One-edit skeleton of a long word → the words that have it."""

    def corrected(self, word: str) -> str:
        """`word` as the tables spell it: known short forms, and long words with a single slip of the finger."""
        if word in self.spellings:
            return self.spellings[word]
        if len(word) < SHORTEST_CORRECTED - 1 or word in self.phrases.words or word in self.dates.lexicon.words:
            return word
        return word if word in self.known else self._respelled(word)

    def recognises(self, word: str) -> bool:
        """Whether the word occurs anywhere in this language's tables."""
        return word in self.phrases.words or word in self.dates.lexicon.words or word in self.known

    def _respelled(self, word: str) -> str:
        near = {
            candidate
            for skeleton in _skeletons(word)
            for candidate in self.long_words.get(skeleton, ())
            if candidate[0] == word[0] and is_one_slip(word, candidate)
        }
        return near.pop() if len(near) == 1 else word


def is_one_slip(one: str, other: str) -> bool:
    """Whether one letter too many, too few, wrong, or swapped with its neighbour separates the two words."""
    if one == other or abs(len(one) - len(other)) > 1:
        return one == other
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    left, right = one[start:], other[start:]
    return (
        left[1:] == right[1:]
        or left == right[1:]
        or left[1:] == right
        or (left[:2] == right[1::-1] and left[2:] == right[2:])
    )


def _skeletons(word: str) -> set[str]:
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


@cache
def vocabulary(language: str) -> Vocabulary:
    """The words of a language, by its primary subtag ("pt" for "pt-BR"). Raises KeyError when none are shipped."""
    name = language.replace("_", "-").split("-")[0].casefold()
    if name not in shipped_languages():
        raise KeyError(language)
    table = resources.files("agent").joinpath("words", f"{name}.toml").read_text(encoding="utf-8")
    return build(tomllib.loads(table))


@cache
def shipped_languages() -> tuple[str, ...]:
    """Languages that have a word table, English first."""
    files = resources.files("agent").joinpath("words").iterdir()
    names = sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))
    return (ENGLISH, *(name for name in names if name != ENGLISH))


def choose(languages: Iterable[str], tokens: Sequence[Token]) -> Vocabulary:
    """The vocabulary that knows most of these words, among the languages and English; the earlier one on a tie."""
    known = [vocabulary(name) for name in dict.fromkeys((*_shipped(languages), ENGLISH))]
    counts = Counter({table.language: _words_known(table, tokens) for table in known})
    return max(known, key=lambda table: counts[table.language])


def _shipped(languages: Iterable[str]) -> list[str]:
    names = [name.replace("_", "-").split("-")[0].casefold() for name in languages]
    return [name for name in names if name in shipped_languages()]


def _words_known(table: Vocabulary, tokens: Sequence[Token]) -> int:
    return sum(table.recognises(token.text) for token in tokens if token.is_word)


def build(table: Mapping[str, Any]) -> Vocabulary:
    """A vocabulary from the parsed TOML of one language. Raises KeyError or ValueError when the table is wrong."""
    elides = bool(table.get("elides", False))
    phrases = _phrases(table, elides=elides)
    dates = _date_words(table["dates"], elides=elides)
    return Vocabulary(
        language=table["language"],
        elides=elides,
        phrases=phrases,
        reasons=MappingProxyType({name: row["says"] for name, row in table["reasons"].items()}),
        dates=dates,
        unclear=MappingProxyType(dict(table["unclear"])),
        spellings=MappingProxyType(dict(table.get("spellings", {}))),
        taglines=_listed(table["client"]["taglines"], elides=elides),
        banners=_listed(table["client"]["banners"], elides=elides),
        automatic_subjects=tuple(tidy(subject).casefold() for subject in table["client"]["automatic_subjects"]),
        questions=MappingProxyType({name: tuple(words) for name, words in table["questions"].items()}),
        known=frozenset(table.get("known", ())),
        long_words=_long_words(phrases.words | dates.lexicon.words),
    )


def _phrases(table: Mapping[str, Any], *, elides: bool) -> Phrases:
    phrases = Phrases(_listed(table["fields"]["names"], elides=elides))
    for label, notations in _labelled(table):
        for notation in notations:
            phrases.add(notation, label, elides=elides)
    return phrases


def _labelled(table: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    for name, row in table["reasons"].items():
        yield f"busy:{name}", row.get("claims", ())
        yield f"reason:{name}", row.get("words", ())
    yield from table["phrases"].items()


def _listed(notations: Sequence[str], *, elides: bool) -> Phrases:
    phrases = Phrases()
    for notation in notations:
        phrases.add(notation, notation, elides=elides)
    return phrases


def _date_words(table: Mapping[str, Any], *, elides: bool) -> DateWords:
    lexicon = Phrases()
    for category, value, notation in _date_rows(table):
        lexicon.add(notation, (category, value), elides=elides)
    return DateWords(
        lexicon=lexicon,
        ordinal_suffixes=frozenset(table["ordinal_suffixes"]),
        has_dotted_ordinals=table.get("dotted_ordinals", False),
        is_day_first=table.get("day_first"),
        next_weekday_is_clear=table.get("next_weekday_is_clear", False),
        month_names=tuple(names[0] for names in table["months"]),
        weak=frozenset(table.get("weak", ())),
    )


def _date_rows(table: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for category in ("months", "weekdays"):
        for number, names in enumerate(table[category]):
            yield from ((category, number, name) for name in names)
    for category in ("numbers", "ordinals", "units", "parts", "days_from_now", "holidays", "seasons", "quarters"):
        for value, names in table.get(category, {}).items():
            yield from ((category, _value(value), name) for name in names)
    for category, names in table["words"].items():
        yield from ((category, True, name) for name in names)


def _value(key: str) -> int | str:
    return int(key) if key.lstrip("-").isdigit() else key


def _long_words(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for word in sorted(words):
        if len(word) >= SHORTEST_CORRECTED:
            for skeleton in _skeletons(word):
                index[skeleton] = (*index.get(skeleton, ()), word)
    return MappingProxyType(index)
