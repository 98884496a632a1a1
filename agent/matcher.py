"""Pure. Which phrases of one language a text holds, and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from agent.notation import Line, Requirements, located
from agent.people import Census
from agent.phrasebook import LONE_CUE, Phrasebook, Rule
from agent.sentences import Sentence

_BESIDES = frozenset({"person", "cue"})
"""Sections that only count near a phrase of another one."""
_REACH = 5
"""Sentences before and after such a phrase within which they are looked for."""
_MOST_KNOWN = 100_000
"""Words whose keys are remembered; a language has fewer, an attack has more."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that matched, and where: offsets into the text, number of the sentence."""

    rule: Rule
    sentence: int
    start: int
    end: int

    def overlaps(self, other: "Found") -> bool:
        """Whether both match some of the same words."""
        return self.start < other.end and other.start < self.end


class Matcher:
    """Finds the phrases of one language; a pattern is tried only where the words are that it cannot do without."""

    def __init__(self, book: Phrasebook) -> None:
        small, common = book.words("function"), book.words("common")
        self._patterns = [(rule, node) for rule in book.rules for node in rule.patterns]
        # The commonest words are the shortest (Zipf's law of abbreviation), which no table tells.
        requirements = Requirements(
            lambda word: (60.0 if word in small else 6.0 if word in common else 2.0) / len(word)
        )
        self._needs = [requirements.of(node) for _, node in self._patterns]
        self._waiting: dict[str, list[int]] = {}
        self._always: list[int] = []
        for number, needed in enumerate(self._needs):
            for word in needed[0] if needed else ():
                self._waiting.setdefault(word, []).append(number)
            if not needed:
                self._always.append(number)
        self._wanted = frozenset(word for both in self._needs for one in both for word in one)
        self._stems = sorted({len(word) - 1 for word in self._wanted if word.endswith("*")})
        self._keys: dict[str, tuple[str, ...]] = {}
        self._is_beside = [
            rule.section in _BESIDES and not (rule.section == "cue" and rule.weight >= LONE_CUE)
            for rule, _ in self._patterns
        ]

    def found(self, split: Sequence[Sentence], census: Census) -> Iterator[Found]:
        """Every rule that matches, once a sentence, with the longest words that match it.

        What only counts beside another phrase is looked for near one.
        """
        woken = [self._woken(sentence) for sentence in split]
        lines: dict[int, Line] = {}
        leading: list[int] = []
        for number, sentence in enumerate(split):
            patterns = [pattern for pattern in woken[number] if not self._is_beside[pattern]]
            found = list(self._in_sentence(sentence, number, census, lines, patterns))
            if any(one.rule.weight > 0 for one in found):
                leading.append(number)
            yield from found
        near = {at for number in leading for at in range(number - _REACH, number + _REACH + 1)}
        for number, sentence in enumerate(split):
            if number in near:
                patterns = [pattern for pattern in woken[number] if self._is_beside[pattern]]
                yield from self._in_sentence(sentence, number, census, lines, patterns)

    def _woken(self, sentence: Sentence) -> list[int]:
        """The patterns that may match a sentence of these words."""
        present = {key for token in sentence.tokens for key in self._keys_of(token.word)}
        woken = {number for word in present for number in self._waiting.get(word, ())}
        return [*self._always, *(number for number in woken if self._may_match(number, present))]

    def _may_match(self, number: int, present: set[str]) -> bool:
        """Whether all is there that this pattern cannot do without; the rarest is known to be."""
        return not any(present.isdisjoint(needed) for needed in self._needs[number][1:])

    def _keys_of(self, word: str) -> tuple[str, ...]:
        """What of a word patterns wait for: itself, or its beginning."""
        known = self._keys.get(word)
        if known is None:
            spelled = (word, *(f"{word[:length]}*" for length in self._stems if length <= len(word)))
            known = tuple(key for key in spelled if key in self._wanted)
            if len(self._keys) < _MOST_KNOWN:
                self._keys[word] = known
        return known

    def _in_sentence(
        self, sentence: Sentence, number: int, census: Census, lines: dict[int, Line], patterns: Sequence[int]
    ) -> Iterator[Found]:
        if not patterns:
            return
        line = lines.get(number)
        if line is None:
            spelled = [token.word for token in sentence.tokens]
            marks = partial(census.marks, number)
            line = lines[number] = Line.of(spelled, marks, is_question=sentence.is_question)
        longest: dict[str, Found] = {}
        for pattern in patterns:
            rule, node = self._patterns[pattern]
            place = located(node, line)
            if place is not None:
                one = _found(rule, sentence, number, *place)
                known = longest.get(rule.label)
                if known is None or known.end - known.start < one.end - one.start:
                    longest[rule.label] = one
        yield from longest.values()


def _found(rule: Rule, sentence: Sentence, number: int, first: int, last: int) -> Found:
    tokens = sentence.tokens
    return Found(rule, number, tokens[min(first, len(tokens) - 1)].start, tokens[max(last, 1) - 1].end)
