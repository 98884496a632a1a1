"""I/O: everything the service needs, tried step by step, for `gracious check`. Writes nothing anywhere."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from agent import config as configuration
from agent.assembly import Assembly, imap_server, open_store, smtp_server
from agent.config import Config
from agent.errors import ConfigError, GraciousError, LoginRefused, SubmissionLoginRefused
from agent.mailbox import Session, Special, shown
from agent.transport import CONNECT_SECONDS, Server, tls_context

_LATEST_MISTAKE = timedelta(minutes=10)
"""How far the newest mail may lie in the future before the clock is suspected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried. `cure` is what to do; empty when all is well."""

    step: str
    ok: bool
    detail: str
    cure: str = ""
    exit_code: int = 0


def examine(path: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Step]:
    """Yield every step; those that depend on a failed one are left out."""
    try:
        config = configuration.load(path, environ)
        assembly = Assembly.of(config, environ)
    except ConfigError as error:
        for problem in error.problems:
            yield Step("config", ok=False, detail=problem, cure=f"correct it in {path} or beside it", exit_code=78)
        return
    yield Step("config", ok=True, detail=str(path))
    yield from _templates(assembly)
    yield from _imap(assembly)
    yield from _smtp(assembly)
    yield _state(config)


def _templates(assembly: Assembly) -> Iterator[Step]:
    for problem in assembly.composer.stationery.problems():
        yield Step("templates", ok=False, detail=problem, cure="mend the file, or remove it to use the shipped one")


def _tried(step: str, attempt: Callable[[], str], cure: str) -> Step:
    try:
        return Step(step, ok=True, detail=attempt())
    except GraciousError as error:
        code = error.exit_code if isinstance(error, LoginRefused | SubmissionLoginRefused) else 1
        return Step(step, ok=False, detail=str(error), cure=cure, exit_code=code)
    except OSError as error:
        return Step(step, ok=False, detail=str(error), cure=cure, exit_code=1)


def _imap(assembly: Assembly) -> Iterator[Step]:
    server = imap_server(assembly.config)
    yield (found := _tried("DNS", lambda: _resolved(server), f"check [imap] host = {server.host!r} and the network"))
    if not found.ok:
        return
    yield (protected := _tried("TLS", lambda: _protected(server), "check port, security, and the server's certificate"))
    if not protected.ok:
        return
    try:
        session = assembly.session()
    except GraciousError as error:
        is_refused = isinstance(error, LoginRefused)
        cure = "check user name and password" if is_refused else "see whether the server is up and reachable"
        yield Step("login", ok=False, detail=str(error), cure=cure, exit_code=error.exit_code if is_refused else 1)
        return
    with session:
        yield Step("login", ok=True, detail=f"{server.username} at {server.host}:{server.port}")
        yield from _mailboxes(assembly, session)


def _resolved(server: Server) -> str:
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    return f"{server.host} is " + ", ".join(sorted({str(address[0]) for *_, address in found}))


def _protected(server: Server) -> str:
    if server.security == "none":
        return "no TLS: the server is on this machine"
    if server.security == "starttls":
        return "STARTTLS, when signing in"
    with (
        socket.create_connection((server.host, server.port), timeout=CONNECT_SECONDS) as plain,
        tls_context(server).wrap_socket(plain, server_hostname=server.host) as protected,
    ):
        return f"{protected.version()}, certificate of {_subject(protected)}"


def _subject(protected: ssl.SSLSocket) -> str:
    certificate = protected.getpeercert() or {}
    alternatives: Any = certificate.get("subjectAltName", ())
    names = [str(value) for kind, value in alternatives if kind == "DNS"]
    return ", ".join(names[:3]) or "an unnamed subject"


def _mailboxes(assembly: Assembly, session: Session) -> Iterator[Step]:
    known = session.capabilities()
    useful = [name for name in ("IDLE", "SPECIAL-USE", "UIDPLUS") if name in known]
    yield Step("capabilities", ok=True, detail=", ".join(useful) or "none of use; polling works all the same")
    imap = assembly.config.imap
    special = session.special(imap.inbox, imap.drafts, imap.sent)
    yield _tried("INBOX", lambda: _opened(session, special.inbox), "check [imap] inbox")
    yield _named(session, "Drafts", special.drafts)
    yield _named(session, "Sent", special.sent)
    yield _tried("clock", lambda: _clock(assembly, session, special), "set the clock of this machine (NTP)")


def _opened(session: Session, name: str) -> str:
    opened = session.examine(name)
    return f"{shown(name)}, {opened.exists} messages"


def _named(session: Session, step: str, name: str | None) -> Step:
    key = step.lower()
    if name is None:
        detail = "no such mailbox was found: the server marks none, and none has a usual name"
        cure = f'make one in your mail client, or name it: [imap] {key} = "…"'
        return Step(step, ok=False, detail=detail, cure=cure, exit_code=1)
    return _tried(step, lambda: _opened(session, name), f"check [imap] {key}")


def _clock(assembly: Assembly, session: Session, special: Special) -> str:
    now = assembly.now()
    newest = _newest(session, special)
    if newest is not None and newest > now + _LATEST_MISTAKE:
        raise GraciousError(
            f"The newest mail came at {newest:%Y-%m-%d %H:%M} UTC, but the clock says {now:%Y-%m-%d %H:%M}."
        )
    zone = assembly.config.owner.timezone
    return f"{now.astimezone(zone):%Y-%m-%d %H:%M} in {zone.key}"


def _newest(session: Session, special: Special) -> datetime | None:
    opened = session.examine(special.inbox)
    last = session.uids_after(opened.uid_next - 2) if opened.uid_next and opened.uid_next > 1 else []
    return max((summary.internal_date for summary in session.summaries(last) if summary.internal_date), default=None)


def _smtp(assembly: Assembly) -> Iterator[Step]:
    server, outbox = smtp_server(assembly.config), assembly.outbox()
    if server is None or outbox is None:
        yield Step("SMTP login", ok=True, detail="not used: check-ins are put into the inbox by IMAP APPEND")
        return

    def attempt() -> str:
        outbox.try_login()
        return f"{server.username} at {server.host}:{server.port}"

    yield _tried("SMTP login", attempt, "check [smtp], user name and password")


def _state(config: Config) -> Step:
    path = config.state.path
    if not path.exists():
        folder = next(parent for parent in path.parents if parent.exists())
        is_writable = os.access(folder, os.W_OK)
        cure = "" if is_writable else f"make {folder} writable, or set [state] path"
        return Step(
            "state file", ok=is_writable, detail=f"{path} will be made", cure=cure, exit_code=int(not is_writable)
        )

    def attempt() -> str:
        open_store(config).close()
        return str(path)

    return _tried("state file", attempt, "see the reason; the file must be yours, private, and on a local disk")
