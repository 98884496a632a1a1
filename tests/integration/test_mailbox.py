"""The IMAP session against real servers."""

import socket
import threading
from datetime import UTC, datetime

import pytest

from agent.errors import LoginRefused, MailboxUnavailable, NoSuchMailbox
from agent.mailbox import Session, shown, wired
from agent.skim import SMALL
from agent.transport import Server
from tests.servers import Dovecot, MailSystem

HEAD = b"From: Dev <dev@example.org>\r\nTo: alex@example.com\r\nSubject: hello\r\n"
LETTER = HEAD + b"Message-ID: <one@example.org>\r\n\r\nHello.\r\n"


def server_of(system: MailSystem) -> Server:
    return Server(system.host, system.imap_port, "none", system.user)


def session_on(system: MailSystem) -> Session:
    return Session.connect(server_of(system), system.password)


def with_attachment(octets: int) -> bytes:
    """A letter in text and HTML with a large attachment, base64 in lines of 76."""
    line = b"QUJD" * 19 + b"\r\n"
    return b"".join(
        [
            b"From: Dev <dev@example.org>\r\nTo: alex@example.com\r\nSubject: big\r\nMessage-ID: <big@example.org>\r\n",
            b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n",
            b"--outer\r\nContent-Type: multipart/alternative; boundary=inner\r\n\r\n",
            b"--inner\r\nContent-Type: text/plain; charset=utf-8\r\n",
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            b"May I introduce you to Zo=C3=AB?\r\n",
            b"--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>May I introduce you?</p>\r\n",
            b"--inner--\r\n",
            b'--outer\r\nContent-Type: application/pdf; name="deck.pdf"\r\n',
            b'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="deck.pdf"\r\n\r\n',
            line * (octets // len(line)),
            b"\r\n--outer--\r\n",
        ]
    )


def test_a_wrong_password_is_a_refused_login(mail_system: MailSystem) -> None:
    with pytest.raises(LoginRefused, match="app password"):
        Session.connect(server_of(mail_system), "wrong")


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(MailboxUnavailable):
        Session.connect(Server("127.0.0.1", 1, "none", "alex"), "secret")


def test_the_special_mailboxes_are_found_by_their_attributes(mail_system: MailSystem) -> None:
    with session_on(mail_system) as session:
        special = session.special("INBOX", None, None)
    assert (special.inbox, special.drafts, special.sent) == ("INBOX", "Drafts", "Sent")


def test_a_configured_name_goes_before_the_attribute(mail_system: MailSystem) -> None:
    with session_on(mail_system) as session:
        special = session.special("INBOX", "Entwürfe", None)
    assert special.drafts == "Entw&APw-rfe"
    assert shown(special.drafts) == "Entwürfe"


def test_a_mailbox_that_is_not_there_is_named(mail_system: MailSystem) -> None:
    with session_on(mail_system) as session, pytest.raises(NoSuchMailbox, match="Entwürfe"):
        session.examine(wired("Entwürfe"))


def test_reading_leaves_flags_alone_and_gives_the_message_back(mail_system: MailSystem) -> None:
    mail_system.deliver(LETTER)
    before = [stored.flags for stored in mail_system.messages()]
    with session_on(mail_system) as session:
        opened = session.examine("INBOX")
        summaries = list(session.summaries(session.uids_after(0)))
        texts = dict(session.texts(summaries))
    assert opened.exists == 1
    assert b"Message-ID: <one@example.org>" in summaries[0].header
    assert texts[summaries[0].uid].endswith(b"\r\n\r\nHello.\r\n")
    assert [stored.flags for stored in mail_system.messages()] == before


def test_a_large_attachment_is_not_downloaded(mail_system: MailSystem) -> None:
    mail_system.deliver(with_attachment(2_000_000))
    with session_on(mail_system) as session:
        session.examine("INBOX")
        summaries = list(session.summaries(session.uids_after(0)))
        texts = dict(session.texts(summaries))
    raw = texts[summaries[0].uid]
    assert summaries[0].size > 2_000_000 > SMALL
    assert len(raw) < 10_000
    assert b"Zo=C3=AB" in raw
    assert b"<p>May I introduce you?</p>" in raw
    assert b'filename="deck.pdf"' in raw


def test_only_messages_above_the_watermark_are_new(mail_system: MailSystem) -> None:
    mail_system.deliver(LETTER)
    with session_on(mail_system) as session:
        session.examine("INBOX")
        uids = session.uids_after(0)
        assert len(uids) == 1
        assert session.uids_after(uids[-1]) == []


def test_messages_are_found_by_message_id_and_by_what_they_answer(mail_system: MailSystem) -> None:
    mail_system.deliver(LETTER)
    mail_system.deliver(
        LETTER.replace(b"<one@", b"<two@").replace(b"Subject", b"In-Reply-To: <one@example.org>\r\nSubject")
    )
    with session_on(mail_system) as session:
        session.examine("INBOX")
        first, second = session.uids_after(0)
        assert session.find("<one@example.org>") == [first]
        assert session.find("<nobody@example.org>") == []
        assert session.find_replies("<one@example.org>") == [second]
        assert session.has_mail_to("alex@example.com")
        assert not session.has_mail_to("stranger@example.net")


def test_a_draft_is_saved_with_its_flags(mail_system: MailSystem) -> None:
    with session_on(mail_system) as session:
        session.append_draft("Drafts", LETTER)
        session.append_to_inbox("INBOX", LETTER)
    assert {flag.lower() for flag in mail_system.messages("Drafts")[0].flags} >= {"\\draft", "\\seen"}
    assert "\\seen" not in {flag.lower() for flag in mail_system.messages()[0].flags}


def test_mail_older_than_a_day_is_found_by_its_internal_date(mail_system: MailSystem) -> None:
    mail_system.append("INBOX", LETTER, internal_date=datetime(2020, 5, 4, tzinfo=UTC))
    mail_system.append("INBOX", LETTER)
    with session_on(mail_system) as session:
        session.examine("INBOX")
        assert len(session.uids_since(datetime.now(UTC).date().replace(month=1, day=1))) == 1


def test_idle_tells_of_new_mail(mail_system: MailSystem) -> None:
    waker, wake = socket.socketpair()
    news: list[bool] = []
    with session_on(mail_system) as session, waker, wake:
        session.examine("INBOX")
        watch = threading.Thread(target=lambda: news.append(session.wait_for_news(30, wake)))
        watch.start()
        mail_system.deliver(LETTER)
        watch.join(30)
        assert news == [True]
        assert len(session.uids_after(0)) == 1


def test_idle_ends_at_once_when_woken(mail_system: MailSystem) -> None:
    waker, wake = socket.socketpair()
    with session_on(mail_system) as session, waker, wake:
        session.examine("INBOX")
        waker.send(b"!")
        assert session.wait_for_news(30, wake) is False
        assert session.uids_after(0) == []


def test_a_certificate_of_nobody_known_is_refused(dovecot_server: Dovecot) -> None:
    with pytest.raises(MailboxUnavailable, match="TLS"):
        Session.connect(Server("localhost", dovecot_server.imaps_port, "tls", "alex@example.com"), "secret")
