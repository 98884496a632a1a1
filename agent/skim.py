"""Pure. Which parts of a message are worth fetching, and a message made of its header and just those.

Attachments are never downloaded: the structure (BODYSTRUCTURE, RFC 9051 section 7.5.2) tells the text parts, and the
skimmed message has the same header and the same tree, with empty bodies where nothing was fetched.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

WHOLE = ""
"""The section that is the whole message: BODY[]."""
SMALL = 32 * 1024
"""Octets below which a message is fetched whole: one round trip for most mail, and nothing to reassemble."""
MOST_OF_A_PART = 256 * 1024
"""Octets fetched of one text part. Longer ones are logs, not letters."""
_MOST_TEXT_PARTS = 12
MOST_LEVELS = 40
_READABLE = frozenset({"text/plain", "text/html"})
_CONTENT_FIELD = re.compile(rb"(?i:content-[a-z-]{1,40}|mime-version)[ \t]*:")


@dataclass(frozen=True, slots=True)
class Part:
    """One node of a BODYSTRUCTURE. `section` is its part specifier; names and types are lower-case."""

    section: str
    media_type: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    encoding: str = "7bit"
    size: int = 0
    disposition: str | None = None
    filename: str | None = None
    children: tuple["Part", ...] = ()

    @property
    def is_text_to_read(self) -> bool:
        """Whether a person would read this part as the letter itself."""
        return self.media_type in _READABLE and self.disposition != "attachment"


def sections(structure: Part | None, size: int) -> tuple[str, ...]:
    """Return the sections to fetch of a message of `size` octets; the whole when the structure is unusable."""
    if structure is None or size <= SMALL:
        return (WHOLE,)
    readable = [part.section for part in _leaves(structure) if part.is_text_to_read]
    return tuple(readable[:_MOST_TEXT_PARTS])


def _leaves(part: Part, level: int = 0) -> Iterator[Part]:
    if not part.children:
        yield part
    elif level < MOST_LEVELS:
        for child in part.children:
            yield from _leaves(child, level + 1)


def assemble(header: bytes, structure: Part, bodies: Mapping[str, bytes]) -> bytes:
    """Return a message of the original header and the fetched bodies, by section."""
    return b"".join((_without_content_fields(header), *_written(structure, bodies, 0)))


def _without_content_fields(header: bytes) -> bytes:
    kept: list[bytes] = []
    is_dropped = False
    for line in header.splitlines(keepends=True):
        if not line.strip(b"\r\n"):
            break
        if line[:1] not in b" \t":
            is_dropped = _CONTENT_FIELD.match(line) is not None
        if not is_dropped:
            kept.append(line.rstrip(b"\r\n") + b"\r\n")
    return b"".join(kept)


def _written(part: Part, bodies: Mapping[str, bytes], level: int) -> Iterator[bytes]:
    boundary = f"skimmed-{part.section or 'top'}-{level}"
    yield _content_fields(part, boundary)
    if part.children and level < MOST_LEVELS:
        for child in part.children:
            yield f"--{boundary}\r\n".encode()
            yield from _written(child, bodies, level + 1)
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()
    else:
        yield bodies.get(part.section, b"")


def _content_fields(part: Part, boundary: str) -> bytes:
    parameters = {name: value for name, value in part.parameters.items() if name != "boundary"}
    if part.children:
        parameters["boundary"] = boundary
    fields = [f"Content-Type: {_parametrised(part.media_type, parameters)}"]
    if not part.children:
        fields.append(f"Content-Transfer-Encoding: {_plain(part.encoding)}")
    if part.disposition:
        named = {"filename": part.filename} if part.filename else {}
        fields.append(f"Content-Disposition: {_parametrised(part.disposition, named)}")
    return "".join(f"{line}\r\n" for line in (*fields, "")).encode("utf-8", "replace")


def _parametrised(value: str, parameters: Mapping[str, str]) -> str:
    return "; ".join([_plain(value), *(f'{_plain(name)}="{_plain(text)}"' for name, text in parameters.items())])


def _plain(text: str) -> str:
    """Take out what would end a quoted string or a line."""
    return "".join(char for char in text if char.isprintable() and char not in '"\\')
