"""Pure. Which words of a text name somebody: a guess from capitals and word lists that errs towards nobody."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.phrasebook import WORD_LISTS, Phrasebook
from agent.sentences import Sentence, Token, words

LONGEST_NAME = 6
"""Tokens. "María de los Ángeles Ruiz Prado" is one; more in a row is a headline."""
_INITIALS = 2
"""Capitals in a row that still are initials (J.P., AJ); three are an acronym."""

_OF_ONE_LANGUAGE = frozenset(
    {
        "function",
        "not_names",
        "common",
        "determiners",
        "before_names",
        "name_verbs",
        "greetings",
        "second_names",
        "ofs",
        "ours",
        "theirs",
    }
)
"""Lists of which only the text's own language counts: Dutch "dan" is no name, English Dan is."""


class Lexicon:
    """The word lists for texts in one language; `lexicon["titles"]` is a set of folded words.

    Most lists hold the words of all languages in use, for names, titles and companies cross borders. Besides the lists
    of the tables there is "never", which no capital makes a name. Without a language every list is that of all.
    """

    def __init__(self, books: Iterable[Phrasebook], language: str | None = None) -> None:
        known = tuple(books)
        own = tuple(book for book in known if book.language == language) or known
        lists = {
            name: frozenset[str]().union(*(book.words(name) for book in (own if name in _OF_ONE_LANGUAGE else known)))
            for name in WORD_LISTS
        }
        # French Côme is a name, English come is not.
        ordinary = lists["common"] | lists["function"] | lists["not_names"] if language else frozenset[str]()
        own_names = frozenset[str]().union(*(book.words("given_names") for book in own))
        own_particles = frozenset[str]().union(*(book.words("particles") for book in own))
        lists["particles"] = own_particles | (lists["particles"] - (lists["function"] if language else frozenset()))
        lists["given_names"] = own_names | (lists["given_names"] - ordinary)
        lists["titles"] |= lists["honours"]
        lists["abbreviations"] |= lists["titles"]
        lists["never"] = (lists["not_names"] | lists["function"] | lists["greetings"]) - own_names
        self._lists = lists
        self.capital_nouns = language is not None and any(book.capital_nouns for book in own)
        """Whether a capital alone makes no name, as in German."""

    def __getitem__(self, name: str) -> frozenset[str]:
        return self._lists[name]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name as it stands in the text. `first` and `last` (exclusive) count tokens of its sentence."""

    text: str
    start: int
    end: int
    sentence: int
    first: int
    last: int
    is_person: bool = True
    """False for what looks like a company, a place, or a headline."""
    title: str = ""

    @property
    def bare(self) -> str:
        """The name without its title."""
        return self.text[len(self.title) :].lstrip(" .") if self.title else self.text


class Census:
    """Everybody who is named in one text."""

    def __init__(
        self, text: str, sentences: Sequence[Sentence], lexicon: Lexicon, parties: frozenset[str] = frozenset()
    ) -> None:
        """`parties` are the folded words of names that are no third person's."""
        self._parties = parties
        self._text = text
        self._sentences = sentences
        self._lexicon = lexicon
        self._is_whispered = _is_whispered(text, sentences)
        self._is_shouted = _is_shouted(text, sentences)
        self._small = {t.word for s in sentences for t in s.tokens if text[t.start].islower()}
        self._found: dict[int, tuple[Mention, ...]] = {}

    @property
    def mentions(self) -> tuple[Mention, ...]:
        """All of them, in the order of the text."""
        return tuple(mention for number in range(len(self._sentences)) for mention in self.within(number))

    def within(self, number: int) -> tuple[Mention, ...]:
        """Those of sentence `number`; looked for when first asked for."""
        known = self._found.get(number)
        if known is None:
            known = self._found[number] = tuple(self._in_sentence(number))
        return known

    def marks(self, number: int) -> dict[str, int]:
        """The places of each mark in sentence `number`, one bit a token; a party is the owner or the author."""
        places = {"name": 0, "capital": 0, "number": 0, "party": 0}
        for position, token in enumerate(self._sentences[number].tokens):
            first = self._text[token.start]
            if token.word in self._parties:
                places["party"] |= 1 << position
            if not first.islower():
                places["capital" if first.isupper() else "number" if first.isdigit() else "name"] |= 1 << position
        places["name"] = 0
        for mention in self.within(number):
            if mention.is_person and not set(words(mention.bare)) <= self._parties:
                places["name"] |= (1 << mention.last) - (1 << mention.first)
        return places

    def _in_sentence(self, number: int) -> Iterator[Mention]:
        tokens = self._sentences[number].tokens
        position = 0
        while position < len(tokens):
            last = self._run(tokens, position)
            if last > position:
                yield self._mention(tokens, number, position, last)
            position = max(last, position + 1)

    def _run(self, tokens: Sequence[Token], first: int) -> int:
        """Where the name that begins at `first` ends; `first` itself when none begins there."""
        if not self._begins(tokens, first):
            return first
        last = first + 1
        while last < len(tokens) and last - first < LONGEST_NAME and self._adjoins(tokens, last):
            if self._is_particle(tokens, last) and self._continues(tokens, last):
                is_small = self._text[tokens[last].start].islower()
                if last - first > 1 and is_small and tokens[last].word in self._lexicon["ofs"]:
                    break  # "Jens Holub von Fraktur Design"
                last += 1
            elif not self._is_name(tokens[last]):
                break
            last += 1
        while last > first and self._is_particle(tokens, last - 1) and not self._is_given(tokens[last - 1]):
            last -= 1
        return last if self._names_somebody(tokens[first:last]) else first

    def _continues(self, tokens: Sequence[Token], particle: int) -> bool:
        following = particle + 1
        return (
            following < len(tokens)
            and self._adjoins(tokens, following)
            and (self._is_name(tokens[following]) or self._is_particle(tokens, following))
        )

    def _is_role(self, token: Token) -> bool:
        """A capitalised role before a name ("Professor", German "Schwester") is no part of it."""
        return token.word in self._lexicon["roles"] and token.word not in self._lexicon["given_names"]

    def _begins(self, tokens: Sequence[Token], position: int) -> bool:
        token = tokens[position]
        if (not self._is_name(token) and not self._is_title(token)) or (
            self._is_role(token) and not self._is_title(token)
        ):
            return False
        if self._lexicon.capital_nouns and not self._is_title(token) and self._is_before_a_name(tokens, position):
            return False  # German "Kantorin Gerlinde Pohl": a noun, then the name
        if position and not self._is_after_quote(token):
            return True
        return self._is_name_at_start(tokens, position)

    def _is_after_quote(self, token: Token) -> bool:
        return token.start > 0 and self._text[token.start - 1] in '"“„«‘'

    def _is_name_at_start(self, tokens: Sequence[Token], position: int) -> bool:
        """A capital says nothing there: the word must be known, unseen in small letters, or go on like a name."""
        token = tokens[position]
        if self._is_title(token):
            return True
        if self._is_before_a_name(tokens, position):
            return False
        if token.word in self._lexicon["given_names"] and token.word not in self._lexicon["function"]:
            return True
        return token.word not in self._small and token.word not in self._lexicon["function"]

    def _is_before_a_name(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether a known name begins after this word, which is none: "Copying Omar Haddad"."""
        if self._is_given(tokens[position]) or position + 1 >= len(tokens) or not self._adjoins(tokens, position + 1):
            return False
        following = tokens[position + 1]
        return self._is_given(following) or self._is_title(following)

    def _names_somebody(self, tokens: Sequence[Token]) -> bool:
        if not tokens:
            return False
        bare = [token for token in tokens if token.word not in self._lexicon["titles"]]
        return any(token.end - token.start > 1 for token in bare)

    def _is_title(self, token: Token) -> bool:
        return token.word in self._lexicon["titles"] and self._text[token.start].isupper()

    def _is_given(self, token: Token) -> bool:
        return token.word in self._lexicon["given_names"] and self._text[token.start].isupper()

    def _is_name(self, token: Token) -> bool:
        if self._is_shouted or self._text[token.start].islower():
            return (self._is_shouted or self._is_whispered) and self._is_only_a_name(token.word)
        written = self._text[token.start : token.end]
        if token.word in self._lexicon["never"] or any(char.isdigit() or char == "_" for char in written):
            return False
        if self._is_title(token):
            return True
        if not written[0].isupper():
            return written[0].isalpha()
        return len(written) <= _INITIALS or not written.isupper() or token.word in self._lexicon["given_names"]

    def _is_only_a_name(self, word: str) -> bool:
        """Whether a given name, in small letters, can be nothing else."""
        ordinary = ("common", "function", "never", "particles", "titles", "roles", "kin", "name_verbs")
        return word in self._lexicon["given_names"] and not any(word in self._lexicon[name] for name in ordinary)

    def _is_particle(self, tokens: Sequence[Token], position: int) -> bool:
        return tokens[position].word in self._lexicon["particles"]

    def _adjoins(self, tokens: Sequence[Token], position: int) -> bool:
        between = self._text[tokens[position - 1].end : tokens[position].start]
        if between in {" ", "-", "'", "’", "  ", "\n"}:
            return True
        before = tokens[position - 1]
        return between in {".", ". "} and (before.end - before.start <= _INITIALS or self._is_title(before))

    def _mention(self, tokens: Sequence[Token], number: int, first: int, last: int) -> Mention:
        run = tokens[first:last]
        start, end = run[0].start, run[-1].end
        titles = [token for token in run if token.word in self._lexicon["titles"]]
        title = self._text[start : titles[-1].end] if titles and titles[0] is run[0] else ""
        written = " ".join(self._text[start:end].split())
        return Mention(
            text=written.title() if written.islower() or self._is_shouted else written,
            start=start,
            end=end,
            sentence=number,
            first=first,
            last=last,
            is_person=self._is_person(tokens, first, last),
            title=title,
        )

    def _is_person(self, tokens: Sequence[Token], first: int, last: int) -> bool:
        run = tokens[first:last]
        if self._is_title(run[0]) or run[0].word in self._lexicon["given_names"]:
            return True
        if self._is_thing(tokens, first, last) or any(token.word in self._lexicon["organisations"] for token in run):
            return False
        if len(run) == 1 and (self._lexicon.capital_nouns or (not first and not self._acts(tokens, last))):
            return False
        if all(token.word in self._lexicon["kin"] for token in run):
            return False
        is_after_things = self._follows(tokens, first, "determiners") and not self._is_named_by(tokens, first)
        return run[0].word not in self._lexicon["common"] and not is_after_things

    def _is_named_by(self, tokens: Sequence[Token], first: int) -> bool:
        """Whether two words stand before it that only names follow: "thought of", "name of"."""
        return first > 1 and f"{tokens[first - 2].word}_{tokens[first - 1].word}" in self._lexicon["before_names"]

    def _is_thing(self, tokens: Sequence[Token], first: int, last: int) -> bool:
        """Whether its surroundings are those of a firm, an acronym or a place."""
        run = tokens[first:last]
        is_joined = (
            "&" in self._text[max(0, run[0].start - 2) : run[0].start] + self._text[run[-1].end : run[-1].end + 2]
        )
        return (
            is_joined
            or self._is_acronym(run)
            or self._was_employed(tokens, first)
            or self._follows_in(tokens, last, "organisations")
        )

    def _is_acronym(self, run: Sequence[Token]) -> bool:
        """Two capitals alone are a thing (IP, HR); before or after a name they are initials."""
        written = self._text[run[0].start : run[-1].end]
        return len(run) == 1 and written.isupper() and 1 < len(written) <= _INITIALS

    def _was_employed(self, tokens: Sequence[Token], first: int) -> bool:
        """Whether it stands behind "ex-": a firm rather than a person."""
        return first > 0 and tokens[first - 1].word == "ex"

    def _follows_in(self, tokens: Sequence[Token], position: int, words: str) -> bool:
        """Whether a word of this list, in small letters, comes right behind: "our Felixstowe office"."""
        if position >= len(tokens) or tokens[position].word not in self._lexicon[words]:
            return False
        between = self._text[tokens[position - 1].end : tokens[position].start]
        return between.isspace() and self._text[tokens[position].start].islower()

    def _acts(self, tokens: Sequence[Token], position: int) -> bool:
        """Whether what stands there is what only people do, or somebody's firm or town: "Macca at Coonabarabran"."""
        if position >= len(tokens):
            return False
        if tokens[position].word in self._lexicon["name_verbs"]:
            return True
        if position + 1 >= len(tokens):
            return False
        following = tokens[position + 1]
        if tokens[position].word in self._lexicon["conjunctions"] and self._is_given(following):
            return True
        if tokens[position].word not in self._lexicon["after_names"]:
            return False
        return self._text[following.start].isupper() or following.word in self._lexicon["ours"]

    def _follows(self, tokens: Sequence[Token], position: int, words: str) -> bool:
        """Whether a word of this list stands right before `position`."""
        if not position or tokens[position - 1].word not in self._lexicon[words]:
            return False
        return self._text[tokens[position - 1].end : tokens[position].start].isspace()


def _is_whispered(text: str, sentences: Sequence[Sentence]) -> bool:
    """Whether most sentences begin in small letters, as mail typed on a telephone does: names then do too."""
    lower = sum(text[sentence.start].islower() for sentence in sentences)
    return bool(sentences) and 2 * lower > len(sentences)


def _is_shouted(text: str, sentences: Sequence[Sentence]) -> bool:
    """Whether most words are written in capitals, so that a capital says nothing."""
    longer = [token for sentence in sentences for token in sentence.tokens if token.end - token.start > 1]
    return bool(longer) and 2 * sum(text[token.start : token.end].isupper() for token in longer) > len(longer)
