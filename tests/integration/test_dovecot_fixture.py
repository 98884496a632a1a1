"""The fixtures that other tests stand on: one interface over two real mail systems."""

import smtplib

from tests.servers import MailSystem

MAIL = b"From: Ann <ann@example.org>\nTo: alex@example.com\nSubject: Hello\n\nHow are you?\n"


def test_a_delivered_mail_lies_in_the_inbox(mail_system: MailSystem) -> None:
    mail_system.deliver(MAIL)
    [raw] = mail_system.raw_messages()
    assert raw.endswith(b"Subject: Hello\r\n\r\nHow are you?\r\n")


def test_a_submitted_mail_comes_back_to_its_sender(mail_system: MailSystem) -> None:
    with smtplib.SMTP(mail_system.host, mail_system.smtp_port) as session:
        session.login(mail_system.user, mail_system.password)
        session.sendmail(mail_system.user, [mail_system.user], MAIL.replace(b"\n", b"\r\n"))
    [raw] = mail_system.raw_messages()
    assert raw.startswith(b"Return-Path: <" + mail_system.user.encode() + b">\r\n")
    assert [entry.rcpt_tos for entry in mail_system.submitted] == [(mail_system.user,)]
