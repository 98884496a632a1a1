"""I/O: IMAP. One session with the owner's server; the only module that speaks IMAP.

Everything is read: mailboxes are opened by EXAMINE, contents by BODY.PEEK, messages are named by UID alone. The only
command that writes is APPEND. After any fault of the connection the session is over: an answer that comes late would
be taken for the answer to the next command.
"""

import contextlib
import logging
import re
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import imapclient
from imapclient import exceptions as imap_errors
from imapclient import imap_utf7
from imapclient.response_types import BodyData

from agent import skim
from agent.errors import LoginRefused, MailboxError, MailboxUnavailable, NoSuchMailbox
from agent.skim import Part
from agent.transport import CONNECT_SECONDS, READ_SECONDS, Server, tls_context

log = logging.getLogger("gracious")
logging.getLogger("imapclient").setLevel(logging.WARNING)

_HEADER_OCTETS = 128 * 1024
_SEARCHED_BY_HAND = 100
"""How many of the newest messages are looked through when SEARCH says that a Message-ID is not there."""
MOST_OF_A_WHOLE = 1024 * 1024
"""Octets fetched of a mail that encloses another one; what a person wrote stands before what is attached."""
_DRAFT_FLAGS = (rb"\Draft", rb"\Seen")
_PASSING_CODES = frozenset({"UNAVAILABLE", "LIMIT", "INUSE", "SERVERBUG", "THROTTLED", "OVERQUOTA"})
"""Response codes of RFC 5530 (and of busy providers) after which the same login may succeed later."""
_BUSY_CODES = _PASSING_CODES - {"SERVERBUG"}
"""Those that concern the whole account; a SERVERBUG may be one message's."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_RESPONSE_CODE = re.compile(r"\[([A-Z-]{2,30})")
_PARSER_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, RecursionError)

# Where a server has no SPECIAL-USE (RFC 6154): the names that common servers and clients give these mailboxes.
_WELL_KNOWN: Mapping[str, tuple[str, ...]] = {
    "drafts": ("drafts", "draft", "entwürfe", "entwurf", "brouillons", "borradores", "rascunhos", "bozze", "concepten"),
    "sent": (
        "sent",
        "sent items",
        "sent mail",
        "sent messages",
        "gesendet",
        "gesendete objekte",
        "gesendete elemente",
        "envoyés",
        "messages envoyés",
        "éléments envoyés",
        "enviados",
        "elementos enviados",
        "itens enviados",
        "inviati",
        "posta inviata",
        "verzonden",
        "verzonden items",
    ),
}


@dataclass(frozen=True, slots=True)
class Special:
    """The mailboxes that Gracious looks into, by their names on the wire; None where there is none."""

    inbox: str
    drafts: str | None
    sent: str | None
    others: tuple[str, ...] = ()
    """\\Trash, \\Archive and \\All: where a mail of ours may lie after the owner or the provider moved it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What EXAMINE told. `uid_next` is None where the server does not say."""

    name: str
    uid_validity: int | None
    uid_next: int | None
    exists: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A message before its text is fetched."""

    uid: int
    flags: frozenset[str]
    """Lower-case, such as `\\answered`."""
    internal_date: datetime | None
    size: int
    header: bytes
    structure: Part | None
    """None when the server's BODYSTRUCTURE was unusable."""


def shown(name: str) -> str:
    """Return a mailbox name as a person writes it; the wire form is modified UTF-7 (RFC 3501 section 5.1.3)."""
    try:
        return str(imap_utf7.decode(name.encode("latin-1")))
    except _PARSER_FAULTS:
        return name


def wired(name: str) -> str:
    """Return a mailbox name in its wire form."""
    return str(imap_utf7.encode(name).decode("latin-1"))


def _search_date(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"


def _is_searchable(text: str) -> bool:
    """Whether SEARCH can be asked for it: a quoted string holds printable ASCII (RFC 9051 section 9)."""
    return text.isascii() and text.isprintable()


def _quoted(text: str) -> str:
    """Return a quoted string. The library leaves brackets and braces bare, and servers then refuse the command."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextlib.contextmanager
def _translated(doing: str, passing: frozenset[str] = _PASSING_CODES) -> Iterator[None]:
    """Turn the library's, the socket's and TLS' errors into ours; the one place where that happens.

    `passing` are the response codes after which the same command may succeed later.
    """
    try:
        yield
    except imap_errors.IMAPClientAbortError as error:
        raise MailboxUnavailable(f"The connection to the IMAP server broke while {doing}: {_said(error)}.") from error
    except imap_errors.ProtocolError as error:
        raise MailboxUnavailable(f"The IMAP server was not understood while {doing}: {_said(error)}.") from error
    except imap_errors.IMAPClientError as error:
        raise _refusal(doing, error, passing) from error
    except ssl.SSLError as error:
        raise MailboxUnavailable(f"The TLS connection to the IMAP server failed: {_said(error)}.") from error
    except OSError as error:
        raise MailboxUnavailable(f"The IMAP server cannot be reached: {_said(error)}.") from error
    except _PARSER_FAULTS as error:
        raise MailboxUnavailable(f"The IMAP server was not understood while {doing}: {_said(error)}.") from error


def _refusal(doing: str, error: Exception, passing: frozenset[str]) -> MailboxError:
    sentence = f"The IMAP server refused {doing}: {_said(error)}."
    return MailboxUnavailable(sentence) if _codes(error) & passing else MailboxError(sentence)


def _said(error: BaseException) -> str:
    """Return what an error says, short and on one line; never with a literal's contents."""
    text = str(error) or type(error).__name__
    return " ".join(re.sub(r"""b'([^']{0,500})'""", r"\1", text).split())[:300].rstrip(".")


def _codes(error: BaseException) -> set[str]:
    return set(_RESPONSE_CODE.findall(str(error).upper()))


class Session:
    """One connection, signed in. Not for several threads."""

    def __init__(self, client: imapclient.IMAPClient) -> None:
        self._client = client
        self._opened: Opened | None = None

    @classmethod
    def connect(cls, server: Server, password: str) -> "Session":
        """Connect, protect, sign in.

        Raises LoginRefused when the credentials are not accepted, MailboxUnavailable for everything that may pass.
        """
        try:
            with _translated("connecting"):
                client = _connected(server)
        except MailboxError as error:  # BYE instead of a greeting, say: whatever it is, it may pass
            raise MailboxUnavailable(str(error)) from error
        session = cls(client)
        try:
            session._sign_in(server, password)
        except BaseException:
            session.close()
            raise
        return session

    def _sign_in(self, server: Server, password: str) -> None:
        with _translated("signing in"):
            try:
                if server.username.isascii() and password.isascii():
                    self._client.login(server.username, password)
                else:
                    self._client.plain_login(server.username, password)
            except imap_errors.LoginError as error:
                raise _login_fault(server, error) from error
        # Names stay as they are on the wire: one that is no valid UTF-7 would make the whole LIST unreadable.
        self._client.folder_encode = False
        self._client.normalise_times = False

    def close(self) -> None:
        """Log out if that is still possible, and close the connection. Raises nothing."""
        with contextlib.suppress(imap_errors.IMAPClientError, OSError, ValueError):
            self._client.socket().settimeout(2.0)
            self._client.logout()
        with contextlib.suppress(imap_errors.IMAPClientError, OSError):
            self._client.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def capabilities(self) -> frozenset[str]:
        """Return what the server can do, upper-case."""
        with _translated("asking for its capabilities"):
            return frozenset(text.decode("ascii", "replace").upper() for text in self._client.capabilities())

    # Mailboxes

    def special(self, inbox: str, drafts: str | None, sent: str | None) -> Special:
        """Find the special mailboxes: by configured name, by SPECIAL-USE attribute, then by well-known name."""
        listing = self.listing()
        by_use = {use: name for name, uses in reversed(listing) for use in uses}
        return Special(
            inbox=wired(inbox),
            drafts=wired(drafts) if drafts else by_use.get("\\drafts") or _by_well_known_name(listing, "drafts"),
            sent=wired(sent) if sent else by_use.get("\\sent") or _by_well_known_name(listing, "sent"),
            others=tuple(by_use[use] for use in ("\\trash", "\\archive", "\\all") if use in by_use),
        )

    def listing(self) -> list[tuple[str, frozenset[str]]]:
        """Return every mailbox that can be opened, with its attributes in lower case (Cyrus writes them so)."""
        with _translated("listing mailboxes"):
            rows = self._client.list_folders()
        found = [(_text(name), frozenset(_text(flag).lower() for flag in flags)) for flags, _, name in rows]
        return [(name, flags) for name, flags in found if not flags & {"\\noselect", "\\nonexistent"}]

    def examine(self, name: str) -> Opened:
        """Open a mailbox for reading; again if it is open, so that nothing new is missed.

        Raises NoSuchMailbox when there is none of that name.
        """
        self._opened = None
        with _translated(f"opening {shown(name)}"):
            try:
                answer = self._client.select_folder(name.encode("latin-1"), readonly=True)
            except imap_errors.IMAPClientAbortError:
                raise
            except imap_errors.IMAPClientError as error:
                if _codes(error) & _PASSING_CODES:
                    raise
                raise NoSuchMailbox(f"The mailbox {shown(name)} cannot be opened: {_said(error)}.") from error
        # Zero is no UIDVALIDITY (RFC 9051 section 2.3.1.1), though some servers say so.
        self._opened = Opened(
            name, answer.get(b"UIDVALIDITY") or None, answer.get(b"UIDNEXT") or None, int(answer.get(b"EXISTS", 0))
        )
        return self._opened

    # Finding messages

    def uids_after(self, uid: int) -> list[int]:
        """Return the UIDs above `uid`, ascending. `n:*` always names the last message, hence the filter."""
        return [found for found in self._search(f"UID {uid + 1}:*") if found > uid]

    def uids_since(self, day: date) -> list[int]:
        """Return the UIDs of messages whose INTERNALDATE is that day or later, ascending."""
        return self._search(f"SINCE {_search_date(day)}")

    def find(self, message_id: str) -> list[int]:
        """Return the UIDs of messages in the open mailbox with that Message-ID.

        An empty SEARCH is no proof (some hosted servers index headers late or not at all): the newest messages are
        then looked through by hand.
        """
        if not _is_searchable(message_id):
            return []
        found = self._search(f"HEADER Message-ID {_quoted(message_id)}")
        return found or self._find_by_hand(message_id)

    def _find_by_hand(self, message_id: str) -> list[int]:
        newest = self._search("ALL")[-_SEARCHED_BY_HAND:] if self._opened and self._opened.exists else []
        wanted = message_id.encode("ascii")
        item = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
        return [uid for uid, fields in self._fetch(newest, [item]) if wanted in _body(fields, b"BODY[HEADER.FIELDS")]

    def find_replies(self, message_id: str) -> list[int]:
        """Return the UIDs of messages in the open mailbox that reply to that Message-ID."""
        if not _is_searchable(message_id):
            return []
        return self._search(f"HEADER In-Reply-To {_quoted(message_id)}")

    def find_from(self, author: str, around: date | None) -> list[int]:
        """Return the UIDs of messages in the open mailbox by that address or name, ascending.

        `around` leaves out those whose Date is more than two days away.
        """
        if not _is_searchable(author):
            return []
        criteria = f"FROM {_quoted(author)}"
        if around is not None:
            first, last = (_search_date(around + timedelta(days=days)) for days in (-2, 3))
            criteria += f" SENTSINCE {first} SENTBEFORE {last}"
        return self._search(criteria)

    def has_mail_to(self, address: str) -> bool:
        """Whether the open mailbox holds a message to that address."""
        return _is_searchable(address) and bool(self._search(f"TO {_quoted(address)}"))

    def _search(self, criteria: str) -> list[int]:
        with _translated("searching"):
            # A new mail may be missing from the first SEARCH until the server was given a chance to tell of it.
            self._client.noop()
            return sorted(set(self._client.search(criteria)))

    # Reading

    def summaries(self, uids: Sequence[int]) -> Iterator[Summary]:
        """Yield header, flags, dates, size and structure of these messages; those that are gone are left out."""
        items = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "BODYSTRUCTURE", f"BODY.PEEK[HEADER]<0.{_HEADER_OCTETS}>"]
        for uid, fields in self._fetch(uids, items):
            yield _summary(uid, fields)

    def flags(self, uids: Sequence[int]) -> dict[int, frozenset[str]]:
        """Return the flags of those of these messages that are still there, lower-case."""
        return {uid: _flags(fields) for uid, fields in self._fetch(uids, ["FLAGS"])}

    def texts(self, summaries: Sequence[Summary]) -> Iterator[tuple[int, bytes]]:
        """Yield UID and raw message, skimmed: without what nobody reads as text. One round trip for each form."""
        groups: dict[tuple[str, ...], list[Summary]] = {}
        for summary in summaries:
            groups.setdefault(skim.sections(summary.structure, summary.size), []).append(summary)
        for wanted, group in groups.items():
            yield from self._texts(wanted, group)

    def _texts(self, wanted: tuple[str, ...], group: Sequence[Summary]) -> Iterator[tuple[int, bytes]]:
        by_uid = {summary.uid: summary for summary in group}
        if not wanted:
            yield from ((uid, _assembled(summary, {})) for uid, summary in by_uid.items())
            return
        items = [f"BODY.PEEK[{section}]<0.{skim.MOST_OF_A_PART}>" for section in wanted]
        for uid, fields in self._fetch(list(by_uid), items):
            bodies = {section: _body(fields, f"BODY[{section}]".encode()) for section in wanted}
            raw = bodies[skim.WHOLE] if wanted == (skim.WHOLE,) else _assembled(by_uid[uid], bodies)
            if raw:  # an empty literal is an answer of some servers, and no message
                yield uid, raw

    def whole(self, uid: int) -> bytes:
        """Return a message with what is enclosed in it, as far as MOST_OF_A_WHOLE; empty when it is gone."""
        item = f"BODY.PEEK[]<0.{MOST_OF_A_WHOLE}>"
        return next((_body(fields, b"BODY[]") for _, fields in self._fetch([uid], [item])), b"")

    def _fetch(self, uids: Sequence[int], items: Sequence[str]) -> Iterator[tuple[int, Mapping[bytes, Any]]]:
        """Fetch in one command; message by message when one answer in it cannot be parsed."""
        if not uids:
            return
        with _translated("fetching"):
            try:
                answer = self._client.fetch(list(uids), list(items))
            except imap_errors.IMAPClientAbortError:
                raise
            except (*_PARSER_FAULTS, imap_errors.IMAPClientError) as error:
                if _codes(error) & _BUSY_CODES:
                    raise
                answer = dict(self._fetched_singly(uids, items))
        # Some servers tell of other messages too, and of one of ours without what was asked for.
        yield from sorted((uid, answer[uid]) for uid in set(uids) & answer.keys())

    def _fetched_singly(self, uids: Sequence[int], items: Sequence[str]) -> Iterator[tuple[int, Mapping[bytes, Any]]]:
        plainly = [item for item in items if item != "BODYSTRUCTURE"]
        for uid in uids:
            try:
                yield from self._client.fetch([uid], plainly).items()
            except imap_errors.IMAPClientAbortError:
                raise
            except (*_PARSER_FAULTS, imap_errors.IMAPClientError) as error:
                log.warning("Message %d cannot be fetched: %s.", uid, _said(error))
                yield uid, {}

    # Writing

    def append_draft(self, mailbox: str, content: bytes) -> None:
        r"""Put a letter into Drafts, as `\Draft \Seen`; the server sets INTERNALDATE.

        Raises MailboxError when the server refuses it, MailboxUnavailable when nobody knows.
        """
        self._append(mailbox, content, _DRAFT_FLAGS)

    def append_to_inbox(self, mailbox: str, content: bytes) -> None:
        """Put a mail to the owner into the inbox, unread: the way of a check-in where there is no SMTP."""
        self._append(mailbox, content, ())

    def _append(self, mailbox: str, content: bytes, flags: Sequence[bytes]) -> None:
        with _translated(f"an APPEND to {shown(mailbox)}", passing=_BUSY_CODES - {"OVERQUOTA"}):
            self._client.append(mailbox.encode("latin-1"), content, flags)

    # Waiting

    def wait_for_news(self, seconds: float, wake: socket.socket) -> bool:
        """IDLE (RFC 2177) until the server tells of something new, `seconds` are over, or `wake` can be read.

        True when something changed. Raises MailboxUnavailable as soon as the connection is seen to be dead. The
        library's own `idle_check` spins on a closed connection and loses what comes in pieces.
        """
        with _translated("waiting"):
            return _Idle(self._client).round(seconds, wake)


class _Idle:
    """One IDLE command, over imaplib's own connection."""

    def __init__(self, client: imapclient.IMAPClient) -> None:
        self._imap = client._imap  # noqa: SLF001  # imaplib's connection: the library offers no sound IDLE
        self._socket: socket.socket = client.socket()

    def round(self, seconds: float, wake: socket.socket) -> bool:
        tag = self._imap._new_tag()  # noqa: SLF001
        self._imap.send(tag + b" IDLE\r\n")
        # Untagged data may come before the continuation; it is news like any other.
        has_news = self._read_until(lambda line: line.startswith(b"+"), tag)
        while not has_news and self._is_readable(seconds, wake):
            has_news = _tells_of_news(self._line())
        self._imap.send(b"DONE\r\n")
        # Courier announces what came only now.
        return self._read_until(lambda line: line.startswith(tag), tag) or has_news

    def _read_until(self, is_last: Callable[[bytes], bool], tag: bytes) -> bool:
        has_news = False
        while not is_last(line := self._line()):
            if line.startswith(tag):
                raise imap_errors.IMAPClientError(f"IDLE refused: {line.decode('ascii', 'replace').strip()}")
            has_news = _tells_of_news(line) or has_news
        return has_news

    def _line(self) -> bytes:
        line: bytes = self._imap.readline()
        if not line:
            raise imap_errors.IMAPClientAbortError("end of file")
        if line.upper().startswith(b"* BYE"):
            raise imap_errors.IMAPClientAbortError(line.decode("ascii", "replace").strip())
        return line

    def _is_readable(self, seconds: float, wake: socket.socket) -> bool:
        if self._has_buffered():
            return True
        ready, _, _ = select.select([self._socket, wake], [], [], seconds)
        return self._socket in ready and wake not in ready

    def _has_buffered(self) -> bool:
        """Whether a line, or a piece of one, has left the socket already and waits in a buffer."""
        timeout = self._socket.gettimeout()
        self._socket.settimeout(0)
        try:
            return bool(self._imap.file.peek(1))
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        finally:
            self._socket.settimeout(timeout)


def _tells_of_news(line: bytes) -> bool:
    words = line.upper().split()
    return len(words) > 2 and words[0] == b"*" and words[2] in {b"EXISTS", b"EXPUNGE", b"FETCH"}  # noqa: PLR2004


def _connected(server: Server) -> imapclient.IMAPClient:
    context = None if server.security == "none" else tls_context(server)
    client = imapclient.IMAPClient(
        server.host,
        server.port,
        ssl=server.security == "tls",
        ssl_context=context,
        timeout=imapclient.SocketTimeout(CONNECT_SECONDS, READ_SECONDS),
    )
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.socket().setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if server.security == "starttls":
        client.starttls(context)
    return client


def _login_fault(server: Server, error: Exception) -> MailboxError:
    said = _said(error)
    if "socket error" in said or "EOF" in said or _codes(error) & _PASSING_CODES:
        return MailboxUnavailable(f"Signing in to {server.host} did not work this time: {said}.")
    return LoginRefused(
        f"{server.host} refuses the login of {server.username}: {said}. "
        "Check the user name and the password; many providers want an app password here."
    )


def _by_well_known_name(listing: Iterable[tuple[str, frozenset[str]]], use: str) -> str | None:
    names = {re.split(r"[./\\]", shown(name))[-1].casefold(): name for name, _ in reversed(list(listing))}
    return next((names[known] for known in _WELL_KNOWN[use] if known in names), None)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _flags(fields: Mapping[bytes, Any]) -> frozenset[str]:
    return frozenset(_text(flag).lower() for flag in fields.get(b"FLAGS", ()))


def _body(fields: Mapping[bytes, Any], name: bytes) -> bytes:
    """Return the literal of an item whose answer may carry an origin (`BODY[1]<0>`); empty when it is NIL."""
    for key, value in fields.items():
        if key.startswith(name) and isinstance(value, bytes):
            return value
    return b""


def _summary(uid: int, fields: Mapping[bytes, Any]) -> Summary:
    moment = fields.get(b"INTERNALDATE")
    return Summary(
        uid=uid,
        flags=_flags(fields),
        internal_date=moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else None,
        size=int(fields.get(b"RFC822.SIZE") or 0),
        header=_body(fields, b"BODY[HEADER]"),
        structure=_structure(fields.get(b"BODYSTRUCTURE")),
    )


def _assembled(summary: Summary, bodies: Mapping[str, bytes]) -> bytes:
    structure = summary.structure or Part("TEXT", "text/plain")
    return skim.assemble(summary.header, structure, bodies)


def _structure(answer: Any) -> Part | None:
    try:
        return _part(answer, "", 0) if isinstance(answer, BodyData) else None
    except _PARSER_FAULTS:
        return None


def _part(body: Any, section: str, level: int) -> Part:
    if body.is_multipart:
        return _multipart(body, section, level)
    kind = f"{_text(body[0])}/{_text(body[1])}".lower()
    disposition, named = _disposition(body[8:])
    parameters = _parameters(body[2])
    return Part(
        # A message that is one part: its text is BODY[TEXT] for every server, BODY[1] for most.
        section=section or "TEXT",
        media_type=kind,
        parameters=parameters,
        encoding=_text(body[5] or b"7bit").lower(),
        size=int(body[6] or 0),
        disposition=disposition,
        filename=named.get("filename") or parameters.get("name"),
    )


def _multipart(body: Any, section: str, level: int) -> Part:
    if level > skim.MOST_LEVELS:
        raise ValueError("nested too deeply")
    prefix = f"{section}." if section else ""
    children = [_part(child, f"{prefix}{number}", level + 1) for number, child in enumerate(body[0], start=1)]
    parameters = _parameters(body[2]) if len(body) > 2 else {}  # noqa: PLR2004
    return Part(section, f"multipart/{_text(body[1])}".lower(), parameters, children=tuple(children))


def _parameters(flat: Any) -> dict[str, str]:
    if not isinstance(flat, tuple | list):
        return {}
    texts = [_text(item) for item in flat]
    return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=False)}


def _disposition(extensions: Sequence[Any]) -> tuple[str | None, dict[str, str]]:
    """Return the body disposition among a part's extension data, wherever the type's own fields have pushed it."""
    for item in extensions:
        if isinstance(item, tuple) and item and isinstance(item[0], bytes):
            word = _text(item[0]).lower()
            if word in {"inline", "attachment"}:
                return word, _parameters(item[1]) if len(item) > 1 else {}
    return None, {}
