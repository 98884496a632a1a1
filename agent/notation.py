"""Pure. The notation of the phrase tables, and a matcher that takes linear time whatever a table or a mail says.

    words       must stand there, in any case and with or without accents
    introduc*   a word that begins so
    (a|b c)     either
    [x]         may be missing
    <class>     a pattern that the table names, or a built-in mark of a token such as <name>
    ...3        up to three words that do not matter; ... alone: any number within the sentence
    ^  $  ?     the sentence begins, ends, ends in a question mark

A set of positions in a sentence is one integer: bit n stands for the place before token n. Each part of a pattern takes
the places where it may begin to those where it may end, with one or two operations on such integers. No regular
expression comes from a table.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

from agent.sentences import words

MARKS = frozenset({"name", "capital", "number", "party"})
"""What a token can be marked with beside its word; written like a class."""
MOST_GAP = 12
_MOST_DEPTH = 20
_BEGIN, _END, _QUESTION = "^", "$", "?"

Places = int
"""Positions in a sentence, one bit each."""


class NotationError(ValueError):
    """A pattern that cannot be read; its text says what is wrong with it."""


@dataclass(slots=True)
class Line:
    """A sentence as patterns see it: for each word and mark, the places before the tokens that have it."""

    length: int
    words: Mapping[str, Places]
    marks: Callable[[], Mapping[str, Places]]
    """Asked when a pattern first comes to a mark: telling names costs more than comparing words."""
    is_question: bool
    reached: dict[tuple[int, Places], Places] = field(default_factory=dict)
    """What was found out about choices: many patterns begin with the same ones."""
    _stems: dict[str, Places] = field(default_factory=dict)
    _marked: Mapping[str, Places] | None = None

    @classmethod
    def of(cls, tokens: Sequence[str], marks: Callable[[], Mapping[str, Places]], *, is_question: bool) -> "Line":
        """The line of these folded words."""
        places: dict[str, Places] = {}
        bit = 1
        for word in tokens:
            places[word] = places.get(word, 0) | bit
            bit <<= 1
        return cls(len(tokens), places, marks, is_question)

    @property
    def tokens(self) -> Places:
        """The places that have a token after them."""
        return (1 << self.length) - 1

    @property
    def end(self) -> Places:
        """The place behind the last token."""
        return 1 << self.length

    def marked(self, mark: str) -> Places:
        """The places before tokens that carry this mark."""
        if self._marked is None:
            self._marked = self.marks()
        return self._marked.get(mark, 0)

    def beginning_with(self, stem: str) -> Places:
        """The places before words that begin so."""
        known = self._stems.get(stem)
        if known is None:
            known = 0
            for word, places in self.words.items():
                if word.startswith(stem):
                    known |= places
            self._stems[stem] = known
        return known


@dataclass(frozen=True, slots=True)
class Word:
    """Exactly this folded word."""

    word: str

    def ends(self, at: Places, line: Line) -> Places:
        """Where it ends when it begins at one of `at`."""
        return (at & line.words.get(self.word, 0)) << 1


@dataclass(frozen=True, slots=True)
class Stem:
    """A word that begins with `prefix`."""

    prefix: str

    def ends(self, at: Places, line: Line) -> Places:
        """Where it ends when it begins at one of `at`."""
        return (at & line.beginning_with(self.prefix)) << 1


@dataclass(frozen=True, slots=True)
class Mark:
    """One or more tokens in a row that carry `mark`."""

    mark: str

    def ends(self, at: Places, line: Line) -> Places:
        """Where it ends when it begins at one of `at`."""
        if not at & line.tokens:
            return 0
        marked = line.marked(self.mark)
        reached, at = 0, (at & marked) << 1
        while at:
            reached |= at
            at = (at & marked) << 1
        return reached


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to `most` tokens of any kind; None: any number."""

    most: int | None

    def ends(self, at: Places, line: Line) -> Places:
        """Where it ends when it begins at one of `at`."""
        if self.most is None:
            lowest = at & -at
            return (2 * line.end - 1) & ~(lowest - 1) if at else 0
        reached = at
        for _ in range(self.most):
            at = (at & line.tokens) << 1
            reached |= at
        return reached


@dataclass(frozen=True, slots=True)
class Edge:
    """The sentence's beginning or end, or its question mark; takes no token."""

    sign: str

    def ends(self, at: Places, line: Line) -> Places:
        """`at`, as far as it is there."""
        if self.sign == _BEGIN:
            return at & 1
        return at & line.end if self.sign == _END or line.is_question else 0


@dataclass(frozen=True, slots=True)
class Series:
    """One after the other."""

    items: "tuple[Node, ...]"

    def ends(self, at: Places, line: Line) -> Places:
        """Where the last ends when the first begins at one of `at`."""
        for item in self.items:
            if not at:
                return 0
            at = item.ends(at, line)
        return at


@dataclass(frozen=True, slots=True)
class Either:
    """One of them. Those of which it is known how they begin wait until the sentence has such a word."""

    choices: "tuple[Node, ...]"
    _by_word: "dict[str, list[int]]" = field(init=False, compare=False, default_factory=dict)
    _others: "list[int]" = field(init=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        for number, choice in enumerate(self.choices):
            first = _first_words(choice)
            if first is None:
                self._others.append(number)
            for word in first or ():
                self._by_word.setdefault(word, []).append(number)

    def ends(self, at: Places, line: Line) -> Places:
        """Where any of them ends when it begins at one of `at`."""
        if not at:
            return 0
        place = id(self), at
        known = line.reached.get(place)
        if known is None:
            known = line.reached[place] = self._ends(at, line)
        return known

    def _ends(self, at: Places, line: Line) -> Places:
        places = line.words
        woken = set(self._others)
        for word in self._by_word.keys() & places.keys():
            if at & places[word]:
                woken.update(self._by_word[word])
        reached = 0
        for number in woken:
            reached |= self.choices[number].ends(at, line)
        return reached


Node = Word | Stem | Mark | Gap | Edge | Series | Either


def _first_words(node: Node) -> frozenset[str] | None:
    """The words of which a match must begin with one; None when it may begin with any, or match nothing."""
    match node:
        case Word(word):
            return frozenset({word})
        case Series(items):
            return _first_of(items)
        case Either(choices):
            firsts = [_first_words(choice) for choice in choices]
            known = [first for first in firsts if first is not None]
            return frozenset[str]().union(*known) if len(known) == len(firsts) else None
        case _:
            return None


def _first_of(items: "tuple[Node, ...]") -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for item in items:
        optional = _without_nothing(item)
        first = _first_words(optional or item)
        if first is None:
            return None
        found |= first
        if optional is None:
            return found
    return None


def _without_nothing(node: Node) -> Node | None:
    """What may be missing, of a [bracketed] part; None of all others."""
    if isinstance(node, Either) and Series(()) in node.choices:
        return Either(tuple(choice for choice in node.choices if choice != Series(())))
    return None


def located(node: Node, line: Line) -> tuple[int, int] | None:
    """The tokens (first, one behind the last) of the leftmost, longest match; None when there is none."""
    if not node.ends(2 * line.end - 1, line):
        return None
    for first in range(line.length + 1):
        reached = node.ends(1 << first, line)
        if reached:
            return first, reached.bit_length() - 1
    return None


Needs = frozenset[str]
"""Words of which a sentence must have one, for a pattern to match; a stem is written with its asterisk."""


_MOST_NEEDS = 5


class Requirements:
    """What patterns cannot do without, the rarest first; `cost` tells how common a word is.

    The classes of a table stand in many patterns, so each part is looked at once.
    """

    def __init__(self, cost: Callable[[str], float]) -> None:
        self._cost = cost
        self._known: dict[int, tuple[Needs, ...]] = {}

    def of(self, node: Node) -> tuple[Needs, ...]:
        """A few such sets; empty when nothing is certain. The node must outlive this object."""
        found = self._known.get(id(node))
        if found is None:
            ranked = sorted(set(self._needed(node)), key=lambda one: (sum(map(self._cost, one)), sorted(one)))
            found = self._known[id(node)] = tuple(ranked[:_MOST_NEEDS])
        return found

    def _needed(self, node: Node) -> Iterator[Needs]:
        match node:
            case Word(word):
                yield frozenset({word})
            case Stem(prefix):
                yield frozenset({f"{prefix}*"})
            case Series(items):
                for item in items:
                    yield from self.of(item)
            case Either(choices):
                rarest = [next(iter(self.of(choice)), None) for choice in choices]
                certain = [one for one in rarest if one is not None]
                if certain and len(certain) == len(rarest):
                    yield frozenset().union(*certain)
            case _:
                return


# Reading a pattern


_SYMBOL = re.compile(
    r"\s+|(?P<gap>\.\.\.\d*)|(?P<mark><[a-z][a-z0-9_-]*>)|(?P<sign>[()|\[\]^$?])|(?P<word>[\w\u0300-\u036f'’-]+\*?)"
)


class Notation:
    """Reads patterns that may name these classes; each class is read once."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes
        self._known: dict[str, Node] = {}

    def parse(self, pattern: str) -> Node:
        """The pattern as a tree, its classes filled in. Raises NotationError."""
        return self._parse(pattern, ())

    def _parse(self, pattern: str, within: tuple[str, ...]) -> Node:
        node = _Reader(pattern, lambda name: self._named(name, within)).whole()
        if node.ends(1, Line.of((), dict, is_question=True)):
            raise NotationError("matches the empty text")
        return node

    def _named(self, name: str, within: tuple[str, ...]) -> Node:
        if name in MARKS:
            return Mark(name)
        if name not in self._classes:
            raise NotationError(f"names the class <{name}>, which is not in [classes]")
        if name in within or len(within) > _MOST_DEPTH:
            raise NotationError(f"names the class <{name}> within itself")
        if name not in self._known:
            self._known[name] = self._parse(self._classes[name], (*within, name))
        return self._known[name]


class _Reader:
    """Recursive descent over the symbols of one pattern."""

    def __init__(self, pattern: str, named: Callable[[str], Node]) -> None:
        self._symbols = list(_symbols(pattern))
        self._at = 0
        self._named = named

    def whole(self) -> Node:
        node = self._either()
        if self._at < len(self._symbols):
            raise NotationError(f"has a {self._symbols[self._at][1]!r} that opens or closes nothing")
        return node

    def _either(self) -> Node:
        choices = [self._series()]
        while self._take("|"):
            choices.append(self._series())
        return choices[0] if len(choices) == 1 else _either(choices)

    def _series(self) -> Node:
        items: list[Node] = []
        while (item := self._item()) is not None:
            items.append(item)
        return items[0] if len(items) == 1 else Series(tuple(items))

    def _item(self) -> Node | None:
        if self._at >= len(self._symbols) or self._symbols[self._at] in {("sign", "|"), ("sign", ")"), ("sign", "]")}:
            return None
        kind, symbol = self._symbols[self._at]
        self._at += 1
        match kind:
            case "gap":
                return _gap(symbol[3:])
            case "mark":
                return self._named(symbol[1:-1])
            case "word":
                return _spelled(symbol)
            case _:
                return self._edge(symbol) if symbol in {_BEGIN, _END, _QUESTION} else self._bracketed(symbol)

    def _edge(self, sign: str) -> Node:
        following = self._symbols[self._at : self._at + 1]
        if sign == _QUESTION and following and following[0] not in {("sign", "|"), ("sign", ")"), ("sign", "]")}:
            raise NotationError("has a '?' before its end; what may be missing is written [so]")
        return Edge(sign)

    def _bracketed(self, opening: str) -> Node:
        closing = {"(": ")", "[": "]"}[opening]
        inner = self._either()
        if not self._take(closing):
            raise NotationError(f"has a {opening!r} without its {closing!r}")
        return inner if opening == "(" else Either((inner, Series(())))

    def _take(self, sign: str) -> bool:
        if self._symbols[self._at : self._at + 1] != [("sign", sign)]:
            return False
        self._at += 1
        return True


def _either(choices: Iterable[Node]) -> Node:
    """One Either of all, without Eithers among them."""
    flat = [inner for choice in choices for inner in (choice.choices if isinstance(choice, Either) else (choice,))]
    return Either(tuple(flat))


def _gap(digits: str) -> Node:
    if digits and not 0 < int(digits[:4]) <= MOST_GAP:
        raise NotationError(f"has a gap of {digits[:4]} words; 1 to {MOST_GAP} are allowed")
    return Gap(int(digits) if digits else None)


def _symbols(pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(pattern):
        found = _SYMBOL.match(pattern, at)
        if found is None:
            raise NotationError(f"has a {pattern[at]!r}, which means nothing in a pattern")
        at = found.end()
        if found.lastgroup:
            yield found.lastgroup, found[0]


@cache
def _spelled(symbol: str) -> Node:
    spellings = [_one_spelling(spelling) for spelling in (symbol, symbol.casefold().translate(_UMLAUTS))]
    different = [node for node, _ in groupby(spellings)]
    return different[0] if len(different) == 1 else Either(tuple(different))


def _one_spelling(symbol: str) -> Node:
    spelled = words(symbol.removesuffix("*"))
    if not spelled:
        raise NotationError(f"has a {symbol!r} without a letter")
    items: list[Node] = [Word(word) for word in spelled]
    if symbol.endswith("*"):
        items[-1] = Stem(spelled[-1])
    return items[0] if len(items) == 1 else Series(tuple(items))


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
"""How umlauts are written where they cannot be typed."""
