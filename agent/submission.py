"""I/O: SMTP submission (RFC 6409). Hands one mail to the owner's own server, for the owner.

What it takes is an `OwnerMail`, which cannot hold another recipient. Whether a mail was accepted is decided by the
answer to the final dot and by nothing else: before the dot a fault is a safe "no", after it nobody knows.
"""

import base64
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator

from agent.errors import (
    SubmissionDeferred,
    SubmissionError,
    SubmissionLoginRefused,
    SubmissionRefused,
    SubmissionUnknown,
)
from agent.model import OwnerMail
from agent.transport import CONNECT_SECONDS, READ_SECONDS, Server, tls_context

_PERMANENT = 500
_OK = 250
_GO_AHEAD = 354
_AUTHENTICATED = 235


@contextlib.contextmanager
def _translated(server: Server) -> Iterator[None]:
    """Turn smtplib's, the socket's and TLS' errors into ours: all of them before the final dot, so none is doubtful."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise _login_fault(server, error) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refusal(code, text) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
        raise SubmissionRefused(f"The SMTP server {server.host} cannot be used: {_said(error)}.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise SubmissionDeferred(f"The SMTP server {server.host} cannot be reached: {_said(error)}.") from error


def _refusal(code: int, text: bytes | str) -> SubmissionError:
    sentence = f"The SMTP server answered {code} {_text(text)}."
    return SubmissionRefused(sentence) if code >= _PERMANENT else SubmissionDeferred(sentence)


def _login_fault(server: Server, error: smtplib.SMTPAuthenticationError) -> SubmissionError:
    if error.smtp_code < _PERMANENT:
        return SubmissionDeferred(f"Signing in to {server.host} did not work this time: {error.smtp_code}.")
    return SubmissionLoginRefused(
        f"{server.host} refuses the login of {server.username}: {error.smtp_code} {_text(error.smtp_error)}. "
        "Check the user name and the password; many providers want an app password here."
    )


def _text(text: bytes | str) -> str:
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " ".join(plain.split())[:300].rstrip(".")


def _said(error: BaseException) -> str:
    return _text(str(error) or type(error).__name__)


class Submission:
    """The owner's submission server. A connection is opened for each mail: there are few, minutes apart."""

    def __init__(self, server: Server, password: str) -> None:
        self._server = server
        self._password = password

    def __repr__(self) -> str:
        return f"Submission({self._server.host})"

    def try_login(self) -> None:
        """Connect and sign in, then leave. Raises SubmissionError with the reason when that fails."""
        with _translated(self._server), self._connected():
            pass

    def submit(self, mail: OwnerMail, content: bytes, transmit: Callable[[], None]) -> None:
        """Send `content`, which is `mail` in its wire form.

        `transmit` is called when all is ready and only the text is left to send: the caller records there that from
        now on the outcome is unknown. Raises SubmissionDeferred or SubmissionRefused when the mail was certainly not
        accepted, SubmissionUnknown when it may have been.
        """
        with _translated(self._server):
            connection = self._connected()
        with connection as client:
            with _translated(self._server):
                self._address(client, mail.recipient)
            transmit()
            _send_text(client, content)

    def _connected(self) -> "_Connection":
        return _Connection(self._server, self._password)

    @staticmethod
    def _address(client: smtplib.SMTP, address: str) -> None:
        _expect(_OK, *client.mail(address))
        _expect(_OK, *client.rcpt(address))
        _expect(_GO_AHEAD, *client.docmd("DATA"))


def _expect(wanted: int, code: int, text: bytes) -> None:
    # 251 (will forward) and 252 are acceptances of RCPT too.
    if code // 10 != wanted // 10:
        raise smtplib.SMTPResponseException(code, text)


def _send_text(client: smtplib.SMTP, content: bytes) -> None:
    """Send text and final dot. Only a clean 4yz or 5yz answer is a no; 421 and a broken connection leave it open."""
    stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))
    try:
        client.send(stuffed.removesuffix(b"\r\n") + b"\r\n.\r\n")
        code, text = client.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise SubmissionUnknown(f"The SMTP server fell silent after the text of the mail: {_said(error)}.") from error
    if code == _OK:
        return
    if code // 100 in {4, 5} and code != 421:  # noqa: PLR2004  # RFC 5321 section 3.8: 421 says nothing of the mail
        raise _refusal(code, text)
    raise SubmissionUnknown(f"The SMTP server answered {code} {_text(text)} after the text of the mail.")


class _Connection:
    """A signed-in connection; leaving it never fails, since a fault of QUIT says nothing of the mail."""

    def __init__(self, server: Server, password: str) -> None:
        self._client = _opened(server)
        try:
            if server.username:
                _sign_in(self._client, server.username, password)
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> smtplib.SMTP:
        return self._client

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After a fault the server may still be waiting for the text: QUIT would be taken for a piece of it.
        if kind is None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.quit()
        self._client.close()


def _sign_in(client: smtplib.SMTP, username: str, password: str) -> None:
    if username.isascii() and password.isascii():
        client.login(username, password)
        return
    # smtplib speaks ASCII only; PLAIN is UTF-8 (RFC 4616).
    token = base64.b64encode(f"\0{username}\0{password}".encode()).decode("ascii")
    code, text = client.docmd("AUTH", f"PLAIN {token}")
    if code != _AUTHENTICATED:
        raise smtplib.SMTPAuthenticationError(code, text)


def _opened(server: Server) -> smtplib.SMTP:
    client: smtplib.SMTP
    if server.security == "tls":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=CONNECT_SECONDS, context=tls_context(server))
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=CONNECT_SECONDS)
    try:
        if server.security == "starttls":
            client.starttls(context=tls_context(server))
        client.ehlo_or_helo_if_needed()
        if isinstance(client.sock, socket.socket):
            client.sock.settimeout(READ_SECONDS)
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        client.close()
        raise
    return client
