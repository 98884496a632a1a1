"""Pure. Whom an offer offers. Every capitalised name is a candidate; its surroundings speak for or against it.

None whenever the best candidate is doubtful: a letter can do without a name, but not with a wrong one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from agent.letter import Letter
from agent.model import Contact
from agent.people import Census, Lexicon, Mention
from agent.sentences import Sentence, Token, words

ENOUGH = 2.5
"""Points from which a candidate is believed."""
_ENOUGH_ALONE = 4.0
"""Points from which a lone word is believed that no list knows and nothing certain speaks for."""
_NEARLY = 2.0
"""Points by which the first of two who are named together may fall short of the second."""
_MOST_CONTACTS = 4
_REACH = 5
"""Sentences before and after the offer in which its contact is named."""
_LONGEST_DESCRIPTION = 9
"""Words of "a former colleague of mine from the Leeds office"."""
_MOST_ADJECTIVES = 3
_ORGANISATION_WITHIN = 10
"""Words after a name within which its organisation stands."""

POINTS: Mapping[str, float] = MappingProxyType(
    {
        "in the offer's sentence": 1.5,
        "a sentence away": -0.25,
        "after a word that names people": 2.5,  # to, with, meet, called
        "after a role": 2.5,  # my friend Sara; our director, Gareth Pugh
        "somebody else's relative": -2.0,  # Anjali and her husband Pete
        "before a verb of people": 1.5,  # runs, said
        "before an apposition": 1.0,  # Sara, who; Sara (she ...)
        "between commas": 1.0,
        "title": 2.0,
        "known given name": 2.0,
        "several words": 2.0,
        "named again": 0.5,
        "after an article or a place's preposition": -4.0,
        "possessive": -1.0,
        "opens a sentence": -1.5,
        "nobody else": 1.0,
        "a pronoun follows": 1.5,  # Abena Osei. She leads …
        "in quotation marks": -2.0,
        "known as a copy's recipient": 3.0,
    }
)


@dataclass(frozen=True)
class Scene:
    """Where a contact is looked for. `offer` is the number of the sentence that makes the offer."""

    text: str
    sentences: Sequence[Sentence]
    census: Census
    letter: Letter
    offer: int
    parties: frozenset[str]
    """Folded words of the author's and the owner's names."""
    others: tuple[str, ...] = ()
    """Display names of further recipients."""


_CERTAIN = frozenset(
    {
        "after a word that names people",
        "after a role",
        "before a verb of people",
        "named again",
        "known as a copy's recipient",
    }
)
"""Reasons that only hold for people."""


def contacts(scene: Scene, lexicon: Lexicon) -> tuple[Contact, ...]:
    """The people offered, the main one first; one without a name when only a description was found; else none."""
    return _Search(scene, lexicon).contacts()


def is_third_person(mention: Mention, letter: Letter, parties: frozenset[str]) -> bool:
    """Whether a mention in the letter's body names neither author nor owner."""
    within = letter.body_start <= mention.start < letter.body_end
    return within and mention.is_person and not set(words(mention.bare)) <= parties


class _Search:
    def __init__(self, scene: Scene, lexicon: Lexicon) -> None:
        self._scene = scene
        self._lexicon = lexicon
        near = range(max(0, scene.offer - _REACH), min(len(scene.sentences), scene.offer + _REACH + 1))
        self._near = near
        self._everybody = [
            one for number in near for one in scene.census.within(number) if one.start >= scene.letter.body_start
        ]
        self._mentions = [
            one
            for number in near
            for one in scene.census.within(number)
            if is_third_person(one, scene.letter, scene.parties)
        ]
        self._relatives = frozenset(
            word for one in self._mentions if self._is_somebodys(one) for word in words(one.bare)
        )

    def _is_somebodys(self, mention: Mention) -> bool:
        """Whether it is told by whose relative it names: "Anjali and her husband Pete", "a friend of Pablo"."""
        tokens = self._scene.sentences[mention.sentence].tokens
        before = [token.word for token in tokens[max(0, mention.first - 2) : mention.first]]
        if len(before) <= 1:
            return False
        is_theirs = before[0] in self._lexicon["theirs"] and before[1] in self._lexicon["roles"]
        return is_theirs or (before[0] in self._lexicon["roles"] and before[1] in self._lexicon["ofs"])

    def contacts(self) -> tuple[Contact, ...]:
        believable = [one for one in self._mentions if self._is_believable(one)]
        scored = sorted(((self._points(one), -number, one) for number, one in enumerate(believable)), reverse=True)
        if scored and scored[0][0] >= ENOUGH:
            best = self._first_of(scored)
            return tuple(self._contact(one) for one in (best, *self._beside(best)))[:_MOST_CONTACTS]
        described = self._described()
        return (described,) if described else ()

    def _first_of(self, scored: Sequence[tuple[float, int, Mention]]) -> Mention:
        """The best candidate, or one named before it in the same sentence with nearly as much to say for it."""
        most, _, best = scored[0]
        rivals = [
            one
            for points, _, one in scored
            if one.sentence == best.sentence
            and points >= ENOUGH
            and points >= most - _NEARLY
            and one.first <= best.first
        ]
        return min(rivals, key=lambda one: one.first)

    def _is_certain(self, mention: Mention) -> bool:
        """Whether a title or a known given name says that it names somebody."""
        return bool(mention.title) or words(mention.bare)[0] in self._lexicon["given_names"]

    # Weighing a candidate

    def _is_believable(self, mention: Mention) -> bool:
        """Whether more than a capital speaks for a name: a lone word that no list knows may be anything."""
        if len(words(mention.bare)) > 1 or self._is_certain(mention):
            return True
        return not _CERTAIN.isdisjoint(self._reasons(mention)) or self._points(mention) >= _ENOUGH_ALONE

    def _points(self, mention: Mention) -> float:
        return sum(POINTS[reason] for reason in self._reasons(mention)) + POINTS["a sentence away"] * abs(
            mention.sentence - self._scene.offer
        )

    def _reasons(self, mention: Mention) -> Iterator[str]:
        tokens = self._scene.sentences[mention.sentence].tokens
        if mention.sentence == self._scene.offer:
            yield "in the offer's sentence"
        yield from self._reasons_within(mention)
        yield from self._reasons_before(mention, tokens)
        yield from self._reasons_after(mention, tokens)
        if not self._relatives.isdisjoint(words(mention.bare)):
            yield "somebody else's relative"
        if self._is_spoken_of(mention):
            yield "a pronoun follows"
        if any(set(words(mention.bare)) & set(words(other)) for other in self._scene.others):
            yield "known as a copy's recipient"

    def _is_spoken_of(self, mention: Mention) -> bool:
        """Whether he or she comes next, before anybody else is named."""
        numbers = range(mention.sentence, min(mention.sentence + 3, len(self._scene.sentences)))
        following = (
            token for number in numbers for token in self._scene.sentences[number].tokens if token.start > mention.end
        )
        others = {other.start for other in self._mentions}
        for token in following:
            if token.word in self._lexicon["pronouns"]:
                return True
            if token.start in others:
                return False
        return False

    def _reasons_within(self, mention: Mention) -> Iterator[str]:
        spelled = words(mention.bare)
        if self._scene.text[max(0, mention.start - 1) : mention.start] in {'"', "“", "„", "«"}:
            yield "in quotation marks"
        if mention.title:
            yield "title"
        if spelled and spelled[0] in self._lexicon["given_names"]:
            yield "known given name"
        if len(spelled) > 1:
            yield "several words"
        if any(other.start != mention.start and set(words(other.bare)) & set(spelled) for other in self._everybody):
            yield "named again"
        if all(set(words(other.bare)) & set(spelled) for other in self._mentions):
            yield "nobody else"

    def _reasons_before(self, mention: Mention, tokens: Sequence[Token]) -> Iterator[str]:
        if mention.first == 0:
            spelled = words(mention.bare)
            is_at = mention.last < len(tokens) and tokens[mention.last].word in self._lexicon["after_names"]
            if not self._is_certain(mention) and len(spelled) == 1 and not is_at:
                yield "opens a sentence"
            return
        before = tokens[mention.first - 1]
        between = self._scene.text[before.end : mention.start].strip(" \n\"'“„«‘")
        pair = f"{tokens[mention.first - 2].word}_{before.word}" if mention.first > 1 else ""
        if before.word in self._lexicon["roles"] and between in {"", ",", ":", "(", "-", "–", "—"}:
            if not self._is_somebodys(mention):
                yield "after a role"
        elif between in {"", ":"} and (
            before.word in self._lexicon["before_names"] or pair in self._lexicon["before_names"]
        ):
            yield "after a word that names people"
        elif between == "" and before.word in self._lexicon["determiners"] and not self._is_certain(mention):
            yield "after an article or a place's preposition"
        if between in {",", "(", "-", "–", "—"} and self._scene.text[mention.end : mention.end + 1] in {
            ",",
            ")",
            ".",
            " ",
        }:
            yield "between commas"

    def _reasons_after(self, mention: Mention, tokens: Sequence[Token]) -> Iterator[str]:
        if mention.last >= len(tokens):
            return
        after = tokens[mention.last]
        between = self._scene.text[mention.end : after.start].strip(" \n")
        if between == "" and after.word in self._lexicon["name_verbs"]:
            yield "before a verb of people"
        if between[:1] in {",", "("} or (between == "" and after.word in self._lexicon["after_names"]):
            yield "before an apposition"
        if between in {"'", "’"} and after.word == "s":
            yield "before a verb of people" if self._is_contraction(tokens, mention.last) else "possessive"

    def _is_contraction(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether "Nico's" is "Nico is": something that he is doing follows."""
        return position + 1 < len(tokens) and tokens[position + 1].word in self._lexicon["after_is"]

    # From a mention to a contact

    def _beside(self, best: Mention) -> list[Mention]:
        """Others named in one breath with the best: "Ann and Bob"; "Ann, Bob and Cleo"."""
        found = []
        for other in self._mentions:
            if other.sentence != best.sentence or other == best:
                continue
            first, second = sorted((best, other), key=lambda one: one.start)
            between = words(self._scene.text[first.end : second.start])
            if between and set(between) <= self._lexicon["conjunctions"]:
                found.append(other)
        return found

    def _contact(self, mention: Mention) -> Contact:
        full = self._fullest(mention)
        name = full.bare if len(words(full.bare)) > 1 else full.text
        return Contact(
            name=name,
            greeting=self._greeting(full),
            organisation=self._organisation(mention) or self._organisation(full),
        )

    def _fullest(self, mention: Mention) -> Mention:
        """The longest way in which the same person is named: "Sara" is "Sara Whitcombe" when only she is called so."""
        spelled = words(mention.bare)
        longer = {
            tuple(words(other.bare)): other
            for other in self._mentions
            if len(words(other.bare)) > len(spelled) and set(spelled) <= set(words(other.bare))
        }
        return next(iter(longer.values())) if len(longer) == 1 else mention

    def _greeting(self, mention: Mention) -> str | None:
        spelled = mention.bare.split()
        if len(spelled) == 1:
            return mention.text
        if words(spelled[0])[:1] and words(spelled[0])[0] in self._lexicon["surnames_first"]:
            return mention.bare
        if words(mention.title)[:1] and words(mention.title)[0] in self._lexicon["honours"]:
            return f"{mention.title} {spelled[0]}"
        first = spelled[0]
        if first.casefold() in self._lexicon["particles"]:
            return mention.text
        return first if len(first.strip(".")) > 1 else mention.bare

    def _organisation(self, mention: Mention) -> str | None:
        """The name that stands behind "at", "of", "from" soon after the person's."""
        tokens = self._scene.sentences[mention.sentence].tokens
        for other in self._scene.census.within(mention.sentence):
            is_behind = mention.last <= other.first - 1 <= mention.last + _ORGANISATION_WITHIN
            if is_behind and self._is_at(tokens, other.first):
                return other.text
        return None

    def _is_at(self, tokens: Sequence[Token], position: int) -> bool:
        before = tokens[position - 1].word
        if before in self._lexicon["articles"] and position > 1:
            before = tokens[position - 2].word
        return before in self._lexicon["after_names"]

    # Somebody without a name

    def _described(self) -> Contact | None:
        """Somebody told by what they are: "a local contact in engineering", from the article to the phrase's end."""
        order = sorted(self._near, key=lambda number: (abs(number - self._scene.offer), number))
        for number in order:
            found = self._description(self._scene.sentences[number])
            if found:
                return Contact(description=found, field=self._field(found))
        return None

    def _description(self, sentence: Sentence) -> str | None:
        tokens = sentence.tokens
        for position, token in enumerate(tokens):
            if token.word in self._lexicon["roles"] and self._in_body(token):
                first = self._opening(tokens, position)
                if first is not None:
                    last = self._phrase_end(tokens, position)
                    return " ".join(self._scene.text[tokens[first].start : tokens[last].end].split())
        return None

    def _in_body(self, token: Token) -> bool:
        return self._scene.letter.body_start <= token.start < self._scene.letter.body_end

    def _opening(self, tokens: Sequence[Token], role: int) -> int | None:
        """Where the article before a role stands; None when what is between is no mere adjectives."""
        for position in range(role - 1, max(-1, role - 2 - _MOST_ADJECTIVES), -1):
            if self._is_cut(tokens, position):
                return None
            if tokens[position].word in self._lexicon["possessives"]:
                return position
        return None

    def _phrase_end(self, tokens: Sequence[Token], role: int) -> int:
        last = role
        if (
            role + 1 < len(tokens)
            and not self._is_cut(tokens, role)
            and tokens[role + 1].word in self._lexicon["after_names"]
        ):
            for position in range(role + 1, min(len(tokens), role + _LONGEST_DESCRIPTION - 3)):
                if tokens[position].word in self._lexicon["phrase_ends"] or self._is_cut(tokens, position - 1):
                    break
                last = position
        while tokens[last].word in self._lexicon["after_names"] | self._lexicon["articles"]:
            last -= 1
        return last

    def _is_cut(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether something other than a space stands behind this token."""
        return self._scene.text[tokens[position].end : tokens[position + 1].start].strip() not in {"", "-", "'", "’"}

    def _field(self, description: str) -> str | None:
        spelled = description.split()
        for position, word in enumerate(spelled[:-1]):
            if words(word)[:1] and words(word)[0] in self._lexicon["fields_after"]:
                return " ".join(spelled[position + 1 :])
        return None


def without_names(found: Iterable[Contact]) -> tuple[Contact, ...]:
    """The same people, unnamed; for a letter that must not risk a name."""
    return tuple(replace(one, name=None, greeting=None) for one in found)
