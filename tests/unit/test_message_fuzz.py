"""Hostile and random bytes: whatever comes, a `Message` or `UnreadableMessage` goes, and soon."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import markup, provenance, quoting
from agent.errors import UnreadableMessage
from agent.message import decoded, mailboxes, moment, parse
from agent.model import Message

HEAD = b"From: a@example.org\nMIME-Version: 1.0\n"

bounded = settings(derandomize=True, deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])

PROVENANCE: tuple[Callable[[Message], object], ...] = (
    provenance.is_auto_submitted,
    provenance.is_report,
    provenance.is_bulk,
    provenance.is_calendar,
    provenance.is_automatic_sender,
    provenance.failed_dmarc,
    provenance.authenticated,
)

fragments = st.sampled_from(
    [
        *(b"From: ", b"To: ", b"Subject: ", b"Date: ", b"Message-ID: <", b"References: ", b"Content-Type: "),
        *(b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b", b"multipart/digest", b"message/rfc822"),
        *(b"text/plain", b"text/html", b"; charset=", b"utf-8", b"utf-16", b"punycode", b"x", b"; format=flowed"),
        *(
            b"Content-Transfer-Encoding: ",
            b"base64",
            b"quoted-printable",
            b"--b",
            b"--b--",
            b"\n",
            b"\r\n",
            b"\n\n",
            b"\r",
        ),
        *(
            b"=?utf-8?q?",
            b"?=",
            b"=?",
            b"=0A",
            b"<",
            b">",
            b'"',
            b"(",
            b")",
            b",",
            b";",
            b":",
            b"@",
            b"a@b.c",
            b"\\",
            b"\0",
        ),
        *(b"\xff\xfe", b"\xc3\xa9", b"\x1b$B", b"> ", b"On 5 Jan 2026 10:00, a@b.c wrote:", b"-- \n", b"-----Original"),
        *(
            b"<div>",
            b"</div>",
            b"<blockquote>",
            b"<p style='display:none'>",
            b"<a href=",
            b"<!--",
            b"-->",
            b"&nbsp;",
            b" ",
        ),
        *(
            b"Authentication-Results: x; dmarc=fail",
            b"Auto-Submitted: ",
            b"5 Jan 2026 10:00 +0100",
            b"99999999999999999",
        ),
    ]
)


def check(raw: bytes) -> None:
    try:
        message = parse(raw)
    except UnreadableMessage as reason:
        assert str(reason)  # noqa: PT017 - both ends are right; this one must say why
        return
    values = [value for values in message.headers.values() for value in values]
    values += [message.subject, *message.attachments, *(a.name + a.email for a in (*message.to, *message.cc))]
    assert all(value.isprintable() or not _has_controls(value) for value in values)
    assert "\r" not in message.text
    assert "\0" not in message.text
    message.text.encode()
    assert message.date is None or message.date.utcoffset() is not None
    for answer in PROVENANCE:
        answer(message)


def _has_controls(value: str) -> bool:
    return any(ord(character) < 32 or 127 <= ord(character) < 160 for character in value)


@bounded
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    check(raw)


@bounded
@given(st.lists(fragments, max_size=60))
def test_any_arrangement_of_what_mail_is_made_of_is_read_or_refused(pieces: list[bytes]) -> None:
    check(b"".join(pieces))
    check(HEAD + b"".join(pieces))


@bounded
@given(st.text(max_size=400))
def test_any_text_can_be_a_field(value: str) -> None:
    assert not _has_controls(decoded(value))
    assert all("@" in address.email and not _has_controls(address.name) for address in mailboxes(value))
    moment(value)


LINES = st.sampled_from(
    [
        *("", "  ", "> quoted", ">> deeper", "Hello Alex,", "-- ", "--", "____________", "-----Original Message-----"),
        *("From: Nina <n@x.org>", "Sent: Monday, 5 January 2026 10:00", "To: Alex", "Subject: Hi", "cc:", "wrote:"),
        *("On 5 Jan 2026 at 10:00, Nina <n@x.org> wrote:", "Am 05.01.2026 schrieb Nina:", "Sent from my iPhone"),
        *("This message is confidential and privileged; if you are not the intended recipient", "no", "Nina"),
        *(
            "To unsubscribe, visit https://lists.example.org/mailman/listinfo/x",
            "---------- Forwarded message ---------",
        ),
    ]
)


@bounded
@given(st.lists(LINES, max_size=40))
def test_taking_a_text_apart_loses_and_invents_nothing(lines: list[str]) -> None:
    text = "\n".join(lines)
    parts = quoting.split(text)
    before = sorted(quoting.unmarked(line).strip() for line in lines if quoting.unmarked(line).strip())
    together = f"{parts.own}\n{parts.quoted}\n{parts.signature}".split("\n")
    assert sorted(quoting.unmarked(line).strip() for line in together if quoting.unmarked(line).strip()) == before
    assert ">" not in {line[:1] for line in parts.own.split("\n")}


@bounded
@given(st.text(max_size=600))
def test_any_text_can_be_taken_apart(text: str) -> None:
    parts = quoting.split(text)
    assert set(parts.own.split()) <= set(text.split())


TAGS = st.sampled_from(
    [
        *(
            "<div>",
            "</div>",
            "<p>",
            "</p>",
            "<b>",
            "</b>",
            "<table>",
            "<tr>",
            "<td>",
            "</table>",
            "<ul>",
            "<li>",
            "</ul>",
        ),
        *(
            "<blockquote>",
            "</blockquote>",
            "<div class=gmail_quote>",
            "<span hidden>",
            "</span>",
            "<pre>",
            "</pre>",
            "<br>",
        ),
        *(
            "<script>alert(1)</script>",
            "<style>p{}</style>",
            "<!--",
            "-->",
            "<a href='javascript:x'>",
            "</a>",
            "<img src=x>",
        ),
        *(
            "&nbsp;",
            "&lt;b&gt;",
            "words ",
            "\n",
            "<svg>",
            "<template>",
            "<form action=x>",
            "<p onclick='x' style='color:red'>",
        ),
    ]
)


@bounded
@given(st.lists(TAGS, max_size=60))
def test_any_markup_can_be_rendered_and_made_fit_to_quote(tags: list[str]) -> None:
    html = "".join(tags)
    assert "alert(1)" not in markup.render(html)
    quotable = markup.quotable(html).lower()
    for dangerous in ("<script", "<style", "javascript:", "onclick", "<img", "<form", "<iframe", "<meta", "<template"):
        assert dangerous not in quotable


def field(name: bytes, value: bytes) -> bytes:
    return HEAD + name + b": " + value + b"\n\nHello.\n"


def body(content_type: bytes, text: bytes) -> bytes:
    return HEAD + b"Content-Type: " + content_type + b"\n\n" + text


HOSTILE = {
    "a subject of encoded words": field(b"Subject", b"=?utf-8?q?a?= " * 67_000),
    "encoded words that never end": field(b"Subject", b"=?a?q?" * 10_900),
    "nested comments": field(b"To", b"(" * 30_000 + b")" * 30_000 + b"b@example.org"),
    "escaped quotes": field(b"To", b'"' + b'\\"' * 30_000 + b"b@example.org"),
    "open angle brackets": field(b"References", b"<" * 64_000),
    "thousands of recipients": field(b"To", b"A <a@example.org>, " * 3_000),
    "a hundred thousand fields": b"".join(b"X-%d: y\n" % n for n in range(100_000)) + HEAD + b"\nx",
    "semicolons in Content-Type": body(b"multipart/mixed; boundary=b" + b";" * 900_000, b"--b\n\nx\n"),
    "quotes in Content-Type": body(b"text/plain" + b'; a="' * 100_000, b"x"),
    "a hundred thousand parts": body(b"multipart/mixed; boundary=b", b"--b\n\n\n" * 100_000),
    "a hundred thousand reports": body(b"message/delivery-status", b"a: b\n\n" * 100_000),
    "a digest of a digest": body(b"multipart/digest; boundary=b", b"--b\n\nSubject: x\n\nhi\n" * 50_000),
    "nesting": HEAD + b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(20_000)),
    "one endless line": body(b"text/plain", b"x" * 5_000_000),
    "carriage returns": body(b"text/plain", b"\r" * 2_000_000),
    "rulers": body(b"text/plain", b"-----\n" * 40_000),
    "signature delimiters": body(b"text/plain", b"--\nx\n" * 50_000),
    "labels": body(b"text/plain", b"From: x@example.org\nTo: y\n" * 9_000),
    "colons": body(b"text/plain", b"On 5 Jan 2026 10:00 a@example.org:\n\n\n" * 6_000),
    "quotation marks": body(b"text/plain", b">" * 250_000),
    "nested elements": body(b"text/html", b"<div>" * 100_000),
    "formatting opened again by every paragraph": body(
        b"text/html", b"<p>" + b"".join(b"<font a=%d>" % n for n in range(4_000)) + b"</p>" + b"<p>x</p>" * 4_000
    ),
    "attributes": body(b"text/html", b"<div " + b" ".join(b"a%d" % n for n in range(60_000)) + b">x"),
    "comments that never end": body(b"text/html", b"<!--" * 100_000),
    "nested blockquotes": body(b"text/html", b"<blockquote>" * 5_000 + b"x<br>" * 4_000),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mail_takes_no_longer_than_other_mail_of_its_size(raw: bytes) -> None:
    check(raw)
    html = raw.partition(b"\n\n")[2].decode("latin-1")
    markup.quotable(html[:300_000])
