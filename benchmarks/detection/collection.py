"""I/O: files. Collections of written mail, one TOML file a language, checked; and each mail as it would arrive.

README.md beside this folder tells the format. All mail is for the same owner, and is rendered the same way each time.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from agent.model import Kind, Owner

OWNER = Owner("Alex Morgan", ("alex@example.com",))
LABELS = frozenset(str(kind) for kind in Kind)

_STRINGS = ("from", "to", "cc", "reply_to", "subject", "introducer", "contact", "body")
_KEYS = frozenset({*_STRINGS, "label", "implicit", "headers", "html"})
_OF_OFFERS = ("introducer", "contact")
_RENDERED = frozenset({"from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"})
_MAILBOX = re.compile(
    r"\s*(?:(?P<bare>[^<>\s,\"]+@[^<>\s,\"]+)(?=\s*(?:,|$))|(?P<name>[^<>]*?)\s*<(?P<email>[^<>\s]+@[^<>\s]+)>)\s*(?:,|$)"
)
_RESERVED = re.compile(r"(?:.*\.)?(?:example|test|invalid|example\.(?:com|net|org))", re.IGNORECASE)
"""Domains that are nobody's (RFC 2606)."""
_FIELD_NAME = re.compile(r"[!-9;-~]+")
_FIRST = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class CollectionFault(Exception):
    """Everything that is wrong with a collection, one line each; no line repeats the words of a mail."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Mail:
    """One mail of a collection: what it is, and what it is rendered from."""

    language: str
    number: int
    """From 1, in the order of the file."""
    label: str
    author: str
    subject: str
    body: str
    to: str = "Alex Morgan <alex@example.com>"
    cc: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_html: bool = False
    is_implicit: bool = False
    introducer: str = ""
    contact: str = ""

    @property
    def name(self) -> str:
        """What reports call it, such as es/007."""
        return f"{self.language}/{self.number:03}"

    @property
    def words(self) -> str:
        """What tells the same mail in another collection: its body, however it is spaced."""
        return " ".join(self.body.split())


def load(path: Path) -> list[Mail]:
    """Return the mails of one file. Raises CollectionFault with every problem in it."""
    place = f"{path.parent.name}/{path.name}"
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CollectionFault([f"{place}: {error}"]) from None
    problems = [f"{place}: {problem}" for problem in _document_problems(document, path.stem)]
    if problems:
        raise CollectionFault(problems)
    language, rows = document["language"], document["mail"]
    for number, row in enumerate(rows, start=1):
        problems += [f"{place}, mail {number}: {problem}" for problem in _problems(row)]
    if problems:
        raise CollectionFault(problems)
    return [_mail(language, number, row) for number, row in enumerate(rows, start=1)]


def _document_problems(document: Mapping[str, Any], stem: str) -> Iterator[str]:
    language, rows = document.get("language"), document.get("mail")
    if language != stem:
        yield f"language must be {stem!r}, as the file is called"
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        yield "there must be at least one [[mail]]"
    for key in sorted(document.keys() - {"language", "mail"}):
        yield f"unknown key {key!r} outside of [[mail]]"


def _problems(row: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(row.keys() - _KEYS):
        yield f"unknown key {key!r}"
    for key in _STRINGS:
        if key in row and not isinstance(row[key], str):
            yield f"{key} must be a string"
    for key in ("implicit", "html"):
        if not isinstance(row.get(key, False), bool):
            yield f"{key} must be true or false"
    for key in ("label", "from", "subject", "body"):
        if key not in row:
            yield f"{key} is missing"
    if isinstance(row.get("body"), str) and not row["body"].strip():
        yield "body is empty"
    if "\n" in str(row.get("subject", "")):
        yield "subject must be one line"
    yield from _label_problems(row)
    yield from _address_problems(row)
    yield from _header_problems(row.get("headers", {}))


def _label_problems(row: Mapping[str, Any]) -> Iterator[str]:
    label = row.get("label")
    if "label" in row and label not in LABELS:
        yield f"label {label!r} is none of {', '.join(sorted(LABELS))}"
        return
    for key in _OF_OFFERS:
        if label == "offer" and key not in row:
            yield f'{key} is missing; "" says that nobody can know it'
        if label != "offer" and row.get(key):
            yield f"{key} is for offers only"
    if label != "offer" and row.get("implicit"):
        yield "implicit is for offers only"


def _address_problems(row: Mapping[str, Any]) -> Iterator[str]:
    for key in ("from", "to", "cc", "reply_to"):
        value = row.get(key)
        if not isinstance(value, str):
            continue
        try:
            found = mailboxes(value)
        except ValueError as error:
            yield f"{key} {error}"
            continue
        if key == "from" and len(found) != 1:
            yield "from must be one address"
        if not all(_RESERVED.fullmatch(one.domain) for one in found):
            yield f"{key} holds an address that does not end in .example, .test or .invalid"


def _header_problems(headers: Any) -> Iterator[str]:
    if not isinstance(headers, dict):
        yield "headers must be a table"
        return
    for name, value in headers.items():
        if not _FIELD_NAME.fullmatch(name):
            yield f"headers: {name!r} is no name of a header field"
        elif name.lower() in _RENDERED:
            yield f"headers: {name} is rendered from other keys"
        if not isinstance(value, str) or "\n" in value:
            yield f"headers: {name} must be a string of one line"


def mailboxes(text: str) -> tuple[Address, ...]:
    """Return the addresses of `Name <address>, address, …`; names may hold commas. Raises ValueError."""
    found, place = [], 0
    while place < len(text.rstrip()):
        match = _MAILBOX.match(text, place)
        if match is None:
            raise ValueError("is no list of addresses such as Name <name@host.example>, other@host.example")
        email = match["bare"] or match["email"]
        if not email.isascii():
            raise ValueError("holds an address that is not ASCII")
        found.append(Address(_unquoted(match["name"] or ""), addr_spec=email))
        place = match.end()
    return tuple(found)


def _unquoted(name: str) -> str:
    is_quoted = len(name) > 1 and name[0] == name[-1] == '"' and '"' not in name[1:-1]
    return name[1:-1] if is_quoted else name


def _mail(language: str, number: int, row: Mapping[str, Any]) -> Mail:
    optional = {key: row[key] for key in ("to", "cc", "reply_to", "headers", *_OF_OFFERS) if key in row}
    return Mail(
        language,
        number,
        row["label"],
        row["from"],
        row["subject"],
        row["body"],
        is_html=row.get("html", False),
        is_implicit=row.get("implicit", False),
        **optional,
    )


def render(mail: Mail) -> bytes:
    """Return the mail as RFC 5322 bytes; the same ones whenever it is asked for."""
    message = EmailMessage(policy=SMTP)
    message["From"] = mailboxes(mail.author)
    for name, value in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", mail.reply_to)):
        if value:
            message[name] = mailboxes(value)
    message["Subject"] = mail.subject
    message["Date"] = _FIRST + timedelta(minutes=7 * mail.number)
    message["Message-ID"] = f"<{hashlib.sha256(mail.body.encode()).hexdigest()[:20]}.{mail.number}@mail.example>"
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.body, subtype="html" if mail.is_html else "plain", charset="utf-8")
    return message.as_bytes()
