"""IDLE against a server that misbehaves: what the library's own helper loses or spins on."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from agent.errors import LoginRefused, MailboxError, MailboxUnavailable
from agent.mailbox import Session
from agent.transport import Server

Lines = Iterator[bytes]
Idle = Callable[[socket.socket, Lines, bytes], None]


@contextmanager
def server(on_idle: Idle, *, login: bytes = b"OK welcome") -> Iterator[Server]:
    """An IMAP server that knows LOGIN, EXAMINE and NOOP, and leaves IDLE to the test."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, on_idle, login))
        thread.start()
        yield Server("127.0.0.1", listener.getsockname()[1], "none", "alex")
        thread.join()


def _serve(listener: socket.socket, on_idle: Idle, login: bytes) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as lines:
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
        for line in lines:
            tag, command = line.split()[:2]
            match command.upper():
                case b"LOGIN":
                    connection.sendall(tag + b" " + login + b"\r\n")
                case b"EXAMINE":
                    connection.sendall(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n" + tag + b" OK [READ-ONLY] x\r\n")
                case b"IDLE":
                    on_idle(connection, lines, tag)
                    return
                case _:
                    connection.sendall(tag + b" OK x\r\n")


def waited(on_idle: Idle, seconds: float = 30) -> bool:
    """What IDLE told, on a connection that has INBOX open."""
    waker, wake = socket.socketpair()
    with server(on_idle) as here, waker, wake, Session.connect(here, "secret") as session:
        session.examine("INBOX")
        return session.wait_for_news(seconds, wake)


def says(*pieces: bytes) -> Idle:
    """A server that sends these pieces one by one and then takes DONE."""

    def on_idle(connection: socket.socket, lines: Lines, tag: bytes) -> None:
        for piece in pieces:
            connection.sendall(piece)
        next(lines)
        connection.sendall(tag + b" OK done\r\n")

    return on_idle


def test_news_in_the_same_packet_as_the_continuation_are_seen() -> None:
    assert waited(says(b"+ idling\r\n* 2 EXISTS\r\n"))


def test_news_before_the_continuation_are_seen() -> None:
    assert waited(says(b"* 2 EXISTS\r\n+ idling\r\n"))


def test_news_in_pieces_are_seen() -> None:
    assert waited(says(b"+ idling\r\n", b"* 2 EX", b"ISTS\r\n"))


def test_a_keep_alive_is_no_news() -> None:
    assert waited(says(b"+ idling\r\n* OK still here\r\n* 3 EXISTS\r\n"))
    assert not waited(says(b"+ idling\r\n* OK still here\r\n"), seconds=0.05)


def test_news_that_come_only_after_done_are_seen() -> None:
    def on_idle(connection: socket.socket, lines: Lines, tag: bytes) -> None:
        connection.sendall(b"+ idling\r\n")
        next(lines)
        connection.sendall(b"* 2 EXISTS\r\n" + tag + b" OK done\r\n")

    assert waited(on_idle, seconds=0.05)


def test_a_closed_connection_is_a_fault_and_not_silence() -> None:
    def on_idle(connection: socket.socket, _lines: Lines, _tag: bytes) -> None:
        connection.sendall(b"+ idling\r\n")

    with pytest.raises(MailboxUnavailable):
        waited(on_idle)


@pytest.mark.parametrize("answer", [b"+ idling\r\n* BYE shutting down\r\n", b"* BYE no\r\n"])
def test_a_farewell_is_a_fault(answer: bytes) -> None:
    def on_idle(connection: socket.socket, _lines: Lines, _tag: bytes) -> None:
        connection.sendall(answer)

    with pytest.raises(MailboxUnavailable):
        waited(on_idle)


def test_a_refusal_is_told() -> None:
    def on_idle(connection: socket.socket, _lines: Lines, tag: bytes) -> None:
        connection.sendall(tag + b" NO not now\r\n")

    with pytest.raises(MailboxError, match="not now"):
        waited(on_idle)


@pytest.mark.parametrize(
    ("login", "kind"),
    [
        (b"NO [AUTHENTICATIONFAILED] no", LoginRefused),
        (b"NO Basic authentication is disabled.", LoginRefused),
        (b"NO [ALERT] Application-specific password required", LoginRefused),
        (b"NO [UNAVAILABLE] try later", MailboxUnavailable),
        (b"NO [LIMIT] Maximum number of connections", MailboxUnavailable),
    ],
)
def test_only_bad_credentials_are_a_refused_login(login: bytes, kind: type[MailboxError]) -> None:
    with server(says(), login=login) as here, pytest.raises(kind):
        Session.connect(here, "secret")


@pytest.mark.parametrize("greeting", [b"* BYE busy\r\n", b"", b"220 this is SMTP\r\n"])
def test_something_else_than_an_imap_server_is_unavailable(greeting: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(MailboxUnavailable):
            Session.connect(Server("127.0.0.1", listener.getsockname()[1], "none", "alex"), "secret")
        thread.join()
