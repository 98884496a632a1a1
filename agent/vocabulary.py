"""Pure, but for reading the word tables shipped beside it, once a language: what words mean in a reply to a check-in.

A table is agent/words/<language>.toml; a new language is one such file and no code. Phrases are written in a small
notation: `(a|b)` is either, `[a]` may be missing, `..` stands for up to three words that do not matter, `@name` for a
list of the file.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from agent.tokens import Token, fold, tidy, tokenize

GAP = ".."
GAP_WORDS = 3
"""How many words `..` may stand for: enough for "leaving the world of banking", too few to join two statements."""
SHORTEST_CORRECTED = 6
"""Letters a word of the tables must have before a misspelling of it is recognised; shorter ones lie too close."""
NEARLY_ALL = 0.9
"""The share of a reply's words that a language must know to be chosen without asking the others."""
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Match:
    """What a run of tokens means: every label its longest phrase has, and the token after it."""

    labels: tuple[Any, ...]
    end: int


@dataclass(frozen=True, slots=True)
class _Word:
    text: str


@dataclass(frozen=True, slots=True)
class _Either:
    choices: "tuple[_Row, ...]"


_Row = tuple[_Word | _Either, ...]


class Phrases:
    """Phrases by their words; finds the longest one that begins at a token."""

    def __init__(self, lists: "Mapping[str, Phrases] | None" = None, gap_stops: Iterable[str] = ()) -> None:
        self._by_first_word: dict[str, list[tuple[_Row, Any]]] = {}
        self._gap_stops = frozenset(gap_stops)
        self._lists = lists or {}
        self.words: set[str] = set().union(*(phrases.words for phrases in self._lists.values()))
        """Every single word that occurs in a phrase."""

    def add(self, notation: str, label: Any, *, elides: bool = False) -> None:
        """Let `notation` mean `label`, beside what it may mean already. Raises ValueError when it cannot be read."""
        row = parse_notation(notation, elides=elides)
        for word in self._first_words(row, notation):
            self._by_first_word.setdefault(word, []).append((row, label))
        self.words |= set(_words_in(row))

    def longest(self, tokens: Sequence[Token], at: int, *, without: Collection[Any] = frozenset()) -> Match | None:
        """The longest phrase that begins exactly at token `at`; None when no phrase does. Marks break phrases."""
        if at >= len(tokens):
            return None
        rows = [(row, label) for row, label in self._candidates(tokens[at]) if label not in without]
        ends = [(max(self._ends(row, tokens, at), default=at), label) for row, label in rows]
        longest = max((end for end, _ in ends), default=at)
        labels = tuple(dict.fromkeys(label for end, label in ends if end == longest))
        return Match(labels, longest) if longest > at else None

    def longest_of(self, label: Any, tokens: Sequence[Token], at: int) -> int | None:
        """The token after the longest phrase of one label that begins at token `at`; None when there is none."""
        if at >= len(tokens):
            return None
        rows = (row for row, its_label in self._candidates(tokens[at]) if its_label == label)
        end = max((end for row in rows for end in self._ends(row, tokens, at)), default=at)
        return end if end > at else None

    @property
    def first_words(self) -> set[str]:
        """Every word that a phrase may begin with."""
        return set(self._by_first_word)

    def _candidates(self, token: Token) -> Sequence[tuple[_Row, Any]]:
        return self._by_first_word.get(token.text, ())

    def _ends(self, row: _Row, tokens: Sequence[Token], at: int) -> set[int]:
        places = {at}
        for part in row:
            places = {end for place in places for end in self._steps(part, tokens, place)}
        return places

    def _steps(self, part: _Word | _Either, tokens: Sequence[Token], at: int) -> Iterator[int]:
        if isinstance(part, _Either):
            for choice in part.choices:
                yield from self._ends(choice, tokens, at)
        elif part.text == GAP:
            yield from self._over_gap(tokens, at)
        elif part.text in self._lists:
            named = self._lists[part.text].longest(tokens, at)
            yield from () if named is None else (named.end,)
        elif at < len(tokens) and tokens[at].text == part.text:
            yield at + 1

    def _over_gap(self, tokens: Sequence[Token], at: int) -> Iterator[int]:
        for skipped in range(GAP_WORDS + 1):
            yield at + skipped
            if at + skipped >= len(tokens) or not tokens[at + skipped].is_word:
                return
            if tokens[at + skipped].text in self._gap_stops:
                return

    def _first_words(self, row: _Row, notation: str) -> set[str]:
        found: set[str] = set()
        for part in row:
            options = [self._first_words(choice, notation) for choice in _choices(part)]
            found |= set().union(*options) if isinstance(part, _Either) else self._named_words(part, notation)
            if not _may_be_missing(part):
                return found
        if not row:
            return found
        raise ValueError(f"nothing in {notation!r} must be there")

    def _named_words(self, part: _Word, notation: str) -> set[str]:
        if part.text == GAP:
            raise ValueError(f"{notation!r} begins with a gap")
        return self._lists[part.text].first_words if part.text in self._lists else {part.text}


def _choices(part: _Word | _Either) -> tuple[_Row, ...]:
    return part.choices if isinstance(part, _Either) else ()


def _may_be_missing(part: _Word | _Either) -> bool:
    return any(all(_may_be_missing(inner) for inner in choice) for choice in _choices(part))


def _words_in(row: _Row) -> Iterator[str]:
    for part in row:
        if isinstance(part, _Word) and not _is_symbol(part.text):
            yield part.text
        for choice in _choices(part):
            yield from _words_in(choice)


_NOTATION = re.compile(r"\s*([()\[\]|]|[^()\[\]|\s]+)")
_OPENED = {"(": ")", "[": "]"}


def parse_notation(notation: str, *, elides: bool = False) -> _Row:
    """The notation as a row of words and choices. Raises ValueError on unbalanced brackets or words glued to one."""
    if re.search(r"[^\s(\[|][(\[]|[)\]][^\s)\]|]", notation):
        raise ValueError(f"a bracket touches a word in {notation!r}")
    symbols = _NOTATION.findall(notation)
    choices, rest = _parse_choices(symbols, 0, notation, elides=elides)
    if rest != len(symbols):
        raise ValueError(f"unbalanced brackets in {notation!r}")
    return choices[0] if len(choices) == 1 else (_Either(choices),)


def _parse_choices(symbols: Sequence[str], at: int, notation: str, *, elides: bool) -> tuple[tuple[_Row, ...], int]:
    choices: list[_Row] = []
    row: list[_Word | _Either] = []
    while at < len(symbols) and symbols[at] not in _OPENED.values():
        if symbols[at] == "|":
            choices, row, at = [*choices, tuple(row)], [], at + 1
        elif symbols[at] in _OPENED:
            part, at = _parse_bracket(symbols, at, notation, elides=elides)
            row.append(part)
        else:
            row += _plain_words(symbols[at], elides=elides)
            at += 1
    return (*choices, tuple(row)), at


def _parse_bracket(symbols: Sequence[str], at: int, notation: str, *, elides: bool) -> tuple[_Either, int]:
    choices, end = _parse_choices(symbols, at + 1, notation, elides=elides)
    if end >= len(symbols) or symbols[end] != _OPENED[symbols[at]]:
        raise ValueError(f"unbalanced brackets in {notation!r}")
    return _Either((*choices, ()) if symbols[at] == "[" else choices), end + 1


def _is_symbol(term: str) -> bool:
    return term == GAP or (term.startswith("@") and len(term) > 1)


def _plain_words(symbol: str, *, elides: bool) -> list[_Word]:
    if _is_symbol(symbol):
        return [_Word(symbol)]
    if elides and symbol.endswith("'"):
        return [_Word(fold(symbol))]
    return [_Word(token.text) for token in tokenize(tidy(symbol), elides=elides)]


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
    denial_follows: bool
    """Whether "not" may stand behind what it denies, as in German."""
    phrases: Phrases
    """What a phrase says of the two questions, labelled with the names of the tables in the file."""
    lookups: Phrases
    """Words that matter at one place only, such as after "moving into"; read with `longest_of`."""
    reasons: Mapping[str, str]
    """Category of a reason → how a letter names it after "I am"."""
    dates: DateWords
    unclear: Mapping[str, str]
    """What may be missing → the phrase for the question back."""
    spellings: Mapping[str, str]
    """Common wrong or short spellings of single words → the right one."""
    questions: Mapping[str, tuple[str, ...]]
    """Question → how our own check-in words it, folded."""
    known: frozenset[str] = frozenset()
    """Words that are spelled right although they lie one slip away from a word that is corrected."""
    long_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a long word looks like with one letter missing → the words that look so."""

    def corrected(self, word: str) -> str:
        """`word` as the tables spell it: known short forms, and long words with a single slip of the finger."""
        if word in self.spellings:
            return self.spellings[word]
        if len(word) < SHORTEST_CORRECTED - 1 or self.recognises(word):
            return word
        return self._respelled(word)

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
    return build(_table(name))


def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files("agent").joinpath("words", f"{name}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class ClientWords:
    """What mail programs and mail servers add to a reply, in any language they speak."""

    taglines: Phrases
    banners: Phrases
    """Words that make a paragraph a warning of the server or a disclaimer."""
    automatic_subjects: tuple[str, ...]


@cache
def client_words() -> ClientWords:
    """The table agent/words/clients.toml."""
    table = _table("clients")
    return ClientWords(
        taglines=_listed(table["taglines"]),
        banners=_listed(table["banners"]),
        automatic_subjects=tuple(tidy(subject).casefold() for subject in table["automatic_subjects"]),
    )


@cache
def shipped_languages() -> tuple[str, ...]:
    """Languages that have a word table, English first."""
    files = resources.files("agent").joinpath("words").iterdir()
    # A language has a code of two letters; clients.toml is no language.
    names = sorted(file.name.removesuffix(".toml") for file in files if len(file.name) == len("en.toml"))
    return (ENGLISH, *(name for name in names if name != ENGLISH))


def choose(languages: Iterable[str], tokens: Sequence[Token]) -> Vocabulary:
    """The vocabulary that knows most of these words, among the languages and English; the earlier one on a tie.

    One that knows nearly all of them is taken at once, so that the others need not even be loaded.
    """
    words = sum(token.is_word for token in tokens)
    best: tuple[int, Vocabulary] | None = None
    for name in dict.fromkeys((*_shipped(languages), ENGLISH)):
        known = _words_known(vocabulary(name), tokens)
        if best is None or known > best[0]:
            best = (known, vocabulary(name))
        if known >= NEARLY_ALL * words:
            break
    return best[1] if best is not None else vocabulary(ENGLISH)


def _shipped(languages: Iterable[str]) -> list[str]:
    names = [name.replace("_", "-").split("-")[0].casefold() for name in languages]
    return [name for name in names if name in shipped_languages()]


def _words_known(table: Vocabulary, tokens: Sequence[Token]) -> int:
    return sum(table.recognises(token.text) for token in tokens if token.is_word)


def build(table: Mapping[str, Any]) -> Vocabulary:
    """A vocabulary from the parsed TOML of one language. Raises KeyError or ValueError when the table is wrong."""
    elides = bool(table.get("elides", False))
    lists = {f"@{name}": _listed(row, elides=elides) for name, row in table["lists"].items()}
    phrases = Phrases(lists, map(fold, table["gap_stops"]))
    for label, notations in _meanings(table):
        _add(phrases, label, notations, elides=elides)
    lookups = Phrases(lists, map(fold, table["gap_stops"]))
    for label, notations in table["lookups"].items():
        _add(lookups, label, notations, elides=elides)
    dates = _date_words(table["dates"], elides=elides)
    return Vocabulary(
        language=table["language"],
        elides=elides,
        denial_follows=bool(table.get("denial_follows", False)),
        phrases=phrases,
        lookups=lookups,
        reasons=MappingProxyType({name: row["says"] for name, row in table["reasons"].items()}),
        dates=dates,
        unclear=MappingProxyType(dict(table["unclear"])),
        spellings=MappingProxyType({fold(wrong): fold(right) for wrong, right in table.get("spellings", {}).items()}),
        questions=MappingProxyType({name: tuple(words) for name, words in table["questions"].items()}),
        known=frozenset(map(fold, table.get("known", ()))),
        long_words=_long_words((*map(fold, table.get("corrected", ())), *_calendar_names(table["dates"]))),
    )


def _add(phrases: Phrases, label: str, notations: Iterable[str], *, elides: bool) -> None:
    for notation in notations:
        phrases.add(notation, label, elides=elides)


def _meanings(table: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    for name, row in table["reasons"].items():
        yield f"busy:{name}", row.get("claims", ())
        yield f"reason:{name}", row.get("words", ())
    yield from table["phrases"].items()


def _listed(notations: Sequence[str], *, elides: bool = False) -> Phrases:
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
        ordinal_suffixes=frozenset(map(fold, table["ordinal_suffixes"])),
        has_dotted_ordinals=table.get("dotted_ordinals", False),
        is_day_first=table.get("day_first"),
        next_weekday_is_clear=table.get("next_weekday_is_clear", False),
        month_names=tuple(names[0] for names in table["months"]),
        weak=frozenset(map(fold, table.get("weak", ()))),
    )


def _date_rows(table: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    for category in ("months", "weekdays"):
        for number, names in enumerate(table[category]):
            yield from ((category, number, name) for name in names)
    for category in (
        "numbers",
        "ordinals",
        "units",
        "parts",
        "days_from_now",
        "holidays",
        "seasons",
        "quarters",
        "spans",
    ):
        for value, names in table.get(category, {}).items():
            yield from ((category, _value(value), name) for name in names)
    for category, names in table["words"].items():
        yield from ((category, True, name) for name in names)


def _value(key: str) -> int | str:
    return int(key) if key.lstrip("-").isdigit() else key


def _calendar_names(dates: Mapping[str, Any]) -> Iterator[str]:
    for names in (*dates["months"], *dates["weekdays"]):
        yield from (token.text for name in names for token in tokenize(tidy(name)))


def _long_words(words: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    index: dict[str, tuple[str, ...]] = {}
    for word in sorted(set(words)):
        if len(word) >= SHORTEST_CORRECTED:
            for skeleton in _skeletons(word):
                index[skeleton] = (*index.get(skeleton, ()), word)
    return MappingProxyType(index)
