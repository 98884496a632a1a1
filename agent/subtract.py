"""Pure. What the owner wrote in a reply, and under which of our questions: all that we wrote ourselves is taken away.

We know the text of every mail of ours in the thread, so a quotation is found by its words, in whatever form a client
puts it: with ">" or without, wrapped, joined, translated headers around it. What a client adds itself (attribution
lines, header blocks, taglines, banners) is told by the owner's own name and address in it, or by a table of phrases.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agent.model import Message, Owner, Question, ReplyContext
from agent.tokens import Token, TokenKind, tidy, tokenize, words_of
from agent.vocabulary import ENGLISH, Phrases, client_words, shipped_languages, vocabulary

LONGEST_TEXT = 60_000
"""Characters of a reply that are looked at; the answer of a person and a quoted check-in are far below."""
MOST_LINES = 2_000
LONGEST_OWN_TEXT = 3_000
"""Characters of the owner's own words that are handed on; an answer is a few sentences."""
MOST_STARTS = 60
"""Places in our own text that are tried for one word of the reply."""
LONG_RUN = 5
"""Consecutive words of ours at the start of a line that make it a quotation even when it was not wrapped as we did."""
LONG_RUN_INSIDE = 8
"""The same within a line, where the owner may be repeating us."""
SHORTEST_QUESTION = 3
"""Words of one of our questions, from its beginning, that are enough to know it again."""

MOST_SKIPPED = 4
"""Words of ours that a client may have left out between two lines, such as a list number or the text of an image."""

_QUOTE_MARKS = re.compile(r"[ \t]{0,3}((?:>[ \t]?){1,40})")
_RULER = re.compile(r"[\W_]{0,3}([-_=*~•─━]{5,200})")
_FIELD = re.compile(r"\W{0,6}([^\W\d_][^:\n]{0,30}?)\W{0,3}:[\s*]{0,4}(\S.*)")
_LINK = re.compile(
    r"[<(\[]{1,2}\s?(?:https?|mailto|tel|cid):[^\s<>]{0,2000}[>)\]]{0,2}|\bhttps?://\S{1,2000}|\[(?:image|cid):[^\]\n]{0,200}\]"
)
_YEAR_OR_TIME = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b")
_ARMOUR = re.compile(r"-{5}(BEGIN|END) PGP (SIGNED MESSAGE|SIGNATURE|MESSAGE|PUBLIC KEY BLOCK)-{5}")
_POSTSCRIPT = re.compile(r"\W{0,3}p\.? ?s\b", re.IGNORECASE)
_PREFACE = re.compile(r"^\s{0,8}\[([^\]\n]{1,60})\]\s*:?")


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of the owner, and the question they stand under; None is the whole mail."""

    text: str
    question: Question | None = None
    is_inside: bool = False
    """Typed into quoted lines, as Apple Mail allows; counts only when nothing was written outside."""


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    depth: int
    tokens: tuple[Token, ...]
    """Words and numbers only."""
    words: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class _Own:
    """One mail of ours, as a stream of words."""

    words: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    lines: frozenset[tuple[str, ...]]
    questions: tuple[tuple[Question, int, int], ...]
    """Question, its first word, and the word after the paragraph it stands in."""

    def question_at(self, place: int) -> Question | None:
        """The question whose region ends at or holds `place`, a position between two words."""
        for number, (question, start, end) in enumerate(self.questions):
            following = self.questions[number + 1][1] if number + 1 < len(self.questions) else end
            if start < place <= following:
                return question
        return None

    def begins_question(self, start: int, end: int) -> bool:
        """Whether the words from `start` to `end` hold one of our questions from its beginning."""
        return any(start <= first and first + SHORTEST_QUESTION <= end for _, first, _ in self.questions)


@dataclass(frozen=True, slots=True)
class _Place:
    """A position in one of our mails."""

    source: int
    word: int


@dataclass(frozen=True, slots=True)
class _Read:
    """A line after subtraction: its own words, before and after the place in our text where they stand."""

    line: _Line
    pieces: tuple[tuple[str, _Place | None], ...] = ()
    """Own text with the place it follows; None before anything of ours."""
    place: _Place | None = None
    """Where our text has got to after this line; None when nothing on it is ours."""
    begin: _Place | None = None
    """Where in our text the line begins."""

    @property
    def is_ours(self) -> bool:
        """Whether the line holds words of ours."""
        return self.place is not None


def segments(message: Message, context: ReplyContext) -> tuple[Segment, ...]:
    """The owner's own words in the order in which they stand."""
    lines = _lines(message)
    sources = _sources(context)
    read = _subtract(lines, sources)
    kept = _without_client_words(read, context)
    return _segments(kept, sources)


# --- the text of the reply --------------------------------------------------------------------------------------------


def _lines(message: Message) -> list[_Line]:
    text = tidy(message.text[:LONGEST_TEXT])
    return [_line(raw) for raw in text.split("\n")[:MOST_LINES]]


def _line(raw: str) -> _Line:
    marks = _QUOTE_MARKS.match(raw)
    depth = marks.group(1).count(">") if marks else 0
    text = _LINK.sub(" ", raw[marks.end() :] if marks else raw).strip()
    tokens = _words(text)
    return _Line(text, depth, tokens, tuple(token.text for token in tokens))


def _words(text: str) -> tuple[Token, ...]:
    return tuple(token for token in tokenize(text) if token.kind in {TokenKind.WORD, TokenKind.NUMBER})


# --- our own text -----------------------------------------------------------------------------------------------------


def _sources(context: ReplyContext) -> tuple[_Own, ...]:
    keys = _question_keys(context.owner)
    return tuple(_own(text, keys) for text in context.ours)


def _question_keys(owner: Owner) -> tuple[tuple[Question, tuple[str, ...]], ...]:
    languages = [name.split("-")[0].casefold() for name in (owner.language, ENGLISH)]
    tables = [vocabulary(name) for name in dict.fromkeys(languages) if name in shipped_languages()]
    return tuple(
        (Question(name), words_of(key)) for table in tables for name, keys in table.questions.items() for key in keys
    )


def _own(text: str, keys: Sequence[tuple[Question, tuple[str, ...]]]) -> _Own:
    cleaned = "\n".join(_LINK.sub(" ", raw).strip() for raw in tidy(text[:LONGEST_TEXT]).split("\n"))
    tokens = _words(cleaned)
    words = tuple(token.text for token in tokens)
    places: dict[str, tuple[int, ...]] = {}
    for place, word in enumerate(words):
        places[word] = (*places.get(word, ()), place)[:MOST_STARTS]
    return _Own(words, places, _full_lines(cleaned, tokens), _questions(cleaned, tokens, words, keys))


def _full_lines(text: str, tokens: Sequence[Token]) -> frozenset[tuple[str, ...]]:
    lines: list[list[str]] = [[]]
    for before, token in pairwise((None, *tokens)):
        if before is not None and token is not None and "\n" in text[before.end : token.start]:
            lines.append([])
        lines[-1] += [token.text] if token is not None else []
    return frozenset(tuple(line) for line in lines if line)


def _questions(
    text: str, tokens: Sequence[Token], words: Sequence[str], keys: Sequence[tuple[Question, tuple[str, ...]]]
) -> tuple[tuple[Question, int, int], ...]:
    found: dict[Question, tuple[int, int]] = {}
    for question, key in keys:
        place = next((place for place in _runs(words, key) if _is_asked(text, tokens, place + len(key) - 1)), None)
        if place is not None and (question not in found or place < found[question][0]):
            found[question] = (_sentence_start(text, tokens, place), _paragraph_end(text, tokens, place))
    found = found or _questions_in_order(text, tokens)
    return tuple(sorted(((name, *span) for name, span in found.items()), key=lambda row: row[1]))


def _questions_in_order(text: str, tokens: Sequence[Token]) -> dict[Question, tuple[int, int]]:
    """Questions worded unlike the tables (a template of the owner's own): the first two that a mail asks."""
    ends = (place for place, token in enumerate(tokens) if text[token.end : token.end + 1] == "?")
    both = zip(Question, ends, strict=False)
    return {name: (_sentence_start(text, tokens, end), _paragraph_end(text, tokens, end)) for name, end in both}


def _runs(words: Sequence[str], key: Sequence[str]) -> Iterator[int]:
    width = len(key)
    return (place for place in range(len(words) - width + 1) if tuple(words[place : place + width]) == key)


def _is_asked(text: str, tokens: Sequence[Token], place: int) -> bool:
    """Whether the sentence that word `place` stands in ends with a question mark."""
    for this, following in zip(tokens[place:], tokens[place + 1 :], strict=False):
        between = text[this.end : following.start]
        if "?" in between or any(mark in between for mark in ".!") or between.count("\n") > 1:
            return "?" in between
    return "?" in text[tokens[-1].end :]


def _sentence_start(text: str, tokens: Sequence[Token], place: int) -> int:
    while place > 0:
        between = text[tokens[place - 1].end : tokens[place].start]
        if any(mark in between for mark in ".?!:)¿") or between.count("\n") > 1:
            break
        place -= 1
    return place


def _paragraph_end(text: str, tokens: Sequence[Token], place: int) -> int:
    while place + 1 < len(tokens):
        if text[tokens[place].end : tokens[place + 1].start].count("\n") > 1:
            break
        place += 1
    return place + 1


# --- the subtraction --------------------------------------------------------------------------------------------------


def _subtract(lines: Sequence[_Line], sources: Sequence[_Own]) -> list[_Read]:
    read: list[_Read] = []
    place: _Place | None = None
    for line in lines:
        here = _read_line(line, sources, place)
        place = here.place or place
        read.append(here)
    return _with_neighbours(read, sources)


def _read_line(line: _Line, sources: Sequence[_Own], place: _Place | None) -> _Read:
    stretches: list[_Stretch] = []
    at = 0
    while at < len(line.tokens):
        stretch = _longest_stretch(line, at, sources, stretches[-1].place if stretches else place)
        stretches += [stretch] if stretch else []
        at = stretch.end if stretch else at + 1
    places: list[_Place | None] = [None, *(stretch.place for stretch in stretches)]
    begins = [0, *(stretch.end for stretch in stretches)]
    ends = [*(stretch.at for stretch in stretches), len(line.tokens)]
    pieces = [piece for around in zip(begins, ends, places, strict=True) for piece in _piece(line, *around)]
    return _Read(line, tuple(pieces), places[-1], stretches[0].begin if stretches else None)


def _piece(line: _Line, start: int, end: int, place: _Place | None) -> list[tuple[str, _Place | None]]:
    """The own text between two stretches of ours, with the marks that belong to it."""
    begins = 0 if start == 0 else line.tokens[start - 1].end
    ends = len(line.text) if end == len(line.tokens) else line.tokens[end].start
    # The mark that ends our question is not among its words.
    text = line.text[begins:ends].strip().lstrip("?:.!)]\"'» " if start else "")
    has_word = start < end or any(not character.isascii() and not character.isspace() for character in text)
    return [(text, place)] if text and (has_word or start == 0 == len(line.tokens)) else []


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A run of words that a line of the reply and one of our mails have in common."""

    at: int
    length: int
    begin: _Place
    follows: bool
    """Whether it goes on where our text had got to."""

    @property
    def end(self) -> int:
        """The word of the line after it."""
        return self.at + self.length

    @property
    def place(self) -> _Place:
        """Where our text has got to after it."""
        return _Place(self.begin.source, self.begin.word + self.length)


def _longest_stretch(line: _Line, at: int, sources: Sequence[_Own], place: _Place | None) -> _Stretch | None:
    """The longest run of our words that begins at word `at` of the line and is a quotation."""
    found = (
        _Stretch(at, _common_length(line.words, at, source.words, start), begin, follows=begin == place)
        for number, source in enumerate(sources)
        for start in _starts(source, number, line.words[at], place)
        if (begin := _Place(number, start))
    )
    quoted = [stretch for stretch in found if _is_quotation(stretch, line, sources[stretch.begin.source])]
    return max(quoted, key=lambda stretch: (stretch.length, stretch.follows), default=None)


def _starts(source: _Own, number: int, word: str, place: _Place | None) -> Iterator[int]:
    if place is not None and place.source == number and source.words[place.word : place.word + 1] == (word,):
        yield place.word
    yield from source.places.get(word, ())


def _common_length(words: Sequence[str], at: int, others: Sequence[str], start: int) -> int:
    length = 0
    while at + length < len(words) and start + length < len(others) and words[at + length] == others[start + length]:
        length += 1
    return length


def _is_quotation(stretch: _Stretch, line: _Line, source: _Own) -> bool:
    is_quoted = line.depth > 0
    is_whole = stretch.at == 0 and stretch.length == len(line.words)
    # An answer of one word may happen to be the word that comes next in our text.
    if is_whole and stretch.follows and (is_quoted or stretch.length > 1):
        return True
    if is_whole and is_quoted and line.words in source.lines:
        return True
    if source.begins_question(stretch.begin.word, stretch.place.word):
        return True
    if is_quoted and stretch.follows and stretch.length >= SHORTEST_QUESTION:
        return True
    return stretch.length >= (LONG_RUN if stretch.at == 0 or stretch.follows else LONG_RUN_INSIDE)


def _with_neighbours(read: Sequence[_Read], sources: Sequence[_Own]) -> list[_Read]:
    """Short lines of ours, such as a greeting, are known by standing right before or after other words of ours."""
    full = [number for number, line in enumerate(read) if not line.line.is_blank]
    settled = list(read)
    for order, step in ((full, 1), (full[::-1], -1)):
        for before, number in pairwise(order):
            if not settled[number].is_ours and settled[before].line.depth == settled[number].line.depth:
                settled[number] = _as_neighbour(settled[number], settled[before], sources, step)
    return settled


def _as_neighbour(line: _Read, neighbour: _Read, sources: Sequence[_Own], step: int) -> _Read:
    edge = neighbour.place if step > 0 else neighbour.begin
    words = line.line.words
    if edge is None or not words:
        return line
    stream = sources[edge.source].words
    first = edge.word if step > 0 else edge.word - len(words)
    for skipped in range(MOST_SKIPPED):
        start = first + step * skipped
        if start >= 0 and stream[start : start + len(words)] == words and (skipped == 0 or len(words) > 1):
            place = _Place(edge.source, start + len(words))
            return replace(line, pieces=(), place=place, begin=_Place(edge.source, start))
    return line


# --- what clients add -------------------------------------------------------------------------------------------------


def _without_client_words(read: list[_Read], context: ReplyContext) -> list[_Read]:
    dropped: set[int] = set()
    for rule in (
        _attributions,
        _header_blocks,
        _between_boundary_and_quotation,
        _armour,
        _taglines,
        _paragraphs,
        _signatures,
    ):
        dropped |= rule(read, context, frozenset(dropped))
    return [_without_text(line) if number in dropped else line for number, line in enumerate(read)]


def _without_text(line: _Read) -> _Read:
    return replace(line, pieces=())


def _attributions(read: Sequence[_Read], context: ReplyContext, _: frozenset[int]) -> set[int]:
    """As in "On …, Alex <alex@…> wrote:", up to three lines, in any language."""
    dropped: set[int] = set()
    for number in range(len(read)):
        if read[number].line.depth == 0 and _starts_quotation(read, number):
            dropped |= _attribution_above(read, number, context.owner)
        elif _is_full_attribution(read[number].line.text, context.owner):
            dropped |= {number}
    return dropped


def _starts_quotation(read: Sequence[_Read], number: int) -> bool:
    """Whether the next full line below is the first of a quotation."""
    if read[number].is_ours or read[number].line.is_blank:
        return False
    below = next((line for line in read[number + 1 : number + 6] if not line.line.is_blank), None)
    return below is not None and (below.is_ours or below.line.depth > 0)


def _is_full_attribution(text: str, owner: Owner) -> bool:
    return text.rstrip().endswith(":") and _names(text, owner) and bool(_YEAR_OR_TIME.search(text))


def _attribution_above(read: Sequence[_Read], number: int, owner: Owner) -> set[int]:
    taken: list[int] = []
    text = ""
    for above in range(number, max(-1, number - 3), -1):
        line = read[above].line
        if line.is_blank or line.depth or read[above].is_ours or (taken and not _continues(line.text, text, owner)):
            break
        text = f"{line.text} {text}".strip()
        taken.append(above)
        if _names(text, owner) and _YEAR_OR_TIME.search(text):
            return set(taken)
    is_attribution = text.endswith(":") and bool(_names(text, owner) or _YEAR_OR_TIME.search(text))
    return set(taken) if is_attribution or _is_bare_attribution(text) else set()


def _is_bare_attribution(text: str) -> bool:
    """A single short line that ends in a colon right above the quotation: "Gracious writes:"."""
    return text.endswith(":") and 1 < len(text.split()) <= 6 and not _FIELD.match(text)  # noqa: PLR2004


def _continues(above: str, below: str, owner: Owner) -> bool:
    """Whether an attribution that goes on as `below` may have begun on the line `above`."""
    is_dated = bool(_YEAR_OR_TIME.search(above))
    if is_dated and not _YEAR_OR_TIME.search(below):
        return True
    return (is_dated or _names(above, owner)) and not _names(below, owner)


def _names(text: str, owner: Owner) -> bool:
    folded = text.casefold()
    return any(address.casefold() in folded for address in owner.addresses) or (
        len(owner.name) > 1 and owner.name.casefold() in folded
    )


def _header_blocks(read: Sequence[_Read], context: ReplyContext, _: frozenset[int]) -> set[int]:
    """As in "From: … Sent: … To: … Subject: …", in any language: fields that hold what we know of our mail."""
    dropped: set[int] = set()
    number = 0
    while number < len(read):
        end = _block_end(read, number)
        if end - number > 1:
            dropped |= _header_fields(read, range(number, end), context)
        number = max(end, number + 1)
    return dropped


def _block_end(read: Sequence[_Read], number: int) -> int:
    end = number
    while (
        end < len(read)
        and read[end].line.depth == 0
        and (_FIELD.match(read[end].line.text) or _RULER.match(read[end].line.text))
    ):
        end += 1
    return end


def _header_fields(read: Sequence[_Read], block: range, context: ReplyContext) -> set[int]:
    known = [number for number in block if _is_known_field(read[number].line.text, context)]
    if not known:
        return set()
    first = min(number for number in block if number in known or _is_dated_field(read[number].line.text))
    return set(range(first, block.stop))


def _is_known_field(text: str, context: ReplyContext) -> bool:
    match = _FIELD.match(text)
    return match is not None and (_names(match.group(2), context.owner) or _is_subject(match.group(2), context))


def _is_subject(value: str, context: ReplyContext) -> bool:
    words = words_of(value)
    return any(words[-len(known) :] == known for subject in context.subjects if (known := words_of(subject)))


def _is_dated_field(text: str) -> bool:
    match = _FIELD.match(text)
    return match is not None and len(_YEAR_OR_TIME.findall(match.group(2))) > 1


def _between_boundary_and_quotation(read: Sequence[_Read], _: ReplyContext, dropped: frozenset[int]) -> set[int]:
    """Whatever stands below a header block and above our own words is a client's or an older mail's."""
    if not dropped:
        return set()
    first = min(dropped)
    ours = [number for number, line in enumerate(read) if line.is_ours and number > first]
    return set(range(first, min(ours, default=len(read)))) if not _has_own_words_only_below(read, first) else set()


def _has_own_words_only_below(read: Sequence[_Read], first: int) -> bool:
    """Whether the quotation comes first and the answer below it without our words being found in between."""
    above = any(line.pieces and line.line.depth == 0 for line in read[:first])
    quoted = any(line.line.depth > 0 for line in read[first:])
    return not above and quoted


def _armour(read: Sequence[_Read], _: ReplyContext, __: frozenset[int]) -> set[int]:
    dropped: set[int] = set()
    is_inside = False
    for number, line in enumerate(read):
        armour = _ARMOUR.search(line.line.text)
        if armour:
            is_inside = armour.group(1) == "BEGIN" and armour.group(2) != "SIGNED MESSAGE"
        is_hash = number > 0 and number - 1 in dropped and line.line.text.startswith("Hash:")
        if armour or is_inside or is_hash:
            dropped.add(number)
    return dropped


def _taglines(read: Sequence[_Read], _: ReplyContext, __: frozenset[int]) -> set[int]:
    taglines = client_words().taglines
    return {
        number
        for number, line in enumerate(read)
        if _RULER.match(line.line.text) or (line.pieces and _holds(taglines, line.line.text, within=3))
    }


def _holds(phrases: Phrases, text: str, *, within: int) -> bool:
    """Whether a phrase begins at one of the first `within` words."""
    tokens = tokenize(text)
    words = [number for number, token in enumerate(tokens) if token.is_word][:within]
    return any(phrases.longest(tokens, at) is not None for at in words)


def _paragraphs(read: Sequence[_Read], _: ReplyContext, __: frozenset[int]) -> set[int]:
    """Warnings of a mail server and disclaimers: whole paragraphs."""
    banners = client_words().banners
    dropped: set[int] = set()
    for block in _blocks(read):
        text = "\n".join(read[number].line.text for number in block)
        joined = " ".join(text.split())
        if any(read[number].pieces for number in block) and _holds(banners, joined, within=80):
            dropped |= set(block)
    return dropped


def _blocks(read: Sequence[_Read]) -> Iterator[list[int]]:
    """Runs of full lines of the same depth."""
    block: list[int] = []
    for number, line in enumerate(read):
        if line.line.is_blank or (block and read[block[-1]].line.depth != line.line.depth):
            yield block
            block = []
        if not line.line.is_blank:
            block.append(number)
    yield block


def _signatures(read: Sequence[_Read], context: ReplyContext, dropped: frozenset[int]) -> set[int]:
    """From "-- ", or from the owner's name after other words, to the next words of ours."""
    found: set[int] = set()
    is_inside = has_words = False
    for number, line in enumerate(read):
        if line.is_ours or line.line.depth > 0:
            is_inside = has_words = False
            continue
        if number in dropped:
            continue
        is_inside = (
            is_inside or _opens_signature(line.line, context.owner, has_words=has_words)
        ) and not _POSTSCRIPT.match(line.line.text)
        if is_inside:
            found.add(number)
        has_words = has_words or bool(line.pieces)
    return found


def _opens_signature(line: _Line, owner: Owner, *, has_words: bool) -> bool:
    if line.text.rstrip() == "--":
        return True
    names = set(words_of(f"{owner.name} {owner.signature}"))
    initials = {word[0] for word in names}
    words = line.words
    return has_words and 0 < len(words) <= 4 and _is_name(words, names, initials)  # noqa: PLR2004 "Alex J. B. Morgan"


def _is_name(words: Sequence[str], names: set[str], initials: set[str]) -> bool:
    return any(word in names for word in words) and all(word in names or word in initials for word in words)


# --- segments ---------------------------------------------------------------------------------------------------------


def _segments(read: Sequence[_Read], sources: Sequence[_Own]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    place: _Place | None = None
    is_apart = True
    is_edited = _is_quotation_edited(read)
    for line in read:
        is_apart = is_apart or (line.is_ours or (line.line.depth > 0 and not line.pieces))
        for text, own_place in line.pieces:
            segment = _segment(text, own_place or place, line, sources)
            if segment.is_inside and not is_edited:
                continue
            is_apart = is_apart or bool(found and found[-1].is_inside != segment.is_inside)
            found = _appended(found, segment, is_apart=is_apart)
            is_apart = False
        if line.line.is_blank and found and not is_apart:
            found = _appended(found, replace(found[-1], text=""), is_apart=False)
        place = line.place or place
    full = (replace(segment, text=segment.text.strip("\n")) for segment in found if segment.text.strip())
    return tuple(_within_measure(full))


def _within_measure(found: Iterable[Segment]) -> Iterator[Segment]:
    left = LONGEST_OWN_TEXT
    for segment in found:
        if left > 0:
            yield replace(segment, text=segment.text[:left])
        left -= len(segment.text)


def _segment(text: str, place: _Place | None, line: _Read, sources: Sequence[_Own]) -> Segment:
    question = sources[place.source].question_at(place.word) if place is not None else None
    return Segment(_PREFACE.sub("", text), question, is_inside=line.line.depth > 0)


def _appended(found: list[Segment], segment: Segment, *, is_apart: bool) -> list[Segment]:
    if found and not is_apart and found[-1].question == segment.question:
        return [*found[:-1], replace(found[-1], text=f"{found[-1].text}\n{segment.text}")]
    return [*found, segment]


def _is_quotation_edited(read: Sequence[_Read]) -> bool:
    """Whether the quoted lines are our mail with words put in, rather than another mail altogether."""
    quoted = [line for line in read if line.line.depth == 1 and line.line.words]
    return sum(line.is_ours for line in quoted) * 2 > len(quoted)
