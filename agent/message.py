"""Pure. Turns the bytes of a mail into a `Message`; whatever is wrong with them, a person's text comes out.

The standard library finds the parts (RFC 2045, 2046); every value is decoded here, because its own decoders raise on
unknown charsets, take quadratic time on long fields and recurse as deep as the mail says. Nothing is read or written.
"""

import binascii
import codecs
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC as ZERO_OFFSET
from datetime import datetime, timedelta
from email.feedparser import BytesFeedParser
from email.message import Message as Structure
from email.policy import Policy, compat32
from email.utils import parsedate_tz
from functools import lru_cache
from typing import Self

from agent import markup, quoting
from agent.errors import UnreadableMessage
from agent.model import UTC, Address, Message

# Caps: above everything that people's mail has, below what costs more than a second.
DEEPEST_NESTING = 50
MOST_PARTS = 500
MOST_FIELDS = 1_000
LONGEST_FIELD = 65_536
LONGEST_HEADER = 1_048_576
LONGEST_PARAMETERS = 4_096
LONGEST_TEXT = 262_144
LONGEST_HTML = 500_000
FIRST_YEAR, LAST_YEAR = 1971, 2199
FARTHEST_OFFSET = 15 * 3600
"""Seconds; zones reach from -12:00 to +14:00, what is beyond is a slip and read as UTC."""


def parse(raw: bytes) -> Message:
    """The mail that `raw` (RFC 5322, any line ends, any bytes) holds.

    Raises UnreadableMessage for what has no header, or parts nested deeper than 50 levels.
    """
    root, faults = _structure(raw)
    found = _Findings(faults)
    segments = _segments(root, found)
    return _message(root, segments, found)


def enclosed(raw: bytes) -> tuple[Message, ...]:
    """The mails that a mail encloses whole (message/rfc822, or a file named .eml), in order, not those within them.

    Raises UnreadableMessage as `parse` does.
    """
    root, _ = _structure(raw)
    return tuple(found for part in _enclosing(root) for found in _enclosed(part))


def _enclosing(part: "_Part") -> Iterator["_Part"]:
    if part.get_content_type() in {"message/rfc822", "message/global"} or _file_name(part).lower().endswith(".eml"):
        yield part
        return
    for child in part.parts:
        yield from _enclosing(child)


def _enclosed(part: "_Part") -> Iterator[Message]:
    """The mail in a part; none when it has no header. Outlook and others encode it for transfer, against RFC 2046."""
    encoding = part.first("content-transfer-encoding").strip().lower()
    inner = part.parts[0] if part.parts else None
    with suppress(UnreadableMessage):
        if inner is not None and inner.fields.get("from"):
            found = _Findings([])
            yield _message(inner, _segments(inner, found), found)
        elif raw := (part if inner is None else inner).body:  # a part without fields is falsy
            yield parse(_transferred(raw, encoding))


def _message(root: "_Part", segments: list["_Segment"], found: "_Findings") -> Message:
    html = _joined(segment.html for segment in segments)
    html_text = _rendered(html)
    text = _whole_text(segments, html_text, found.forwarded)
    split = quoting.split(text)
    senders = mailboxes(root.first("from"))
    return Message(
        message_id=next(iter(message_ids(root.first("message-id"))), None),
        in_reply_to=message_ids(" ".join(root.all("in-reply-to"))),
        references=message_ids(" ".join(root.all("references"))),
        subject=decoded(root.first("subject")),
        date=moment(root.first("date")),
        author=senders[0] if senders else None,
        reply_to=_mailboxes_of(root, "reply-to"),
        to=_mailboxes_of(root, "to"),
        cc=_mailboxes_of(root, "cc"),
        delivered_to=_delivered_to(root),
        headers=_decoded_fields(root),
        plain=_joined(segment.plain for segment in segments),
        html=html,
        html_text=html_text,
        text=text,
        own_text=split.own,
        quoted_text=split.quoted,
        signature=split.signature,
        content_type=root.get_content_type(),
        parameters=root.parameters,
        attachments=tuple(found.attachments),
        faults=tuple(dict.fromkeys(found.faults)),
    )


def _decoded_fields(root: "_Part") -> dict[str, tuple[str, ...]]:
    decoding = str.strip if root.has_readable_header else decoded
    return {name: tuple(map(decoding, values)) for name, values in root.fields.items()}


def _mailboxes_of(root: "_Part", name: str) -> tuple[Address, ...]:
    return tuple(address for value in root.all(name) for address in mailboxes(value))


def _delivered_to(root: "_Part") -> tuple[str, ...]:
    names = ("delivered-to", "x-original-to", "envelope-to")
    return tuple(dict.fromkeys(address.email for name in names for address in _mailboxes_of(root, name)))


# Structure ------------------------------------------------------------------------------------------------------------


class _TooManyParts(Exception):
    """Stops the parser; `part` is the one that was not added any more."""

    def __init__(self, part: "_Part") -> None:
        super().__init__()
        self.part = part


class _Part(Structure):
    """One MIME entity. Keeps fields and body undecoded, and refuses to grow beyond the caps while it is parsed."""

    def __init__(self, policy: Policy = compat32) -> None:
        super().__init__(policy)
        self.fields: dict[str, list[str]] = {}
        self.kind: str | None = None
        self.parameters: dict[str, str] = {}
        self.content: str | bytes = b""
        self.parts: list[_Part] = []
        self.above: _Part | None = None
        self.depth = 0
        self.census = [0]
        """Parts of the whole mail, one count shared by all of them."""
        self.header_size = 0
        self.overflowed = False
        self.has_readable_header = False
        """Whether all fields are known to be printable ASCII without encoded words."""

    def set_raw(self, name: str, value: str) -> None:
        """Keep one field as it stands; the parser calls it, top to bottom."""
        name = name.rstrip().lower()
        if self.header_size + len(value) > LONGEST_FIELD:
            value = self._cut(value)
        self.header_size += len(value)
        if name in self.fields:
            self.fields[name].append(value)
        elif len(self.fields) < MOST_FIELDS:
            self.fields[name] = [value]
        if name == "content-type" and self.kind is None:
            self.kind, self.parameters = content_type(value)

    def _cut(self, value: str) -> str:
        """As much of a field as there is room for."""
        longest = max(0, min(LONGEST_FIELD, LONGEST_HEADER - self.header_size))
        self.overflowed = self.overflowed or len(value) > longest
        return value[:longest]

    def attach(self, payload: Self) -> None:  # type: ignore[override]  # the parser attaches what it made, parts
        """Add a part; the parser calls it before it reads that part."""
        self.census[0] += 1
        payload.above, payload.depth, payload.census = self, self.depth + 1, self.census
        if payload.depth > DEEPEST_NESTING:
            raise UnreadableMessage(f"Its parts are nested deeper than {DEEPEST_NESTING} levels.")
        if self.census[0] > MOST_PARTS:
            raise _TooManyParts(payload)
        super().attach(payload)
        self.parts.append(payload)

    def set_payload(self, payload: str, charset: None = None) -> None:  # type: ignore[override]  # text, as above
        """Keep the body as it stands; the parser calls it for every part that has no parts."""
        self.content = payload
        super().set_payload(payload, charset)

    @property
    def body(self) -> bytes:
        """The body as it was sent, still encoded for transfer; empty for a part that has parts."""
        return self.content if isinstance(self.content, bytes) else self.content.encode("ascii", "surrogateescape")

    def get_content_type(self) -> str:
        """The media type, lower-case; text/plain (in a digest message/rfc822) where none is given (RFC 2045, 2046)."""
        return self.kind or self.get_default_type()

    def get_content_maintype(self) -> str:
        """What stands before the slash."""
        return self.get_content_type().partition("/")[0]

    def get_boundary(self, failobj: None = None) -> str | None:  # type: ignore[override]  # never given here
        """The boundary of a multipart; None when it has none."""
        return self.parameters.get("boundary", "").rstrip() or failobj

    def first(self, name: str) -> str:
        """The topmost value of a field, undecoded; empty when there is none."""
        values = self.fields.get(name)
        return values[0] if values else ""

    def all(self, name: str) -> list[str]:
        """Every value of a field, undecoded, top to bottom."""
        return self.fields.get(name, [])

    @property
    def root(self) -> "_Part":
        """The whole mail that this part belongs to."""
        part = self
        while part.above is not None:
            part = part.above
        return part


def _structure(raw: bytes) -> tuple[_Part, list[str]]:
    """The tree of parts, and what was wrong with it."""
    raw = _without_preface(raw)
    if not raw:
        raise UnreadableMessage("It is empty.")
    faults = []
    try:
        root = _single_part(raw)
        root = _parsed(raw) if root is None else root
    except _TooManyParts as stop:
        root = stop.part.root
        faults.append(f"it has more than {MOST_PARTS} parts, the rest was not read")
    if not root.fields:
        raise UnreadableMessage("It has no header.")
    faults += ["a header field or the whole header is too long, the rest was not read"] if root.overflowed else []
    return root, faults


def _parsed(raw: bytes) -> _Part:
    parser = BytesFeedParser(_Part)
    parser.feed(raw)
    return parser.close()


def _single_part(raw: bytes) -> _Part | None:
    """A mail without parts and with a faultless header; None for any other.

    Much mail of people is such, and the parser would walk through its body line by line for nothing.
    """
    ends = [(end, end + len(mark)) for mark in (b"\n\n", b"\n\r\n") if (end := raw.find(mark)) > 0]
    if not ends:
        return None
    end, body = min(ends)
    header = raw[:end].decode("ascii", "surrogateescape").replace("\r\n", "\n")
    lowered = header.lower()
    if "multipart/" in lowered or "message/" in lowered or not _FAULTLESS_HEADER.fullmatch(header):
        return None
    root = _Part()
    header = _FOLD.sub(" ", header)
    root.has_readable_header = "=?" not in header and header.isascii() and header.replace("\n", "").isprintable()
    for name, value in _FIELD.findall(header):
        root.set_raw(name, value)
    root.content = raw[body:]
    return root


_FAULTLESS_HEADER = re.compile(r"(?:[!-9;-~]++:[^\n\r]*+(?:\n[ \t][^\n\r]*+)*+(?:\n|\r?\Z))++")
_FOLD = re.compile(r"\n[ \t]")
_FIELD = re.compile(r"^([^\n:]++):[ \t]*+([^\n]*+)", re.MULTILINE)


def _without_preface(raw: bytes) -> bytes:
    """`raw` from the first header field on: byte order mark, blank lines and an mbox ">From " line are in its way."""
    raw = raw.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")
    if raw.startswith(b">From "):
        raw = raw.partition(b"\n")[2]
    if b"\r\r\n" in raw[:1024]:
        raw = raw.replace(b"\r\r\n", b"\r\n")
    return raw


# Body -----------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Segment:
    """One stretch of the mail as it is shown, in one or both of its forms."""

    plain: str | None = None
    html: str | None = None


@dataclass(slots=True)
class _Findings:
    """What turns up while the parts of one mail are read."""

    faults: list[str]
    forwarded: list[str] = field(default_factory=list)
    attachments: list[str] = field(default_factory=list)
    room: int = LONGEST_HTML
    """Characters that may still be read, of all parts together."""


def _segments(part: _Part, found: _Findings) -> list[_Segment]:
    """What a part shows, top to bottom; what is not to be shown goes to `found`."""
    kind = part.get_content_type()
    if kind == "multipart/alternative" and part.parts:
        return [_best_forms([_segments(child, found) for child in part.parts])]
    if kind.startswith("multipart/") and part.parts:
        return [segment for child in part.parts for segment in _segments(child, found)]
    if kind in {"message/rfc822", "message/global"} and part.parts:
        found.forwarded.append(_forwarded(part.parts[0], found))
        return []
    segment = None if _is_attached(part) else _segment(part, kind, found)
    if segment is None:
        found.attachments.append(_file_name(part))
    return [] if segment is None else [segment]


def _best_forms(alternatives: list[list[_Segment]]) -> _Segment:
    """The first plain form and the last HTML form (RFC 2046 section 5.1.4 puts the richest last)."""
    plain = [_joined(segment.plain for segment in segments) for segments in alternatives]
    html = [_joined(segment.html for segment in segments) for segments in alternatives]
    return _Segment(next(filter(None, plain), None), next(filter(None, reversed(html)), None))


def _segment(part: _Part, kind: str, found: _Findings) -> _Segment | None:
    if kind == "text/html":
        return _Segment(html=_html(part, found))
    if kind in {"text/enriched", "text/richtext"}:
        return _Segment(plain=_ENRICHMENT.sub("", _plain(part, found)))
    if kind == "text/plain" or kind.startswith("multipart/"):
        return _Segment(plain=_plain(part, found))
    return None


_ENRICHMENT = re.compile(r"</?[A-Za-z][^<>]{0,80}>")


def _is_attached(part: _Part) -> bool:
    """Whether a part is a file rather than something written.

    Apple Mail marks text files `inline`; so a name tells them, unless they are the first part of all.
    """
    disposition = part.first("content-disposition")
    if disposition.lstrip()[:10].lower() == "attachment":
        return True
    named = part.parameters.get("name") or content_type(disposition)[1].get("filename")
    return bool(named) and part.above is not None and part.above.parts[0] is not part


def _file_name(part: _Part) -> str:
    """The name of a part; a nameless event of a scheduling mail (RFC 6047) is named after its method."""
    parameters = content_type(part.first("content-disposition"))[1]
    name = parameters.get("filename") or part.parameters.get("name")
    method = part.parameters.get("method")
    return decoded(name or (f"{method.lower()}.ics" if method else ""))


def _forwarded(part: _Part, found: _Findings) -> str:
    """A mail enclosed as a whole, its main fields first: somebody else's words."""
    fields = [f"{name}: {decoded(part.first(name.lower()))}" for name in ("From", "Date", "To", "Subject")]
    return "\n".join([*fields, "", _shown_text(_segments(part, found))])


def _plain(part: _Part, found: _Findings) -> str:
    text = _text_of(part, LONGEST_TEXT, found)
    if part.parameters.get("format", "").lower() == "flowed":
        text = _unflowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return readable(text)


def _html(part: _Part, found: _Findings) -> str:
    return _UNPRINTABLE.sub(" ", _text_of(part, LONGEST_HTML, found))


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


def _text_of(part: _Part, longest: int, found: _Findings) -> str:
    longest = min(longest, found.room)
    # A quoted-printable character takes three, one of four bytes twelve: what lies beyond cannot count.
    raw = _transferred(part.body[: 12 * longest], part.first("content-transfer-encoding").strip().lower())
    text = decode(raw[: 4 * longest], part.parameters.get("charset") or _charset_in_markup(part, raw))
    if len(text) > longest:
        found.faults.append("a text is too long, the rest was not read")
    found.room -= min(longest, len(text))
    text = text[:longest]
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    # The line end before a boundary belongs to the boundary (RFC 2046 section 5.1.1).
    return text if part.above is None else text.removesuffix("\n")


def _transferred(encoded: bytes, encoding: str) -> bytes:
    if encoding == "base64":
        return _from_base64(encoded)
    return binascii.a2b_qp(encoded) if encoding == "quoted-printable" else encoded


def _charset_in_markup(part: _Part, raw: bytes) -> str:
    if part.get_content_type() != "text/html":
        return ""
    found = _CHARSET_IN_MARKUP.search(raw[:2048])
    return found[1].decode("ascii") if found else ""


_CHARSET_IN_MARKUP = re.compile(rb"charset=[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)


def _from_base64(encoded: bytes) -> bytes:
    """RFC 2045 section 6.8: what is not of the alphabet is skipped; a text that is no base64 at all stays."""
    first_line = encoded.strip()[:80].partition(b"\n")[0].strip()
    if b" " in first_line or not first_line.isascii():
        return encoded
    digits = encoded.translate(None, _NOT_BASE64).partition(b"=")[0]
    whole = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    return b64decode(whole + b"=" * (-len(whole) % 4))


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))


def _unflowed(text: str, *, delete_space: bool) -> str:
    """Lines that format=flowed broke, joined again (RFC 3676 section 4.1); the depth of ">" must be the same.

    Against the letter of it, a blank line stays one: it is what people see as the end of a paragraph.
    """
    joined: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flows and delete_space else content
        if depth == open_depth and content not in {"-- ", ""}:
            joined[-1].append(kept)
        else:
            joined.append([">" * depth + " " * bool(depth), kept])
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in joined)


def _whole_text(segments: list[_Segment], html_text: str | None, forwarded: list[str]) -> str:
    """What a person sees: each segment, plain where that says the same as the HTML; then enclosed mails, quoted."""
    shown = _shown(segments[0], html_text) if len(segments) == 1 else _shown_text(segments)
    quoted = ("\n".join(f"> {line}" for line in text.split("\n")) for text in forwarded)
    return "\n\n".join(text.strip("\n") for text in (shown, *quoted) if text.strip())


def _shown_text(segments: list[_Segment]) -> str:
    shown = (_shown(segment, _rendered(segment.html)) for segment in segments)
    return "\n\n".join(text.strip("\n") for text in shown if text.strip())


def _rendered(html: str | None) -> str | None:
    return None if html is None else markup.render(html)


def _shown(segment: _Segment, html_text: str | None) -> str:
    plain = segment.plain or ""
    if not html_text or not html_text.strip():
        return plain
    return html_text if not plain.strip() or _is_stub(plain, html_text) or _is_run_together(plain, html_text) else plain


def _is_stub(plain: str, html_text: str) -> bool:
    """Whether the plain form says something else than the HTML, such as that one's mail program is too old.

    Told without a list of languages: of its first words fewer than half occur in the HTML.
    """
    if len(html_text) * 4 < len(plain):  # a picture of the text, with a word or two below it
        return False
    words = plain[:2_000].split()[:40]
    seen = html_text[:65_536]
    return sum(word in seen for word in words) * 2 < len(words)


def _is_run_together(plain: str, html_text: str) -> bool:
    """Whether the plain form lost its line breaks (Samsung Mail), so that answer and quotation cannot be told apart."""
    return len(_full_lines(plain)) == 1 and len(_full_lines(html_text)) >= 4  # noqa: PLR2004 - a few would be chance


def _full_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _joined(texts: Iterable[str | None]) -> str | None:
    present = [text for text in texts if text is not None]
    return "\n".join(present) if present else None


# Characters -----------------------------------------------------------------------------------------------------------


def decode(raw: bytes, label: str) -> str:
    """`raw` as text. `label` is the charset it claims to be in; claims are often wrong, so the bytes are heard too.

    Order: UTF-8 where the claim is a one-byte charset and the bytes disagree, then the claim, then UTF-8,
    then Windows-1252, which is what unlabelled western mail is in.
    """
    codec = _codec(label)
    if raw.isascii() and codec not in _ASCII_BYTES_ELSEWISE:
        shifts = b"\x1b" in raw and (b"\x1b$" in raw or b"\x1b(" in raw)
        return raw.decode(_shifting(codec) if shifts else "ascii", "replace")
    for candidate in (codec, "utf-8") if codec in _MANY_BYTES else ("utf-8", codec):
        text = _strictly(raw, _endian(raw) if candidate == "utf-16" else candidate)
        if text is not None:
            return text
    return _best_effort(raw, codec)


def _shifting(codec: str) -> str:
    """The codec for bytes with escape sequences (ISO 2022): Japanese unless another is claimed."""
    return codec if codec.startswith("iso2022_kr") else "iso2022_jp_ext"


def _strictly(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeError:
        return None


def _best_effort(raw: bytes, codec: str) -> str:
    """The claimed charset where it is mostly right, else Windows-1252 or at last ISO 8859-1, which knows every byte."""
    text = raw.decode(codec, "replace")
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    if codec != _WESTERN and text.count("\ufffd") * 4 <= foreign:
        return text
    return _strictly(raw, _WESTERN) or raw.decode("latin-1")


def _endian(raw: bytes) -> str:
    """UTF-16 without a mark: the zero bytes of ASCII letters tell the order; else big-endian (RFC 2781 section 4.3)."""
    if raw[:2] in {codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE}:
        return "utf-16"
    return "utf-16-le" if raw[1:200:2].count(0) > raw[0:200:2].count(0) else "utf-16-be"


@lru_cache(maxsize=256)
def _codec(label: str) -> str:
    """The codec of a charset label. Only charsets of mail: some of Python's others are slow or raise by design."""
    name = label.strip(" \t\"'").lower().replace("_", "-")[:40]
    name = _CODECS.get(name, name)
    try:
        return codecs.lookup(name).name if _CHARSET_OF_MAIL.fullmatch(name) else _WESTERN
    except (LookupError, ValueError):
        return _WESTERN


_WESTERN = "cp1252"


_CHARSET_OF_MAIL = re.compile(
    r"utf-?(?:7|8|16|32)(?:-?[bl]e)?|iso-?8859-?\d{1,2}|windows-?\d{3,4}|cp-?\d{3,5}|koi8-?[rut]|mac-?[a-z]{2,9}"
    r"|big5(?:hkscs)?|gb18030|euc-?[a-z]{2}|hz|johab|iso-?2022-?(?:jp|kr)[a-z0-9-]{0,4}|ptcp154|tis-?620"
)

_CODECS = {
    # A superset that decodes all its predecessors, which are mixed up freely in the labels.
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb-2312-80", "cn-gb", "cp936", "chinese"), "gb18030"),
    **dict.fromkeys(("shift-jis", "shift-jisx0213", "sjis", "x-sjis", "ms-kanji", "windows-31j"), "cp932"),
    **dict.fromkeys(("ks-c-5601-1987", "ks-c-5601", "euc-kr", "ksc5601", "korean"), "cp949"),
    **dict.fromkeys(("big5", "big-5", "x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii", ""), "cp1252"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical"), "iso-8859-8"),
    **dict.fromkeys(("utf8mb4", "utf-8-sig", "x-utf-8", "utf-8n", "unicode-2-0-utf-8"), "utf-8"),
    **dict.fromkeys(("unicode-1-1-utf-7", "x-unicode-2-0-utf-7"), "utf-7"),
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "latin2": "iso-8859-2",
    "latin-9": "iso-8859-15",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "unicode": "utf-16",
}

_ASCII_BYTES_ELSEWISE = frozenset(
    {"utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "hz"}
)
_MANY_BYTES = _ASCII_BYTES_ELSEWISE | {
    *("gb18030", "cp932", "cp949", "cp950", "big5hkscs", "euc_jp", "johab", "euc_kr"),
    *("iso2022_kr", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3", "iso2022_jp_2004", "iso2022_jp_ext"),
}


def readable(text: str) -> str:
    """`text` with line feeds and ordinary spaces only, and without characters that nobody sees."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return _ODD.sub(lambda odd: _ODD_AS.get(odd[0], ""), text.replace("\r\n", "\n"))


_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_ODD_AS = {
    **dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\xa0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f", " "),
}


# Header fields --------------------------------------------------------------------------------------------------------


def decoded(value: str) -> str:
    """A field's value as one line of text: unfolded, encoded words read (RFC 2047), no control character left."""
    if value.isascii() and value.isprintable() and "=?" not in value:
        return value.strip()
    text = _words_decoded(_eight_bit(value))
    return _INVISIBLE.sub("", _BREAK.sub(" ", text)).strip()


_BREAK = re.compile("\r?\n[ \t]?|[\t\r\x0b\x0c\x85\xa0\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def _eight_bit(value: str) -> str:
    """Bytes that no charset was declared for, read as UTF-8 (RFC 6532) or Windows-1252."""
    return value if value.isascii() else decode(value.encode("utf-8", "surrogateescape"), "utf-8")


def _words_decoded(value: str) -> str:
    """Encoded words read; spaces between two of them dropped, bytes of a character split over two joined again."""
    if "=?" not in value:
        return value
    pieces: list[str] = []
    held, held_charset, end = b"", "", 0
    for word in _ENCODED_WORD.finditer(value):
        between = value[end : word.start()]
        charset = word[1].partition("*")[0].lower()
        if between.strip() or charset != held_charset:
            pieces.append(decode(held, held_charset))
            held = b""
        if between.strip() or not end:
            pieces.append(between)
        held, held_charset, end = held + _word_bytes(word[2], word[3]), charset, word.end()
    return "".join([*pieces, decode(held, held_charset), value[end:]])


# Tolerates spaces and question marks inside a word; the runs end at the next "=?", so that the search stays linear.
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([BbQq])\?((?:[^?=]|=(?!\?)|\?(?!=))*+=?)\?=")


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape")
    if encoding in "Bb":
        return _from_base64(raw)
    return binascii.a2b_qp(raw.replace(b"_", b" "))


def content_type(value: str) -> tuple[str | None, dict[str, str]]:
    """Media type (None when it is none) and parameters of a structured field, RFC 2231 continuations joined."""
    value = value[:LONGEST_PARAMETERS]
    media = _MEDIA_TYPE.match(value)
    parameters: dict[str, str] = {}
    continued: dict[str, dict[int, str]] = {}
    for name, quoted, piece in _PARAMETER.findall(value):
        text = _UNESCAPED.sub(r"\1", quoted) if quoted else piece.strip()
        base, star, number = name.lower().rstrip("*").partition("*")
        text = _percent_decoded(text, first=number in {"", "0"}) if name.endswith("*") else text
        if star and number.isdecimal():
            continued.setdefault(base, {})[int(number)] = text
        else:
            parameters.setdefault(base, text)
    for base, pieces in continued.items():
        parameters.setdefault(base, "".join(pieces[number] for number in sorted(pieces)))
    return media[1].lower() if media else None, parameters


_MEDIA_TYPE = re.compile(r"\s*([\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100})")
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,60})\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;]*))')
_UNESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _percent_decoded(text: str, *, first: bool) -> str:
    charset, quote, rest = text.partition("'")
    if first and quote:
        return decode(_percent_bytes(rest.partition("'")[2]), charset)
    return decode(_percent_bytes(text), "utf-8")


def _percent_bytes(text: str) -> bytes:
    # Quoted-printable but for its escape character.
    return binascii.a2b_qp(text.replace("=", "=3D").replace("%", "=").encode("utf-8", "surrogateescape"))


def message_ids(value: str) -> tuple[str, ...]:
    """Every msg-id in `value`, with its angle brackets, none twice; comments and phrases of old mailers are skipped."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(value)))


_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,996}>")


def moment(value: str) -> datetime | None:
    """A Date field as an instant in UTC; None when it is none, or no date that a mail can have."""
    try:
        fields = parsedate_tz(decoded(value[:200]))
        if fields is None or not FIRST_YEAR <= fields[0] <= LAST_YEAR:
            return None
        seconds = fields[9] or 0
        offset = timedelta(seconds=seconds if abs(seconds) <= FARTHEST_OFFSET else 0)
        year, month, day, hour, minute, second = fields[:6]
        return (datetime(year, month, day, hour, minute, min(second, 59), tzinfo=ZERO_OFFSET) - offset).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


# Mailboxes ------------------------------------------------------------------------------------------------------------


def mailboxes(value: str) -> tuple[Address, ...]:
    """The mailboxes of an address list (RFC 5322 section 3.4), groups opened, in order; what is no address is left out.

    Reads what people's programs write: unquoted commas in names, comments for names, stray quotes and brackets.
    """
    value = _eight_bit(value)
    if _LIST_OF_ADDR_SPECS.fullmatch(value):
        return tuple(Address("", email.strip()) for email in value.split(","))
    found = tuple(_mailboxes(value))
    if not found and "=?" in value and "@" not in value:
        return tuple(_mailboxes(_words_decoded(value)))
    return found


def _mailboxes(value: str) -> Iterator[Address]:
    surname = ""
    for entry in _entries(value):
        address = _address(entry, surname)
        if address is not None:
            yield address
        surname = entry.phrase.strip() if address is None and entry.angle is None else ""


@dataclass(slots=True)
class _Entry:
    """What stands between two commas. `phrase` is without quotes, `written` with them."""

    phrase: str = ""
    written: str = ""
    comment: str = ""
    angle: str | None = None


def _entries(value: str) -> Iterator[_Entry]:
    """Splits at commas and semicolons that stand outside of quotes, comments and angle brackets; linear."""
    entry, depth = _Entry(), 0
    comments = value.count("(") == value.count(")")
    groups = ";" in value
    for piece in _MAILBOX_PIECE.findall(value):
        if comments and piece in "()":
            depth = max(0, depth + (1 if piece == "(" else -1))
        elif depth:
            entry.comment += piece
        elif piece in ",;":
            yield entry
            entry = _Entry()
        elif piece == ":" and groups and entry.angle is None and "@" not in entry.written:
            entry = _Entry()
        else:
            _take(piece, entry)
    yield entry


def _take(piece: str, entry: _Entry) -> None:
    if len(piece) > 1 and piece[0] == "<" and piece[-1] == ">":
        entry.angle = piece[1:-1] if entry.angle is None else entry.angle
        return
    if entry.angle is not None and entry.phrase.strip():
        return
    entry.written += piece
    entry.phrase += _UNESCAPED.sub(r"\1", piece[1:-1]) if len(piece) > 1 and piece[0] == '"' else piece


_MAILBOX_PIECE = re.compile(
    r"=\?[^?\s]{1,60}\?[BbQq]\?(?:[^?=\s]|=(?!\?)|\?(?!=))*+=?\?="  # an encoded word may hold any of the rest
    r'|"(?:[^"\\]|\\.){0,256}+"|<[^<>]{0,998}>|[,;:()<>"\\=]|(?:[^,;:()<>"\\=]|=(?!\?))++',
    re.DOTALL,
)


def _address(entry: _Entry, surname: str) -> Address | None:
    """The mailbox of one entry; `surname` is what stood alone before the last comma: `Doe, Jane <jane@…>`."""
    if entry.angle is not None:
        email, name = _addr_spec(entry.angle), entry.phrase or entry.comment
        name = f"{surname}, {name.strip()}" if surname and entry.phrase.strip() and '"' not in entry.written else name
    elif entry.written.lstrip().startswith('"') and '"@' in entry.written:
        email, name = _addr_spec(entry.written), entry.comment
    else:
        words = entry.phrase.replace("<", " ").replace(">", " ").split()
        email = next((spec for spec in map(_addr_spec, reversed(words)) if spec), None)
        name = entry.comment or " ".join(word for word in words if "@" not in word)
    return None if email is None else Address(_display_name(name, email), email)


def _display_name(name: str, email: str) -> str:
    text = " ".join(decoded(name).split()).strip("\"' ")
    return "" if text.casefold() == email.casefold() else text


def _addr_spec(text: str) -> str | None:
    """An addr-spec that can be written to, or None; a route (RFC 5322 section 4.4) and `mailto:` are taken off."""
    text = (
        (text.strip() if '"' in text else "".join(text.split()))
        .removeprefix("mailto:")
        .removeprefix("MAILTO:")
        .strip("'")
    )
    if text.startswith("@"):
        text = text.rpartition(":")[2]
    return text if _ADDR_SPEC.fullmatch(text) and text.isprintable() else None


_ATOMS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]"
_LIST_OF_ADDR_SPECS = re.compile(
    rf"\s{{0,9}}+{_ATOMS}{{1,99}}@{_ATOMS}{{1,200}}(?:,\s{{0,9}}+{_ATOMS}{{1,99}}@{_ATOMS}{{1,200}})*+\s{{0,9}}"
)
"""Most lists of recipients hold nothing but these, which need no closer look."""

_ADDR_SPEC = re.compile(
    r'(?:"[^"@]{1,200}"|[^"@\s<>()\[\],;:\\]{1,200})@(?:[^"@\s<>()\[\],;:\\]{1,255}|\[[^\[\]\s@]{1,80}\])'
)
