"""IMAP, delivery and submission by Dovecot itself: no server of ours stands between Gracious and it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import LIBEXEC, Dovecot, MailSystem, RelayServer, dovecot_system, lmtp
from tests.world import World, an_offer_mail

USER = "alex@example.com"

pytestmark = pytest.mark.dovecot


@pytest.fixture
def alone() -> Iterator[MailSystem]:
    """A Dovecot that takes submissions; what it takes comes back by LMTP, by way of a relay."""
    missing = Dovecot.missing() or _without_submission()
    if missing and os.environ.get("GRACIOUS_TEST_ALL") == "1":
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    server = Dovecot()

    def deliver(recipient: str, raw: bytes, sender: str) -> None:
        lmtp(server.lmtp_port, recipient, raw, sender)

    with RelayServer(deliver) as relay:
        server.relay_port = relay.port
        with server:
            system = dovecot_system(server, USER, relay)
            system.smtp_port = server.submission_port
            yield system


def _without_submission() -> str | None:
    is_there = any((folder / "submission").exists() for folder in LIBEXEC)
    return None if is_there else "Dovecot's submission service is not installed (dovecot-submissiond)"


def test_the_whole_line_runs_on_dovecot_alone(alone: MailSystem, tmp_path: Path) -> None:
    world = World(alone, tmp_path)
    world.deliver(an_offer_mail())
    world.poll()
    world.reply("Yes, on deadline until the end of next month. No.")
    world.poll()
    world.poll()
    (draft,) = world.drafts()
    assert draft.in_reply_to == ("<offer-1@example.org>",)
    assert len(world.mail_to_self()) == 2
    assert {recipient for mail in alone.submitted for recipient in mail.rcpt_tos} == {USER}
