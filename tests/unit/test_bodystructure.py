"""What the embedded server tells of a mail; the same answers are compared with a real Dovecot elsewhere."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from agent.bodystructure import Part, bodystructure, date_of, envelope, parse, string

LETTER = b"""\
From: "Ann, of Example" <ann@example.org>\r
To: alex@example.com, Kim <kim@example.com>\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
Date: Fri, 1 Mar 2024 10:00:00 +0100\r
Message-ID: <1@example.org>\r
Content-Type: multipart/mixed; boundary="outer=1"\r
\r
preamble\r
--outer=1\r
Content-Type: multipart/alternative; boundary=inner\r
\r
--inner\r
\r
plain words\r
--inner\r
Content-Type: text/html; charset=UTF-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
<p>html words</p>\r
--inner--\r
--outer=1  \r
Content-Type: message/rfc822\r
Content-Disposition: attachment; filename="forwarded \\"mail\\".eml"\r
\r
Subject: forwarded\r
\r
old words\r
\r
--outer=1--\r
epilogue\r
"""

PIECES = some.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: ",
        b"multipart/digest;boundary=b",
        b"From: ",
        b"Date: ",
        b"--b",
        b"--b--",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"(",
        b'"',
        b"<a@b>",
        b"\xff\x00",
    ]
)
MAILS = some.lists(PIECES | some.binary(max_size=9), max_size=60).map(b"".join)


def bodies(*sections: tuple[int, ...]) -> list[bytes]:
    letter = parse(LETTER)
    return [part.body for numbers in sections if (part := letter.section(numbers))]


def test_a_section_is_served_as_it_came_without_the_line_end_that_belongs_to_the_boundary() -> None:
    assert bodies((1, 1), (1, 2)) == [b"plain words", b"<p>html words</p>"]


def test_the_parts_of_an_enclosed_message_are_counted_within_it() -> None:
    assert bodies((2,), (2, 1)) == [b"Subject: forwarded\r\n\r\nold words\r\n", b"old words\r\n"]


def test_the_only_part_of_a_plain_mail_is_its_body() -> None:
    part = parse(b"Subject: x\r\n\r\nwords\r\n").section([1])
    assert part is not None
    assert part.body == b"words\r\n"


@pytest.mark.parametrize("numbers", [(3,), (0,), (1, 3), (2, 2), (1, 1, 2)])
def test_there_is_no_section_beyond_the_last(numbers: tuple[int, ...]) -> None:
    assert parse(LETTER).section(numbers) is None


def test_a_boundary_that_another_one_begins_with_does_not_end_it() -> None:
    mail = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--bb\r\ntwo\r\n--b--\r\n"
    assert [part.body for part in parse(mail).parts] == [b"one\r\n--bb\r\ntwo"]


def test_a_multipart_that_never_ends_has_its_last_part_to_the_end() -> None:
    mail = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n"
    assert [part.body for part in parse(mail).parts] == [b"one", b"two\n"]


def test_the_parts_of_a_digest_are_messages() -> None:
    mail = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: inner\r\n\r\nwords\r\n--b--\r\n"
    [part] = parse(mail).parts
    assert part.parts[0].text(b"subject") == "inner"


def test_the_envelope_tells_fields_as_they_stand_and_the_author_as_sender() -> None:
    ann = b'(("Ann, of Example" NIL "ann" "example.org"))'
    assert envelope(parse(LETTER)) == b" ".join(
        [
            b'("Fri, 1 Mar 2024 10:00:00 +0100" "=?utf-8?q?Gr=C3=BC=C3=9Fe?="',
            ann,
            ann,
            ann,
            b'((NIL NIL "alex" "example.com")("Kim" NIL "kim" "example.com"))',
            b'NIL NIL NIL "<1@example.org>")',
        ]
    )


def test_the_body_structure_tells_every_part() -> None:
    plain = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 11 0 NIL NIL NIL NIL)'
    html = b'("text" "html" ("charset" "UTF-8") NIL NIL "quoted-printable" 17 0 NIL NIL NIL NIL)'
    alternative = b"(" + plain + html + b' "alternative" ("boundary" "inner") NIL NIL NIL)'
    inner_envelope = b'(NIL "forwarded" NIL NIL NIL NIL NIL NIL NIL NIL)'
    inner = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 11 1 NIL NIL NIL NIL)'
    disposition = rb'("attachment" ("filename" "forwarded \"mail\".eml"))'
    forwarded = b" ".join(
        [b'("message" "rfc822" NIL NIL NIL "7bit" 33', inner_envelope, inner, b"3 NIL", disposition, b"NIL NIL)"]
    )
    told = bodystructure(parse(LETTER))
    assert told == b"(" + alternative + forwarded + b' "mixed" ("boundary" "outer=1") NIL NIL NIL)'


def test_the_short_structure_leaves_the_extensions_out() -> None:
    assert bodystructure(parse(b"\r\nwords\r\n"), extended=False) == (
        b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 7 1)'
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, b"NIL"),
        ("", b'""'),
        ('a "quoted" \\ word', rb'"a \"quoted\" \\ word"'),
        ("grün", b"{5}\r\ngr\xc3\xbcn"),
        ("a\tb", b"{3}\r\na\tb"),
    ],
)
def test_a_string_is_quoted_where_that_is_allowed(value: str | None, told: bytes) -> None:
    assert string(value) == told


@pytest.mark.parametrize(
    ("field", "date"),
    [
        (b"Date: Fri, 1 Mar 2024 10:00:00 +0000\r\n", datetime(2024, 3, 1, 10, tzinfo=UTC)),
        (b"Date: soon\r\n", None),
        (b"Date: Fri, 1 Mar 99999 10:00:00 +0000\r\n", None),
        (b"Subject: no date\r\n", None),
    ],
)
def test_a_date_that_cannot_be_read_is_none(field: bytes, date: datetime | None) -> None:
    assert date_of(parse(field)) == date


@given(MAILS)
def test_any_bytes_can_be_told_and_none_is_lost(raw: bytes) -> None:
    part = parse(raw)
    assert part.header + part.body == raw
    for told in (envelope(part), bodystructure(part), bodystructure(part, extended=False)):
        assert told.startswith(b"(")
        assert told.endswith(b")")
    date_of(part)


@given(MAILS, some.lists(some.integers(0, 3), max_size=4))
def test_any_section_of_any_bytes_is_a_part_of_them(raw: bytes, numbers: list[int]) -> None:
    part = parse(raw).section(numbers)
    assert part is None or (part.header + part.body) in raw


def test_parts_are_nested_no_deeper_than_can_be_told() -> None:
    part: Part = parse(b"Content-Type: message/rfc822\r\n\r\n" * 10_000)
    depth = 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth == 50
