"""Pure. What IMAP tells of a stored message: its sections, ENVELOPE and BODYSTRUCTURE, from any bytes.

RFC 3501 sections 6.4.5 and 7.4.2 for the embedded server. Never raises: what cannot be read is told as a
plain text part, as real servers do. Works on bytes, so that every section is served exactly as it came.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import getaddresses, parsedate_to_datetime

_DEPTH_LIMIT = 50
"""Deeper multiparts are told as leaves: the stdlib's own parser gives up at about 500."""

_FIELD_LIMIT = 10_000
"""Characters of one structured field that are read; a longer one is hostile, and address parsing is not linear."""

_BLANK_LINE = re.compile(rb"\r?\n(?=\r?\n)")
_PARAMETER = re.compile(
    r';[ \t]{0,99}([^\s=;"]{1,99})[ \t]{0,99}=[ \t]{0,99}("(?:[^"\\]|\\.){0,2000}"|[^\s;"]{0,2000})'
)
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part, or a whole message. `header` ends with its blank line; `parts` is empty for a leaf."""

    header: bytes
    body: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    """Lower-case name and raw lines, CRLF included, of each field, top to bottom."""
    media: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    parts: tuple["Part", ...]

    @property
    def is_message(self) -> bool:
        """Whether `parts` is the one message that this part encloses."""
        return (self.media, self.subtype) == ("message", "rfc822") and bool(self.parts)

    def texts(self, name: bytes) -> tuple[str, ...]:
        """The unfolded values of each field of that lower-case name."""
        return tuple(_unfolded(raw) for key, raw in self.fields if key == name)

    def text(self, name: bytes) -> str | None:
        """The first of `texts`; None when there is no such field."""
        return next(iter(self.texts(name)), None)

    def section(self, numbers: Sequence[int]) -> "Part | None":
        """The part that a FETCH section such as 2.1 names; None when there is none."""
        part: Part | None = self
        for depth, number in enumerate(numbers):
            if part is None:
                return None
            container = part.parts[0] if depth and part.is_message else part
            part = container.child(number)
        return part

    def child(self, number: int) -> "Part | None":
        """The child of that number, from 1; a part without children is its own first child, as in Dovecot."""
        if self.media == "multipart" and self.parts:
            return self.parts[number - 1] if 0 < number <= len(self.parts) else None
        return self if number == 1 else None


def parse(raw: bytes, depth: int = 0, default: tuple[str, str] = ("text", "plain")) -> Part:
    """`raw` as a message or MIME part. Without a readable Content-Type it is of the `default` type."""
    header, body = _divided(raw)
    fields = _fields(header)
    content_type = next((_unfolded(value) for name, value in fields if name == b"content-type"), None)
    media, subtype, parameters = _media_type(content_type, default)
    parts = _parts(body, media, subtype, parameters, depth)
    return Part(header, body, fields, media, subtype, parameters, parts)


def _divided(raw: bytes) -> tuple[bytes, bytes]:
    """Header with its blank line, and body."""
    if raw.startswith((b"\r\n", b"\n")):
        end = raw.index(b"\n") + 1
    elif blank := _BLANK_LINE.search(raw):
        end = raw.index(b"\n", blank.end()) + 1
    else:
        end = len(raw)
    return raw[:end], raw[end:]


def _fields(header: bytes) -> tuple[tuple[bytes, bytes], ...]:
    folded: list[list[bytes]] = []
    for line in header.splitlines(keepends=True) if b"\n" in header else [header]:
        if line[:1] in (b" ", b"\t") and folded:
            folded[-1].append(line)
        elif b":" in line:
            folded.append([line])
    return tuple((lines[0].partition(b":")[0].strip().lower(), b"".join(lines)) for lines in folded)


def _unfolded(raw: bytes) -> str:
    return raw.partition(b":")[2].decode("utf-8", "replace").replace("\r", "").replace("\n", "").strip()


def _media_type(text: str | None, default: tuple[str, str]) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    media, slash, subtype = (text or "").partition(";")[0].strip().lower().partition("/")
    if not (media and slash and subtype) or any(mark in media + subtype for mark in '"() '):
        return (*default, ())
    return media, subtype, _parameters(text or "")


def _parameters(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), _unquoted(value)) for name, value in _PARAMETER.findall(text[:_FIELD_LIMIT]))


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _parts(
    body: bytes, media: str, subtype: str, parameters: Iterable[tuple[str, str]], depth: int
) -> tuple[Part, ...]:
    if depth >= _DEPTH_LIMIT:
        return ()
    boundary = dict(parameters).get("boundary", "")
    if media == "multipart" and boundary:
        default = ("message", "rfc822") if subtype == "digest" else ("text", "plain")
        return tuple(parse(raw, depth + 1, default) for raw in _between(body, boundary.encode("utf-8", "replace")))
    if (media, subtype) == ("message", "rfc822"):
        return (parse(body, depth + 1),)
    return ()


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts of a multipart; the line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    delimiter, parts, start, position = b"--" + boundary, list[bytes](), -1, 0
    while (at := body.find(delimiter, position)) >= 0:
        position = at + len(delimiter)
        if at and body[at - 1 : at] != b"\n":
            continue
        end = body.find(b"\n", position) + 1 or len(body)
        rest = body[position:end].strip()
        if rest not in (b"", b"--"):
            continue
        if start >= 0:
            parts.append(_without_line_end(body[start:at]))
        start, position = (-1, len(body)) if rest else (end, end)
    return parts if start < 0 else [*parts, body[start:]]


def _without_line_end(part: bytes) -> bytes:
    return part.removesuffix(b"\n").removesuffix(b"\r") if part.endswith(b"\n") else part


# --- rendering -----------------------------------------------------------------------------------------------------


def string(value: str | None) -> bytes:
    """An IMAP nstring: NIL, quoted, or a literal where quoting is not allowed (RFC 3501 section 4.3)."""
    if value is None:
        return b"NIL"
    encoded = value.encode("utf-8", "replace")
    if value.isascii() and value.isprintable():
        return b'"' + encoded.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(encoded), encoded)


def _listed(items: Sequence[bytes], separator: bytes = b" ") -> bytes:
    return b"(" + separator.join(items) + b")" if items else b"NIL"


def envelope(part: Part) -> bytes:
    """ENVELOPE: fields as they stand, encoded words undecoded; Sender and Reply-To default to From."""
    author = _mailboxes(part.texts(b"from"))
    items = [
        string(part.text(b"date")),
        string(part.text(b"subject")),
        _listed(author, b""),
        _listed(_mailboxes(part.texts(b"sender")) or author, b""),
        _listed(_mailboxes(part.texts(b"reply-to")) or author, b""),
        *(_listed(_mailboxes(part.texts(name)), b"") for name in (b"to", b"cc", b"bcc")),
        string(part.text(b"in-reply-to")),
        string(part.text(b"message-id")),
    ]
    return _listed(items)


def _mailboxes(texts: Iterable[str]) -> list[bytes]:
    try:
        pairs = getaddresses([text[:_FIELD_LIMIT] for text in texts])
    except _UNREADABLE:
        return []
    return [_mailbox(name, address) for name, address in pairs if address]


def _mailbox(name: str, address: str) -> bytes:
    local, at, domain = address.rpartition("@")
    return _listed([string(name or None), b"NIL", string(local if at else domain), string(domain if at else "")])


def bodystructure(part: Part, *, extended: bool = True) -> bytes:
    """BODYSTRUCTURE, or BODY without `extended`."""
    if part.media == "multipart":
        return _multipart(part, extended=extended)
    items = [
        string(part.media),
        string(part.subtype),
        _pairs(_with_charset(part)),
        string(part.text(b"content-id")),
        string(part.text(b"content-description")),
        string(part.text(b"content-transfer-encoding") or "7bit"),
        b"%d" % len(part.body),
    ]
    if part.is_message:
        items += [envelope(part.parts[0]), bodystructure(part.parts[0], extended=extended)]
    if part.media == "text" or part.is_message:
        items.append(b"%d" % part.body.count(b"\n"))
    return _listed([*items, b"NIL", *_extension(part)] if extended else items)


def _with_charset(part: Part) -> tuple[tuple[str, str], ...]:
    """The parameters; text is US-ASCII when it does not say (RFC 2045 section 5.2)."""
    if part.media != "text" or "charset" in dict(part.parameters):
        return part.parameters
    return (*part.parameters, ("charset", "us-ascii"))


def _multipart(part: Part, *, extended: bool) -> bytes:
    children = part.parts or (parse(b""),)
    items = [b"".join(bodystructure(child, extended=extended) for child in children), string(part.subtype)]
    return _listed([*items, _pairs(part.parameters), *_extension(part)] if extended else items)


def _extension(part: Part) -> list[bytes]:
    return [_disposition(part), string(part.text(b"content-language")), string(part.text(b"content-location"))]


def _disposition(part: Part) -> bytes:
    text = part.text(b"content-disposition")
    if not text:
        return b"NIL"
    return _listed([string(text.partition(";")[0].strip().lower()), _pairs(_parameters(text))])


def _pairs(parameters: Iterable[tuple[str, str]]) -> bytes:
    return _listed([string(item) for pair in parameters for item in pair])


def date_of(part: Part) -> datetime | None:
    """The Date field; None when it is missing or unreadable."""
    try:
        return parsedate_to_datetime((part.text(b"date") or "")[:_FIELD_LIMIT])
    except _UNREADABLE:
        return None
