"""Pure. Which phrases of one language a text holds, and where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from agent.notation import Line, Needs, Requirements, located
from agent.people import Census
from agent.phrasebook import ANCHORS, LONE_CUE, STRONG, Phrasebook, Rule
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


class _Index:
    """Some of the patterns, by the words that they wait for."""

    def __init__(self, needs: Mapping[int, tuple[Needs, ...]]) -> None:
        self._needs = needs
        self._waiting: dict[str, list[int]] = {}
        self._always = [number for number, needed in needs.items() if not needed]
        for number, needed in needs.items():
            for word in needed[0] if needed else ():
                self._waiting.setdefault(word, []).append(number)

    def woken(self, present: set[str]) -> list[int]:
        """Those that may match where these keys are."""
        woken = {number for word in present & self._waiting.keys() for number in self._waiting[word]}
        return [*self._always, *(number for number in woken if self._may_match(number, present))]

    def _may_match(self, number: int, present: set[str]) -> bool:
        """Whether all is there that this pattern cannot do without; the rarest is known to be."""
        return not any(present.isdisjoint(needed) for needed in self._needs[number][1:])


class Matcher:
    """Finds the phrases of one language; a pattern is tried only where the words are that it cannot do without."""

    def __init__(self, book: Phrasebook) -> None:
        small, common = book.words("function"), book.words("common")
        self._patterns = [(rule, node) for rule in book.rules for node in rule.patterns]
        # The commonest words are the shortest (Zipf's law of abbreviation), which no table tells.
        requirements = Requirements(
            lambda word: (60.0 if word in small else 6.0 if word in common else 2.0) / len(word)
        )
        needs = {number: requirements.of(node) for number, (_, node) in enumerate(self._patterns)}
        self._leading = _Index({number: needs[number] for number in needs if not self._is_beside(number)})
        self._strong = _Index({number: needs[number] for number in needs if self._is_strong(number)})
        self._beside = _Index({number: needs[number] for number in needs if self._is_beside(number)})
        self._wanted = frozenset(word for needed in needs.values() for one in needed for word in one)
        self._stems = sorted({len(word) - 1 for word in self._wanted if word.endswith("*")})
        self._keys: dict[str, tuple[str, ...]] = {}

    def _is_beside(self, number: int) -> bool:
        rule = self._patterns[number][0]
        return rule.section in _BESIDES and not (rule.section == "cue" and rule.weight >= LONE_CUE)

    def _is_strong(self, number: int) -> bool:
        rule = self._patterns[number][0]
        return rule.section in ANCHORS and rule.weight >= STRONG

    def found(self, split: Sequence[Sentence], census: Census) -> Iterator[Found]:
        """Every rule that matches, once a sentence, with the longest words that match it.

        What only counts beside another phrase is looked for near one.
        """
        present = [self._present(sentence) for sentence in split]
        lines: dict[int, Line] = {}
        leading: list[int] = []
        for number, sentence in enumerate(split):
            found = list(self._in_sentence(sentence, number, census, lines, self._leading.woken(present[number])))
            if any(one.rule.weight > 0 for one in found):
                leading.append(number)
            yield from found
        near = {at for number in leading for at in range(number - _REACH, number + _REACH + 1)}
        for number, sentence in enumerate(split):
            if number in near:
                patterns = self._beside.woken(present[number])
                yield from self._in_sentence(sentence, number, census, lines, patterns)

    def holds(self, split: Sequence[Sentence], census: Census) -> bool:
        """Whether a phrase stands anywhere on which an offer can rest by itself; much quicker than finding all."""
        lines: dict[int, Line] = {}
        for number, sentence in enumerate(split):
            patterns = self._strong.woken(self._present(sentence))
            if any(True for _ in self._in_sentence(sentence, number, census, lines, patterns)):
                return True
        return False

    def _present(self, sentence: Sentence) -> set[str]:
        """What of its words patterns wait for."""
        return {key for token in sentence.tokens for key in self._keys_of(token.word)}

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
