"""I/O: pymap. The IMAP server of the embedded servers; its mailboxes live in memory.

pymap's gaps are closed by subclasses, never by changing the library: SPECIAL-USE, keywords, UNSELECT, NAMESPACE,
CLOSE after EXAMINE, news that IDLE and SEARCH would miss, and mail that its own parser cannot read.
"""

import asyncio
import contextlib
import re
import secrets
import ssl
from argparse import Namespace
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Final, NamedTuple

from proxyprotocol.noop import ProxyProtocolNoop
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Identity, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet, Message
from pymap.bytes import Writeable
from pymap.concurrent import Event, Subsystem
from pymap.context import connection_exit
from pymap.exceptions import InvalidAuth
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
from pysasl import SASLAuth
from pysasl.creds.external import ExternalCredentials, ExternalVerificationRequired
from pysasl.creds.server import ServerCredentials
from pysasl.hashing import Cleartext
from pysasl.mechanism import ChallengeResponse, ServerChallenge
from pysasl.mechanism.login import LoginMechanism
from pysasl.mechanism.oauth import OAuth2Mechanism
from pysasl.mechanism.plain import PlainMechanism

from agent import bodystructure

SPECIAL_USE: Mapping[str, str] = {"Drafts": r"\Drafts", "Sent": r"\Sent", "Trash": r"\Trash", "Junk": r"\Junk"}
"""Mailbox → its special-use attribute (RFC 6154), as most providers name them."""

_LINE_LIMIT = 1 << 20
"""Longest command line in bytes; asyncio's 64 KiB is less than a long UID set."""

_CHUNK = 1 << 16
"""Bytes of a response that are written at once, so that no client is handed a split line without need."""

_Outcome = tuple[CommandResponse, SelectedMailbox | None]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it lies in a mailbox, byte for byte."""

    uid: int
    flags: frozenset[str]
    """System flags and keywords, without the session's `\\Recent`."""
    internal_date: datetime
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


TOKEN_REFUSED: Final = b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}'
"""What providers send before they refuse a token; the client answers with anything."""


class _XOAuth2(OAuth2Mechanism):
    """Bearer tokens as Google and Microsoft take them."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        super().__init__()
        self._tokens = tokens

    def server_attempt(self, responses: Sequence[ChallengeResponse]) -> tuple[ExternalCredentials, None]:
        given, final = super().server_attempt(responses)
        if not self.accepts(given) and len(responses) == 1:
            raise ServerChallenge(TOKEN_REFUSED)
        return given, final

    def accepts(self, given: ExternalCredentials) -> bool:
        """Whether that is the user's token."""
        try:
            given.verify(None)
        except ExternalVerificationRequired as needed:
            return needed.token is not None and needed.token == self._tokens.get(given.authzid)


class _Login(Login):
    """pymap's users, by password or by token."""

    def __init__(self, config: Config, bearer: _XOAuth2) -> None:
        super().__init__(config)
        self._bearer = bearer

    async def authenticate(self, credentials: ServerCredentials) -> Identity:
        if not isinstance(credentials, ExternalCredentials):
            return await super().authenticate(credentials)
        if not self._bearer.accepts(credentials):
            raise InvalidAuth
        return Identity(credentials.authzid, self, None, frozenset())


class _Config(Config):
    """pymap's settings: plain text on loopback, passwords as they are, everything in one thread."""

    def __init__(self, tokens: Mapping[str, str], special_use: Mapping[str, str], without: Collection[bytes]) -> None:
        super().__init__(
            Namespace(),
            demo_data=False,
            demo_user="",
            demo_password="",
            host=None,
            port=0,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),
            proxy_protocol=ProxyProtocolNoop(),
            invalid_user_sleep=0.0,
            bad_command_limit=None,
        )
        self.bearer: Final = _XOAuth2(tokens)
        self._mechanisms = SASLAuth([PlainMechanism(), LoginMechanism(), *([self.bearer] if tokens else [])])
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
    def tls_auth(self) -> SASLAuth:
        return self._mechanisms

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

    async def read_continuation(self, literal_length: int) -> memoryview:
        received = len(self._received)
        literal = await super().read_continuation(literal_length)
        self._received[received:] = literal
        return literal

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


class ImapServer:
    """An IMAP server with some users and their mailboxes. All methods run in the event loop's thread."""

    def __init__(
        self,
        users: Mapping[str, str],
        tokens: Mapping[str, str],
        special_use: Mapping[str, str],
        without: Collection[str],
        clock: Callable[[], datetime],
    ) -> None:
        self.commands: Final[list[CommandLine]] = []
        """Every command received, in order."""
        self._users = users
        self._clock = clock
        self._config = _Config(tokens, special_use, frozenset(name.encode() for name in without))
        self._login = _Login(self._config, self._config.bearer)
        self._connections = 0

    async def listen(
        self,
        host: str,
        run: Callable[[Coroutine[Any, Any, None]], None],
        transports: set[asyncio.BaseTransport],
    ) -> asyncio.Server:
        """Create the users and accept clients; each is served by a task for `run`, its transport added to the set."""
        for user, password in self._users.items():
            self._login.users_dict[user] = UserMetadata(self._config, user, password=password)
            self._config.set_cache[user] = (_MailboxSet(self._config.special_use, self._clock), FilterSet())

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            transports.add(writer.transport)
            run(self._converse(reader, writer, transports))

        return await asyncio.start_server(connected, host, 0, limit=_LINE_LIMIT)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, transports: set[asyncio.BaseTransport]
    ) -> None:
        self._connections += 1
        number = self._connections
        info = SocketInfo.get(writer, None, unique_id=secrets.token_bytes(8))
        connection = _Connection(
            self._config, reader, writer, info, lambda line: self.commands.append(CommandLine(number, line))
        )
        async with contextlib.AsyncExitStack() as stack:
            connection_exit.set(stack)
            stack.callback(transports.discard, writer.transport)
            stack.push_async_callback(writer.wait_closed)
            stack.enter_context(contextlib.closing(connection))
            await connection.run(_State(self._login, self._config))

    def _mailboxes(self, user: str | None) -> _MailboxSet:
        mailboxes, _ = self._config.set_cache[user or next(iter(self._users))]
        if not isinstance(mailboxes, _MailboxSet):
            raise KeyError(user)
        return mailboxes

    async def append(
        self, user: str | None, mailbox: str, raw: bytes, flags: Iterable[str], internal_date: datetime | None
    ) -> None:
        """Store a message as it is; for the first user without `user`, dated now without a date."""
        message = AppendMessage(raw, internal_date, frozenset(Flag(flag) for flag in flags))
        await self._mailboxes(user).named(mailbox).append(message, recent=True)

    async def stored(self, user: str | None, mailbox: str) -> list[StoredMessage]:
        """What lies in a mailbox, in the order of its UIDs."""
        return [
            StoredMessage(message.uid, frozenset(map(str, message.permanent_flags)), message.internal_date, message.raw)
            for message in self._mailboxes(user).named(mailbox).stored
        ]

    async def renumber(self, user: str | None, mailbox: str) -> None:
        """Give a mailbox a new UIDVALIDITY and its messages new UIDs. Who has it open must be disconnected."""
        self._mailboxes(user).renumber(mailbox)
