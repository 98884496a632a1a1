"""A mail that the owner forwarded to himself with `intro` in the first line."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from agent.forward import is_marked, missed, the_original, written
from agent.message import enclosed, parse
from agent.model import Message
from tests.shapes import OWNER

LONDON = ZoneInfo("Europe/London")
LETTER = "Hi Alex,\n\nshall I introduce you to Sara Lindqvist? You would get on.\n\nBest,\nDev\n"
AT = datetime(2026, 5, 4, 9, 30, tzinfo=LONDON)


def marked_with(*paragraphs: str, head: str = "", kind: str = "text/plain") -> bytes:
    body = "\n\n".join(paragraphs)
    return (
        "From: Alex Morgan <alex@example.com>\nTo: alex@example.com\nSubject: Fwd: Sara\n"
        f"Message-ID: <fwd@example.com>\n{head}MIME-Version: 1.0\nContent-Type: {kind}; charset=utf-8\n\n{body}\n"
    ).encode()


def a_forward(*paragraphs: str, head: str = "", kind: str = "text/plain") -> Message:
    return parse(marked_with(*paragraphs, head=head, kind=kind))


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


FORWARDS = {
    "gmail": f"""---------- Forwarded message ---------
From: Dev Patel <dev@example.org>
Date: Mon, May 4, 2026 at 9:30 AM
Subject: Sara Lindqvist
To: Alex Morgan <alex@example.com>


{LETTER}""",
    "gmail-fr": f"""---------- Forwarded message ---------
De : Dev Patel <dev@example.org>
Date: lun. 4 mai 2026 à 09:30
Subject: Sara Lindqvist
To: Alex Morgan <alex@example.com>


{LETTER}""",
    "outlook": f"""________________________________
From: Dev Patel <dev@example.org>
Sent: Monday, May 4, 2026 9:30 AM
To: Alex Morgan <alex@example.com>
Subject: Sara Lindqvist

{LETTER}""",
    "outlook-old": f"""-----Original Message-----
From: Dev Patel [mailto:dev@example.org]
Sent: Monday, May 4, 2026 9:30 AM
To: 'Alex Morgan' [mailto:alex@example.com]
Subject: Sara Lindqvist

{LETTER}""",
    "outlook-mobile": f"""*From:* Dev Patel <dev@example.org>
*Sent:* Monday, May 4, 2026 9:30:00 AM
*To:* Alex Morgan <alex@example.com>
*Subject:* Sara Lindqvist

{LETTER}""",
    "outlook-de": f"""Von: Dev Patel <dev@example.org>
Gesendet: Montag, 4. Mai 2026 09:30
An: Alex Morgan <alex@example.com>
Betreff: Sara Lindqvist

{LETTER}""",
    "outlook-fr": f"""De : Dev Patel <dev@example.org>
Envoyé : lundi 4 mai 2026 09:30
À : Alex Morgan <alex@example.com>
Objet : Sara Lindqvist

{LETTER}""",
    "outlook-es": f"""De: Dev Patel <dev@example.org>
Enviado el: lunes, 4 de mayo de 2026 9:30
Para: Alex Morgan <alex@example.com>
Asunto: Sara Lindqvist

{LETTER}""",
    "outlook-pt": f"""De: Dev Patel <dev@example.org>
Enviada em: segunda-feira, 4 de maio de 2026 09:30
Para: Alex Morgan <alex@example.com>
Assunto: Sara Lindqvist

{LETTER}""",
    "outlook-it": f"""Da: Dev Patel <dev@example.org>
Inviato: lunedì 4 maggio 2026 09:30
A: Alex Morgan <alex@example.com>
Oggetto: Sara Lindqvist

{LETTER}""",
    "outlook-nl": f"""Van: Dev Patel <dev@example.org>
Verzonden: maandag 4 mei 2026 09:30
Aan: Alex Morgan <alex@example.com>
Onderwerp: Sara Lindqvist

{LETTER}""",
    "apple": quoted(f"""Begin forwarded message:

From: Dev Patel <dev@example.org>
Subject: Sara Lindqvist
Date: 4 May 2026 at 09:30:00 BST
To: Alex Morgan <alex@example.com>
Reply-To: Dev Patel <dev@example.org>

{LETTER}"""),
    "apple-de": quoted(f"""Anfang der weitergeleiteten Nachricht:

Von: Dev Patel <dev@example.org>
Betreff: Sara Lindqvist
Datum: 4. Mai 2026 um 09:30:00 MESZ
An: Alex Morgan <alex@example.com>

{LETTER}"""),
    "thunderbird": f"""-------- Forwarded Message --------
Subject: \tSara Lindqvist
Date: \tMon, 4 May 2026 09:30:00 +0100
From: \tDev Patel <dev@example.org>
To: \tAlex Morgan <alex@example.com>


{LETTER}""",
    "thunderbird-it": f"""-------- Messaggio Inoltrato --------
Oggetto: \tSara Lindqvist
Data: \tMon, 4 May 2026 09:30:00 +0100
Mittente: \tDev Patel <dev@example.org>
A: \tAlex Morgan <alex@example.com>


{LETTER}""",
    "mutt": f"""----- Forwarded message from Dev Patel <dev@example.org> -----

Date: Mon, 4 May 2026 09:30:00 +0100
From: Dev Patel <dev@example.org>
To: Alex Morgan <alex@example.com>
Subject: Sara Lindqvist

{LETTER}
----- End forwarded message -----""",
    "wrapped": f"""---------- Forwarded message ---------
From: Dev Patel
 <dev@example.org>
Date: Mon, May 4, 2026 at 9:30 AM
To: Alex Morgan <alex@example.com>
Subject: Sara
 Lindqvist

{LETTER}""",
}


@pytest.mark.parametrize("first", ["intro", "Intro", "INTRO:", "*intro*", "intro!", "intro - I missed this one"])
def test_intro_in_the_first_line_marks_a_forward(first: str) -> None:
    assert is_marked(a_forward(first, FORWARDS["gmail"]), OWNER)


@pytest.mark.parametrize(
    "first", ["Intro call with Dev", "introduction", "introduce", "An intro", "see below", "For the record.\nintro"]
)
def test_another_first_line_marks_nothing(first: str) -> None:
    assert not is_marked(a_forward(first, FORWARDS["gmail"]), OWNER)


def test_intro_in_the_forwarded_mail_itself_marks_nothing() -> None:
    assert not is_marked(a_forward(FORWARDS["gmail"].replace("Hi Alex,", "intro")), OWNER)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("From", "Eve <eve@evil.example>"),
        ("To", "Dev <dev@example.org>"),
        ("To", "alex@example.com, dev@example.org"),
        ("Subject", "Fwd\nAuto-Submitted: auto-replied"),
    ],
)
def test_only_the_owner_writing_to_himself_counts(field: str, value: str) -> None:
    lines = marked_with("intro", FORWARDS["gmail"]).decode().split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{field}:"))
    lines[at] = f"{field}: {value}"
    assert not is_marked(parse("\n".join(lines).encode()), OWNER)


@pytest.mark.parametrize("program", sorted(FORWARDS))
@pytest.mark.parametrize("note", ["", "He asked twice already.\n\n-- \nAlex Morgan"])
def test_the_mail_is_found_in_what_every_program_makes_of_a_forward(program: str, note: str) -> None:
    forward = a_forward("intro", note, FORWARDS[program])
    assert is_marked(forward, OWNER)
    told = missed(forward, (), OWNER)
    assert told.message is not None
    assert told.message.author is not None
    assert (told.message.author.name, told.message.author.email) == ("Dev Patel", "dev@example.org")
    assert (told.message.subject, told.message.date) == ("Sara Lindqvist", AT)
    assert told.message.own_text == parse(f"From: a@b.example\n\n{LETTER}".encode()).own_text
    assert [address.email for address in told.message.to] == ["alex@example.com"]


def test_an_html_only_forward_is_read() -> None:
    html = (
        "<div>intro</div><hr><div><b>From:</b> Dev Patel &lt;dev@example.org&gt;<br><b>Sent:</b> Monday, May 4, 2026 "
        "9:30 AM<br><b>To:</b> Alex Morgan &lt;alex@example.com&gt;<br><b>Subject:</b> Sara Lindqvist</div>"
        "<p>Hi Alex,</p><p>shall I introduce you to Sara Lindqvist? You would get on.</p><p>Best,<br>Dev</p>"
    )
    forward = a_forward(html, kind="text/html")
    assert is_marked(forward, OWNER)
    told = missed(forward, (), OWNER)
    assert told.message is not None
    assert told.message.author is not None
    assert told.message.author.email == "dev@example.org"
    assert "shall I introduce you" in told.message.own_text


def test_a_forward_without_a_mail_in_it_tells_nothing() -> None:
    assert missed(a_forward("intro", "I believe that Dev wrote something."), (), OWNER).message is None


def test_an_author_without_an_address_is_told_by_name() -> None:
    told = missed(a_forward("intro", FORWARDS["outlook"].replace(" <dev@example.org>", "")), (), OWNER)
    assert told.message is not None
    assert (told.message.author, told.name) == (None, "Dev Patel")


@pytest.mark.parametrize(
    ("value", "name", "email"),
    [
        ("Dev Patel [mailto:dev@example.org]", "Dev Patel", "dev@example.org"),
        ("dev@example.org [mailto:dev@example.org]", "", "dev@example.org"),
        ('"Patel, Dev" <dev@example.org>', "Patel, Dev", "dev@example.org"),
        ("Dev Patel <dev@example.org<mailto:dev@example.org>>", "Dev Patel", "dev@example.org"),
        ("Kim Wells [mailto:kim@example.org] On Behalf Of Dev Patel <dev@example.org>", "Dev Patel", "dev@example.org"),
        ("Kim Wells <kim@example.org> im Auftrag von Dev Patel", "Dev Patel", None),
    ],
)
def test_the_author_is_read_as_programs_write_it(value: str, name: str, email: str | None) -> None:
    told = missed(a_forward("intro", FORWARDS["outlook"].replace("Dev Patel <dev@example.org>", value)), (), OWNER)
    assert told.message is not None
    assert told.name == name
    assert (told.message.author.email if told.message.author else None) == email


def test_a_forward_of_a_forward_is_opened() -> None:
    outer = (
        "---------- Forwarded message ---------\nFrom: Alex Morgan <alex@example.com>\n"
        "Date: Mon, May 4, 2026 at 11:30 AM\nSubject: Fwd: Sara Lindqvist\nTo: alex@example.com\n\n"
    )
    told = missed(a_forward("intro", outer + FORWARDS["gmail"]), (), OWNER)
    assert told.message is not None
    assert told.message.author is not None
    assert told.message.author.email == "dev@example.org"


def test_what_the_offer_quotes_stays_quoted() -> None:
    quotation = "On Sun, May 3, 2026 at 8:00 AM Alex Morgan <alex@example.com> wrote:\n> Whom do you know?\n"
    for program in ("gmail", "apple"):
        block = FORWARDS[program]
        more = quoted(quotation) if program == "apple" else quotation
        told = missed(a_forward("intro", f"{block}\n{more}"), (), OWNER)
        assert told.message is not None
        assert "Whom do you know?" not in told.message.own_text
        assert "Whom do you know?" in told.message.text


def test_the_message_id_is_taken_from_the_thread_that_the_forward_belongs_to() -> None:
    for head in ("In-Reply-To: <offer@example.org>\n", "X-Forwarded-Message-Id: <offer@example.org>\n"):
        told = missed(a_forward("intro", FORWARDS["gmail"], head=head), (), OWNER)
        assert told.message_ids == ("<offer@example.org>",)
        assert told.message is not None
        assert told.message.message_id == "<offer@example.org>"


ENCLOSED = f"""From: Dev Patel <dev@example.org>
To: alex@example.com
Subject: Sara Lindqvist
Date: Mon, 4 May 2026 09:30:00 +0100
Message-ID: <offer@example.org>
References: <earlier@example.org>

{LETTER}"""


def with_enclosed(content: str, kind: str = "message/rfc822", more: str = "") -> bytes:
    parts = ["Content-Type: text/plain\n\nintro\n", f"Content-Type: {kind}\n{more}\n{content}\n"]
    body = "".join(f"--outer\n{part}" for part in parts) + "--outer--\n"
    return (
        "From: Alex Morgan <alex@example.com>\nTo: alex@example.com\nSubject: Fwd: Sara\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/mixed; boundary=outer\n\n{body}"
    ).encode()


BASE64 = base64.b64encode(ENCLOSED.encode()).decode()


@pytest.mark.parametrize(
    "raw",
    [
        with_enclosed(ENCLOSED),
        with_enclosed(ENCLOSED, more="Content-Disposition: attachment; filename=sara.eml\n"),
        with_enclosed(BASE64, more="Content-Transfer-Encoding: base64\n"),
        with_enclosed(BASE64, "application/octet-stream; name=sara.eml", "Content-Transfer-Encoding: base64\n"),
    ],
    ids=["inline", "attachment", "encoded", "file"],
)
def test_an_enclosed_mail_is_taken_as_it_is(raw: bytes) -> None:
    forward = parse(raw)
    assert is_marked(forward, OWNER)
    told = missed(forward, enclosed(raw), OWNER)
    assert told.message is not None
    assert (told.message.message_id, told.message.references) == ("<offer@example.org>", ("<earlier@example.org>",))
    assert told.message.own_text.startswith("Hi Alex,")
    assert told.message_ids == ("<offer@example.org>",)


@pytest.mark.parametrize("content", ["", "no header at all", "Subject: x\n\ny", "\x00\xff"])
def test_an_enclosed_mail_that_is_none_is_no_author(content: str) -> None:
    raw = with_enclosed(content)
    told = missed(parse(raw), enclosed(raw), OWNER)
    assert told.message is None or told.message.author is None


def test_dates_are_read_in_every_language() -> None:
    for value in (
        "Mon, May 4, 2026 at 9:30 AM",
        "mar. 4 mai 2026 à 09:30",
        "Am Mo., 4. Mai 2026 um 09:30 Uhr",
        "le 4 mai 2026 à 09h30",
        "lun, 4 may 2026 a las 9:30",
        "Segunda-feira, 4 de maio de 2026 09:30",
        "seg., 4 de mai. de 2026 às 09:30",
        "Il giorno lun 4 mag 2026 alle ore 09:30",
        "ma 4 mei 2026 om 09:30",
        "2026-05-04 09:30",
        "04.05.26, 09:30",
        "04.05.2026 09.30",
        "Mon, 04 May 2026 08:30:00 GMT",
        "Mon, 4 May 2026 10:30:00 +0200",
    ):
        assert written(value, OWNER) == AT, value
    assert written("Monday, May 4, 2026 9:30 PM", OWNER) == AT + timedelta(hours=12)


def test_a_date_of_two_readings_is_none() -> None:
    assert written("5/4/2026 9:30 AM", OWNER) is None
    assert written("5/4/2026 9:30 AM", replace(OWNER, country="US")) == AT
    assert written("04/05/2026 09:30", replace(OWNER, country="GB")) == AT
    assert written("5/14/2026 9:30 AM", OWNER) == AT + timedelta(days=10)
    for value in ("", "yesterday", "4 May", "09:30", "99/99/2026 99:99", "31 February 2026 09:30"):
        assert written(value, OWNER) is None


def candidates(*dates: str, subject: str = "Sara Lindqvist", text: str = "Another text.") -> list[Message]:
    return [
        parse(f"From: Dev Patel <dev@example.org>\nSubject: {subject}\nDate: {date}\n\n{text}\n".encode())
        for date in dates
    ]


NEAR, FAR = "Mon, 4 May 2026 10:30:00 +0200", "Wed, 6 May 2026 10:30:00 +0200"


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (candidates(NEAR), 0),
        (candidates(FAR), None),
        (candidates(FAR, NEAR), 1),
        (candidates(NEAR, NEAR), None),
        (candidates(NEAR, subject="Another"), None),
        ([*candidates(NEAR), *candidates(FAR, subject="Another", text=LETTER)], 1),
        ([], None),
    ],
)
def test_the_original_is_told_by_its_words_else_by_subject_and_date(
    there: Sequence[Message], expected: int | None
) -> None:
    told = missed(a_forward("intro", FORWARDS["gmail"]), (), OWNER)
    original = the_original(told, there)
    assert original is (None if expected is None else there[expected])


def test_somebody_elses_mail_is_never_the_original() -> None:
    told = missed(a_forward("intro", FORWARDS["gmail"]), (), OWNER)
    stranger = parse(f"From: Eve <eve@evil.example>\nSubject: Sara Lindqvist\nDate: {NEAR}\n\n{LETTER}".encode())
    assert the_original(told, [stranger]) is None


@pytest.mark.parametrize(
    "text", ["From:\nTo:\nSubject:", "From: \u202e<>\nDate: x\n", "De : \x00\n" * 3000, ":\n" * 9000]
)
def test_hostile_forwards_raise_nothing(text: str) -> None:
    forward = a_forward("intro", text)
    missed(forward, (), OWNER)


def test_utc_is_a_zone() -> None:
    assert written("4 May 2026 08:30 UTC", OWNER) == datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
