"""Pure, but for reading the phrase tables shipped beside it: what people write when they offer an introduction.

A table is agent/phrases/<language>.toml; a new language is one such file and no code. Its sections say what a phrase is
evidence of (SECTIONS below); the notation of a pattern stands in `agent.notation`.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, overload

from agent import notation
from agent.errors import ConfigError
from agent.model import Kind
from agent.sentences import words


@dataclass(frozen=True, slots=True)
class Section:
    """What the phrases of one section are evidence of, and how far from the offer they count."""

    kind: Kind
    weight: float
    reach: str
    """"sentence": in the offer's own sentence; "near": also in those around it; "mail": anywhere."""


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        # What makes an offer.
        "offer": Section(Kind.OFFER, 4.0, "sentence"),  # the author volunteers to link the owner with somebody
        "link": Section(Kind.OFFER, 2.0, "sentence"),  # the act alone, which needs somebody's leave beside it
        "act": Section(Kind.OFFER, 1.0, "sentence"),  # something is volunteered about a third person
        "wish": Section(Kind.OFFER, 3.0, "sentence"),  # somebody would like to know the owner, or should
        "cue": Section(Kind.OFFER, 1.5, "near"),  # leave is asked, or a condition is named
        "person": Section(Kind.OFFER, 0.5, "near"),  # a third person is presented
        # What speaks against one, and for what instead.
        "negated": Section(Kind.NONE, -4.0, "sentence"),
        "none": Section(Kind.NONE, -2.0, "mail"),  # technical uses, appointments, machines
        "scheduling": Section(Kind.NONE, -1.5, "near"),
        "made": Section(Kind.MADE, -4.0, "mail"),
        "past": Section(Kind.PAST, -4.0, "sentence"),
        "request": Section(Kind.REQUEST, -5.0, "sentence"),
        "self": Section(Kind.SELF, -2.5, "mail"),
        "bulk": Section(Kind.BULK, -3.0, "mail"),
        "withdrawn": Section(Kind.WITHDRAWN, -8.0, "near"),
        "other_person": Section(Kind.OTHER_PERSON, -5.0, "near"),
    }
)

ANCHORS = frozenset({"offer", "link", "wish", "act"})
"""Sections on which an offer can rest."""
STRONG = 2.0
"""Weight of a phrase that speaks of an introduction whoever the third person is."""
LONE_CUE = 2.0
"""Weight of a cue that may carry an offer by itself, after somebody was presented: "Interested?", "Should I?"."""
WORD_LISTS = frozenset(
    {
        "function",  # the commonest small words; they tell the language
        "titles",
        "honours",  # titles that go with the given name: Sir, Dame, Doña
        "particles",
        "abbreviations",
        "not_names",  # words that are written with a capital although they name nobody
        "common",  # ordinary words, which name nobody unless a given name stands before them
        "given_names",
        "second_names",  # given names that make one name with the one before them: Miguel Ángel, João Paulo
        "surnames_first",  # surnames that stand before the given name
        "greetings",
        "sign_offs",
        "fillers",  # what else stands in a greeting or sign-off: all, again, very
        "suffixes",  # what follows a name: Jr, PhD, MBA
        "kin",  # what relatives call themselves before their name: auntie
        "roles",  # what people are to the author or by trade: friend, colleague, plumber
        "organisations",  # words that belong to the name of an organisation, not of a person
        "mailboxes",  # local parts and display names behind which nobody in particular sits
        "after_names",  # small words that introduce somebody's organisation: at, from, of
        "name_verbs",  # what a person does and a thing does not, right after a name
        "after_is",  # what a person is or is doing, behind a contracted verb: looking, keen
        "before_names",  # words after which a capital means a name: with, to, meet
        "determiners",  # words after which a capital means a thing or a place: the, in
        "pronouns",  # him, her
        "ofs",  # of: "a friend of Pablo" is not Pablo
        "ours",  # our, my: "Beverley at our group" is a person
        "theirs",  # her, his: whose relative is named next is not the one who is offered
        "articles",  # the, her: what may stand between "at" and a name
        "possessives",  # a, my, one: words that open a description
        "conjunctions",  # and, or: what stands between two names
        "phrase_ends",  # words that go on after a description: who, is, and
        "fields_after",  # words after which a description names a field: in, for
    }
)
_KEYS = frozenset({"name", "pattern", "weight", "reach", "example", "counter"})
_REACHES = ("sentence", "near", "mail")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table: patterns that are the same evidence, with a sentence that matches and one that does not."""

    name: str
    section: str
    patterns: tuple[notation.Node, ...]
    weight: float
    reach: str
    language: str
    example: str = ""
    counter: str = ""
    label: str = field(init=False)
    """How evidence names it: `en.offer.introduce-you`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", f"{self.language}.{self.section}.{self.name}")

    @property
    def kind(self) -> Kind:
        """What it speaks for."""
        return SECTIONS[self.section].kind


class _Deferred(Sequence[Rule]):
    """The rules of a shipped table, read when first looked at: most mail is in one language."""

    def __init__(self, read: Callable[[], tuple[Rule, ...]]) -> None:
        self._read = cache(read)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Rule]: ...
    def __getitem__(self, index: int | slice) -> Rule | Sequence[Rule]:
        return self._read()[index]

    def __len__(self) -> int:
        return len(self._read())


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """The phrases and word lists of one language."""

    language: str
    rules: Sequence[Rule] = ()
    classes: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    capital_nouns: bool = False
    """Whether every noun is written with a capital, so that a capital alone makes no name."""

    @classmethod
    def parse(cls, text: str, *, source: str) -> "Phrasebook":
        """The table in `text` (TOML); it may use the classes shipped for its language.

        Raises ConfigError with every problem, each naming `source` and the key.
        """
        return _Table(_toml(text, source), source).phrasebook()

    @classmethod
    def shipped(cls, languages: Sequence[str] | None = None) -> "tuple[Phrasebook, ...]":
        """The tables that come with Gracious: those of `languages` in this order, or all of them."""
        present = shipped_languages()
        return tuple(_shipped(language) for language in (languages or present) if language in present)

    def merge(self, other: "Phrasebook") -> "Phrasebook":
        """Both tables as one; a rule of `other` replaces one of the same label, a class one of the same name."""
        replaced = {rule.label for rule in other.rules}
        kept = tuple(rule for rule in self.rules if rule.label not in replaced)
        lists = {name: self.words(name) | other.words(name) for name in WORD_LISTS}
        return replace(
            self, rules=(*kept, *other.rules), classes={**self.classes, **other.classes}, lists=MappingProxyType(lists)
        )

    def words(self, name: str) -> frozenset[str]:
        """One of WORD_LISTS; empty when the table has none."""
        return self.lists.get(name, frozenset())


def merged(phrasebooks: Iterable[Phrasebook]) -> tuple[Phrasebook, ...]:
    """One table for each language."""
    found: dict[str, Phrasebook] = {}
    for book in phrasebooks:
        known = found.get(book.language)
        found[book.language] = known.merge(book) if known else book
    return tuple(found.values())


@cache
def shipped_languages() -> tuple[str, ...]:
    """The languages there is a table for, English first."""
    names = [file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml")]
    return tuple(sorted(names, key=lambda name: (name != "en", name)))


def _folder() -> Any:
    return resources.files("agent") / "phrases"


@cache
def _shipped(language: str) -> Phrasebook:
    source = f"{language}.toml"
    return _Table(_toml((_folder() / source).read_text(encoding="utf-8"), source), source, is_shipped=True).phrasebook()


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError([f"{source}: is not TOML: {error}"]) from None


class _Table:
    """One reading of a table; gathers every problem before it complains."""

    def __init__(self, table: Mapping[str, Any], source: str, *, is_shipped: bool = False) -> None:
        self._table = table
        self._source = source
        self._is_shipped = is_shipped
        self._problems: list[str] = []
        self._language = self._text("language", table.get("language", "en")) or "en"
        inherits = not is_shipped and self._language in shipped_languages()
        self._classes = dict(_shipped(self._language).classes) if inherits else {}

    def phrasebook(self) -> Phrasebook:
        own = self._own_classes()
        self._classes.update(own)
        self._notation = notation.Notation(self._classes)
        lists = self._lists()
        self._refuse_unknown(self._table, {"language", "capital_nouns", "classes", "words", *SECTIONS}, "")
        rules = _Deferred(self._all_rules) if self._is_shipped else self._all_rules()
        self._complain()
        return Phrasebook(self._language, rules, MappingProxyType(own), lists, self._flag("capital_nouns"))

    def _all_rules(self) -> tuple[Rule, ...]:
        rules = tuple(rule for section in SECTIONS for rule in self._rules(section))
        self._refuse_doubles(rules)
        self._complain()
        return rules

    def _complain(self) -> None:
        if self._problems:
            raise ConfigError(self._problems)

    def _problem(self, key: str, what: str) -> None:
        self._problems.append(f"{self._source}: {key}: {what}")

    def _text(self, key: str, value: object) -> str:
        if isinstance(value, str):
            return value
        self._problem(key, "must be a text in quotation marks")
        return ""

    def _flag(self, key: str) -> bool:
        value = self._table.get(key, False)
        if not isinstance(value, bool):
            self._problem(key, "must be true or false")
        return value is True

    def _refuse_unknown(self, table: Mapping[str, object], known: Iterable[str], key: str) -> None:
        allowed = sorted(known)
        for name in table:
            if name not in allowed:
                self._problem(f"{key}{name}", f"is not known here; allowed are {', '.join(allowed)}")

    def _refuse_doubles(self, rules: Sequence[Rule]) -> None:
        seen: set[str] = set()
        for rule in rules:
            if rule.label in seen:
                self._problem(f"{rule.section}.{rule.name}", "is there twice")
            seen.add(rule.label)

    def _subtable(self, key: str) -> Mapping[str, object]:
        value = self._table.get(key, {})
        if isinstance(value, dict):
            return value
        self._problem(key, "must be a table")
        return {}

    def _own_classes(self) -> dict[str, str]:
        return {name: self._text(f"classes.{name}", value) for name, value in self._subtable("classes").items()}

    def _lists(self) -> Mapping[str, frozenset[str]]:
        table = self._subtable("words")
        self._refuse_unknown(table, WORD_LISTS, "words.")
        return MappingProxyType(
            {name: frozenset(words(self._text(f"words.{name}", value))) for name, value in table.items()}
        )

    def _rules(self, section: str) -> list[Rule]:
        rows = self._table.get(section, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            self._problem(section, f"must be written as [[{section}]]")
            return []
        return [self._rule(section, row, f"{section}[{number}].") for number, row in enumerate(rows, 1)]

    def _rule(self, section: str, row: Mapping[str, object], key: str) -> Rule:
        self._refuse_unknown(row, _KEYS, key)
        return Rule(
            name=self._text(f"{key}name", row.get("name", f"rule-{key.split('[')[1][:-2]}")),
            section=section,
            patterns=self._patterns(row.get("pattern"), f"{key}pattern"),
            weight=self._weight(row.get("weight", SECTIONS[section].weight), f"{key}weight"),
            reach=self._reach(row.get("reach", SECTIONS[section].reach), f"{key}reach"),
            language=self._language,
            example=self._text(f"{key}example", row.get("example", "")),
            counter=self._text(f"{key}counter", row.get("counter", "")),
        )

    def _patterns(self, value: object, key: str) -> tuple[notation.Node, ...]:
        rows = value if isinstance(value, list) else [value]
        if not rows:
            self._problem(key, "must hold a pattern")
        return tuple(node for row in rows if (node := self._pattern(row, key)) is not None)

    def _pattern(self, value: object, key: str) -> notation.Node | None:
        text = self._text(key, value)
        try:
            return self._notation.parse(text) if text else None
        except notation.NotationError as error:
            self._problem(key, f"“{text}” {error}")
            return None

    def _weight(self, value: object, key: str) -> float:
        if isinstance(value, int | float) and not isinstance(value, bool) and -10 <= value <= 10:  # noqa: PLR2004
            return float(value)
        self._problem(key, "must be a number from -10 to 10")
        return 0.0

    def _reach(self, value: object, key: str) -> str:
        if value in _REACHES:
            return str(value)
        self._problem(key, f"must be one of {', '.join(_REACHES)}")
        return "sentence"
