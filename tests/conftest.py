"""The servers that tests ask for by name. Dovecot is skipped where it is not installed, unless GRACIOUS_TEST_ALL=1."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import pytest

from agent.embedded import EmbeddedServers
from tests.servers import (
    PASSWORD,
    Dovecot,
    MailSystem,
    SubmissionServer,
    dovecot_system,
    embedded_system,
    lmtp,
)

OWNER = "alex@example.com"

_numbers = itertools.count(1)


@pytest.fixture
def embedded() -> Iterator[EmbeddedServers]:
    """Fresh embedded servers with one user, alex@example.com; a defect inside them fails the test."""
    with EmbeddedServers({OWNER: PASSWORD}) as servers:
        yield servers
    assert servers.faults == []


def needs_dovecot() -> None:
    """Skips the test where Dovecot cannot be used; fails it when all tests were asked for."""
    if reason := Dovecot.missing():
        unavailable(reason, demanded=os.environ.get("GRACIOUS_TEST_ALL") == "1")


def unavailable(reason: str, *, demanded: bool) -> NoReturn:
    """Skips the test for that reason; fails it where it was demanded that nothing is skipped."""
    if demanded:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dovecot_server() -> Iterator[Dovecot]:
    """The one Dovecot of a test run."""
    needs_dovecot()
    with Dovecot() as server:
        yield server


@dataclass(frozen=True)
class DovecotAccount:
    """A user of Dovecot that no other test has used."""

    server: Dovecot
    user: str
    password: str = PASSWORD

    def deliver(self, raw: bytes) -> None:
        """By LMTP."""
        self.server.deliver(raw, self.user)


@pytest.fixture
def dovecot(dovecot_server: Dovecot) -> DovecotAccount:
    """A fresh user with empty mailboxes on the session's Dovecot."""
    return DovecotAccount(dovecot_server, f"alex{next(_numbers)}@example.com")


@pytest.fixture
def submission(dovecot: DovecotAccount) -> Iterator[SubmissionServer]:
    """A submission server that delivers to the test's Dovecot user and everybody else there."""

    def deliver(recipient: str, raw: bytes, sender: str) -> None:
        lmtp(dovecot.server.lmtp_port, recipient, raw, sender)

    with SubmissionServer({dovecot.user: dovecot.password}, deliver) as server:
        yield server
    assert server.faults == []


@pytest.fixture(params=["embedded", pytest.param("dovecot", marks=pytest.mark.dovecot)])
def mail_system(request: pytest.FixtureRequest) -> MailSystem:
    """The owner's mail servers: the test runs once on the embedded ones and once on Dovecot."""
    if request.param == "embedded":
        return embedded_system(request.getfixturevalue("embedded"))
    account: DovecotAccount = request.getfixturevalue("dovecot")
    return dovecot_system(account.server, account.user, request.getfixturevalue("submission"))
