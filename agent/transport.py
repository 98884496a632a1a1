"""I/O: TLS. Where a server is and how a connection to it is protected; shared by IMAP and SMTP."""

import ssl
from dataclasses import dataclass
from pathlib import Path

CONNECT_SECONDS = 20.0
READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """One server and the account on it. The password is passed beside it, never inside."""

    host: str
    port: int
    security: str
    """`tls` (RFC 8314 implicit TLS), `starttls`, or `none`."""
    username: str
    cafile: Path | None = None
    """Certificates to trust besides the system's; None for the system's alone."""


def tls_context(server: Server) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name and speaks TLS 1.2 or later."""
    context = ssl.create_default_context()
    if server.cafile is not None:
        context.load_verify_locations(server.cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
