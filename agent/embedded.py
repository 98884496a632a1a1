"""I/O: pymap and aiosmtpd. An IMAP and an SMTP server in this process, on loopback, for the demo and the tests.

Both run in one event loop in one background thread; nothing is written to disk and nothing leaves the machine.
The libraries' known gaps are closed here by subclasses, never by changing the libraries: SPECIAL-USE, keywords,
UNSELECT, NAMESPACE, news that IDLE and SEARCH would miss, and mail that pymap's own parser cannot read.
"""

import asyncio
import contextlib
import re
import secrets
import ssl
import threading
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from io import BytesIO
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from agent import bodystructure
from agent.errors import GraciousError
from agent.model import same_address, without_detail

try:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
    from proxyprotocol.noop import ProxyProtocolNoop
    from proxyprotocol.sock import SocketInfo
    from pymap.backend.dict import Config, Login
    from pymap.backend.dict.filter import FilterSet
    from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
    from pymap.bytes import Writeable
    from pymap.concurrent import Event, Subsystem
    from pymap.context import connection_exit
    from pymap.imap import IMAPConnection
    from pymap.imap.state import ConnectionState
    from pymap.interfaces.message import CachedMessage, LoadedMessageInterface, MessageInterface
    from pymap.mailbox import MailboxSnapshot
    from pymap.parsing import EndLine, Params, Space
    from pymap.parsing.command import Command, CommandAuth, CommandNoArgs, CommandSelect
    from pymap.parsing.command.auth import ListCommand
    from pymap.parsing.command.select import (
        CloseCommand,
        MoveCommand,
        SearchCommand,
        UidExpungeCommand,
        UidMoveCommand,
    )
    from pymap.parsing.commands import Commands
    from pymap.parsing.message import AppendMessage
    from pymap.parsing.modutf7 import modutf7_decode
    from pymap.parsing.primitives import String
    from pymap.parsing.response import CommandResponse, Response, ResponseOk, UntaggedResponse
    from pymap.parsing.response.code import AppendUid, CopyUid
    from pymap.parsing.response.specials import ListResponse, LSubResponse
    from pymap.parsing.specials import ExtensionOptions, FetchRequirement, Mailbox, ObjectId
    from pymap.parsing.specials.flag import Flag, Wildcard
    from pymap.selected import SelectedMailbox
    from pymap.user import UserMetadata
    from pysasl.hashing import Cleartext
except ImportError as missing:
    raise GraciousError(
        f"The embedded mail servers are not installed ({missing.name} is missing): pip install 'gracious[demo]'"
    ) from missing

HOST = "127.0.0.1"

SPECIAL_USE: Mapping[str, str] = {"Drafts": r"\Drafts", "Sent": r"\Sent", "Trash": r"\Trash", "Junk": r"\Junk"}
"""Mailbox → its special-use attribute (RFC 6154), as most providers name them."""

_LINE_LIMIT = 1 << 20
"""Longest command line in bytes; asyncio's 64 KiB is less than a long UID set."""

_CHUNK = 1 << 16
"""Bytes of a response that are written at once, so that no client is handed a split line without need."""

_PATIENCE = 30.0
"""Seconds to wait for the servers' thread before giving it up."""

_Result = TypeVar("_Result")
_Outcome = tuple[CommandResponse, SelectedMailbox | None]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it lies in a mailbox, byte for byte."""

    uid: int
    flags: frozenset[str]
    """System flags and keywords, without the session's `\\Recent`."""
    internal_date: datetime
    raw: bytes


class Submitted(NamedTuple):
    """One transaction of the SMTP server, as the client sent it."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes


class CommandLine(NamedTuple):
    """One IMAP command, without its line end and without the literal of an APPEND; credentials are masked."""

    connection: int
    """Number of the connection, in the order of their coming, from 1."""
    line: bytes


# --- stored messages -----------------------------------------------------------------------------------------------


class _Structure:
    """BODYSTRUCTURE (`extended`) and BODY of a part, as pymap asks for them."""

    def __init__(self, part: bodystructure.Part) -> None:
        self._part = part

    def __bytes__(self) -> bytes:
        return bodystructure.bodystructure(self._part, extended=False)

    @property
    def extended(self) -> Writeable:
        return Writeable.wrap(bodystructure.bodystructure(self._part))


class _SentDate(NamedTuple):
    datetime: datetime


class _Envelope:
    """ENVELOPE as bytes, and as the texts that SEARCH FROM, SUBJECT, SENTSINCE and so on look into."""

    def __init__(self, part: bodystructure.Part) -> None:
        self._part = part
        self.from_, self.to, self.cc, self.bcc = (part.texts(name) for name in (b"from", b"to", b"cc", b"bcc"))
        self.subject = part.text(b"subject")

    @property
    def date(self) -> _SentDate | None:
        sent = bodystructure.date_of(self._part)
        return None if sent is None else _SentDate(sent)

    def __bytes__(self) -> bytes:
        return bodystructure.envelope(self._part)


class _Loaded(LoadedMessageInterface):
    """The sections of a stored message. Replaces pymap's reader, which raises on hostile headers and loses bytes."""

    def __init__(self, message: MessageInterface, requirement: FetchRequirement, raw: bytes) -> None:
        self._message = message
        self._requirement = requirement
        self._raw = raw
        self._parsed: bodystructure.Part | None = None

    @property
    def message(self) -> MessageInterface:
        return self._message

    @property
    def requirement(self) -> FetchRequirement:
        return self._requirement

    @property
    def _part(self) -> bodystructure.Part:
        if self._parsed is None:
            self._parsed = bodystructure.parse(self._raw)
        return self._parsed

    def __bytes__(self) -> bytes:
        return self._raw

    def get_header(self, name: bytes) -> Sequence[str]:
        return self._part.texts(name.lower())

    def get_headers(self, section: Sequence[int]) -> Writeable:
        part = self._part.section(section)
        return Writeable.wrap(part.header if part else b"")

    def get_body(self, section: Sequence[int] | None = None, binary: bool = False) -> Writeable:  # noqa: ARG002, FBT001, FBT002
        if not section:
            return Writeable.wrap(self._raw)
        part = self._part.section(section)
        return Writeable.wrap(part.body if part else b"")

    def _enclosed(self, section: Sequence[int] | None) -> bodystructure.Part | None:
        """The message that HEADER and TEXT speak of: the whole one, or the one that the section encloses."""
        if not section:
            return self._part
        part = self._part.section(section)
        return part.parts[0] if part and part.is_message else None

    def get_message_headers(
        self,
        section: Sequence[int] | None = None,
        subset: Collection[bytes] | None = None,
        inverse: bool = False,  # noqa: FBT001, FBT002
    ) -> Writeable:
        part = self._enclosed(section)
        if part is None or subset is None:
            return Writeable.wrap(part.header if part else b"")
        wanted = {name.lower() for name in subset}
        kept = b"".join(raw for name, raw in part.fields if (name in wanted) is not inverse)
        return Writeable.wrap(kept + b"\r\n")

    def get_message_text(self, section: Sequence[int] | None = None) -> Writeable:
        part = self._enclosed(section)
        return Writeable.wrap(part.body if part else b"")

    def get_size(self, section: Sequence[int] | None = None) -> int:
        return len(self.get_body(section))

    def get_envelope_structure(self) -> Any:
        return _Envelope(self._part)

    def get_body_structure(self) -> Any:
        return _Structure(self._part)

    def contains(self, value: bytes) -> bool:
        return value.lower() in self._raw.lower()


class _Message(Message):
    """A message with its bytes; pymap would keep its own parse of them."""

    __slots__ = ("raw",)

    def __init__(self, uid: int, when: datetime, flags: Iterable[Flag], raw: bytes, **more: Any) -> None:
        super().__init__(uid, when, flags, **more)
        self.raw: Final = raw

    async def load_content(self, requirement: FetchRequirement) -> Any:
        return _Loaded(self, requirement, self.raw)

    def at(self, uid: int, *, recent: bool = False, expunged: bool = False) -> "_Message":
        """The same message under another UID, or as one that is gone."""
        return _Message(
            uid,
            self.internal_date,
            self.permanent_flags,
            self.raw,
            recent=recent,
            expunged=expunged,
            email_id=self.email_id,
            thread_id=self.thread_id,
        )


class _Snapshot(MailboxSnapshot):
    r"""A mailbox as SELECT tells it; `\*` belongs to PERMANENTFLAGS alone (RFC 3501 section 7.1)."""

    @property
    def flags(self) -> frozenset[Flag]:
        return super().flags - {Wildcard}


class _Mailbox(MailboxData):
    """A mailbox in memory. All of it runs in the loop's thread, between two awaits, and so needs no lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        caches: Any = None
        super().__init__(caches, caches)
        self._clock = clock
        self._max_uid = 0
        self._messages: dict[int, _Message] = {}  # type: ignore[assignment]

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        return super().permanent_flags | {Wildcard}

    @property
    def stored(self) -> list[_Message]:
        return list(self._messages.values())

    def admit(self, message: _Message, *, recent: bool) -> _Message:
        """Store a message under the next UID and tell everyone who has the mailbox open."""
        self._max_uid += 1
        admitted = self._messages[self._max_uid] = message.at(self._max_uid, recent=recent)
        self._mod_sequences.update([self._max_uid])
        self._updated.set()
        return admitted

    def renumbered(self) -> "_Mailbox":
        """The same messages under a new UIDVALIDITY and new UIDs."""
        fresh = _Mailbox(self._clock)
        fresh._uid_validity = self._uid_validity + 1
        for message in self.stored:
            fresh.admit(message, recent=message.recent)
        return fresh

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        ids = {"email_id": ObjectId.random_email_id(), "thread_id": ObjectId.random_thread_id()}
        when = append_msg.when or self._clock()
        return self.admit(_Message(0, when, append_msg.flag_set, append_msg.literal, **ids), recent=recent)

    async def copy(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        message = self._messages.get(uid)
        if message is None or not isinstance(destination, _Mailbox):
            return None
        return destination.admit(message, recent=recent).uid

    async def move(self, uid: int, destination: MailboxData, *, recent: bool = False) -> int | None:
        moved = await self.copy(uid, destination, recent=recent)
        if moved is not None:
            await self.delete([uid])
        return moved

    async def get(self, uid: int, cached_msg: CachedMessage) -> Message:
        found = self._messages.get(uid)
        if found is None and isinstance(cached_msg, _Message):
            return cached_msg.at(uid, expunged=True)
        return found or await super().get(uid, cached_msg)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """Waits only when there is no news already: pymap's IDLE sleeps on what came while it was writing."""
        if selected.mod_sequence != self._mod_sequences.highest:
            wait_on = None
        return await super().update_selected(selected, wait_on=wait_on)

    async def snapshot(self) -> MailboxSnapshot:
        plain = await super().snapshot()
        return _Snapshot(*(getattr(plain, name) for name in MailboxSnapshot.__slots__))


class _MailboxSet(MailboxSet):
    """A user's mailboxes, the special ones there and subscribed from the start."""

    def __init__(self, names: Iterable[str], clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._clock = clock
        self._inbox: MailboxData = _Mailbox(clock)
        self._set: dict[str, MailboxData] = {name: _Mailbox(clock) for name in names}
        self._subscribed = dict.fromkeys(names, True)

    async def add_mailbox(self, name: str) -> ObjectId:
        if name in self._set:
            raise ValueError(name)
        self._set[name] = _Mailbox(self._clock)
        return self._set[name].mailbox_id

    def named(self, name: str) -> _Mailbox:
        """The mailbox of that name; KeyError when there is none."""
        found = self._inbox if name.upper() == "INBOX" else self._set[name]
        if not isinstance(found, _Mailbox):
            raise KeyError(name)
        return found

    def renumber(self, name: str) -> None:
        fresh = self.named(name).renumbered()
        if name.upper() == "INBOX":
            self._inbox = fresh
        else:
            self._set[name] = fresh


# --- IMAP ----------------------------------------------------------------------------------------------------------


class _UnselectCommand(CommandNoArgs, CommandSelect):
    """RFC 3691."""

    command = b"UNSELECT"


class _NamespaceCommand(CommandNoArgs, CommandAuth):
    """RFC 2342."""

    command = b"NAMESPACE"


class _ListCommand(ListCommand):
    """LIST with the options of RFC 5258 and RFC 6154 that mail clients send to a server with SPECIAL-USE."""

    command = b"LIST"
    _return_options = re.compile(rb" RETURN \((?:[^()\r\n]|\([^()\r\n]{0,999}\)){0,999}\)", re.IGNORECASE)

    def __init__(self, tag: bytes, ref_name: str, filter_: str, selection: ExtensionOptions) -> None:
        super().__init__(tag, ref_name, filter_)
        self.selection: Final = selection
        """Only SUBSCRIBED and SPECIAL-USE have an effect."""

    @classmethod
    def parse(cls, buf: memoryview, params: Params) -> tuple["_ListCommand", memoryview]:
        _, buf = Space.parse(buf, params)
        selection, buf = ExtensionOptions.parse(buf, params)
        reference, buf = Mailbox.parse(buf, params)
        _, buf = Space.parse(buf, params)
        pattern, buf = cls._parse_pattern(buf, params)
        returned = cls._return_options.match(buf)
        _, buf = EndLine.parse(buf[returned.end() :] if returned else buf, params)
        return cls(params.tag, reference.value, pattern, selection), buf

    @classmethod
    def _parse_pattern(cls, buf: memoryview, params: Params) -> tuple[str, memoryview]:
        if bare := cls._list_mailbox_pattern.match(buf):
            return modutf7_decode(bare.group()), buf[bare.end() :]
        quoted, buf = String.parse(buf, params)
        return modutf7_decode(quoted.value), buf


_EXTENSIONS: Mapping[bytes, tuple[type[Command], ...]] = {
    b"MOVE": (MoveCommand, UidMoveCommand),
    b"NAMESPACE": (_NamespaceCommand,),
    b"UIDPLUS": (UidExpungeCommand,),
    b"UNSELECT": (_UnselectCommand,),
}
"""Capability → the commands that come with it."""


class _Config(Config):
    """pymap's settings: plain text on loopback, passwords as they are, everything in one thread."""

    def __init__(self, special_use: Mapping[str, str], without: Collection[bytes]) -> None:
        super().__init__(
            Namespace(),
            demo_data=False,
            demo_user="",
            demo_password="",
            host=HOST,
            port=0,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            proxy_protocol=ProxyProtocolNoop(),
            invalid_user_sleep=0.0,
            bad_command_limit=None,
        )
        self.special_use: Final = special_use
        self.without: Final = without

    @property
    def commands(self) -> Commands:
        known = Commands()
        known.register(_ListCommand)
        for capability, commands in _EXTENSIONS.items():
            for command in commands:
                known.deregister(command.command) if capability in self.without else known.register(command)
        return known

    @property
    def greeting(self) -> bytes:
        return b"Gracious demo server ready."

    @property
    def login_capability(self) -> Sequence[bytes]:
        extensions = (b"CHILDREN", b"IDLE", b"MULTIAPPEND", b"SPECIAL-USE", *_EXTENSIONS)
        return [name for name in extensions if name not in self.without]

    @property
    def initial_capability(self) -> Sequence[bytes]:
        return [name for name in (b"ID", b"LITERAL+") if name not in self.without]


class _State(ConnectionState):
    """What each command does, where pymap's answer is missing or late."""

    config: _Config

    def _offers(self, capability: bytes) -> bool:
        return capability not in self.config.without

    async def do_command(self, cmd: Command) -> CommandResponse:
        """Learn first what has come in: pymap answers a SEARCH from what the last command knew."""
        if self._session and self._selected and (isinstance(cmd, SearchCommand) or getattr(cmd, "uid", False)):
            self.selected.hide_expunged = not getattr(cmd, "uid", False)
            await self.session.check_mailbox(self.selected)
        response = await super().do_command(cmd)
        if isinstance(response.code, AppendUid | CopyUid) and not self._offers(b"UIDPLUS"):
            response.code = None
        return response

    async def do_close(self, cmd: CloseCommand) -> _Outcome:
        """After EXAMINE nothing is expunged (RFC 3501 section 6.4.2); pymap answers NO there."""
        return await self._unselected(cmd) if self.selected.readonly else await super().do_close(cmd)

    async def do_unselect(self, cmd: _UnselectCommand) -> _Outcome:
        return await self._unselected(cmd)

    async def _unselected(self, cmd: Command) -> _Outcome:
        self._selected = None
        return ResponseOk(cmd.tag, cmd.command + b" completed."), None

    async def do_namespace(self, cmd: _NamespaceCommand) -> _Outcome:
        response = ResponseOk(cmd.tag, cmd.command + b" completed.")
        response.add_untagged(UntaggedResponse(b'NAMESPACE (("" "/")) NIL NIL'))
        return response, None

    async def do_list(self, cmd: ListCommand) -> _Outcome:
        selection = cmd.selection if isinstance(cmd, _ListCommand) else ExtensionOptions.empty()
        subscribed = cmd.only_subscribed or selection.has(b"SUBSCRIBED")
        entries, updates = await self.session.list_mailboxes(
            cmd.ref_name, cmd.filter, subscribed=subscribed, selected=self._selected
        )
        response = ResponseOk(cmd.tag, cmd.command + b" completed.")
        answer = LSubResponse if cmd.only_subscribed else ListResponse
        for name, separator, attributes in entries:
            special = self._special_use(name)
            if special or not selection.has(b"SPECIAL-USE"):
                response.add_untagged(answer(name, separator, [*attributes, *special]))
        return response, updates

    def _special_use(self, name: str) -> list[bytes]:
        """The mailbox's special-use attribute, without the backslash that pymap puts before it."""
        attribute = self.config.special_use.get(name) if self._offers(b"SPECIAL-USE") else None
        return [attribute.lstrip("\\").encode()] if attribute else []


class _Buffer:
    """Collects what pymap writes piece by piece; hands on whole chunks."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._pieces = BytesIO()

    def write(self, data: bytes) -> None:
        self._pieces.write(data)
        if self._pieces.tell() >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        self._writer.write(self._pieces.getvalue())
        self._pieces = BytesIO()


class _Connection(IMAPConnection):
    """One client. Records its commands, and answers each in one packet where that fits."""

    def __init__(
        self,
        config: _Config,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        info: SocketInfo,
        record: Callable[[bytes], None],
    ) -> None:
        super().__init__(config.commands, config, reader, writer, info)
        self._record = record
        self._received = bytearray()

    @classmethod
    def _print(cls, log_format: str, output: str | bytes) -> None:
        """Nothing: pymap would log passwords, and render every response a second time for it."""

    async def read_command(self, state: ConnectionState) -> Command:
        self._received.clear()
        command = await super().read_command(state)
        self._record(_recorded(bytes(self._received)))
        return command

    async def readline(self) -> memoryview:
        line = await super().readline()
        self._received += line
        return line

    async def write_response(self, resp: Response) -> None:
        await self.write_updates([resp])

    async def write_updates(self, untagged: Iterable[Response]) -> None:
        buffer = _Buffer(self.writer)
        with contextlib.suppress(ConnectionError):
            for response in untagged:
                await response.async_write(buffer)
            buffer.flush()
            await self.writer.drain()


def _recorded(received: bytes) -> bytes:
    """A command fit to be shown: credentials masked, the literal of an APPEND left out."""
    first = received.partition(b"\r\n")[0]
    match first.upper().split():
        case [_, b"LOGIN", *_]:
            return b" ".join([*first.split()[:2], b"***"])
        case [_, b"AUTHENTICATE", *_]:
            return b" ".join(first.split()[:3])
        case [_, b"APPEND", *_]:
            return first
    return received.removesuffix(b"\n").removesuffix(b"\r")


# --- SMTP ----------------------------------------------------------------------------------------------------------

Deliver = Callable[[str, str, bytes], Coroutine[Any, Any, None]]
"""Takes envelope sender, recipient and message; raises UndeliverableError when the mailbox does not take it."""


class UndeliverableError(Exception):
    """A mailbox refuses the mail; the text is the SMTP reply."""


class _Session(Session):
    login_data: Any = None
    """A plain attribute, where aiosmtpd complains about its own use of its property."""


class SubmissionHandler:
    """What the submission server does: asks for a password, takes mail for local recipients, hands it on."""

    def __init__(self, passwords: Mapping[str, str], is_local: Callable[[str], bool], deliver: Deliver) -> None:
        self.transcript: Final[list[Submitted]] = []
        self.faults: Final[list[BaseException]] = []
        self._passwords = passwords
        self._is_local = is_local
        self._deliver = deliver

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        """AUTH PLAIN and LOGIN; `handled` would tell aiosmtpd that the refusal has been sent already."""
        known = isinstance(given, LoginPassword) and self._passwords.get(given.login.decode("utf-8", "replace"))
        return AuthResult(success=known == given.password.decode("utf-8", "replace"), handled=False)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """550 for everybody who has no mailbox here."""
        if not self._is_local(address):
            return "550 5.1.1 No such mailbox here, and nothing is relayed"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Records the transaction, then delivers to each recipient."""
        raw = bytes(envelope.original_content or b"")
        sender = envelope.mail_from or ""
        self.transcript.append(Submitted(sender, tuple(envelope.rcpt_tos), raw))
        try:
            for recipient in envelope.rcpt_tos:
                await self._deliver(sender, recipient, raw)
        except UndeliverableError as refusal:
            return str(refusal)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """A defect of the server; recorded, so that a test can fail on it."""
        self.faults.append(error)
        return "451 4.3.0 Internal error"


class SubmissionProtocol(SMTP):
    """One SMTP client. AUTH is required on a plain connection: this is loopback."""

    def __init__(
        self, handler: SubmissionHandler, transports: set[asyncio.BaseTransport], tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            handler,
            authenticator=handler.authenticate,
            auth_require_tls=tls is not None,
            require_starttls=tls is not None,
            tls_context=tls,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
        )
        self._transports = transports

    def _create_session(self) -> Session:
        return _Session(self.loop)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.add(transport)
        super().connection_made(transport)

    async def check_auth_needed(self, caller_method: str) -> bool:  # noqa: ARG002
        """The library's own `auth_required` warns about plain connections each time."""
        if self.session is not None and self.session.authenticated:
            return False
        await self.push("530 5.7.0 Authentication required")
        return True


# --- the servers ---------------------------------------------------------------------------------------------------


class LoopThread(ABC):
    """An event loop in a background thread, up from `with` to its end."""

    host: ClassVar[str] = HOST

    def __init__(self) -> None:
        self.faults: Final[list[BaseException]] = []
        """What went wrong inside the servers; empty unless they have a defect."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: set[asyncio.BaseTransport] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    async def _open(self) -> Sequence[asyncio.Server]:
        """Start listening."""

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="mail servers", daemon=True
        )
        self._thread.start()
        ready.result(_PATIENCE)
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    async def _serve(self, ready: Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(self._record_fault)
        try:
            servers = await self._open()
        except OSError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stop.wait()
        for server in servers:
            server.close()
        await self._drop_clients()

    async def _drop_clients(self) -> None:
        """From Python 3.12 on, `Server.wait_closed` would wait for the clients to leave by themselves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for transport in self._transports:
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        self._transports.clear()
        await asyncio.sleep(0)

    def _record_fault(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if error is not None and not isinstance(error, ConnectionError):
            self.faults.append(error)

    def _run(self, task: Coroutine[Any, Any, None]) -> None:
        """Run a client's task to its end; the set keeps it from being garbage collected."""
        running = asyncio.get_running_loop().create_task(task)
        self._tasks.add(running)
        running.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, ConnectionError):
            self.faults.append(error)

    def _call(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Have the servers' thread do something and wait for it."""
        if self._loop is None or self._loop.is_closed():
            work.close()
            raise GraciousError("The embedded mail servers are not running")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)


class EmbeddedServers(LoopThread):
    """IMAP and SMTP on loopback, plain text, with some users; a context manager."""

    def __init__(
        self,
        users: Mapping[str, str],
        *,
        aliases: Mapping[str, str] | None = None,
        special_use: Mapping[str, str] = SPECIAL_USE,
        without: Collection[str] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`users` maps addresses, which are the login names, to passwords; `aliases` further addresses to users.

        `without` names IMAP capabilities to take away: IDLE, UIDPLUS, MOVE, SPECIAL-USE, LITERAL+, UNSELECT,
        NAMESPACE, MULTIAPPEND. `clock` dates what arrives.
        """
        super().__init__()
        self.users: Final = dict(users)
        self.commands: Final[list[CommandLine]] = []
        """Every IMAP command received, in order."""
        self.imap_port = 0
        self.smtp_port = 0
        self._aliases = dict(aliases or {})
        self._clock = clock
        self._config = _Config(dict(special_use), frozenset(name.encode() for name in without))
        self._login = Login(self._config)
        self._submission = SubmissionHandler(
            self.users, lambda address: self._user_of(address) is not None, self._transfer
        )
        self._connections = 0

    @property
    def transcript(self) -> list[Submitted]:
        """Every mail that was submitted by SMTP, in order."""
        return self._submission.transcript

    def deliver(
        self,
        raw: bytes,
        *,
        user: str | None = None,
        mailbox: str = "INBOX",
        flags: Iterable[str] = (),
        internal_date: datetime | None = None,
    ) -> None:
        """Put a message into a mailbox, byte for byte; for the first user without `user`, dated now without a date.

        Raises KeyError when there is no such mailbox.
        """
        self._call(self._append(user, mailbox, raw, flags, internal_date))

    def messages(self, mailbox: str = "INBOX", *, user: str | None = None) -> list[StoredMessage]:
        """What lies in a mailbox, in the order of its UIDs. Raises KeyError when there is no such mailbox."""
        return self._call(self._stored(user, mailbox))

    def invalidate_uids(self, mailbox: str = "INBOX", *, user: str | None = None) -> None:
        """Give the mailbox a new UIDVALIDITY and all its messages new UIDs; clients are disconnected for it."""
        self._call(self._renumber(user, mailbox))

    def disconnect(self) -> None:
        """Drop every connection, as a restart of the servers would."""
        self._call(self._drop_clients())

    async def _open(self) -> Sequence[asyncio.Server]:
        self._config.apply_context()
        for user, password in self.users.items():
            self._login.users_dict[user] = UserMetadata(self._config, user, password=password)
            self._config.set_cache[user] = (_MailboxSet(self._config.special_use, self._clock), FilterSet())
        loop = asyncio.get_running_loop()
        imap = await asyncio.start_server(self._imap_client, HOST, 0, limit=_LINE_LIMIT)
        smtp = await loop.create_server(lambda: SubmissionProtocol(self._submission, self._transports), HOST, 0)
        self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in (imap, smtp))
        return [imap, smtp]

    def _imap_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._transports.add(writer.transport)
        self._connections += 1
        self._run(self._converse(self._connections, reader, writer))

    async def _converse(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = SocketInfo.get(writer, None, unique_id=secrets.token_bytes(8))
        connection = _Connection(
            self._config, reader, writer, info, lambda line: self.commands.append(CommandLine(number, line))
        )
        async with contextlib.AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.enter_context(contextlib.closing(connection))
            await connection.run(_State(self._login, self._config))

    def _mailboxes(self, user: str | None) -> _MailboxSet:
        mailboxes, _ = self._config.set_cache[user or next(iter(self.users))]
        if not isinstance(mailboxes, _MailboxSet):
            raise KeyError(user)
        return mailboxes

    def _user_of(self, address: str) -> str | None:
        """The user that an envelope recipient means, sub-addresses included; None when there is none."""
        owners = {**{user: user for user in self.users}, **self._aliases}
        return next((owners[own] for own in owners if same_address(own, without_detail(address))), None)

    async def _append(
        self, user: str | None, mailbox: str, raw: bytes, flags: Iterable[str], internal_date: datetime | None
    ) -> None:
        message = AppendMessage(raw, internal_date, frozenset(Flag(flag) for flag in flags))
        await self._mailboxes(user).named(mailbox).append(message, recent=True)

    async def _stored(self, user: str | None, mailbox: str) -> list[StoredMessage]:
        return [
            StoredMessage(message.uid, frozenset(map(str, message.permanent_flags)), message.internal_date, message.raw)
            for message in self._mailboxes(user).named(mailbox).stored
        ]

    async def _renumber(self, user: str | None, mailbox: str) -> None:
        self._mailboxes(user).renumber(mailbox)
        await self._drop_clients()

    async def _transfer(self, sender: str, recipient: str, raw: bytes) -> None:
        """Deliver as the last MTA does, with the trace fields of RFC 5321 section 4.4."""
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Delivered-To: {recipient}\r\n"
            f"Received: from [{HOST}] by localhost with ESMTPA\r\n"
            f"\tfor <{recipient}>; {format_datetime(self._clock())}\r\n"
        )
        await self._append(self._user_of(recipient), "INBOX", trace.encode() + raw, (), None)
