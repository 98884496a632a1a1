"""Real mail servers for tests: a private Dovecot, a submission server beside it, one view of them and the embedded."""

import asyncio
import grp
import itertools
import os
import pwd
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Self

from aiosmtpd.smtp import SMTP, Envelope, Session
from imapclient import IMAPClient

from agent.embedded import HOST, EmbeddedServers, LoopThread, StoredMessage
from agent.embedded_smtp import SubmissionHandler, SubmissionProtocol, Submitted, UndeliverableError

PASSWORD: Final = "secret"
STARTUP_SECONDS: Final = 20.0

LIBEXEC: Final = [Path(folder) for folder in ("/usr/lib/dovecot", "/usr/libexec/dovecot", "/usr/local/libexec/dovecot")]
"""Where distributions put the services of Dovecot."""

CONFIGURATION: Final = """\
base_dir = {folder}/run
state_dir = {folder}/state
instance_name = {instance}
log_path = {folder}/dovecot.log
protocols = imap lmtp {submission_protocol}
listen = {host}
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = {connections}
mail_plugins = {plugins}
first_valid_uid = 1
{tls}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
{mailboxes}
}}
protocol imap {{
  mail_plugins = {imap_plugins}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = {host}
    port = {lmtp_port}
  }}
}}
plugin {{
{quota}
}}
{submission}
"""

SUBMISSION: Final = """\
hostname = localhost
submission_relay_host = {host}
submission_relay_port = {relay_port}
submission_relay_ssl = no
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {submission_port}
  }}
}}
"""

MAILBOX: Final = """\
  mailbox "{name}" {{
    auto = subscribe
    special_use = {use}
  }}
"""

QUOTA: Final = """\
  quota = maildir:User quota
  quota_rule = *:storage={size}
  quota_grace = 0
"""


def free_port() -> int:
    """A port that nobody listens on now. Somebody may before we do: who starts a server tries again then."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def crlf(raw: bytes) -> bytes:
    """`raw` as it travels: a mail written with bare line feeds gets the line ends of the net."""
    return raw if b"\r\n" in raw else raw.replace(b"\n", b"\r\n")


def lmtp(port: int, recipient: str, raw: bytes, sender: str = "sender@example.org") -> None:
    """Hand a mail to a mailbox server. Raises smtplib.SMTPException when it is not taken."""
    with smtplib.LMTP(HOST, port) as session:
        session.sendmail(sender, [recipient], raw)


@dataclass(frozen=True)
class DovecotOptions:
    """What a test can ask of a Dovecot."""

    drafts: str = "Drafts"
    """Name of the mailbox with the attribute \\Drafts, without the prefix."""
    prefix: str = ""
    """Of the personal namespace, such as "INBOX."; its last character is then the hierarchy separator."""
    connections: int = 50
    """Most IMAP connections of one user."""
    quota: str | None = None
    """Size of each user's mailboxes, such as "200K"; None is unlimited."""


class DovecotFailedError(Exception):
    """Dovecot did not come up; the text is its log."""


@dataclass
class Dovecot:
    """A Dovecot of our own in a temporary folder; any user name may log in with PASSWORD. A context manager."""

    options: DovecotOptions = field(default_factory=DovecotOptions)
    host: str = HOST
    imap_port: int = 0
    imaps_port: int = 0
    lmtp_port: int = 0
    relay_port: int = 0
    """Of the SMTP server that Dovecot's own submission service hands mail on to; 0 does without that service."""
    submission_port: int = 0

    @staticmethod
    def program() -> str | None:
        """Where Dovecot is; None when it is not installed."""
        return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")

    @classmethod
    def missing(cls) -> str | None:
        """Why Dovecot cannot be used here; None when it can."""
        program = cls.program()
        if program is None or not any(all((folder / part).exists() for part in ("imap", "lmtp")) for folder in LIBEXEC):
            return "Dovecot is not installed (dovecot-imapd and dovecot-lmtpd)"
        if shutil.which("openssl") is None:
            return "openssl, which makes Dovecot's certificate, is not installed"
        version = subprocess.run(  # noqa: S603 - a program we found ourselves
            [program, "--version"], capture_output=True, text=True, check=False
        ).stdout
        if not version.startswith("2.3"):
            return f"Dovecot {version.strip()} wants another configuration than the 2.3 that is written here"
        return None

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="dc"))
        self.folder.chmod(0o755)
        try:
            self.cafile, self.keyfile = certificate(self.folder)
            self._make_mail_folder()
            self._start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def configuration(self) -> Path:
        return self.folder / "dovecot.conf"

    def _make_mail_folder(self) -> None:
        """Mail belongs to nobody when we are root: Dovecot refuses root as the owner of a mailbox."""
        mail = self.folder / "mail"
        mail.mkdir()
        uid, gid = mail_owner()
        os.chown(mail, uid, gid)

    def _start(self) -> None:
        for attempt in itertools.count(1):
            self._write_configuration()
            self.process = subprocess.Popen(  # noqa: S603 - as above
                [str(self.program()), "-F", "-c", str(self.configuration)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self._is_up():
                return
            stop(self.process)
            if attempt == 3:
                raise DovecotFailedError(self.log())

    def _is_up(self) -> bool:
        """Waits until both services greet; False when Dovecot has ended instead, as with a port that was taken."""
        deadline = time.monotonic() + STARTUP_SECONDS
        waiting = [port for port in (self.imap_port, self.lmtp_port, self.submission_port) if port]
        while waiting and time.monotonic() < deadline:
            if greets(waiting[0]):
                waiting.pop(0)
            elif ended_within(self.process, 0.02):
                return False
        return not waiting

    def log(self) -> str:
        """What Dovecot has logged so far."""
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else "(no log)"

    def doveadm(self, *arguments: str) -> str:
        """Run doveadm on this server, such as ("mailbox", "update", "-u", user, "--uid-validity", "7", "INBOX")."""
        program = Path(str(self.program())).resolve()
        doveadm = shutil.which("doveadm") or str(Path("/usr/bin/doveadm"))
        command = [
            doveadm if Path(doveadm).exists() else str(program.with_name("doveadm")),
            "-c",
            str(self.configuration),
        ]
        return subprocess.run(  # noqa: S603 - as above
            [*command, *arguments], check=True, capture_output=True, text=True
        ).stdout

    def deliver(self, raw: bytes, user: str) -> None:
        """As an MTA would: by LMTP, which puts Return-Path, Delivered-To and Received on top."""
        lmtp(self.lmtp_port, user, crlf(raw))

    def _write_configuration(self) -> None:
        self.imap_port, self.imaps_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.submission_port = free_port() if self.relay_port else 0
        options = self.options
        uid, gid = mail_owner()
        me, us = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        root = os.getuid() == 0
        names = {options.drafts: r"\Drafts", "Sent": r"\Sent", "Trash": r"\Trash", "Junk": r"\Junk"}
        text = CONFIGURATION.format(
            folder=self.folder,
            instance=self.folder.name,
            host=self.host,
            password=PASSWORD,
            internal_user="dovecot" if root else me,
            internal_group="dovecot" if root else us,
            login_user="dovenull" if root else me,
            uid=uid,
            gid=gid,
            connections=options.connections,
            prefix=options.prefix,
            separator=options.prefix[-1:] or "/",
            mailboxes="".join(MAILBOX.format(name=name, use=use) for name, use in names.items()),
            plugins="quota" if options.quota else "",
            imap_plugins="quota imap_quota" if options.quota else "",
            quota=QUOTA.format(size=options.quota) if options.quota else "",
            tls=f"ssl = yes\nssl_cert = <{self.cafile}\nssl_key = <{self.keyfile}",
            imap_port=self.imap_port,
            imaps_port=self.imaps_port,
            lmtp_port=self.lmtp_port,
            submission_protocol="submission" if self.relay_port else "",
            submission=self._submission(),
        )
        self.configuration.write_text(text)

    def _submission(self) -> str:
        if not self.relay_port:
            return ""
        return SUBMISSION.format(host=self.host, relay_port=self.relay_port, submission_port=self.submission_port)


def mail_owner() -> tuple[int, int]:
    """User and group that the mail files belong to: nobody's when we are root, else our own."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key, by the openssl command."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", f"subjectAltName=DNS:localhost,IP:{HOST}"]
    files = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run(  # noqa: S603 - as above
        [*command.split(), *names, *files], check=True, capture_output=True
    )
    return cert, key


def greets(port: int) -> bool:
    """Whether a server at that port says something to a new client."""
    with suppress(OSError), socket.create_connection((HOST, port), timeout=5.0) as client:
        return bool(client.recv(1024))
    return False


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether the process ends in that time; the pause between two looks at its ports."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server that leads its own process group, and whatever of the group is left after it."""
    process.terminate()
    if not ended_within(process, 10.0):
        process.kill()
        process.wait()
    deadline = time.monotonic() + 5.0
    while living(process.pid) and time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.005)


def living(group: int) -> list[int]:
    """The processes of a process group that have not ended yet, as far as /proc tells."""
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _is_living_member(path, group)]


def _is_living_member(path: Path, group: int) -> bool:
    """By proc(5), the fields after the command's name are state, parent, process group."""
    with suppress(OSError):
        state, _, member_of, *_ = path.read_text().rpartition(")")[2].split()
        return int(member_of) == group and state not in {"Z", "X"}
    return False


class SubmissionServer(LoopThread):
    """A submission server: login required, delivers by `deliver`, with STARTTLS when given a certificate and key."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        deliver: Callable[[str, bytes, str], None],
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """`deliver` takes recipient, mail and sender; smtplib errors that it raises are answered to the client."""
        super().__init__()
        self.port = 0
        self._deliver = deliver
        self._tls = tls
        domains = {user.rpartition("@")[2] for user in passwords}
        self._handler = SubmissionHandler(
            passwords, lambda address: address.rpartition("@")[2] in domains, self._pass_on, self.faults
        )

    @property
    def transcript(self) -> list[Submitted]:
        return self._handler.transcript

    async def _open(self) -> Sequence[asyncio.Server]:
        context = None
        if self._tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
        protocol = partial(SubmissionProtocol, self._handler, self._transports, context)
        server = await asyncio.get_running_loop().create_server(protocol, self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        return [server]

    async def _pass_on(self, sender: str, recipient: str, raw: bytes) -> None:
        try:
            await asyncio.to_thread(self._deliver, recipient, raw, sender)
        except smtplib.SMTPRecipientsRefused as refused:
            code, text = next(iter(refused.recipients.values()))
            raise UndeliverableError(f"{code} {text.decode()}") from refused
        except smtplib.SMTPResponseException as refused:
            raise UndeliverableError(f"{refused.smtp_code} {refused.smtp_error!r}") from refused


class RelayServer(LoopThread):
    """An SMTP server without login that hands everything on by `deliver`: what a submission service relays to."""

    def __init__(self, deliver: Callable[[str, bytes, str], None]) -> None:
        super().__init__()
        self.port = 0
        self.transcript: list[Submitted] = []
        self._deliver = deliver

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """The name is aiosmtpd's."""
        content, sender = envelope.content, str(envelope.mail_from)
        raw = content if isinstance(content, bytes) else b""
        self.transcript.append(Submitted(sender, tuple(envelope.rcpt_tos), raw))
        for recipient in envelope.rcpt_tos:
            await asyncio.to_thread(self._deliver, recipient, raw, sender)
        return "250 OK"

    async def _open(self) -> Sequence[asyncio.Server]:
        server = await asyncio.get_running_loop().create_server(partial(SMTP, self), self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        return [server]


@dataclass
class MailSystem:
    """One owner's mail servers, embedded or Dovecot, behind one small interface."""

    name: str
    """"embedded" or "dovecot"."""
    user: str
    """The owner's address, and login name for both servers."""
    password: str
    imap_port: int
    smtp_port: int
    deliver_raw: Callable[[bytes], None]
    submitted: list[Submitted]
    """Every mail that the SMTP server was given, as it grows."""
    host: str = HOST
    """IMAP without TLS at `imap_port`, SMTP without TLS at `smtp_port`."""

    def deliver(self, raw: bytes) -> None:
        """A mail arrives in the owner's inbox."""
        self.deliver_raw(crlf(raw))

    @contextmanager
    def session(self) -> Iterator[IMAPClient]:
        """A logged-in IMAP session, as the owner's mail client would have."""
        with IMAPClient(self.host, port=self.imap_port, ssl=False, timeout=30) as client:
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(self.user, self.password)
            client.normalise_times = False
            yield client

    def append(
        self, mailbox: str, raw: bytes, flags: Iterable[str] = (), internal_date: datetime | None = None
    ) -> None:
        """The owner's mail client puts a message into a mailbox: a copy into Sent, an old mail into the inbox."""
        with self.session() as client:
            client.append(mailbox, crlf(raw), list(flags), internal_date)

    def messages(self, mailbox: str = "INBOX") -> list[StoredMessage]:
        """What lies in a mailbox, in the order of its UIDs."""
        with self.session() as client:
            client.select_folder(mailbox, readonly=True)
            uids = client.search("ALL")
            found = client.fetch(uids, ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]) if uids else {}
        return [stored(uid, found[uid]) for uid in sorted(found)]

    def raw_messages(self, mailbox: str = "INBOX") -> list[bytes]:
        """The bytes of each message in a mailbox, in the order of its UIDs."""
        return [message.raw for message in self.messages(mailbox)]


def stored(uid: int, fetched: Mapping[bytes, object]) -> StoredMessage:
    """A FETCH answer of imapclient as a value."""
    flags, internal_date, raw = fetched[b"FLAGS"], fetched[b"INTERNALDATE"], fetched[b"BODY[]"]
    assert isinstance(flags, tuple)
    assert isinstance(internal_date, datetime)
    assert isinstance(raw, bytes)
    names = frozenset(flag.decode() for flag in flags) - {r"\Recent"}
    return StoredMessage(uid, names, internal_date, raw)


def embedded_system(servers: EmbeddedServers) -> MailSystem:
    """The embedded servers, seen by their first user."""
    user, password = next(iter(servers.users.items()))
    return MailSystem(
        "embedded", user, password, servers.imap_port, servers.smtp_port, servers.deliver, servers.transcript
    )


def dovecot_system(server: Dovecot, user: str, submission: SubmissionServer | RelayServer) -> MailSystem:
    """A Dovecot and a submission server beside it, seen by one user."""
    deliver = partial(server.deliver, user=user)
    return MailSystem("dovecot", user, PASSWORD, server.imap_port, submission.port, deliver, submission.transcript)
