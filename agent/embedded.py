"""I/O: pymap and aiosmtpd, through the two modules below. An IMAP and an SMTP server in this process, on loopback.

For the demo and the tests. Both servers run in one event loop in one background thread; nothing is written to disk
and nothing leaves the machine. Import it only where it is used: it needs the extra `gracious[demo]`.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar, Final, Self, TypeVar

from agent.errors import GraciousError
from agent.model import same_address, without_detail

try:
    from agent.embedded_imap import SPECIAL_USE, CommandLine, ImapServer, StoredMessage
    from agent.embedded_smtp import SubmissionHandler, SubmissionProtocol, Submitted
except ImportError as missing:
    raise GraciousError(
        f"The embedded mail servers are not installed ({missing.name} is missing): pip install 'gracious[demo]'"
    ) from missing

__all__ = ["HOST", "SPECIAL_USE", "CommandLine", "EmbeddedServers", "LoopThread", "StoredMessage", "Submitted"]

HOST = "127.0.0.1"

_PATIENCE = 30.0
"""Seconds to wait for the servers' thread before giving it up."""

_FAREWELL = 0.2
"""Seconds in which clients can be told that the servers go down."""

_Result = TypeVar("_Result")


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
        opening = self._loop.create_task(self._open())
        await asyncio.wait([opening])
        if error := opening.exception():
            ready.set_exception(error)
            return
        ready.set_result(None)
        await self._stop.wait()
        for server in opening.result():
            server.close()
        await self._drop_clients()

    async def _drop_clients(self) -> None:
        """Say BYE, but wait for nobody: a client that does not read would keep us, as `Server.wait_closed` would."""
        leaving = list(self._tasks)
        for task in leaving:
            task.cancel()
        if leaving:
            await asyncio.wait(leaving, timeout=_FAREWELL)
        for transport in list(self._transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        await asyncio.gather(*leaving, return_exceptions=True)
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
        tokens: Mapping[str, str] | None = None,
        special_use: Mapping[str, str] = SPECIAL_USE,
        without: Collection[str] = (),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`users` maps addresses, which are the login names, to passwords; `aliases` further addresses to users.

        `tokens` maps users to the access tokens that XOAUTH2 takes; it is offered only then. `special_use` names
        the mailboxes there are beside the inbox. `without` names IMAP capabilities to take away: IDLE, UIDPLUS, MOVE,
        SPECIAL-USE, LITERAL+, UNSELECT, NAMESPACE, MULTIAPPEND, CHILDREN, ID. `clock` dates what arrives.
        """
        super().__init__()
        self.users: Final = dict(users)
        self.imap_port = 0
        self.smtp_port = 0
        self._aliases = {**{user: user for user in users}, **(aliases or {})}
        self._clock = clock
        known = dict(tokens or {})
        self._imap = ImapServer(self.users, known, special_use, without, clock)
        self._submission = SubmissionHandler(self.users, self._has_mailbox, self._transfer, self.faults, known)

    @property
    def commands(self) -> list[CommandLine]:
        """Every IMAP command received, in order."""
        return self._imap.commands

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
        self._call(self._imap.append(user, mailbox, raw, flags, internal_date))

    def messages(self, mailbox: str = "INBOX", *, user: str | None = None) -> list[StoredMessage]:
        """What lies in a mailbox, in the order of its UIDs. Raises KeyError when there is no such mailbox."""
        return self._call(self._imap.stored(user, mailbox))

    def invalidate_uids(self, mailbox: str = "INBOX", *, user: str | None = None) -> None:
        """Give the mailbox a new UIDVALIDITY and all its messages new UIDs; clients are disconnected for it."""
        self._call(self._renumber(user, mailbox))

    def disconnect(self) -> None:
        """Drop every connection, as a restart of the servers would."""
        self._call(self._drop_clients())

    async def _open(self) -> Sequence[asyncio.Server]:
        imap = await self._imap.listen(HOST, self._run, self._transports)
        smtp = await asyncio.get_running_loop().create_server(
            lambda: SubmissionProtocol(self._submission, self._transports), HOST, 0
        )
        self.imap_port, self.smtp_port = (server.sockets[0].getsockname()[1] for server in (imap, smtp))
        return [imap, smtp]

    async def _renumber(self, user: str | None, mailbox: str) -> None:
        await self._imap.renumber(user, mailbox)
        await self._drop_clients()

    def _user_of(self, address: str) -> str | None:
        """The user that an envelope recipient means, sub-addresses included; None when there is none."""
        known = (user for own, user in self._aliases.items() if same_address(own, without_detail(address)))
        return next(known, None)

    def _has_mailbox(self, address: str) -> bool:
        return self._user_of(address) is not None

    async def _transfer(self, sender: str, recipient: str, raw: bytes) -> None:
        """Deliver as the last MTA does, with the trace fields of RFC 5321 section 4.4."""
        trace = (
            f"Return-Path: <{sender}>\r\n"
            f"Delivered-To: {recipient}\r\n"
            f"Received: from [{HOST}] by localhost with ESMTPA\r\n"
            f"\tfor <{recipient}>; {format_datetime(self._clock())}\r\n"
        )
        await self._imap.append(self._user_of(recipient), "INBOX", trace.encode() + raw, (), None)
