"""Pure. Decides whether a message offers its owner an introduction, and says why.

message → sentences → phrases found in each → the strongest stretch of sentences → kind and score. Nothing is guessed:
every number of the score is a row of a phrase table or of the tables below, and stands in the verdict.
"""

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from types import MappingProxyType

from agent import letter, provenance
from agent.contacts import Scene, contacts, is_third_person
from agent.ear import Ear
from agent.extract import introducer
from agent.letter import Letter
from agent.matcher import Found, Matcher
from agent.model import Address, Evidence, Kind, Message, Owner, Verdict
from agent.people import Census, Lexicon, Mention
from agent.phrasebook import ANCHORS, LONE_CUE, STRONG, Phrasebook, merged
from agent.sentences import MOST_TEXT, Sentence, sentences, words

NEAR = 3.5
"""Score from which a message that is no offer is worth showing to its owner."""
THRESHOLD = 5.0

_PRESENTED = 1.5
"""Weight of a phrase that presents somebody as a stranger to the owner."""
_AROUND = 2
"""Sentences before and after one that still speak of the same thing; two thirds of real offers ask leave there."""
_FARTHEST_NAME = 4
"""Sentences back to a name that a pronoun may stand for."""
_MOST_QUOTED = 2_000
"""Characters of what is quoted in which an offer is looked for: the mail that is answered or passed on comes first."""
_MANY = 3
"""Further recipients beyond whom a mail is an announcement rather than an offer."""
_LINKING = 1.25
"""Weight of a phrase that brings the owner and somebody together, be it ever so loosely."""
_EXPLICIT = 3.25
"""Weight of a phrase that speaks of people who do not know each other yet."""
_FACTORS = (1.0, 0.5, 0.25)
"""What the first, second and third phrase of one section add, of their weights."""

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "named": 1.0,  # a third person is named near by
        "named-in-full": 1.5,  # with surname or title, as strangers are named
        "named-too": 0.5,  # named where another is described as well: often the same person
        "pronouns": 0.5,
        "roles": -0.25,  # somebody, or people, or the team
        "familiar": -1.5,  # a given name at most: somebody the owner knows, unless the phrase speaks of an introduction
        "no-link": -1.0,  # something is volunteered, but no phrase brings the owner and somebody together
        "nobody": -1.5,  # no third person anywhere: whom would the owner meet?
        "question": 0.5,  # the sentence asks
        "alone": 0.5,  # sent to the owner and nobody else
        "among-many": -1.0,  # sent to more than three
        "known-author": 1.0,
        "unasked": -1.0,  # somebody wishes to meet the owner, but nothing asks the owner: news, or a summons
        "for-another": -6.0,  # "Hilary, I can put you in touch …" in a letter to several
    }
)


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
        self._lexicons = {book.language: Lexicon(self._books, book.language) for book in self._books}
        self._lexicon = Lexicon(self._books)
        self._ear = Ear(self._books)
        self._matchers: dict[str, Matcher] = {}

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
        languages, is_sure = self._ear.languages(split)
        lexicon = self._lexicons[languages[0]] if is_sure else self._lexicon
        frame = letter.read(text, self._lexicon, f"{author.name} {author.email.partition('@')[0]}" if author else "")
        parties = self._parties(author, frame)
        census = Census(text, split, lexicon, parties)
        found = tuple(one for language in languages for one in self._matcher(language).found(split, census))
        language = languages[0] if is_sure else None
        return Reading(text, split, census, found, frame, parties, lexicon, language)

    def _matcher(self, language: str) -> Matcher:
        """Made when the language is first heard: that takes longer than reading a hundred mails."""
        known = self._matchers.get(language)
        if known is None:
            book = next(one for one in self._books if one.language == language)
            known = self._matchers[language] = Matcher(book)
        return known

    def _parties(self, author: Address | None, frame: Letter) -> frozenset[str]:
        """Folded words of the names of those who need no introduction: the owner and the author."""
        named = [self._owner.name, author.name if author else "", frame.signed or ""]
        return frozenset(word for name in named for word in words(name))

    # Weighing

    def _strongest(self, reading: "Reading", message: Message) -> Stretch | None:
        presented = {
            one.sentence for one in reading.found if one.rule.section == "person" and one.rule.weight >= _PRESENTED
        }
        anchored = sorted(
            {(one.sentence, one.rule.language) for one in reading.found if _may_carry(reading, one, presented)}
        )
        if not anchored:
            return None
        told = {language: Told.of(reading, language) for language in {language for _, language in anchored}}
        thread = self._thread(message, reading)
        stretches = [
            self._stretch(replace(reading, found=told[language].around(number)), number, thread)
            for number, language in anchored
        ]
        return max(stretches, key=_rank, default=None)

    def _stretch(self, reading: "Reading", number: int, thread: "Thread") -> Stretch:
        anchors = self._chosen(reading, ANCHORS, range(number - 1, number + _AROUND + 1), number)
        cues = self._chosen(reading, {"cue"}, range(number - _AROUND, number + _AROUND + 1), number, anchors)
        asks = self._asks(reading, number) and any(one.rule.weight >= _EXPLICIT for one in anchors)
        against = [
            one
            for one in reading.found
            if _counts_against(one, number) and not (asks and one.rule.kind is Kind.MADE and one.sentence != number)
        ]
        people = self._third_person(reading, number)
        fixed = [
            *people,
            *([_fixed("question")] if self._asks(reading, number) else []),
            *thread.addressed,
            *([] if _asks_leave(reading, number) or self._asks(reading, number) else [_fixed("unasked")]),
            *self._meant_for_another(thread, number),
            *([] if any(one.rule.weight >= _LINKING for one in anchors) else [_fixed("no-link")]),
            *([_fixed("familiar")] if _is_familiar(anchors, people) else []),
        ]
        said = (*_graded(reading, anchors), *_graded(reading, cues))
        evidence = (*said, *fixed, *self._weighed(reading, against))
        return Stretch(number, evidence, tuple(one for one in reading.found if one.sentence == number))

    @staticmethod
    def _chosen(
        reading: "Reading",
        sections: Collection[str],
        near: range,
        number: int,
        beside: Sequence[Found] = (),
    ) -> tuple[Found, ...]:
        """The strongest phrases of these sections in these sentences, nearest first; no words are counted twice."""
        wanted = [one for one in reading.found if one.sentence in near and one.rule.section in sections]
        wanted.sort(key=lambda one: (-one.rule.weight, abs(one.sentence - number), one.start - one.end))
        chosen: list[Found] = []
        for one in wanted:
            is_said = any(one.overlaps(other) for other in (*beside, *chosen))
            if not is_said and all(one.rule is not other.rule for other in chosen):
                chosen.append(one)
        return tuple(chosen[: len(_FACTORS)])

    def _weighed(self, reading: "Reading", against: Sequence[Found]) -> tuple[Evidence, ...]:
        distinct = {one.rule.label: one for one in reversed(against)}
        return tuple(_evidence(reading.text, one, 1.0) for one in distinct.values())

    def _third_person(self, reading: "Reading", number: int) -> tuple[Evidence, ...]:
        named = reading.people_before(number)
        near = range(number - _FARTHEST_NAME, number + 2)
        shown = _graded(reading, self._chosen(reading, {"person"}, near, number))
        if named:
            last = max(named, key=lambda one: (_is_in_full(one), one.start))
            is_certain = _is_in_full(last) and reading.is_certain(last)
            is_presented = any(one.weight >= _PRESENTED for one in shown)
            rule = "named-too" if is_presented else "named-in-full" if is_certain else "named"
            return (*shown, Evidence(rule, last.text, WEIGHTS[rule], last.start, last.end))
        if shown:
            return shown
        for reference in ("pronouns", "roles"):
            if reading.refers_to(number, reading.lexicon[reference]):
                return (_fixed(reference),)
        return (_fixed("nobody"),)

    def _asks(self, reading: "Reading", number: int) -> bool:
        return any(one.is_question for one in reading.sentences[number : number + _AROUND + 1])

    def _thread(self, message: Message, reading: "Reading") -> "Thread":
        """Who else is on it. A single recipient who is not the owner is one by another name: it arrived here."""
        everybody = (*message.to, *message.cc)
        others = [one for one in everybody if not self._owner.recognises(one.email)]
        count = len({one.email.casefold() for one in others}) - (len(others) == len(everybody))
        return Thread(
            addressed=(_fixed("alone"),) if count <= 0 else (_fixed("among-many"),) if count > _MANY else (),
            others=frozenset(word for one in others for word in words(f"{one.name} {one.email.partition('@')[0]}")),
            has_others=bool(others),
            is_copied=any(self._owner.recognises(one.email) for one in message.cc),
            is_addressed=any(self._owner.recognises(one.email) for one in message.to),
            spoken_to=reading.spoken_to() if others else (),
        )

    def _meant_for_another(self, thread: "Thread", number: int) -> list[Evidence]:
        """Whether the words before the offer turn to a further recipient, or the owner only gets a copy."""
        if not thread.has_others or not (thread.is_copied or thread.is_addressed):
            return []
        spoken_to = thread.spoken_to[number]
        if not self._own_words.isdisjoint(spoken_to):
            return []
        is_other = not thread.others.isdisjoint(spoken_to)
        return [_fixed("for-another")] if is_other or not thread.is_addressed else []

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
        quoted = message.quoted_text[:_MOST_QUOTED]
        if not quoted.strip() or not self._speaks_of_people(quoted):
            return False
        stretch = self._strongest(self._read(quoted), message)
        return stretch is not None and stretch.score >= self._threshold

    def _speaks_of_people(self, text: str) -> bool:
        """Whether a text holds a phrase without which there is no offer; most quoted text holds none."""
        split = sentences(text, self._lexicon["abbreviations"])
        languages, is_sure = self._ear.languages(split)
        census = Census(text, split, self._lexicons[languages[0]] if is_sure else self._lexicon)
        return any(self._matcher(language).holds(split, census) for language in languages)

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
            language=reading.language or _language_of_evidence(evidence),
            sentence=reading.line(stretch.sentence) if stretch else None,
            introducer=introducer(message, reading.letter, reading.lexicon if reading.language else self._lexicon),
            contacts=contacts(self._scene(message, reading, stretch), reading.lexicon) if is_offer and stretch else (),
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


@dataclass(frozen=True)
class Reading:
    """A text, and all that was found in it."""

    text: str
    sentences: tuple[Sentence, ...]
    census: Census
    found: tuple[Found, ...]
    letter: Letter
    parties: frozenset[str]
    lexicon: Lexicon
    language: str | None
    """None when there are too few words to tell."""

    @classmethod
    def empty(cls) -> "Reading":
        """Of a message that need not be read."""
        return cls("", (), Census("", (), Lexicon(())), (), Letter(0, 0, (), None), frozenset(), Lexicon(()), None)

    def line(self, number: int) -> str:
        """A sentence on one line."""
        sentence = self.sentences[number]
        end = sentence.end
        while end < len(self.text) and self.text[end] in ".!?…)\"'”’":
            end += 1
        return " ".join(self.text[sentence.start : end].split())

    def spoken_to(self) -> tuple[tuple[str, ...], ...]:
        """Whom each sentence addresses: the last name that heads a sentence before a comma, or the greeting's."""
        addressed, spoken_to = self.letter.greeted, []
        for number in range(len(self.sentences)):
            for one in self.census.within(number)[:1]:
                if one.first == 0 and self.text[one.end : one.end + 2].strip()[:1] in _AFTER_VOCATIVE:
                    addressed = tuple(words(one.text))
            spoken_to.append(addressed)
        return tuple(spoken_to)

    def people_before(self, number: int) -> list[Mention]:
        """Persons named in this sentence, the next one, or a few before it."""
        near = range(max(0, number - _FARTHEST_NAME), min(number + 2, len(self.sentences)))
        return [one for at in near for one in self.census.within(at) if self.is_third_person(one)]

    def presents(self, number: int) -> bool:
        """Whether a third person is named in full in this sentence."""
        return any(_is_in_full(one) and self.is_third_person(one) for one in self.census.within(number))

    def is_certain(self, mention: Mention) -> bool:
        """Whether a title or a known given name makes it somebody's name."""
        return bool(mention.title) or words(mention.bare)[0] in self.lexicon["given_names"]

    def is_third_person(self, mention: Mention) -> bool:
        """Whether it names neither author nor owner."""
        return is_third_person(mention, self.letter, self.parties)

    def refers_to(self, number: int, referring: frozenset[str]) -> bool:
        """Whether somebody is referred to near by."""
        near = self.sentences[max(0, number - 1) : number + 2]
        return any(token.word in referring for sentence in near for token in sentence.tokens)


@dataclass(frozen=True)
class Told:
    """What was found in one language, by sentence: phrases of several languages do not make one statement."""

    by_sentence: Mapping[int, Sequence[Found]]
    anywhere: Sequence[Found]
    """The first of each rule that counts wherever it stands."""

    @classmethod
    def of(cls, reading: Reading, language: str) -> "Told":
        """What `reading` found in `language`."""
        by_sentence: dict[int, list[Found]] = {}
        anywhere: dict[str, Found] = {}
        for one in reading.found:
            if one.rule.language == language:
                by_sentence.setdefault(one.sentence, []).append(one)
                if one.rule.reach == "mail":
                    anywhere.setdefault(one.rule.label, one)
        return cls(by_sentence, tuple(anywhere.values()))

    def around(self, number: int) -> tuple[Found, ...]:
        """All that can count for a sentence, in the order of the text.

        A mail may hold thousands of sentences that may be offers; each is weighed against what is near, not all.
        """
        near = range(number - _FARTHEST_NAME, number + _AROUND + 1)
        close = [one for at in near for one in self.by_sentence.get(at, ())]
        far = [one for one in self.anywhere if one.sentence not in near]
        return tuple(sorted((*far, *close), key=lambda one: one.sentence))


@dataclass(frozen=True, slots=True)
class Thread:
    """Who a message went to beside the owner; told once for the whole mail."""

    addressed: tuple[Evidence, ...]
    others: frozenset[str]
    """What the further recipients are called, by name and by address."""
    has_others: bool
    is_copied: bool
    is_addressed: bool
    spoken_to: Sequence[tuple[str, ...]]
    """Whom each sentence turns to."""


_AFTER_VOCATIVE = frozenset(",:!-–—")


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
    for one in reading.found:
        if one.rule.weight < 0:
            weights[one.rule.kind] = weights.get(one.rule.kind, 0.0) - one.rule.weight
    if stretch is not None and any(one.rule == "for-another" for one in stretch.evidence) and Kind.MADE not in weights:
        return Kind.OTHER_PERSON
    return max(weights, key=lambda kind: weights[kind], default=Kind.NONE)


def _evidence(text: str, found: Found, factor: float) -> Evidence:
    quoted = " ".join(text[found.start : found.end].split())
    return Evidence(found.rule.label, quoted, found.rule.weight * factor, found.start, found.end)


def _language_of_evidence(evidence: Sequence[Evidence]) -> str | None:
    """The language of the first phrase, for a text too short to tell by its small words."""
    return next((one.rule.partition(".")[0] for one in evidence if "." in one.rule), None)


def _may_carry(reading: Reading, found: Found, presented: Collection[int]) -> bool:
    """Whether an offer can rest on it: what says little by itself needs somebody who is presented near by."""
    rule = found.rule
    if rule.section in ANCHORS and rule.weight >= STRONG:
        return True
    if rule.section not in ANCHORS and (rule.section != "cue" or rule.weight < LONE_CUE):
        return False
    near = range(max(0, found.sentence - _FARTHEST_NAME), min(found.sentence + 2, len(reading.sentences)))
    return any(number in presented or reading.presents(number) for number in near)


def _asks_leave(reading: Reading, number: int) -> bool:
    """Whether leave is asked near by, or something volunteered that waits for it."""
    near = range(number - _AROUND, number + _AROUND + 1)
    return any(
        one.sentence in near
        and (one.rule.section in {"offer", "cue"} or (one.rule.section == "act" and one.rule.weight >= 1))
        for one in reading.found
    )


def _is_in_full(mention: Mention) -> bool:
    """Whether somebody is named with title or surname."""
    return bool(mention.title) or len(words(mention.bare)) > 1


def _is_familiar(anchors: Sequence[Found], people: Sequence[Evidence]) -> bool:
    """Whether nobody is presented, and no phrase says by itself that the two do not know each other."""
    is_presented = any("." in one.rule or " " in one.text for one in people)
    return not is_presented and not any(one.rule.weight >= _EXPLICIT for one in anchors)


def _rank(stretch: Stretch) -> tuple[float, float]:
    """The best score; of stretches that share their evidence, the one whose own sentence says most."""
    return stretch.score, max((one.rule.weight for one in stretch.anchors if one.rule.section in ANCHORS), default=0.0)


def _graded(reading: Reading, chosen: Sequence[Found]) -> tuple[Evidence, ...]:
    """The first phrase in full, the next ones in part: they say the same thing once more."""
    return tuple(_evidence(reading.text, one, factor) for one, factor in zip(chosen, _FACTORS, strict=False))


def _fixed(name: str) -> Evidence:
    return Evidence(name, "", WEIGHTS[name])


def _added(stretch: Stretch, evidence: Evidence) -> Stretch:
    return replace(stretch, evidence=(*stretch.evidence, evidence))
