"""Pure. RFC 5322 bytes of our own mail: ASCII, CRLF, with exactly the header fields that it should have.

The header is written here and not by `email`, which decodes an encoded word in a Subject that is text, newline and all
(python/cpython#121650), turns a Message-ID of more than 78 characters into an encoded word, and with longer lines
writes encoded words that RFC 2047 forbids. The body is left to it.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from agent.errors import GraciousError
from agent.model import Address, OwnerMail, Question

NAME_OF_THE_AGENT = "Gracious"
"""The display name of our mail to the owner, so that an inbox shows who asks."""

ALLOWED = frozenset(
    {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    }
)
ALLOWED_TO_OWNER = ALLOWED | {"auto-submitted", "x-auto-response-suppress", "x-gracious-asks"}

_LINE = 78
"""RFC 5322 section 2.1.1: characters a line should not exceed."""
_LONGEST_LINE = 998
"""The same section: characters that it must not."""
_ENCODED_OCTETS = 42
"""Octets of text in one encoded word: with its frame that makes 68 characters (RFC 2047 section 2: at most 75)."""
_LONGEST_VALUE = 2000
"""Characters of one field's text; a subject that is longer is no subject."""
_LONGEST_ID = 900
_LONGEST_ADDRESS = 320
"""RFC 5321 section 4.5.3.1: 64 octets, an "@", 255 octets."""
_MOST_REFERENCES = 100
"""RFC 5322 does not limit them, but relays limit the size of a header: the first and the last ones are kept."""
_ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that a person does not see: controls, bidi marks, surrogates, line separators."""
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_JOINERS = frozenset("\u200c\u200d")
"""Invisible, but letters of Persian and of many Indian languages, and emoji, need them."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter to somebody else, as it stands in Drafts."""

    author: Address
    recipients: tuple[Address, ...]
    subject: str
    date: datetime
    """Aware; its own offset is written."""
    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    text: str
    html: str | None = None
    """None for a plain letter."""


def owner_mail(mail: OwnerMail) -> bytes:
    """Return a mail to the owner, from and to the address that writes."""
    owner, stamp = mail.owner, mail.stamp
    asks = ", ".join(question.value for question in Question if question in mail.asked)
    fields = [
        ("From", _mailboxes([Address(NAME_OF_THE_AGENT, owner.address)])),
        ("To", _mailboxes([Address(owner.name, owner.address)])),
        ("Subject", _words(one_line(mail.subject))),
        ("Date", _atoms(format_datetime(stamp.now.astimezone(owner.timezone)))),
        ("Message-ID", _ids([stamp.message_id])),
        ("In-Reply-To", _ids(stamp.thread[-1:])),
        ("References", _ids(stamp.thread)),
        ("Auto-Submitted", ["auto-generated"]),
        ("X-Auto-Response-Suppress", ["All"]),
        ("X-Gracious-Asks", _atoms(asks)),
    ]
    return _assembled(fields, _body(mail.text, mail.html, stamp.message_id), ALLOWED_TO_OWNER)


def draft(letter: Letter) -> bytes:
    """Return a letter for Drafts."""
    fields = [
        ("From", _mailboxes([letter.author])),
        ("To", _mailboxes(letter.recipients)),
        ("Subject", _words(one_line(letter.subject))),
        ("Date", _atoms(format_datetime(letter.date))),
        ("Message-ID", _ids([letter.message_id])),
        ("In-Reply-To", _ids([letter.in_reply_to or ""])),
        ("References", _ids(letter.references)),
    ]
    return _assembled(fields, _body(letter.text, letter.html, letter.message_id), ALLOWED)


def one_line(text: str, limit: int = _LONGEST_VALUE) -> str:
    """`text` in one line of visible characters, cut between words to at most `limit` of them."""
    seen = "".join(map(_visible, text[: 4 * limit]))
    line = " ".join(seen.split())
    return line if len(line) <= limit else _cut(line, limit - 3).rstrip(" ,.;:") + "..."


def many_lines(text: str) -> str:
    r"""`text` with `\n` alone between its lines, and without characters that a mail cannot hold."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    return "\n".join(_UNWRITABLE.sub("", line).rstrip() for line in lines)


def is_writable(email: str) -> bool:
    """Whether an address can stand in a header of ASCII; others would need SMTPUTF8 (RFC 6531) of every server."""
    local, at, domain = email.rpartition("@")
    return bool(local and at and _ascii_domain(domain)) and _is_printable(local) and len(email) <= _LONGEST_ADDRESS


# The header -----------------------------------------------------------------------------------------------------------


def _assembled(fields: Iterable[tuple[str, Sequence[str]]], body: bytes, allowed: frozenset[str]) -> bytes:
    header = "".join(f"{_folded(name, atoms)}\r\n" for name, atoms in fields if atoms)
    content = header.encode("ascii") + body
    _assert_only(allowed, content)
    return content


def _assert_only(allowed: frozenset[str], content: bytes) -> None:
    """Raise GraciousError when the final bytes have another header field than they should, or one twice."""
    lines = content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    names = [line.partition(b":")[0].decode("ascii").lower() for line in lines if not line.startswith((b" ", b"\t"))]
    if wrong := [name for name in names if name not in allowed or names.count(name) > 1]:
        raise GraciousError(f"A mail was about to be written with a header field that it must not have: {wrong[0]!r}.")


def _folded(name: str, atoms: Sequence[str]) -> str:
    """`name: atoms`, broken only between atoms (RFC 5322 section 2.2.3)."""
    lines = [f"{name}:"]
    for atom in atoms:
        if len(lines[-1]) + 1 + len(atom) > _LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {atom}"
    return "\r\n".join(lines)


def _atoms(text: str) -> list[str]:
    return text.split()


def _words(text: str) -> list[str]:
    """An unstructured value; encoded as a whole where it is more than ASCII, or would be taken for encoded."""
    if not text.isascii() or "=?" in text or any(len(word) > _LONGEST_LINE - _LINE for word in text.split()):
        return _encoded(text)
    return _atoms(text)


def _encoded(text: str) -> list[str]:
    """Encoded words of RFC 2047, none of which ends inside a character. Between them white space does not count."""
    pieces, octets = [], b""
    for char in text:
        if len(octets) + len(char.encode()) > _ENCODED_OCTETS:
            pieces.append(octets)
            octets = b""
        octets += char.encode()
    return [f"=?utf-8?B?{base64.b64encode(piece).decode()}?=" for piece in (*pieces, octets) if piece]


def _mailboxes(addresses: Sequence[Address]) -> list[str]:
    groups = [_mailbox(address) for address in addresses]
    with_commas = [[*group[:-1], f"{group[-1]},"] for group in groups[:-1]] + groups[-1:]
    return [atom for group in with_commas for atom in group]


def _mailbox(address: Address) -> list[str]:
    """`name <address>`; one that ASCII cannot hold becomes an empty group of that name, which reaches nobody."""
    if not is_writable(address.email):
        return [*_phrase(one_line(address.email, 200)), ":;"]
    local, _, domain = address.email.rpartition("@")
    written = f"{_local_part(local)}@{_ascii_domain(domain)}"
    name = one_line(address.name, 200)
    return [*_phrase(name), f"<{written}>"] if name else [written]


def _phrase(text: str) -> list[str]:
    """A display name (RFC 5322 section 3.2.5)."""
    if not text.isascii() or "=?" in text:
        return _encoded(text)
    if all(set(word) <= _ATOM - {"."} for word in text.split()):
        return _atoms(text)
    return _atoms(_quoted(text))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _local_part(local: str) -> str:
    is_dot_atom = set(local) <= _ATOM and all(local.split("."))
    return local if is_dot_atom or local.startswith('"') else _quoted(local)


def _ascii_domain(domain: str) -> str:
    """The domain, by IDNA where it has other letters; empty when it is none."""
    if domain.startswith("["):
        return domain if _is_printable(domain) and " " not in domain else ""
    try:
        name = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return name if name and set(name) <= _ATOM else ""


def _ids(message_ids: Iterable[str]) -> list[str]:
    """Message-IDs, none twice; those that no header can hold are left out."""
    fit = [each for each in dict.fromkeys(message_ids) if each and len(each) <= _LONGEST_ID and _is_id(each)]
    return fit if len(fit) <= _MOST_REFERENCES else [fit[0], *fit[1 - _MOST_REFERENCES :]]


def _is_id(text: str) -> bool:
    return text.startswith("<") and text.endswith(">") and _is_printable(text) and " " not in text


def _is_printable(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _visible(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in _INVISIBLE and char not in _JOINERS else char


def _cut(line: str, limit: int) -> str:
    head = line[:limit]
    return head.rpartition(" ")[0] if " " in head[limit // 2 :] else head


# The body -------------------------------------------------------------------------------------------------------------


def _body(text: str, html: str | None, message_id: str) -> bytes:
    """From MIME-Version on. The boundary follows from the Message-ID, so that one letter has always the same bytes."""
    body = EmailMessage(policy=SMTP)
    plain = many_lines(text)
    body.set_content(plain, cte=_transfer_encoding(plain))
    if html is not None:
        ascii_html = many_lines(html).encode("ascii", "xmlcharrefreplace").decode("ascii")
        body.add_alternative(ascii_html, subtype="html", cte=_transfer_encoding(ascii_html))
        body.set_boundary(_boundary(message_id))
        for part in body.iter_parts():
            del part["MIME-Version"]
    return body.as_bytes()


def _transfer_encoding(text: str) -> str:
    """7bit wherever it can be: what is not encoded cannot be broken in the middle of a word."""
    is_short = all(len(line) <= _LONGEST_LINE for line in text.split("\n"))
    return "7bit" if text.isascii() and is_short else "quoted-printable"


def _boundary(message_id: str) -> str:
    """`=_` stands in no body: quoted-printable has no `=` before `_`, and a line of HTML does not begin with it."""
    letters = "".join(char for char in message_id if char.isascii() and char.isalnum())
    return f"=_{letters[:48]}"
