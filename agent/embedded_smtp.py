"""I/O: aiosmtpd. The submission server of the embedded servers: login required, nothing is relayed."""

import asyncio
import binascii
import re
import ssl
from base64 import b64decode
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Deliver = Callable[[str, str, bytes], Coroutine[Any, Any, None]]
"""Takes envelope sender, recipient and message; raises UndeliverableError when the mailbox does not take it."""


class Submitted(NamedTuple):
    """One transaction of the SMTP server, as the client sent it."""

    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes


class UndeliverableError(Exception):
    """A mailbox refuses the mail; the text is the SMTP reply."""


class _Session(Session):
    login_data: Any = None
    """A plain attribute, where aiosmtpd complains about its own use of its property."""


TOKEN_REFUSED: Final = b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}'
"""What providers send before they refuse a token; the client answers with an empty line."""

_XOAUTH2 = re.compile(rb"user=([^\x01]{1,999})\x01auth=Bearer ([^\x01]{1,9999})\x01\x01", re.IGNORECASE)


class SubmissionHandler:
    """What the submission server does: asks for a password, takes mail for local recipients, hands it on."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        is_local: Callable[[str], bool],
        deliver: Deliver,
        faults: list[BaseException],
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        """Defects of the server are added to `faults`, so that a test can fail on them."""
        self.transcript: Final[list[Submitted]] = []
        self._passwords = passwords
        self._is_local = is_local
        self._deliver = deliver
        self._faults = faults
        self._tokens = tokens or {}

    @property
    def mechanisms_without_use(self) -> tuple[str, ...]:
        """Mechanisms not to be offered."""
        return () if self._tokens else ("XOAUTH2",)

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        """Bearer tokens as Google and Microsoft take them, in the initial response."""
        user, token = _user_and_token(args[1] if len(args) > 1 else "")
        if token and self._tokens.get(user) == token:
            return AuthResult(success=True)
        await server.challenge_auth(TOKEN_REFUSED)
        return AuthResult(success=False, handled=False)

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
        """What the client is told of a defect of the server."""
        self._faults.append(error)
        return "451 4.3.0 Internal error"


def _user_and_token(encoded: str) -> tuple[str, str]:
    """Both of an XOAUTH2 response; empty when it is none."""
    try:
        given = _XOAUTH2.fullmatch(b64decode(encoded, validate=True))
    except binascii.Error:
        return "", ""
    return (given[1].decode("utf-8", "replace"), given[2].decode("utf-8", "replace")) if given else ("", "")


class SubmissionProtocol(SMTP):
    """One SMTP client. AUTH is required on a plain connection: this is loopback."""

    def __init__(
        self, handler: SubmissionHandler, transports: set[asyncio.BaseTransport], tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            handler,
            authenticator=handler.authenticate,
            auth_exclude_mechanism=handler.mechanisms_without_use,
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
        """Called anew with the TLS transport after STARTTLS."""
        self._transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone."""
        if self.transport is not None:
            self._transports.discard(self.transport)
        super().connection_lost(error)

    async def check_auth_needed(self, caller_method: str) -> bool:  # noqa: ARG002
        """The library's own `auth_required` warns about plain connections each time."""
        if self.session is not None and self.session.authenticated:
            return False
        await self.push("530 5.7.0 Authentication required")
        return True
