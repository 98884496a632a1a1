import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import GraciousError
from agent.model import Address, Owner, OwnerMail, Question, Stamp
from agent.wire import (
    ALLOWED,
    ALLOWED_TO_OWNER,
    Letter,
    _assert_only,
    draft,
    is_writable,
    many_lines,
    one_line,
    owner_mail,
)

NOW = datetime(2026, 5, 4, 9, 30, 15, 123, tzinfo=UTC)
OWNER = Owner(name="Alex Morgan", addresses=("alex@example.com", "am@example.org"), timezone=ZoneInfo("Europe/London"))
STAMP = Stamp("<0123456789abcdef.01234567.abcdefghijklmnopqrst@example.com>", NOW, "abcdefghijklm")
LETTER = Letter(
    author=Address("Alex Morgan", "alex@example.com"),
    recipients=(Address("Dev Patel", "dev@example.org"),),
    subject="Re: Lunch",
    date=NOW,
    message_id="<draft@example.com>",
    in_reply_to="<offer@example.org>",
    references=("<first@example.org>", "<offer@example.org>"),
    text="Hi Dev,\n\nthank you.\n",
)
MAIL = OwnerMail(OWNER, STAMP, "A question", "1. One?\n", "<p>1. One?</p>\n", frozenset(Question))
WEIRD = st.text(st.characters(codec=None), max_size=60)


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(content: bytes) -> str:
    plain = parsed(content).get_body(("plain",))
    assert plain is not None
    return str(plain.get_content()).replace("\r\n", "\n")


def header_of(content: bytes) -> list[bytes]:
    return content.partition(b"\r\n\r\n")[0].split(b"\r\n")


def names_of(content: bytes) -> list[str]:
    return [line.partition(b":")[0].decode().lower() for line in header_of(content) if not line.startswith(b" ")]


def test_a_mail_to_the_owner_is_from_and_to_the_address_that_writes() -> None:
    message = parsed(owner_mail(MAIL))

    assert [address.addr_spec for address in message["From"].addresses] == ["alex@example.com"]
    assert [address.addr_spec for address in message["To"].addresses] == ["alex@example.com"]


def test_a_mail_to_the_owner_says_that_it_is_automatic_and_what_it_asks() -> None:
    message = parsed(owner_mail(MAIL))

    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["X-Gracious-Asks"] == "swamped, changing_fields"
    assert message["MIME-Version"] == "1.0"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    ("asked", "value"),
    [({Question.CHANGING_FIELDS}, "changing_fields"), ({Question.SWAMPED}, "swamped"), (set(), None)],
)
def test_what_is_asked_stands_in_a_header_and_nothing_else(asked: set[Question], value: str | None) -> None:
    assert parsed(owner_mail(replace(MAIL, asked=frozenset(asked))))["X-Gracious-Asks"] == value


def test_a_first_mail_to_the_owner_belongs_to_no_thread() -> None:
    assert not {"in-reply-to", "references"} & set(names_of(owner_mail(MAIL)))


def test_a_later_mail_to_the_owner_answers_the_last_of_its_thread() -> None:
    stamp = replace(STAMP, thread=("<one@example.com>", "<two@example.com>"))

    message = parsed(owner_mail(replace(MAIL, stamp=stamp)))

    assert message["In-Reply-To"] == "<two@example.com>"
    assert message["References"] == "<one@example.com> <two@example.com>"


def test_the_date_is_written_in_the_zone_of_the_owner() -> None:
    assert parsed(owner_mail(MAIL))["Date"] == "Mon, 04 May 2026 10:30:15 +0100"


def test_one_letter_has_always_the_same_bytes() -> None:
    assert owner_mail(MAIL) == owner_mail(MAIL)
    assert draft(replace(LETTER, html="<p>Hi</p>\n")) == draft(replace(LETTER, html="<p>Hi</p>\n"))


def test_a_draft_has_exactly_the_header_fields_of_a_letter_written_by_hand() -> None:
    assert sorted(names_of(draft(LETTER))) == sorted(ALLOWED)


def test_a_draft_to_a_mail_without_a_message_id_has_no_thread() -> None:
    assert not {"in-reply-to", "references"} & set(names_of(draft(replace(LETTER, in_reply_to=None, references=()))))


@pytest.mark.parametrize("length", [60, 78, 80, 200, 800])
def test_a_long_message_id_stays_in_one_piece(length: int) -> None:
    """As Exchange writes them; `email` would make an encoded word of it, and the thread would break."""
    long = f"<{'A1' * (length // 2)}@EURPRD07.PROD.EXAMPLE.COM>"

    content = draft(replace(LETTER, in_reply_to=long, references=("<a@example.org>", long, "<b@example.org>")))

    assert f"In-Reply-To: {long}\r\n".encode() in content
    assert long.encode() in content.partition(b"References:")[2].partition(b"MIME-Version")[0].split()


def test_references_are_none_twice_and_of_the_same_order() -> None:
    references = ("<a@x.org>", "<b@x.org>", "<a@x.org>")

    assert parsed(draft(replace(LETTER, references=references)))["References"] == "<a@x.org> <b@x.org>"


def test_of_very_many_references_the_first_and_the_last_ones_stay() -> None:
    content = draft(replace(LETTER, references=tuple(f"<{number}@x.org>" for number in range(5000))))

    kept = str(parsed(content)["References"]).split()
    assert (kept[0], kept[1], kept[-1], len(kept)) == ("<0@x.org>", "<4901@x.org>", "<4999@x.org>", 100)


@pytest.mark.parametrize(
    "broken", ["offer@x.org", "<offer@x.org", "<of fer@x.org>", "<offér@x.org>", "<o\r\nBcc: x@x>"]
)
def test_what_is_no_message_id_is_left_out(broken: str) -> None:
    content = draft(replace(LETTER, in_reply_to=broken, references=(broken,)))

    assert not {"in-reply-to", "references", "bcc"} & set(names_of(content))


@pytest.mark.parametrize(
    "subject",
    [
        "Re: =?UTF-8?Q?=0A?=Bcc: injected@example.com",
        "A subject=?UTF-8?Q?=0A?=Bcc: injected@example.com",
        "Lunch\r\nBcc: injected@example.com",
        "Lunch\nBcc: injected@example.com",
        "Lunch\x85Bcc: injected@example.com",
        "Lunch\u2028Bcc: injected@example.com",
        "Lunch\x00\x0b\x0cBcc: injected@example.com",
        "=?utf-8?B?DQpCY2M6IGluamVjdGVkQGV4YW1wbGUuY29t?=",
    ],
)
def test_a_subject_adds_no_header_field(subject: str) -> None:
    hostile = Address(subject, "dev@example.org")
    for content in (
        draft(
            replace(LETTER, subject=subject, recipients=(hostile,), author=replace(hostile, email="alex@example.com"))
        ),
        owner_mail(replace(MAIL, subject=subject, owner=replace(OWNER, name=subject))),
    ):
        assert set(names_of(content)) <= ALLOWED_TO_OWNER
        assert "bcc" not in {name.lower() for name in parsed(content)}


def test_what_looks_encoded_is_written_as_the_text_that_it_is() -> None:
    subject = "=?utf-8?B?SGVsbG8=?="

    content = draft(replace(LETTER, subject=subject))

    assert b"=?utf-8?B?SGVsbG8=?=" not in content
    assert parsed(content)["Subject"] == subject


@pytest.mark.parametrize(
    "subject", ["Ein Gespräch über Brücken", "紹介したい人がいます" * 12, "a" * 1500, "🎻 " * 90, "x " * 300]
)
def test_any_subject_comes_back_as_it_was(subject: str) -> None:
    assert parsed(draft(replace(LETTER, subject=subject)))["Subject"] == subject.strip()


def test_no_encoded_word_is_longer_than_rfc_2047_allows() -> None:
    content = draft(replace(LETTER, subject="ü" * 400, recipients=(Address("Ö" * 150, "dev@example.org"),)))

    words = [word for line in header_of(content) for word in line.split() if word.startswith(b"=?")]
    assert len(words) > 10
    assert max(map(len, words)) <= 75


@pytest.mark.parametrize(
    "name",
    ["Dev Patel", "Patel, Dev", 'Dev "the" Patel', "Élodie Marchand", "Dr. Dev", "a@b", "back\\slash", "李 明", "<x>"],
)
def test_any_display_name_comes_back_as_it_was(name: str) -> None:
    message = parsed(
        draft(replace(LETTER, recipients=(Address(name, "dev@example.org"), Address("", "b@example.org"))))
    )

    assert [(address.display_name, address.addr_spec) for address in message["To"].addresses] == [
        (name, "dev@example.org"),
        ("", "b@example.org"),
    ]


def test_a_domain_in_other_letters_is_written_by_idna() -> None:
    content = draft(replace(LETTER, recipients=(Address("", "dev@bücher.example"),)))

    assert b"To: dev@xn--bcher-kva.example\r\n" in content


@pytest.mark.parametrize(
    "email", ["jörg@example.org", "", "no-at", "dev@", "@example.org", "d\rv@example.org", "x" * 400 + "@x.org"]
)
def test_an_address_that_ascii_cannot_hold_reaches_nobody(email: str) -> None:
    content = draft(replace(LETTER, recipients=(Address("Dev", email),)))

    assert not is_writable(email)
    assert parsed(content)["To"].addresses == ()


@pytest.mark.parametrize(
    "email", ["dev patel@example.org", "dev..patel@example.org", 'd"ev@example.org', "dev,x@example.org"]
)
def test_an_odd_local_part_is_quoted_and_stays_one_address(email: str) -> None:
    message = parsed(draft(replace(LETTER, recipients=(Address("Dev", email),))))

    assert len(message["To"].addresses) == 1
    assert message["To"].addresses[0].domain == "example.org"


def test_text_of_ascii_is_not_encoded() -> None:
    content = owner_mail(replace(MAIL, html="<p>José</p>\n"))

    assert content.count(b"Content-Transfer-Encoding: 7bit") == 2
    assert b"Jos&#233;" in content


def test_other_text_is_quoted_printable_with_its_short_lines_unbroken() -> None:
    line = "A short line of ASCII with an = stays whole"

    content = draft(replace(LETTER, text=f"José\n{line.replace('=', 'x')}\n{'é' * 200}\n"))

    assert line.replace("=", "x").encode() in content
    assert text_of(content) == f"José\n{line.replace('=', 'x')}\n{'é' * 200}\n"


def test_a_line_of_more_than_998_characters_is_broken_by_its_encoding_only() -> None:
    text = "word " * 400 + "end\n"

    content = draft(replace(LETTER, text=text, html=f"<p>{text}</p>\n"))

    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert text_of(content) == text


def test_a_field_that_is_not_foreseen_is_refused() -> None:
    with pytest.raises(GraciousError, match="bcc"):
        _assert_only(ALLOWED, b"From: a@x.org\r\nBcc: b@x.org\r\n\r\n")
    with pytest.raises(GraciousError, match="to"):
        _assert_only(ALLOWED, b"To: a@x.org\r\nTo: b@x.org\r\n\r\n")


def test_a_long_line_is_cut_between_words() -> None:
    assert one_line("one two three four", 12) == "one two..."
    assert one_line("a  b\tc\r\nd\u202ee\u200bf", 20) == "a b c def"
    assert one_line("x" * 50, 10) == "xxxxxxx..."


def test_invisible_letters_that_a_script_needs_stay() -> None:
    # Persian "I want", and an astronaut.
    text = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f680"
    assert one_line(text) == text


def test_lines_lose_what_a_mail_cannot_hold() -> None:
    assert many_lines("a\r\nb\rc\x00\x1b[2J  \n\td\ud800") == "a\nb\nc[2J\n    d"


@settings(derandomize=True, max_examples=150, deadline=None)
@given(subject=WEIRD, name=WEIRD, email=WEIRD, ids=st.lists(WEIRD, max_size=3), text=WEIRD, html=st.none() | WEIRD)
def test_whatever_a_letter_is_made_of_its_bytes_are_well_formed(
    subject: str, name: str, email: str, ids: list[str], text: str, html: str | None
) -> None:
    to = (Address(name, email), Address(name, "dev@example.org"))
    letter = Letter(LETTER.author, to, subject, NOW, "<m@x.org>", ids[0] if ids else None, tuple(ids), text, html)
    mail = OwnerMail(replace(OWNER, name=name), replace(STAMP, thread=tuple(ids)), subject, text, html)
    for content, allowed in ((draft(letter), ALLOWED), (owner_mail(mail), ALLOWED_TO_OWNER)):
        assert content.isascii()
        assert b"\0" not in content
        assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert set(names_of(content)) <= allowed
        message = parsed(content)
        assert (message["Subject"] or "") == one_line(subject)
        assert not message.defects
        assert text_of(content).rstrip("\n") == many_lines(text).rstrip("\n")
    assert "dev@example.org" in [address.addr_spec for address in parsed(draft(letter))["To"].addresses]
