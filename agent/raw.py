"""I/O: files. Raw messages from what a person names: a file, a folder of them, an mbox, standard input."""

import mailbox
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.errors import GraciousError

_ENDINGS = frozenset({".eml", ".msg", ".mail", ".txt", ""})
_MOST_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message and the name to report it under: its path, or `path#n` for the nth of an mbox."""

    name: str
    content: bytes


def messages(named: str) -> Iterator[RawMessage]:
    """Yield the messages of a file, a folder (files in it, sorted, hidden ones left out), an mbox, or `-`.

    Raises GraciousError when there is nothing of that name.
    """
    if named == "-":
        yield RawMessage("-", sys.stdin.buffer.read(_MOST_OCTETS))
        return
    path = Path(named)
    if path.is_dir():
        for file in sorted(_files(path)):
            yield from _of_file(file)
    else:
        yield from _of_file(path)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not is_hidden and (path.suffix.lower() in _ENDINGS or _is_maildir_name(path)):
            yield path


def _is_maildir_name(path: Path) -> bool:
    return path.parent.name in {"cur", "new"}


def _of_file(path: Path) -> Iterator[RawMessage]:
    try:
        with path.open("rb") as file:
            # Some programs leave the separator of an mbox on top of a single message.
            is_mbox = file.read(5) == b"From " and path.suffix.lower() != ".eml"
            file.seek(0)
            content = b"" if is_mbox else file.read(_MOST_OCTETS)
    except OSError as error:
        raise GraciousError(f"{path} cannot be read: {error.strerror}.") from error
    if is_mbox:
        yield from _of_mbox(path)
    else:
        yield RawMessage(str(path), content)


def _of_mbox(path: Path) -> Iterator[RawMessage]:
    box = mailbox.mbox(path, create=False)
    try:
        for number, key in enumerate(box.iterkeys(), start=1):
            yield RawMessage(f"{path}#{number}", box.get_bytes(key))
    finally:
        box.close()
