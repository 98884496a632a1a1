"""Pure. The notation of the phrase tables, compiled into one automaton that reads each token of a text once.

    words       must stand there, in any case and with or without accents
    introduc*   a word that begins so
    (a|b c)     either
    [x]         may be missing
    <class>     a pattern that the table names, or a built-in mark of a token such as <name>
    ...3        up to three words that do not matter; ... alone: any number within the sentence
    ^  $  ?     the sentence begins, ends, ends in a question mark

No regular expression comes from a table: time is linear in the text whatever a table or a mail says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.sentences import words

BEGIN, END, QUESTION = "^", "$", "?"
MARKS = frozenset({"name", "capital", "number"})
"""What a token can be marked with beside its word; written like a class."""
MOST_GAP = 12
MOST_STATES = 200_000
_MOST_DEPTH = 20
_MOST_POINTS = 30_000
"""Sets of states kept; beyond that they are forgotten and built anew, as RE2 does."""

_SYMBOL = re.compile(
    r"\s+|(?P<gap>\.\.\.\d*)|(?P<mark><[a-z][a-z0-9_-]*>)|(?P<sign>[()|\[\]^$?])|(?P<word>[\w\u0300-\u036f'’-]+\*?)"
)


class NotationError(ValueError):
    """A pattern that cannot be read; its text says what is wrong with it."""


Symbol = str
"""A folded word, or one of ^ $ ?."""


@dataclass(frozen=True, slots=True)
class Word:
    """Exactly this folded word (or ^, $, ?)."""

    word: Symbol


@dataclass(frozen=True, slots=True)
class Stem:
    """A word that begins with `prefix`."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One or more tokens in a row that carry `mark`."""

    mark: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to `most` tokens of any kind; None: any number."""

    most: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """One after the other."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of them."""

    choices: "tuple[Node, ...]"


Node = Word | Stem | Mark | Gap | Series | Either


def parse(pattern: str, classes: Mapping[str, str]) -> Node:
    """The pattern as a tree, its classes filled in. Raises NotationError."""
    return _Reader(pattern, classes, ()).whole()


class _Reader:
    """Recursive descent over the symbols of one pattern."""

    def __init__(self, pattern: str, classes: Mapping[str, str], within: tuple[str, ...]) -> None:
        self._symbols = list(_symbols(pattern))
        self._at = 0
        self._classes = classes
        self._within = within

    def whole(self) -> Node:
        node = self._either()
        if self._at < len(self._symbols):
            raise NotationError(f"has a {self._symbols[self._at][1]!r} that opens or closes nothing")
        if not any(True for _ in _required(node)):
            raise NotationError("matches the empty text")
        return node

    def _either(self) -> Node:
        choices = [self._series()]
        while self._take("sign", "|"):
            choices.append(self._series())
        return choices[0] if len(choices) == 1 else Either(tuple(choices))

    def _series(self) -> Node:
        items: list[Node] = []
        while (item := self._item()) is not None:
            items.append(item)
        return items[0] if len(items) == 1 else Series(tuple(items))

    def _item(self) -> Node | None:
        if self._at >= len(self._symbols):
            return None
        kind, symbol = self._symbols[self._at]
        if symbol in {"|", ")", "]"} and kind == "sign":
            return None
        self._at += 1
        match kind:
            case "gap":
                return self._gap(symbol)
            case "mark":
                return self._named(symbol[1:-1])
            case "word":
                return _spelled(symbol)
            case _:
                return self._bracketed(symbol)

    def _bracketed(self, opening: str) -> Node:
        if opening in {BEGIN, END, QUESTION}:
            if opening == QUESTION and self._symbols[self._at : self._at + 1] and not self._ends_here():
                raise NotationError("has a '?' before its end; what may be missing is written [so]")
            return Word(opening)
        closing = {"(": ")", "[": "]"}[opening]
        inner = self._either()
        if not self._take("sign", closing):
            raise NotationError(f"has a {opening!r} without its {closing!r}")
        return inner if opening == "(" else Either((inner, Series(())))

    def _ends_here(self) -> bool:
        kind, symbol = self._symbols[self._at]
        return kind == "sign" and symbol in {"|", ")", "]", END}

    def _take(self, kind: str, symbol: str) -> bool:
        if self._symbols[self._at : self._at + 1] != [(kind, symbol)]:
            return False
        self._at += 1
        return True

    @staticmethod
    def _gap(symbol: str) -> Node:
        digits = symbol[3:]
        if digits and not 0 < int(digits[:4]) <= MOST_GAP:
            raise NotationError(f"has a gap of {digits[:4]} words; 1 to {MOST_GAP} are allowed")
        return Gap(int(digits) if digits else None)

    def _named(self, name: str) -> Node:
        if name in MARKS:
            return Mark(name)
        if name not in self._classes:
            raise NotationError(f"names the class <{name}>, which is not in [classes]")
        if name in self._within or len(self._within) > _MOST_DEPTH:
            raise NotationError(f"names the class <{name}> within itself")
        return _Reader(self._classes[name], self._classes, (*self._within, name)).whole()


def _symbols(pattern: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(pattern):
        found = _SYMBOL.match(pattern, at)
        if found is None:
            raise NotationError(f"has a {pattern[at]!r}, which means nothing in a pattern")
        at = found.end()
        if found.lastgroup:
            yield found.lastgroup, found[0]


def _spelled(symbol: str) -> Node:
    spelled = words(symbol.removesuffix("*"))
    if not spelled:
        raise NotationError(f"has a {symbol!r} without a letter")
    items: list[Node] = [Word(word) for word in spelled]
    if symbol.endswith("*"):
        items[-1] = Stem(spelled[-1])
    return items[0] if len(items) == 1 else Series(tuple(items))


def _required(node: Node) -> Iterator[Node]:
    """Something for each part that cannot match nothing."""
    match node:
        case Word() | Stem() | Mark():
            yield node
        case Series(items):
            for item in items:
                yield from _required(item)
        case Either(choices):
            if all(any(True for _ in _required(choice)) for choice in choices):
                yield node
        case Gap():
            return


Key = tuple[str, int]
"""What a token is to the automaton: its word as far as any pattern mentions it, and its marks as bits."""
_BITS = {mark: 1 << number for number, mark in enumerate(sorted(MARKS))}


def bits(*marks: str) -> int:
    """The marks of a token, as one number."""
    return sum(_BITS[mark] for mark in marks)


@dataclass(slots=True)
class _State:
    words: dict[str, set[int]] = field(default_factory=dict)
    stems: dict[str, set[int]] = field(default_factory=dict)
    marks: dict[int, set[int]] = field(default_factory=dict)
    anything: set[int] = field(default_factory=set)
    free: set[int] = field(default_factory=set)
    """States that are reached without a token."""
    accepts: int | None = None


@dataclass(slots=True, eq=False)
class _Point:
    """A set of states reached at once, and where each token leads: built when first needed."""

    states: frozenset[int]
    """Without the states in which a pattern may begin: those are always reached."""
    accepts: tuple[int, ...]
    moves: "dict[Key, _Point]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """Pattern number `pattern` matches tokens `first` up to `last` (exclusive)."""

    pattern: int
    first: int
    last: int


class Automaton:
    """All patterns at once. Reading a sentence costs one look-up a token, however many patterns there are."""

    def __init__(self, patterns: Sequence[Node]) -> None:
        self._states: list[_State] = []
        self._starts = [self._begin(number, pattern) for number, pattern in enumerate(patterns)]
        self._spellings = frozenset(word for state in self._states for word in state.words)
        stems = {stem for state in self._states for stem in state.stems}
        self._stems = frozenset(stems)
        self._lengths = sorted({len(stem) for stem in stems}, reverse=True)
        self._closures: dict[int, frozenset[int]] = {}
        self._always = frozenset[int]().union(*(self._closure(start) for start in self._starts))
        self._forget()

    def _forget(self) -> None:
        self._points: dict[frozenset[int], _Point] = {}
        self._begun: dict[Key, frozenset[int]] = {}
        self._home = self._point(frozenset())

    # Building

    def _new(self) -> int:
        if len(self._states) >= MOST_STATES:
            raise NotationError("makes the tables too large")
        self._states.append(_State())
        return len(self._states) - 1

    def _begin(self, number: int, pattern: Node) -> int:
        start, end = self._new(), self._new()
        self._states[end].accepts = number
        self._wire(pattern, start, end)
        return start

    def _wire(self, node: Node, start: int, end: int) -> None:
        state = self._states[start]
        match node:
            case Word(word):
                state.words.setdefault(word, set()).add(end)
            case Stem(prefix):
                state.stems.setdefault(prefix, set()).add(end)
            case Mark(mark):
                self._wire_mark(_BITS[mark], start, end)
            case Gap(most):
                self._wire_gap(most, start, end)
            case Either(choices):
                for choice in choices:
                    self._wire(choice, start, end)
            case Series(items):
                self._wire_series(items, start, end)

    def _wire_mark(self, bit: int, start: int, end: int) -> None:
        inside = self._new()
        self._states[start].marks.setdefault(bit, set()).add(inside)
        self._states[inside].marks.setdefault(bit, set()).add(inside)
        self._states[inside].free.add(end)

    def _wire_gap(self, most: int | None, start: int, end: int) -> None:
        here = self._new()
        self._states[start].free.add(here)
        self._states[here].free.add(end)
        if most is None:
            self._states[here].anything.add(here)
            return
        for _ in range(most):
            following = self._new()
            self._states[here].anything.add(following)
            self._states[following].free.add(end)
            here = following

    def _wire_series(self, items: Sequence[Node], start: int, end: int) -> None:
        here = start
        for item in items:
            following = self._new()
            self._wire(item, here, following)
            here = following
        self._states[here].free.add(end)

    # Reading

    def _closure(self, state: int) -> frozenset[int]:
        known = self._closures.get(state)
        if known is None:
            reached, waiting = {state}, [state]
            while waiting:
                for following in self._states[waiting.pop()].free - reached:
                    reached.add(following)
                    waiting.append(following)
            known = self._closures[state] = frozenset(reached)
        return known

    def _point(self, states: frozenset[int]) -> _Point:
        known = self._points.get(states)
        if known is None:
            accepts = {self._states[state].accepts for state in states}
            known = self._points[states] = _Point(states, tuple(sorted(n for n in accepts if n is not None)))
        return known

    def _reached(self, states: frozenset[int], key: Key) -> set[int]:
        word, marks = key
        is_word = word not in {BEGIN, END, QUESTION}
        reached: set[int] = set()
        for number in states:
            state = self._states[number]
            reached.update(state.words.get(word, ()))
            if state.stems:
                reached.update(one for stem, ends in state.stems.items() if word.startswith(stem) for one in ends)
            if marks and state.marks:
                reached.update(one for bit, ends in state.marks.items() if bit & marks for one in ends)
            if is_word:
                reached.update(state.anything)
        return reached

    def _move(self, point: _Point, key: Key) -> _Point:
        if len(self._points) > _MOST_POINTS or len(self._begun) > _MOST_POINTS:
            self._forget()
        begun = self._begun.get(key)
        if begun is None:
            begun = self._begun[key] = self._closed(self._reached(self._always, key))
        following = self._point(begun | self._closed(self._reached(point.states, key)))
        point.moves[key] = following
        return following

    def _closed(self, states: Iterable[int]) -> frozenset[int]:
        return frozenset[int]().union(*(self._closure(state) for state in states))

    def key(self, word: str, marks: int) -> Key:
        """What the automaton sees of a token: words that no pattern mentions are all the same."""
        if word in self._spellings:
            return word, marks
        for length in self._lengths:
            if word[:length] in self._stems:
                return word[:length], marks
        return "", marks

    def matched(self, keys: Sequence[Key]) -> dict[int, int]:
        """Pattern → the position behind its last token, of those that match somewhere in these tokens."""
        found: dict[int, int] = {}
        point = self._home
        for position, key in enumerate(keys, 1):
            point = point.moves.get(key) or self._move(point, key)
            for pattern in point.accepts:
                found.setdefault(pattern, position)
        return found

    def located(self, pattern: int, keys: Sequence[Key], last: int) -> Hit:
        """Where the match that ends at `last` begins: as far left as it can."""
        return Hit(pattern, self._first(pattern, keys, last), last)

    def _first(self, pattern: int, keys: Sequence[Key], last: int) -> int:
        start = self._starts[pattern]
        begun: dict[int, int] = {}
        for position in range(last):
            for state in self._closure(start):
                begun.setdefault(state, position)
            begun = self._moved(begun, keys[position])
        ends = [at for state, at in begun.items() if self._states[state].accepts == pattern]
        return min(ends, default=0)

    def _moved(self, begun: Mapping[int, int], key: Key) -> dict[int, int]:
        moved: dict[int, int] = {}
        for number, at in begun.items():
            for reached in self._reached(frozenset({number}), key):
                for state in self._closure(reached):
                    moved[state] = min(moved.get(state, at), at)
        return moved
