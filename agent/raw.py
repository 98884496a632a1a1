"""I/O: files. Raw messages from what a person names: a file, a folder of them, an mbox, standard input.

Nothing is held but the message at hand, so that thousands of files and an mbox of any size can be read; and nothing is
raised for what cannot be opened: it is passed on with its reason, and the rest is read.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.errors import GraciousError

_ENDINGS = frozenset({".eml", ".msg", ".mail", ".txt", ".mbox", ".mbx", ".", ""})
_MOST_OCTETS = 64 * 1024 * 1024
_LONGEST_LINE = 65_536
"""Octets taken at once; what follows of a longer line comes next."""


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message and the name to report it under: its path, or `path#n` for the nth of an mbox, n from 1."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be opened, and why: one sentence."""

    name: str
    reason: str


def messages(named: str) -> Iterator[RawMessage]:
    """Yield the messages of a file, a folder, an mbox, one member of it (`path#n`), or `-`, which is standard input.

    Raises GraciousError when there is nothing of that name.
    """
    for one in contents(named):
        if isinstance(one, Unread):
            raise GraciousError(one.reason)
        yield one


def contents(named: str) -> Iterator[RawMessage | Unread]:
    """Yield the same, and instead of raising what could not be opened.

    A folder is read with all below it, by name, without hidden files; of a Maildir the messages, and its folders too.
    """
    if named == "-":
        yield from _of_stream("-", sys.stdin.buffer, may_be_mbox=True)
        return
    path = Path(named)
    if _is_folder(path):
        yield from _of_folder(path)
    elif (member := _member(named)) is not None:
        yield from _only(*member)
    else:
        yield from _of_file(path)


def size(named: str) -> int:
    """Return how many octets there are to read, as far as that is known before."""
    path = Path(named)
    if _is_folder(path):
        return sum(_octets(one) for one in _walk(path) if isinstance(one, Path))
    return _octets(path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no way to it, or a name that is too long: whoever opens it will say so
        return False


def _octets(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# Folders


def _of_folder(folder: Path) -> Iterator[RawMessage | Unread]:
    for one in _walk(folder):
        if isinstance(one, Unread):
            yield one
        else:
            yield from _of_file(one)


def _walk(folder: Path) -> Iterator[Path | Unread]:
    """Yield the files in it, in the order of their names. Links to folders are not followed: they may lead back."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if not _is_folder(path):
            yield path
            continue
        try:
            waiting.extend(sorted(_wanted(path), reverse=True))
        except OSError as error:
            yield Unread(str(path), _refused(path, error))


def _wanted(folder: Path) -> Iterator[Path]:
    # Beside the messages a Maildir holds indices of the server, and what is still being delivered.
    is_maildir = _is_folder(folder / "cur")
    for path in folder.iterdir():
        if _is_folder(path):
            is_hidden = path.name.startswith(".") and not _is_folder(path / "cur")
            if not path.is_symlink() and not is_hidden and not (is_maildir and path.name == "tmp"):
                yield path
        elif not is_maildir and _looks_like_mail(path):
            yield path


def _looks_like_mail(path: Path) -> bool:
    if path.name.startswith(".") or not path.is_file():
        return False
    return path.suffix.lower() in _ENDINGS or path.parent.name in {"cur", "new"}


# Files


def _of_file(path: Path) -> Iterator[RawMessage | Unread]:
    try:
        with path.open("rb") as file:
            # Some programs leave the separator of an mbox on top of a single message.
            yield from _of_stream(str(path), file, may_be_mbox=path.suffix.lower() != ".eml")
    except OSError as error:
        yield Unread(str(path), _refused(path, error))


def _refused(path: Path, error: OSError) -> str:
    return f"{path} cannot be read: {error.strerror or error}."


def _of_stream(name: str, file: BinaryIO, *, may_be_mbox: bool) -> Iterator[RawMessage]:
    # Not wound back: it may be a pipe.
    first = file.readline(_LONGEST_LINE)
    if may_be_mbox and first.startswith(_SEPARATOR):
        for number, content in enumerate(_members(file), start=1):
            yield RawMessage(f"{name}#{number}", content)
    else:
        yield RawMessage(name, first + file.read(_MOST_OCTETS))


def _member(named: str) -> tuple[Path, int] | None:
    """Return the mbox and the number that `path#n` means; None when a file of that very name is there."""
    path, _, number = named.rpartition("#")
    if not path or not _NUMBER.fullmatch(number) or _octets(Path(named)):
        return None
    return Path(path), int(number)


_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


def _only(path: Path, number: int) -> Iterator[RawMessage | Unread]:
    name = f"{path}#{number}"
    for one in _of_file(path):
        if isinstance(one, Unread) or one.name == name:
            yield one
            return
    yield Unread(name, f"{path} holds no message number {number}.")


# The mbox format (RFC 4155, and what programs really write)

_SEPARATOR = b"From "
_DATED = re.compile(rb"From .*\d\d:\d\d.*\d{4}\s*$")
_LONGEST_SEPARATOR = 400
_FIELD = re.compile(rb">?From |[!-9;-~]+:")
_ESCAPED = re.compile(rb">+From ")


def _members(file: BinaryIO) -> Iterator[bytes]:
    """Yield the messages behind the first separator, what was escaped as it was; of one too long the beginning."""
    member = bytearray()
    line = file.readline(_LONGEST_LINE)
    begins_line, is_after_blank = True, False
    while line:
        following = file.readline(_LONGEST_LINE)
        if begins_line and line.startswith(_SEPARATOR) and _separates(line, following, is_after_blank=is_after_blank):
            yield bytes(member)
            member.clear()
        elif len(member) < _MOST_OCTETS:
            member += line[1:] if begins_line and _ESCAPED.match(line) else line
        is_after_blank = not line.strip(b"\r\n")
        begins_line = line.endswith(b"\n")
        line = following
    yield bytes(member)


def _separates(line: bytes, following: bytes, *, is_after_blank: bool) -> bool:
    """Whether a line that begins with "From " ends a message: two of its three signs will do.

    Thunderbird writes no date, some programs no blank line, and a person's sentence has at most one of the signs.
    """
    is_dated = len(line) <= _LONGEST_SEPARATOR and _DATED.match(line) is not None
    return sum((is_after_blank, is_dated, _FIELD.match(following) is not None)) > 1
