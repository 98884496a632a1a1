"""SMTP submission: what counts as accepted, as refused, and as unknown."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from agent.embedded import EmbeddedServers
from agent.errors import (
    StoreError,
    SubmissionDeferred,
    SubmissionError,
    SubmissionLoginRefused,
    SubmissionRefused,
    SubmissionUnknown,
)
from agent.model import OwnerMail, Stamp
from agent.submission import Submission
from agent.transport import Server
from tests.servers import PASSWORD
from tests.shapes import NOW, OWNER

MAIL = OwnerMail(OWNER, Stamp("<mail@example.com>", NOW), "Hello", "Hello.")
CONTENT = b"From: alex@example.com\r\nTo: alex@example.com\r\nSubject: Hello\r\n\r\nHello.\r\n.dot\r\n..\r\n"
GREETING = b"220 ready\r\n"
OK = b"250 fine\r\n"
GO_AHEAD = b"354 go ahead\r\n"


class Transmissions:
    """Counts how often the caller was told that the text is about to leave."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@contextmanager
def scripted(answers: Sequence[bytes]) -> Iterator[Server]:
    """An SMTP server that gives these answers in turn and then hangs up; an empty one hangs up at once."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=_serve, args=(listener, answers))
        server.start()
        yield Server("127.0.0.1", listener.getsockname()[1], "none", "")
        server.join()


def _serve(listener: socket.socket, answers: Sequence[bytes]) -> None:
    connection, _ = listener.accept()
    with connection, connection.makefile("rb") as lines:
        for number, answer in enumerate(answers):
            if not answer:
                return
            connection.sendall(answer)
            is_in_data = answer.startswith(b"354")
            for line in lines:
                if not is_in_data or line == b".\r\n":
                    break
            if number == len(answers) - 1:
                return


def submitted(answers: Sequence[bytes]) -> tuple[SubmissionError | None, int]:
    """What became of a mail, and how often the caller was told that it leaves."""
    transmissions = Transmissions()
    with scripted(answers) as server:
        try:
            Submission(server, "").submit(MAIL, CONTENT, transmissions)
        except SubmissionError as error:
            return error, transmissions.count
    return None, transmissions.count


def test_a_mail_arrives_byte_for_byte_with_the_owner_as_its_only_recipient(embedded: EmbeddedServers) -> None:
    server = Server(embedded.host, embedded.smtp_port, "none", OWNER.address)
    Submission(server, PASSWORD).submit(MAIL, CONTENT, Transmissions())
    (arrived,) = embedded.messages()
    assert arrived.raw.endswith(CONTENT)
    assert [sent.rcpt_tos for sent in embedded.transcript] == [(OWNER.address,)]


def test_a_wrong_password_is_a_refused_login(embedded: EmbeddedServers) -> None:
    server = Server(embedded.host, embedded.smtp_port, "none", OWNER.address)
    with pytest.raises(SubmissionLoginRefused):
        Submission(server, "wrong").try_login()
    Submission(server, PASSWORD).try_login()


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with pytest.raises(SubmissionDeferred):
        Submission(Server("127.0.0.1", 1, "none", ""), "").submit(MAIL, CONTENT, Transmissions())


@pytest.mark.parametrize(
    "answers",
    [
        [b"421 too busy\r\n"],
        [GREETING, OK, b"451 greylisted\r\n"],
        [GREETING, OK, OK, b"450 later\r\n"],
        [GREETING, OK, OK, OK, b"451 later\r\n"],
        [GREETING, OK, OK, b""],
    ],
    ids=["greeting", "mail", "rcpt", "data", "closed"],
)
def test_before_the_text_a_temporary_fault_is_a_safe_no(answers: Sequence[bytes]) -> None:
    error, transmissions = submitted(answers)
    assert isinstance(error, SubmissionDeferred)
    assert transmissions == 0


@pytest.mark.parametrize(
    "answers",
    [[GREETING, OK, b"550 no\r\n"], [GREETING, OK, OK, b"550 no such user\r\n"], [GREETING, OK, OK, OK, b"554 no\r\n"]],
    ids=["mail", "rcpt", "data"],
)
def test_a_permanent_fault_is_not_retried_at_once(answers: Sequence[bytes]) -> None:
    error, transmissions = submitted(answers)
    assert isinstance(error, SubmissionRefused)
    assert transmissions == 0


@pytest.mark.parametrize("last", [b"", b"421 shutting down\r\n", b"220 what\r\n", b"garbage\r\n"])
def test_after_the_text_silence_leaves_it_open(last: bytes) -> None:
    error, transmissions = submitted([GREETING, OK, OK, OK, GO_AHEAD, last])
    assert isinstance(error, SubmissionUnknown)
    assert transmissions == 1


@pytest.mark.parametrize(
    ("last", "kind"), [(b"452 full\r\n", SubmissionDeferred), (b"554 spam\r\n", SubmissionRefused)]
)
def test_after_the_text_a_clean_no_is_a_no(last: bytes, kind: type[SubmissionError]) -> None:
    error, _ = submitted([GREETING, OK, OK, OK, GO_AHEAD, last])
    assert isinstance(error, kind)


def test_when_nothing_can_be_recorded_nothing_is_sent_and_nobody_waits(embedded: EmbeddedServers) -> None:
    def on_a_full_disk() -> None:
        raise StoreError("The disk is full.")

    server = Server(embedded.host, embedded.smtp_port, "none", OWNER.address)
    with pytest.raises(StoreError):
        Submission(server, PASSWORD).submit(MAIL, CONTENT, on_a_full_disk)
    assert embedded.messages() == []


@pytest.mark.parametrize("farewell", [[], [b"421 gone\r\n"], [b"500 what\r\n"]])
def test_after_the_acceptance_a_failing_quit_changes_nothing(farewell: list[bytes]) -> None:
    assert submitted([GREETING, OK, OK, OK, GO_AHEAD, OK, *farewell]) == (None, 1)


def test_the_password_does_not_show() -> None:
    assert "secret" not in repr(Submission(Server("localhost", 25, "none", "alex"), "secret"))
