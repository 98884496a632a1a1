"""An owner with a mailbox, a clock that is moved by hand, and a Gracious that can be killed at any call."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from agent import config, lock
from agent.assembly import Assembly, imap_server
from agent.cycle import poll
from agent.errors import UnreadableMessage
from agent.lifecycle import Case
from agent.line import Count, Line, Outbox
from agent.mailbox import Session
from agent.message import parse
from agent.model import Message
from agent.samples import reply_as_bytes
from agent.store import Store
from tests.servers import MailSystem, crlf

CONFIGURATION = """\
[owner]
name = "Alex Morgan"
addresses = {addresses}
signature = "Alex"
timezone = "Europe/London"
[imap]
host = "{host}"
port = {imap_port}
security = "none"
username = "{user}"
{smtp}
[state]
path = "{folder}/state/gracious.db"
{more}
"""
SMTP = """\
[smtp]
host = "{host}"
port = {smtp_port}
security = "none"
"""


class Killed(BaseException):
    """The process is gone. No code of Gracious may catch it."""


@dataclass
class Killer:
    """Counts the calls that leave the process, and ends it before or after one of them."""

    at: int | None = None
    is_after: bool = False
    calls: int = 0
    names: list[str] = field(default_factory=list)
    is_dead: bool = False
    connections: list[sqlite3.Connection] = field(default_factory=list)

    def call(self, name: str, action: Callable[[], Any]) -> Any:
        self.calls += 1
        self.names.append(name)
        if self.is_dead or (self.calls == self.at and not self.is_after):
            self.die()
        result = action()
        if self.calls == self.at:
            self.die()
        return result

    def die(self) -> None:
        self.is_dead = True
        raise Killed

    def watching(self, target: Any) -> Any:
        return _Watched(target, self)

    def connect(self, path: str) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None, factory=_WatchedConnection)
        connection.killer = self
        self.connections.append(connection)
        # Nobody pulls the plug in a test: the order of writes counts, not the disk's own cache.
        sqlite3.Connection.execute(connection, "PRAGMA synchronous = OFF")
        return connection


class _WatchedConnection(sqlite3.Connection):
    killer: Killer

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        if sql.startswith("PRAGMA synchronous"):
            return super().execute("PRAGMA synchronous = OFF")
        name = " ".join(sql.split()[:3])
        return cast(
            "sqlite3.Cursor",
            self.killer.call(f"sqlite: {name}", lambda: super(_WatchedConnection, self).execute(sql, parameters)),
        )


class _Watched:
    """Passes every method call on, by way of the killer."""

    def __init__(self, target: Any, killer: Killer) -> None:
        self._target = target
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def called(*arguments: Any) -> Any:
            def action() -> Any:
                result = method(*arguments)
                return list(result) if hasattr(result, "__next__") else result

            return self._killer.call(f"{type(self._target).__name__}.{name}", action)

        return called


_parts: dict[tuple[str, ...], Assembly] = {}


@dataclass
class World:
    """One owner, one mailbox, one state; polls when told to."""

    system: MailSystem
    folder: Path
    has_smtp: bool = True
    more: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """Begins with the real time, since servers stamp what arrives with theirs; then moved by hand."""

    def __post_init__(self) -> None:
        self.config_path.parent.mkdir(parents=True, exist_ok=True)
        system = self.system
        smtp = SMTP.format(host=system.host, smtp_port=system.smtp_port) if self.has_smtp else ""
        addresses = list(dict.fromkeys((system.user, "alex@example.com", "alex.morgan@work.example")))
        text = CONFIGURATION.format(
            addresses=json.dumps(addresses),
            user=system.user,
            host=system.host,
            imap_port=system.imap_port,
            smtp=smtp,
            folder=self.folder,
            more=self.more,
        )
        self.config_path.write_text(text, encoding="utf-8")

    @property
    def config_path(self) -> Path:
        return self.folder / "config" / "config.toml"

    @property
    def environ(self) -> dict[str, str]:
        return {"GRACIOUS_PASSWORD": self.system.password, "HOME": str(self.folder)}

    def assembly(self) -> Assembly:
        """What a process puts together when it starts; the phrase tables are read once for all tests."""
        read = config.load(self.config_path, self.environ)
        parts = _parts.get(read.owner.addresses)
        if parts is None:
            parts = _parts[read.owner.addresses] = Assembly.of(read, self.environ)
        return replace(parts, config=read, now=lambda: self.now)

    def pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def poll(self, killer: Killer | None = None, change: Callable[[Line], Line] = lambda line: line) -> Count:
        """Run one poll, and let five minutes pass."""
        killer = killer or Killer()
        assembly = self.assembly()
        path = assembly.config.state.path
        session = Session.connect(imap_server(assembly.config), self.system.password)
        try:
            store = Store(path, lock.installation(path), connect=killer.connect)
            line = assembly.line(cast("Session", killer.watching(session)), store, self.pause)
            outbox = cast("Outbox", killer.watching(line.outbox)) if line.outbox else None
            return poll(change(replace(line, outbox=outbox)))
        finally:
            for connection in killer.connections:  # as the kernel does, without a word to the program
                connection.close()
            session.close()
            self.now += timedelta(minutes=5)

    def poll_despite(self, killer: Killer) -> None:
        """Poll; after being killed, start again as a new process does."""
        with suppress(Killed):
            self.poll(killer)
            return
        self.poll()

    # What others do

    def deliver(self, raw: bytes) -> None:
        self.system.deliver(raw)

    def reply(self, answer: str, to: Message | None = None, changes: Mapping[str, str] | None = None) -> bytes:
        """The owner answers a check-in (the latest one) from a mail client; `changes` are made in the raw mail."""
        asked = to or self.check_ins()[-1]
        owner = self.assembly().config.owner
        raw = crlf(reply_as_bytes(owner, answer, asked.subject, asked.message_id or "", asked.plain or "", self.now))
        for old, new in (changes or {}).items():
            raw = raw.replace(old.encode(), new.encode())
        self.deliver(raw)
        return raw

    # What is seen

    def inbox(self) -> list[Message]:
        """What can be read of it."""
        readable: list[Message] = []
        for raw in self.system.raw_messages():
            with suppress(UnreadableMessage):
                readable.append(parse(raw))
        return readable

    def drafts(self) -> list[Message]:
        return [parse(raw) for raw in self.system.raw_messages("Drafts")]

    def check_ins(self) -> list[Message]:
        return [mail for mail in self.inbox() if mail.header("X-Gracious-Asks")]

    def mail_to_self(self) -> list[Message]:
        return [mail for mail in self.inbox() if mail.header("Auto-Submitted") == "auto-generated"]

    def cases(self) -> list[Case]:
        with self.assembly().store() as store:
            return store.cases()

    def case(self) -> Case:
        (only,) = self.cases()
        return only


def an_offer_mail(
    contact: str = "Sara Lindqvist",
    *,
    author: str = "Dev Patel <dev@example.org>",
    message_id: str = "<offer-1@example.org>",
    to: str = "alex@example.com",
    head: str = "",
    text: str = "",
) -> bytes:
    """Somebody offers an introduction, just now."""
    first = author.split(maxsplit=1)[0]
    body = text or f"Hi Alex,\n\nshall I introduce you to {contact}? You would get on.\n\nBest,\n{first}\n"
    at = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return crlf(
        f"From: {author}\nTo: {to}\nSubject: {contact}\nDate: {at}\nMessage-ID: {message_id}\n{head}"
        f"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode()
    )
