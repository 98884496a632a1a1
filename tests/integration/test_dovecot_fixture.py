"""The servers that other tests stand on: one interface over two mail systems, and a Dovecot with awkward habits."""

import shutil
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from agent.embedded import EmbeddedServers
from tests.conftest import DovecotAccount, needs_dovecot, unavailable
from tests.servers import PASSWORD, Dovecot, DovecotOptions, MailSystem, SubmissionServer, certificate, living, lmtp

MAIL = b"From: Ann <ann@example.org>\nTo: alex@example.com\nSubject: Hello\n\nHow are you?\n"

SHAPES = {
    "plain": MAIL,
    "no body": b"Subject: x\n\n",
    "alternative": (
        b"Content-Type: multipart/alternative; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=utf-8; format=flowed\n\nplain\n"
        b"--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+aHRtbDwvcD4=\n--b--\n"
    ),
    "forwarded": (
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=outer\n\n"
        b"--outer\n\nsee below\n"
        b'--outer\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename="old mail.eml"\n\n'
        b"From: Kim <kim@example.com>\nSubject: inner\nContent-Type: multipart/alternative; boundary=inner\n\n"
        b"--inner\n\nold\n--inner\nContent-Type: text/html\n\n<p>old\n--inner--\n\n"
        b"--outer\nContent-Type: application/pdf; name=cv.pdf\nContent-ID: <cv@b.example>\n\n%PDF\n--outer--\n"
    ),
    "never ends": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n",
    "report": (
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        b"--b\n\nbounced\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\n--b--\n"
    ),
    "several recipients": (
        b'From: "Ann, of Example" <ann@example.org>\nSender: bot@example.org\nReply-To: desk@example.org\n'
        b"To: Kim <kim@example.com>, lee@example.com\nCc: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\n"
        b"In-Reply-To: <1@example.org>\nMessage-ID: <2@example.org>\nDate: Fri, 1 Mar 2024 10:00:00 +0100\n\nhi\n"
    ),
}
"""Mails of every structure that the embedded server should tell as Dovecot does."""

SECTIONS = ["BODY[]", "BODY[HEADER]", "BODY[TEXT]", "BODY[1]", "BODY[2]", "BODY[1.MIME]", "BODY[2.HEADER]", "BODY[2.1]"]


def lower(told: object) -> object:
    """A FETCH answer without regard to the case of media types."""
    if isinstance(told, tuple):
        return tuple(lower(item) for item in told)
    return told.lower() if isinstance(told, bytes) else told


def log_in(server: Dovecot, user: str, password: str = PASSWORD) -> IMAPClient:
    """A session, to be used as a context; closed when the login is refused."""
    with ExitStack() as stack:
        client = stack.enter_context(IMAPClient(server.host, port=server.imap_port, ssl=False, timeout=5))
        client.login(user, password)
        stack.pop_all()
    return client


# --- one interface -------------------------------------------------------------------------------------------------


def test_a_delivered_mail_lies_unread_in_the_inbox(mail_system: MailSystem) -> None:
    mail_system.deliver(MAIL)
    [message] = mail_system.messages()
    assert message.raw.endswith(MAIL.replace(b"\n", b"\r\n"))
    assert message.flags == frozenset()


def test_a_submitted_mail_comes_back_to_its_sender_with_its_trace(mail_system: MailSystem) -> None:
    with smtplib.SMTP(mail_system.host, mail_system.smtp_port) as session:
        session.login(mail_system.user, mail_system.password)
        session.sendmail(mail_system.user, [mail_system.user], MAIL.replace(b"\n", b"\r\n"))
    [raw] = mail_system.raw_messages()
    trace = [line.partition(b":")[0] for line in raw.partition(b"\r\nFrom:")[0].split(b"\r\n") if line[:1].isalpha()]
    assert trace == [b"Return-Path", b"Delivered-To", b"Received"]
    assert [entry.rcpt_tos for entry in mail_system.submitted] == [(mail_system.user,)]


def test_an_appended_mail_keeps_mailbox_flags_and_date(mail_system: MailSystem) -> None:
    sent = datetime(2024, 2, 29, 8, 30, tzinfo=UTC)
    mail_system.append("Sent", MAIL, [r"\Seen", "intro"], sent)
    [message] = mail_system.messages("Sent")
    assert message.flags == {r"\Seen", "intro"}
    assert message.internal_date == sent


def test_the_special_mailboxes_are_there(mail_system: MailSystem) -> None:
    with mail_system.session() as client:
        found = {use: client.find_special_folder(use) for use in (rb"\Drafts", rb"\Sent", rb"\Trash", rb"\Junk")}
    assert list(found.values()) == ["Drafts", "Sent", "Trash", "Junk"]


def test_a_stranger_gets_nothing_by_submission(mail_system: MailSystem) -> None:
    with smtplib.SMTP(mail_system.host, mail_system.smtp_port) as session:
        session.login(mail_system.user, mail_system.password)
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            session.sendmail(mail_system.user, ["ann@elsewhere.example"], MAIL)
    assert mail_system.submitted == []


@pytest.mark.dovecot
@pytest.mark.parametrize("raw", SHAPES.values(), ids=SHAPES.keys())
def test_the_embedded_server_tells_a_mail_as_dovecot_does(
    embedded: EmbeddedServers, dovecot: DovecotAccount, raw: bytes
) -> None:
    told = []
    for port, user in ((embedded.imap_port, "alex@example.com"), (dovecot.server.imap_port, dovecot.user)):
        with IMAPClient(embedded.host, port=port, ssl=False) as client:
            client.login(user, PASSWORD)
            client.append("Sent", raw.replace(b"\n", b"\r\n"))
            client.select_folder("Sent", readonly=True)
            told.append(client.fetch([1], ["ENVELOPE", "BODYSTRUCTURE", "BODY", "RFC822.SIZE", *SECTIONS])[1])
    ours, theirs = ({key: lower(value) for key, value in answer.items()} for answer in told)
    assert ours == theirs


# --- Dovecot -------------------------------------------------------------------------------------------------------


@pytest.mark.dovecot
def test_every_test_has_a_user_of_its_own(dovecot: DovecotAccount, dovecot_server: Dovecot) -> None:
    dovecot.deliver(MAIL)
    with log_in(dovecot_server, "somebody.else@example.com") as client:
        assert client.select_folder("INBOX")[b"EXISTS"] == 0


@pytest.mark.dovecot
def test_the_tls_port_shows_the_certificate_of_the_fixture(dovecot: DovecotAccount) -> None:
    context = ssl.create_default_context(cafile=str(dovecot.server.cafile))
    with IMAPClient("localhost", port=dovecot.server.imaps_port, ssl_context=context) as client:
        client.login(dovecot.user, dovecot.password)
        assert client.folder_exists("Drafts")
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient("localhost", port=dovecot.server.imaps_port)


@pytest.mark.dovecot
def test_a_wrong_password_is_refused_time_and_again_without_growing_delay(dovecot: DovecotAccount) -> None:
    for _ in range(3):
        with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            log_in(dovecot.server, dovecot.user, "wrong")


@pytest.mark.dovecot
def test_the_uids_of_a_mailbox_can_be_made_invalid(dovecot: DovecotAccount) -> None:
    dovecot.deliver(MAIL)
    dovecot.server.doveadm("mailbox", "update", "-u", dovecot.user, "--uid-validity", "424242", "INBOX")
    with log_in(dovecot.server, dovecot.user) as client:
        assert client.select_folder("INBOX")[b"UIDVALIDITY"] == 424242


@pytest.fixture(scope="module")
def awkward() -> Iterator[Dovecot]:
    """A Dovecot with a prefix, a localized Drafts, a quota, and two connections a user."""
    needs_dovecot()
    with Dovecot(DovecotOptions(drafts="Entwürfe", prefix="INBOX.", connections=2, quota="20K")) as server:
        yield server


@pytest.mark.dovecot
def test_an_awkward_dovecot_has_prefix_and_drafts_of_another_language(awkward: Dovecot) -> None:
    with log_in(awkward, "prefix@example.com") as client:
        assert client.find_special_folder(rb"\Drafts") == "INBOX.Entwürfe"
        assert client.namespace().personal == (("INBOX.", "."),)


@pytest.mark.dovecot
def test_an_awkward_dovecot_takes_no_third_connection(awkward: Dovecot) -> None:
    user = "limit@example.com"
    with log_in(awkward, user), log_in(awkward, user), pytest.raises(LoginError, match="LIMIT"):
        log_in(awkward, user)


@pytest.mark.dovecot
def test_an_awkward_dovecot_is_soon_full(awkward: Dovecot) -> None:
    with log_in(awkward, "quota@example.com") as client, pytest.raises(IMAPClientError, match="OVERQUOTA"):
        client.append("INBOX.Entwürfe", MAIL + b"x" * 30_000)


@pytest.mark.dovecot
def test_the_submission_server_passes_on_what_dovecot_refuses(awkward: Dovecot) -> None:
    user = "full@example.com"

    def deliver(recipient: str, raw: bytes, sender: str) -> None:
        lmtp(awkward.lmtp_port, recipient, raw, sender)

    with (
        SubmissionServer({user: PASSWORD}, deliver) as server,
        smtplib.SMTP(server.host, server.port) as session,
    ):
        session.login(user, PASSWORD)
        with pytest.raises(smtplib.SMTPDataError, match="Quota exceeded"):
            session.sendmail(user, [user], b"Subject: big\r\n\r\n" + (b"y" * 900 + b"\r\n") * 30)


@pytest.mark.parametrize(("demanded", "outcome"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)])
def test_a_missing_dovecot_skips_a_test_but_fails_it_when_all_tests_are_asked_for(
    demanded: bool,  # noqa: FBT001
    outcome: type[BaseException],
) -> None:
    with pytest.raises(outcome, match="not installed"):
        unavailable("Dovecot is not installed", demanded=demanded)


@pytest.mark.dovecot
def test_no_process_of_a_dovecot_is_left_behind() -> None:
    needs_dovecot()
    with Dovecot() as server:
        leader = server.process.pid
        server.deliver(MAIL, "alex@example.com")
        assert leader in living(leader)
    assert living(leader) == []
    assert not server.folder.exists()


# --- submission ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_a_submission_server_with_a_certificate_wants_starttls_before_the_login(tmp_path: Path) -> None:
    cafile, keyfile = certificate(tmp_path)
    delivered: list[tuple[str, bytes, str]] = []
    user = "alex@example.com"
    with (
        SubmissionServer({user: PASSWORD}, lambda *mail: delivered.append(mail), (cafile, keyfile)) as server,
        smtplib.SMTP("localhost", server.port) as session,
    ):
        with pytest.raises(smtplib.SMTPException):
            session.login(user, PASSWORD)
        session.starttls(context=ssl.create_default_context(cafile=str(cafile)))
        session.login(user, PASSWORD)
        session.sendmail(user, [user], b"Subject: x\r\n\r\n")
    assert delivered == [(user, b"Subject: x\r\n\r\n", user)]
    assert server.faults == []
