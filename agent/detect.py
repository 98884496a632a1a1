"""Pure. Decides whether a message offers its owner an introduction, and says why.

message → sentences → phrases found in each → the strongest stretch of sentences → kind and score. Nothing is guessed:
every number of the score is a row of a phrase table or of the tables below, and stands in the verdict.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from types import MappingProxyType

from agent import letter, provenance
from agent.contacts import Scene, contacts, is_third_person
from agent.extract import introducer
from agent.letter import Letter
from agent.model import Address, Evidence, Kind, Message, Owner, Verdict
from agent.notation import BEGIN, END, QUESTION, Automaton, Key
from agent.people import Census, Lexicon, Mention
from agent.phrasebook import Phrasebook, Rule, merged
from agent.sentences import MOST_TEXT, Sentence, sentences, words

NEAR = 3.5
"""Score from which a message that is no offer is worth showing to its owner."""
THRESHOLD = 5.0

_ANCHORS = frozenset({"offer", "link", "wish", "act"})
_LONE_CUE = 2.0
"""Weight of a cue that may carry an offer by itself, after somebody was presented: "Interested?", "Should I?"."""
_AROUND = 2
"""Sentences before and after one that still speak of the same thing; two thirds of real offers ask leave there."""
_FARTHEST_NAME = 4
"""Sentences back to a name that a pronoun may stand for."""
_MOST_QUOTED = 16_384
_MANY = 3
"""Further recipients beyond whom a mail is an announcement rather than an offer."""
_SECOND = 0.5
"""What a second phrase of the same section adds, of its weight: it says the same thing once more."""
_MOST_SECONDS = 2

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "named": 1.0,  # a third person is named near by
        "named-too": 0.5,  # named where another is described as well: often the same person
        "pronoun": 0.5,
        "nobody": -1.5,  # no third person anywhere: whom would the owner meet?
        "question": 0.5,  # the sentence asks
        "alone": 0.5,  # sent to the owner and nobody else
        "among-many": -1.0,  # sent to more than three
        "in-subject": 0.5,
        "known-author": 1.0,
        "unasked": -1.0,  # somebody wishes to meet the owner, but nothing asks the owner: news, or a summons
        "for-another": -6.0,  # "Hilary, I can put you in touch …" in a letter to several
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that matched, and where: offsets into the text, number of the sentence."""

    rule: Rule
    sentence: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence that may make the offer, with all that speaks for and against it."""

    sentence: int
    evidence: tuple[Evidence, ...]
    anchors: tuple[Found, ...]

    @property
    def score(self) -> float:
        """The sum of the weights."""
        return sum(one.weight for one in self.evidence)


class Detector:
    """Examines messages for one owner, with the phrase tables of the languages in use."""

    def __init__(
        self,
        owner: Owner,
        phrasebooks: Sequence[Phrasebook],
        threshold: float = THRESHOLD,
        ignore_from: Sequence[str] = (),
    ) -> None:
        self._owner = owner
        self._threshold = threshold
        self._ignored = tuple(entry.casefold().lstrip("@") for entry in ignore_from)
        self._own_words = _own_words(owner)
        self._books = merged(phrasebooks)
        self._lexicon = Lexicon(self._books)
        self._rules = tuple(rule for book in self._books for rule in book.rules for _ in rule.patterns)
        self._automaton = Automaton([node for book in self._books for rule in book.rules for node in rule.patterns])

    def examine(self, message: Message, *, sender_is_known: bool = False) -> Verdict:
        """The verdict. An author whom the owner has written to gets the benefit of the doubt near the threshold."""
        overruled = self._overruled(message)
        if overruled is not None:
            return self._verdict(message, overruled[0], Reading.empty(), None, (overruled[1],))
        reading = self._read(message.own_text, message.author)
        stretch = self._strongest(reading, message)
        if stretch is not None and sender_is_known and NEAR <= stretch.score < self._threshold:
            stretch = _added(stretch, _fixed("known-author"))
        return self._judged(message, reading, stretch)

    def serving(self, owner: Owner) -> "Detector":
        """The same detector for another owner; the phrase tables are shared."""
        other = copy(self)
        other._owner, other._own_words = owner, _own_words(owner)  # noqa: SLF001
        return other

    # Who never offers

    def _overruled(self, message: Message) -> tuple[Kind, Evidence] | None:
        for rule, kind, holds in (
            ("own-mail", Kind.NONE, self._is_own),
            ("ignored-author", Kind.NONE, self._is_ignored),
            ("report", Kind.NONE, provenance.is_report),
            ("automatic", Kind.NONE, provenance.is_auto_submitted),
            ("calendar", Kind.BULK, provenance.is_calendar),
            ("list-or-bulk", Kind.BULK, provenance.is_bulk),
            ("automatic-sender", Kind.NONE, _is_sent_by_a_program),
        ):
            if holds(message):
                return kind, Evidence(rule, message.author.email if message.author else "", 0.0)
        return None

    def _is_own(self, message: Message) -> bool:
        return message.author is not None and self._owner.recognises(message.author.email)

    def _is_ignored(self, message: Message) -> bool:
        email = message.author.email.casefold() if message.author else ""
        domain = email.rpartition("@")[2]
        return any(entry in {email, domain} or domain.endswith(f".{entry}") for entry in self._ignored)

    # Reading

    def _read(self, text: str, author: Address | None = None) -> "Reading":
        text = text[:MOST_TEXT]
        split = sentences(text, self._lexicon["abbreviations"])
        census = Census(text, split, self._lexicon)
        found = tuple(one for number in range(len(split)) for one in self._found(split, census, number))
        frame = letter.read(text, self._lexicon, author.name if author else "")
        return Reading(text, split, census, found, frame, self._parties(author, frame))

    def _parties(self, author: Address | None, frame: Letter) -> frozenset[str]:
        """Folded words of the names of those who need no introduction: the owner and the author."""
        named = [self._owner.name, author.name if author else "", frame.signed or ""]
        return frozenset(word for name in named for word in words(name))

    def _found(self, split: Sequence[Sentence], census: Census, number: int) -> Iterator[Found]:
        tokens = split[number].tokens
        keys = self._keys(split[number], census.marks(number))
        seen: dict[str, Found] = {}
        for pattern, last in self._automaton.matched(keys).items():
            hit = self._automaton.located(pattern, keys, last)
            first, behind = max(hit.first - 1, 0), max(min(hit.last - 1, len(tokens)), 1)
            one = Found(self._rules[pattern], number, tokens[min(first, len(tokens) - 1)].start, tokens[behind - 1].end)
            known = seen.get(one.rule.label)
            if known is None or known.end - known.start < one.end - one.start:
                seen[one.rule.label] = one
        yield from seen.values()

    def _keys(self, sentence: Sentence, marks: Sequence[int]) -> list[Key]:
        key = self._automaton.key
        inner = [key(token.word, mark) for token, mark in zip(sentence.tokens, marks, strict=True)]
        return [(BEGIN, 0), *inner, *([(QUESTION, 0)] if sentence.is_question else []), (END, 0)]

    # Weighing

    def _strongest(self, reading: "Reading", message: Message) -> Stretch | None:
        anchored = sorted({one.sentence for one in reading.found if _may_carry(one.rule)})
        stretches = [self._stretch(reading, number, message) for number in anchored]
        return max(stretches, key=lambda stretch: stretch.score, default=None)

    def _stretch(self, reading: "Reading", number: int, message: Message) -> Stretch:
        anchors = self._counted(reading, _ANCHORS, number, number - 1, number + _AROUND)
        cues = self._counted(reading, {"cue"}, number, number - _AROUND, number + _AROUND, _core(reading, number))
        against = [one for one in reading.found if _counts_against(one, number)]
        people = self._third_person(reading, number)
        fixed = [
            *people,
            *([_fixed("question")] if self._asks(reading, number) else []),
            *self._addressed(message),
            *([] if cues or _offers(reading, number) or self._asks(reading, number) else [_fixed("unasked")]),
            *self._meant_for_another(reading, number, message),
        ]
        evidence = (*anchors, *cues, *fixed, *self._weighed(reading, against))
        return Stretch(number, evidence, tuple(one for one in reading.found if one.sentence == number))

    def _counted(
        self,
        reading: "Reading",
        sections: Iterable[str],
        number: int,
        first: int,
        last: int,
        outside: Found | None = None,
    ) -> tuple[Evidence, ...]:
        """The strongest phrase of these sections in reach in full, the next in part; none that `outside` contains."""
        wanted = frozenset(sections)
        near = [
            one
            for one in reading.found
            if one.rule.section in wanted
            and first <= one.sentence <= last
            and not (outside and outside.start <= one.start and one.end <= outside.end)
        ]
        near.sort(key=lambda one: (-one.rule.weight, abs(one.sentence - number)))
        distinct = list({one.rule.label: one for one in reversed(near)}.values())
        distinct.sort(key=lambda one: (-one.rule.weight, abs(one.sentence - number)))
        factors = (1.0, *[_SECOND] * _MOST_SECONDS)
        return tuple(_evidence(reading.text, one, factor) for one, factor in zip(distinct, factors, strict=False))

    def _weighed(self, reading: "Reading", against: Sequence[Found]) -> tuple[Evidence, ...]:
        distinct = {one.rule.label: one for one in reversed(against)}
        return tuple(_evidence(reading.text, one, 1.0) for one in distinct.values())

    def _third_person(self, reading: "Reading", number: int) -> tuple[Evidence, ...]:
        named = reading.people_before(number)
        shown = self._counted(reading, {"person"}, number, number - _FARTHEST_NAME, number + 1)
        if named:
            last = named[-1]
            weight = WEIGHTS["named"] if not shown else WEIGHTS["named-too"]
            return (*shown, Evidence("named", last.text, weight, last.start, last.end))
        if shown:
            return shown
        return (_fixed("pronoun"),) if reading.has_pronoun(number, self._lexicon["pronouns"]) else (_fixed("nobody"),)

    def _asks(self, reading: "Reading", number: int) -> bool:
        return any(one.is_question for one in reading.sentences[number : number + 2])

    def _addressed(self, message: Message) -> list[Evidence]:
        """How many it was sent to. A single recipient who is not the owner is one by another name: it arrived here."""
        recipients = {
            one.email.casefold() for one in (*message.to, *message.cc) if not self._owner.recognises(one.email)
        }
        is_named = any(self._owner.recognises(one.email) for one in (*message.to, *message.cc))
        others = len(recipients) if is_named else len(recipients) - 1
        if others <= 0:
            return [_fixed("alone")]
        return [_fixed("among-many")] if others > _MANY else []

    def _meant_for_another(self, reading: "Reading", number: int, message: Message) -> list[Evidence]:
        """Whether the words before the offer turn to a further recipient, or the owner only gets a copy."""
        others = [one for one in (*message.to, *message.cc) if not self._owner.recognises(one.email)]
        is_copied = any(self._owner.recognises(one.email) for one in message.cc)
        is_addressed = any(self._owner.recognises(one.email) for one in message.to)
        if not others or not (is_copied or is_addressed):
            return []
        spoken_to = set(reading.spoken_to(number))
        if spoken_to & self._own_words:
            return []
        is_other = any(spoken_to & set(words(f"{one.name} {one.email.partition('@')[0]}")) for one in others)
        return [_fixed("for-another")] if is_other or not is_addressed else []

    # Judging

    def _judged(self, message: Message, reading: "Reading", stretch: Stretch | None) -> Verdict:
        if stretch is not None and stretch.score >= self._threshold:
            return self._verdict(message, Kind.OFFER, reading, stretch, stretch.evidence)
        if self._is_quoted_only(message):
            evidence = stretch.evidence if stretch else ()
            return self._verdict(message, Kind.QUOTED, reading, stretch, evidence)
        return self._verdict(
            message, _kind(reading, stretch), reading, stretch, stretch.evidence if stretch else self._all(reading)
        )

    def _all(self, reading: "Reading") -> tuple[Evidence, ...]:
        return self._weighed(reading, [one for one in reading.found if one.rule.weight < 0])

    def _is_quoted_only(self, message: Message) -> bool:
        if not message.quoted_text.strip():
            return False
        stretch = self._strongest(self._read(message.quoted_text[:_MOST_QUOTED]), message)
        return stretch is not None and stretch.score >= self._threshold

    def _verdict(
        self,
        message: Message,
        kind: Kind,
        reading: "Reading",
        stretch: Stretch | None,
        evidence: tuple[Evidence, ...],
    ) -> Verdict:
        is_offer = kind is Kind.OFFER
        return Verdict(
            kind=kind,
            score=round(sum(one.weight for one in evidence), 3),
            threshold=self._threshold,
            evidence=evidence,
            language=self._language(reading),
            sentence=reading.line(_telling_sentence(reading, stretch)) if stretch else None,
            introducer=introducer(message, reading.letter, self._lexicon),
            contacts=contacts(self._scene(message, reading, stretch), self._lexicon) if is_offer and stretch else (),
        )

    def _scene(self, message: Message, reading: "Reading", stretch: Stretch) -> Scene:
        return Scene(
            text=reading.text,
            sentences=reading.sentences,
            census=reading.census,
            letter=reading.letter,
            offer=stretch.sentence,
            parties=reading.parties,
            others=tuple(
                address.name
                for address in (*message.to, *message.cc)
                if address.name and not self._owner.recognises(address.email)
            ),
        )

    def _language(self, reading: "Reading") -> str | None:
        return language_of(reading.sentences, self._books)


@dataclass(frozen=True)
class Reading:
    """A text, and all that was found in it."""

    text: str
    sentences: tuple[Sentence, ...]
    census: Census
    found: tuple[Found, ...]
    letter: Letter
    parties: frozenset[str]

    @classmethod
    def empty(cls) -> "Reading":
        """Of a message that need not be read."""
        return cls("", (), Census("", (), Lexicon(())), (), Letter(0, 0, (), None), frozenset())

    def line(self, number: int) -> str:
        """A sentence on one line."""
        sentence = self.sentences[number]
        end = sentence.end
        while end < len(self.text) and self.text[end] in ".!?…)\"'”’":
            end += 1
        return " ".join(self.text[sentence.start : end].split())

    def spoken_to(self, number: int) -> tuple[str, ...]:
        """Whom this sentence addresses: the last name at a sentence's head and before a comma, or the greeting's."""
        for at in range(number, -1, -1):
            for one in self.census.within(at)[:1]:
                if one.first == 0 and self.text[one.end : one.end + 2].strip()[:1] in _AFTER_VOCATIVE:
                    return tuple(words(one.text))
        return self.letter.greeted

    def people_before(self, number: int) -> list[Mention]:
        """Persons named in this sentence, the next one, or a few before it."""
        near = range(max(0, number - _FARTHEST_NAME), min(number + 2, len(self.sentences)))
        return [one for at in near for one in self.census.within(at) if is_third_person(one, self.letter, self.parties)]

    def has_pronoun(self, number: int, pronouns: frozenset[str]) -> bool:
        """Whether somebody is referred to near by."""
        near = self.sentences[max(0, number - 1) : number + 2]
        return any(token.word in pronouns for sentence in near for token in sentence.tokens)


def _telling_sentence(reading: Reading, stretch: Stretch) -> int:
    """The sentence to show to the owner: where the author volunteers, though another one began the stretch."""
    volunteered = [one for one in stretch.evidence if one.start is not None and one.rule.split(".")[1:2] == ["offer"]]
    strongest = max(volunteered, key=lambda one: one.weight, default=None)
    if strongest is None or strongest.start is None:
        return stretch.sentence
    holding = (at for at, sentence in enumerate(reading.sentences) if sentence.start <= strongest.start < sentence.end)
    return next(holding, stretch.sentence)


_AFTER_VOCATIVE = frozenset(",:!-–—")
_FEW_WORDS = 4
_SHARE = 0.12


def language_of(split: Sequence[Sentence], books: Sequence[Phrasebook]) -> str | None:
    """The language whose small words are the commonest; None when there are too few of them."""
    tokens = [token.word for sentence in split for token in sentence.tokens][:2000]
    counts = {book.language: sum(word in book.words("function") for word in tokens) for book in books}
    best = max(counts, key=lambda language: counts[language], default=None)
    if best is None or counts[best] < min(_FEW_WORDS, _SHARE * len(tokens)) or not counts[best]:
        return None
    return best


def _own_words(owner: Owner) -> frozenset[str]:
    """What the owner may be called, by name and by address."""
    return frozenset(words(" ".join((owner.name, *(email.partition("@")[0] for email in owner.addresses)))))


def _is_sent_by_a_program(message: Message) -> bool:
    """A no-reply address; but a person who names another address for answers is a person with an odd mail system."""
    if not message.reply_to:
        return provenance.is_automatic_sender(message)
    answered = replace(message, author=message.reply_to[0])
    return provenance.is_automatic_sender(message) and provenance.is_automatic_sender(answered)


def _counts_against(found: Found, number: int) -> bool:
    if found.rule.weight >= 0 or found.rule.section in {"person", "cue"}:
        return False
    match found.rule.reach:
        case "sentence":
            return found.sentence == number
        case "near":
            return abs(found.sentence - number) <= _AROUND
        case _:
            return True


def _kind(reading: Reading, stretch: Stretch | None) -> Kind:
    """What the message is instead: the kind that most speaks for, when something does."""
    weights: dict[Kind, float] = {}
    if stretch is not None and any(one.rule == "for-another" for one in stretch.evidence):
        return Kind.OTHER_PERSON
    for one in reading.found:
        if one.rule.weight < 0:
            weights[one.rule.kind] = weights.get(one.rule.kind, 0.0) - one.rule.weight
    if stretch is None and not weights:
        return Kind.NONE
    return max(weights, key=lambda kind: weights[kind], default=Kind.NONE)


def _evidence(text: str, found: Found, factor: float) -> Evidence:
    quoted = " ".join(text[found.start : found.end].split())
    return Evidence(found.rule.label, quoted, found.rule.weight * factor, found.start, found.end)


def _may_carry(rule: Rule) -> bool:
    return rule.section in _ANCHORS or (rule.section == "cue" and rule.weight >= _LONE_CUE)


def _offers(reading: Reading, number: int) -> bool:
    near = range(number - 1, number + _AROUND + 1)
    return any(one.sentence in near and one.rule.section == "offer" for one in reading.found) or any(
        one.sentence in near and one.rule.section == "act" and one.rule.weight >= 1 for one in reading.found
    )


def _core(reading: Reading, number: int) -> Found | None:
    """The strongest phrase of a sentence, which may hold its own "if you like"."""
    anchors = [one for one in reading.found if one.sentence == number and one.rule.section in _ANCHORS]
    return max(anchors, key=lambda one: (one.rule.weight, one.end - one.start), default=None)


def _fixed(name: str) -> Evidence:
    return Evidence(name, "", WEIGHTS[name])


def _added(stretch: Stretch, evidence: Evidence) -> Stretch:
    return replace(stretch, evidence=(*stretch.evidence, evidence))
