"""Who or what sent a mail, told from its header."""

import pytest

from agent.message import parse
from agent.model import Message
from agent.provenance import (
    authenticated,
    failed_dmarc,
    is_auto_submitted,
    is_automatic_sender,
    is_bulk,
    is_calendar,
    is_report,
)


def mail(*fields: str, author: str = "Nina <nina@example.org>", body: str = "Hello.") -> Message:
    return parse("\n".join([f"From: {author}", *fields, "", body, ""]).encode())


PERSONAL = mail(
    "Return-Path: <nina@example.org>",
    "Auto-Submitted: no",
    "Subject: Automatic doors for the boat house",
    "X-Mailer: Apple Mail (2.3)",
    "X-Auto-Response-Suppress: DR, RN",
    "Precedence: first-class",
    "Feedback-ID: i1234:Fastmail",
)


def test_a_letter_of_a_person_is_none_of_them() -> None:
    assert not is_auto_submitted(PERSONAL)
    assert not is_report(PERSONAL)
    assert not is_bulk(PERSONAL)
    assert not is_calendar(PERSONAL)
    assert not is_automatic_sender(PERSONAL)
    assert not failed_dmarc(PERSONAL)
    assert authenticated(PERSONAL) is None


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=x",
        "AUTO-SUBMITTED: Auto-Notified (a comment)",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "Precedence: auto_reply",
        "Return-Path: <>",
        "Subject: Automatic reply: Sara",
        "Subject: Out of office: Sara",
        "Subject: [Out of Office] until Monday",
        "Subject: Automatische Antwort: Sara",
        "Subject: Abwesenheitsnotiz: Sara",
        "Subject: =?utf-8?q?R=C3=A9ponse_automatique_=3A?= Sara",
        "Subject: Respuesta automática: Sara",
        "Subject: Risposta automatica: Sara",
        "Subject: Resposta automática: Sara",
        "Subject: Automatisch antwoord: Sara",
        "Subject: Afwezig",
    ],
)
def test_what_a_program_sends_by_itself_says_so(field: str) -> None:
    assert is_auto_submitted(mail(field))


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: NO (a person)",
        "Subject: Re: Automatic reply: Sara",
        "Subject: I am out of office on Monday, meet Sara?",
        "Subject: Out of office space? Sara has some",
        "Subject: Autoreply settings of the club",
        "Subject: Afwezigheid van Sara",
    ],
)
def test_a_person_s_words_are_not_taken_for_a_program_s(field: str) -> None:
    assert not is_auto_submitted(mail(field))


@pytest.mark.parametrize(
    "message",
    [
        mail("Content-Type: multipart/report; report-type=delivery-status; boundary=b", body="--b\n\nlost\n--b--"),
        mail("Content-Type: multipart/report; report-type=disposition-notification; boundary=b", body="--b\n\nread"),
        mail("Content-Type: message/delivery-status", body="Action: failed"),
        mail("X-Failed-Recipients: alex@example.com"),
        mail("Subject: Undelivered Mail Returned to Sender", author="MAILER-DAEMON@mx.example.org"),
        mail("Subject: Unzustellbar: Hallo", author="postmaster@example.org"),
        mail("Return-Path: <>", "Subject: Hi", author="Mail Delivery <Mailer-Daemon@example.org>"),
    ],
)
def test_reports_on_other_mail_are_known(message: Message) -> None:
    assert is_report(message)


def test_a_postmaster_who_writes_a_letter_is_no_report() -> None:
    assert not is_report(mail("Subject: Shall I introduce you to Sara?", author="Nina <postmaster@example.org>"))


@pytest.mark.parametrize(
    "field",
    [
        "List-Id: Boats <boats.example.org>",
        "List-Unsubscribe: <mailto:x@example.org>",
        "Precedence: bulk",
        "Precedence: List",
        "X-Mailer: Mailchimp Mailer",
        "X-Campaign: spring",
        "X-BeenThere: boats@lists.example.org",
    ],
)
def test_mail_to_many_is_bulk(field: str) -> None:
    assert is_bulk(mail(field))


def test_a_feedback_id_alone_makes_bulk_only_of_what_nobody_wrote() -> None:
    field = "Feedback-ID: spring:boats:example"
    assert is_bulk(mail(field, author="news-noreply@example.org"))
    assert not is_bulk(mail(field))


INVITATION = (
    "--b\nContent-Type: text/plain\n\nShall we meet?\n"
    "--b\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\n--b--"
)
EVENT = '--b\nContent-Type: text/calendar; name="tea.ics"\n\nBEGIN:VCALENDAR\n--b--'
ATTACHED = f"--b\nContent-Type: text/plain\n\n{{text}}\n{EVENT}"
MIXED = "Content-Type: multipart/mixed; boundary=b"


def test_invitations_of_calendars_are_known() -> None:
    assert is_calendar(mail("Content-Type: multipart/alternative; boundary=b", body=INVITATION))
    assert is_calendar(mail("Content-Type: text/calendar; method=REPLY", body="BEGIN:VCALENDAR"))
    assert is_calendar(mail("Sender: Google Calendar <calendar-notification@google.com>"))
    assert is_calendar(mail("Content-Class: urn:content-classes:calendarmessage"))
    assert is_calendar(mail(MIXED, "Subject: Accepted: tea", body=ATTACHED.format(text="Nina has accepted.")))
    assert is_calendar(mail(MIXED, "Subject: tea", body=ATTACHED.format(text="")))


def test_a_letter_with_an_event_attached_is_a_letter() -> None:
    text = "Shall I introduce you to Sara? I attach the tea party."
    assert not is_calendar(mail(MIXED, "Subject: Sara", body=ATTACHED.format(text=text)))


@pytest.mark.parametrize(
    "local_part",
    [
        *("noreply", "no-reply", "no_reply", "do-not-reply", "donotreply", "news.noreply", "noreply+x1", "noreply123"),
        *(
            "mailer-daemon",
            "postmaster",
            "notifications",
            "notification",
            "alerts",
            "root",
            "bounce",
            "ne-pas-repondre",
        ),
        *("NoReply", "keine-antwort"),
    ],
)
def test_addresses_that_nobody_reads_are_known(local_part: str) -> None:
    assert is_automatic_sender(mail(author=f"Somebody <{local_part}@example.org>"))


@pytest.mark.parametrize(
    "local_part", ["nina", "nora.reply", "alerta", "rooted", "robotics", "postma", "info", "hello"]
)
def test_addresses_of_people_are_not_automatic(local_part: str) -> None:
    assert not is_automatic_sender(mail(author=f"Somebody <{local_part}@example.org>"))


def test_without_an_author_nothing_is_said_about_one() -> None:
    nobody = parse(b"Subject: x\nAuthentication-Results: mx; dkim=pass header.d=example.org\n\nHello.")
    assert not is_automatic_sender(nobody)
    assert authenticated(nobody) is None


# Authentication -------------------------------------------------------------------------------------------------------

PASS = "Authentication-Results: mx.example.com; dkim=pass header.d=example.org; dmarc=pass header.from=example.org"
FAIL = "Authentication-Results: mx.example.com; spf=softfail; dmarc=fail (p=NONE) header.from=example.org"
FORGED_PASS = "Authentication-Results: mx.example.net; dmarc=pass header.from=example.org"
FORGED_FAIL = "Authentication-Results: mx.example.net; dmarc=fail header.from=example.org"


@pytest.mark.parametrize(
    ("fields", "failed", "vouched"),
    [
        ((PASS,), False, True),
        ((FAIL,), True, False),
        ((PASS, FORGED_FAIL), False, True),
        ((FAIL, FORGED_PASS), True, False),
        ((FAIL, PASS), True, False),
        (("Authentication-Results: mx.example.com; spf=none", FAIL), True, False),
        (("Authentication-Results: mx.example.com; spf=none", PASS), False, None),
        (("Authentication-Results: mx.example.com; none",), False, None),
        (("Authentication-Results: mx.example.com 1; dmarc/1 = pass",), False, True),
        (("Authentication-Results: MX.example.com;\n dkim=none;\n DMARC=FAIL",), True, False),
        (("Authentication-Results: mx.example.com; dmarc=temperror",), False, None),
    ],
)
def test_only_the_receiving_server_is_believed(fields: tuple[str, ...], failed: bool, vouched: bool | None) -> None:  # noqa: FBT001 - a table
    message = mail(*fields)
    assert failed_dmarc(message) is failed
    assert authenticated(message) is vouched


def test_exchange_online_leaves_its_name_out() -> None:
    assert authenticated(mail("Authentication-Results: spf=pass smtp.mailfrom=x.org; dmarc=pass action=none")) is True
    assert failed_dmarc(mail("Authentication-Results: spf=pass smtp.mailfrom=x.org; dmarc=fail action=none"))


@pytest.mark.parametrize(
    ("verdict", "vouched"),
    [
        ("dkim=pass header.d=example.org", True),
        ("dkim=pass header.i=@mail.example.org", True),
        ("spf=pass smtp.mailfrom=bounces.example.org", True),
        ("spf=pass smtp.mailfrom=nina@example.org", True),
        ("dkim=fail header.d=example.org", False),
        ("dkim=pass header.d=mass-mailer.example", None),
        ("dkim=pass header.d=org", None),
        ("dkim=pass header.d=notexample.org", None),
    ],
)
def test_without_dmarc_an_aligned_signature_vouches_for_the_author(verdict: str, vouched: bool | None) -> None:  # noqa: FBT001 - a table
    assert authenticated(mail(f"Authentication-Results: mx.example.com; {verdict}")) is vouched


@pytest.mark.parametrize(
    "smuggled",
    [
        'spf=fail smtp.mailfrom="x; dmarc=pass; y"@example.net',
        "spf=fail (sender is x; dmarc=pass) smtp.mailfrom=y",
        "spf=fail (sender (is x); dmarc=pass; z) smtp.mailfrom=y",
        "spf=fail (sender is x; dmarc=pass",
        'spf=fail smtp.mailfrom="x; dmarc=pass',
    ],
)
def test_a_sender_cannot_smuggle_a_verdict_into_the_server_s_words(smuggled: str) -> None:
    assert authenticated(mail(f"Authentication-Results: mx.example.com; {smuggled}")) is not True
