"""Pure. The frame of a letter: who is greeted at its top, who signs at its foot, and what lies between."""

import re
from dataclasses import dataclass

from agent.people import Lexicon
from agent.sentences import WORD, fold, words

_MOST_GREETED = 6
"""Words before the comma of a greeting; more is a sentence."""
_MOST_SIGNED = 4
"""Words of a line that is a signature and no sentence."""
_MOST_CLOSING = 8
"""Lines that may follow a sign-off: name, rank, company, telephone."""

_GREETING = re.compile(r"[\s\W]{0,8}([^\n,:;!?.–—]{1,60})(?:[,:;!–—]|\.{2,3}|\s-+\s|\n|$)")
_STOPS = ".?!…:;"


@dataclass(frozen=True, slots=True)
class Letter:
    """The parts of an own text, as offsets."""

    body_start: int
    """Where the greeting ends; 0 when there is none."""
    body_end: int
    """Where the sign-off begins; the length of the text when there is none."""
    greeted: tuple[str, ...]
    """Folded words of the greeting that name somebody; empty when it names nobody."""
    signed: str | None
    """The line with the author's name, as written; None when nobody signs."""


def read(text: str, lexicon: Lexicon, author: str = "") -> Letter:
    """The frame of `text`. `author` is the display name of From: whoever signs so, signs."""
    start, greeted = _greeting(text, lexicon)
    end, signed = _closing(text, start, lexicon, frozenset(words(author)))
    return Letter(start, max(start, end), greeted, signed)


def _greeting(text: str, lexicon: Lexicon) -> tuple[int, tuple[str, ...]]:
    found = _GREETING.match(text)
    if found is None:
        return 0, ()
    spelled = [(fold(word), word) for word in WORD.findall(found[1])]
    if not 0 < len(spelled) <= _MOST_GREETED:
        return 0, ()
    greets = spelled[0][0] in lexicon["greetings"]
    named = tuple(word for word, written in spelled if _may_name(word, written, lexicon))
    rest = [word for word, _ in spelled if word not in named and word not in lexicon["greetings"]]
    plain = greets and all(word in lexicon["particles"] or word in lexicon["fillers"] for word in rest)
    if plain or (named and not rest) or (greets and named):
        return found.end(), named
    return 0, ()


def _may_name(word: str, written: str, lexicon: Lexicon) -> bool:
    if word in lexicon["titles"] or word in lexicon["greetings"]:
        return False
    return word in lexicon["given_names"] or (
        not written.islower() and written.isalpha() and word not in lexicon["never"]
    )


def _closing(text: str, start: int, lexicon: Lexicon, author: frozenset[str]) -> tuple[int, str | None]:
    """Where the sign-off begins, and the line that names the author; the greeting ("Ciao Alex") is none."""
    lines = [(offset, line) for offset, line in _lines(text) if offset + len(line) > start]
    last = len(lines)
    for number in range(last - 1, max(-1, last - 1 - _MOST_CLOSING), -1):
        line = lines[number][1]
        if _is_sign_off(line, lexicon):
            return _signed_after(lines, number, lexicon)
    for number in range(last - 1, max(0, last - 1 - _MOST_CLOSING), -1):
        if _signs(lines[number][1], lexicon, author, is_last=number == last - 1):
            return _signed_above(lines, number, lexicon) or lines[number]
    return _signed_in_block(text, lines, lexicon) or _signed_in_line(text, author)


def _signed_above(lines: list[tuple[int, str]], number: int, lexicon: Lexicon) -> tuple[int, str] | None:
    """The familiar name above the formal one of a signature: "Bob", then "Robert J. Eastman, Attorney at Law"."""
    offset, line = lines[number - 1]
    spelled = words(line)
    return (offset, line) if len(spelled) == 1 and spelled[0] in lexicon["given_names"] and line[:1].isupper() else None


_LONGEST_BLOCK = 6
"""Lines of name, rank, company and telephone below a letter without a sign-off."""


def _signed_in_block(text: str, lines: list[tuple[int, str]], lexicon: Lexicon) -> tuple[int, str | None] | None:
    """A last paragraph of short lines that opens with a person's name: "Dina Petrakis MRCVS", then the company."""
    start = len(text.rstrip()) - len(text.rstrip().rpartition("\n\n")[2])
    block = [line for offset, line in lines if offset >= start]
    if not start or not 1 < len(block) <= _LONGEST_BLOCK or any(line[-1:] in _STOPS for line in block):
        return None
    spelled = words(block[0])
    is_name = 1 < len(spelled) <= _MOST_SIGNED and spelled[0] in lexicon["given_names"]
    if not is_name or not all(word[:1].isupper() for word in block[0].split()):
        return None
    first = len(lines) - len(block)
    return (_signed_above(lines, first, lexicon) if first else None) or (start, block[0])


_LAST_WORDS = re.compile(r"[.!?)]\s{1,4}([^\s.!?,]{2,20}(?: [^\s.!?,]{1,20}){0,2})\s*$")


def _signed_in_line(text: str, author: frozenset[str]) -> tuple[int, str | None]:
    """The name behind the last sentence on the same line: "Let me know. Mark"."""
    found = _LAST_WORDS.search(text, max(0, len(text) - 80))
    if found is None or not set(words(found[1])) <= author:
        return len(text), None
    return found.start(1), found[1]


def _lines(text: str) -> list[tuple[int, str]]:
    """Offset and content of each line that is not blank."""
    found, offset = [], 0
    for line in text.split("\n"):
        if line.strip():
            found.append((offset, line.strip(" \t-–—*_~,>")))
        offset += len(line) + 1
    return found


def _is_sign_off(line: str, lexicon: Lexicon) -> bool:
    """Whether it holds words of parting, and at most a name behind them: "With best wishes", "Thanks, Nick"."""
    spelled = words(line)
    is_initial = line[1:2] == "."
    if is_initial or not 0 < len(spelled) <= _MOST_SIGNED + 2 or line[-1:] in "?:":
        return False
    parting = _parting_words(spelled, lexicon)
    if not any(word in lexicon["sign_offs"] for word in spelled[:parting]):
        return False
    return parting == len(spelled) or bool(_behind_sign_off(line, lexicon))


def _parting_words(spelled: list[str], lexicon: Lexicon) -> int:
    """How many of the first words are words of parting or go with them."""
    known = lexicon["sign_offs"] | lexicon["fillers"] | lexicon["function"]
    return next((number for number, word in enumerate(spelled) if word not in known), len(spelled))


def _behind_sign_off(line: str, lexicon: Lexicon) -> str | None:
    written = WORD.findall(line)
    parting = _parting_words([fold(word) for word in written], lexicon)
    rest = written[parting:]
    if not parting or not 0 < len(rest) <= _MOST_SIGNED or not all(word[:1].isupper() for word in rest):
        return None
    return line[line.rfind(rest[0], 0) :].strip() if line.count(rest[0]) == 1 else " ".join(rest)


def _signed_after(lines: list[tuple[int, str]], number: int, lexicon: Lexicon) -> tuple[int, str | None]:
    offset, line = lines[number]
    behind = _behind_sign_off(line, lexicon)
    if behind:
        return offset, behind
    following = lines[number + 1][1] if number + 1 < len(lines) else ""
    is_name = 0 < len(following.split()) <= _MOST_SIGNED and following[-1:] not in "?!:"
    return offset, following if is_name and not _is_sign_off(following, lexicon) else None


def _signs(line: str, lexicon: Lexicon, author: frozenset[str], *, is_last: bool) -> bool:
    spelled = words(line)
    if not 0 < len(spelled) <= _MOST_SIGNED:
        return False
    if author and set(spelled) <= author | lexicon["titles"] | lexicon["particles"]:
        return True
    if not is_last or line[-1:] in "?!:" or any(char.isdigit() for char in line):
        return False
    if len(spelled) == 1 and len(spelled[0]) == 1:
        return True
    bare = line.rstrip(".")
    return all(word[:1].isupper() for word in bare.split()) and not any(word in lexicon["never"] for word in spelled)
