"""Mail made to do harm, through the whole of reading: parse, examine, and the records of the verdict.

What the parser makes of bytes is tested in test_message_fuzz.py; here hostile structure carries the words that offers
are made of. Work is counted in calls, never in seconds: a test must not depend on how busy the machine is.
"""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from types import FrameType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import explained, reports
from agent.detect import Detector
from agent.errors import UnreadableMessage
from agent.extract import reply_addresses
from agent.identity import identity_of
from agent.message import parse
from agent.model import Kind, Message, Verdict
from agent.offer import offer_of
from agent.phrasebook import Phrasebook
from agent.record import offer_from_json, offer_to_json
from tests.shapes import OWNER

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@cache
def detector() -> Detector:
    return Detector(OWNER, Phrasebook.shipped())


def read(raw: bytes) -> tuple[Message, Verdict] | None:
    """Go the way of `explain` and of the daemon; None for what is no mail."""
    try:
        message = parse(raw)
    except UnreadableMessage as reason:
        assert str(reason)  # noqa: PT017 - both ends are right; this one must say why
        return None
    verdict = detector().examine(message)
    return message, verdict


def check(raw: bytes) -> None:
    found = read(raw)
    if found is None:
        return
    message, verdict = found
    assert verdict.is_offer is (verdict.kind is Kind.OFFER)
    assert verdict.score == pytest.approx(sum(one.weight for one in verdict.evidence), abs=0.001)
    assert not verdict.is_offer or verdict.score >= verdict.threshold - 0.001
    for one in verdict.evidence:
        if one.start is not None:
            # A name without its capital is shown with it.
            assert " ".join(message.own_text[one.start : one.end].split()).casefold() == one.text.casefold()
    for contact in verdict.contacts:
        assert contact.name is not None or contact.greeting is None
    row = reports.of_verdict("x.eml", message, verdict, reply_addresses(message))
    assert json.loads(json.dumps(row)) == row
    shown = "".join(piece.text for piece in explained.marked(message.own_text, verdict.evidence))
    assert len(message.own_text) > 4_000 or shown == message.own_text
    assert all(value is not None for _, value in (*explained.fields(message), *explained.people(verdict, ())))
    offer = offer_of(message, verdict, identity_of(message), OWNER, arrived=NOW, is_known=False)
    assert offer_from_json(offer_to_json(offer)) == offer
    offer_to_json(offer).encode()  # as the state file stores it


# Any structure --------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("Shall I introduce you to", "if you like", "my friend", "Sara Lindqvist", "Dr. Okafor", "van der Berg", "?"),
        *(
            "want me to loop her in",
            "I mentioned you to",
            "say the word",
            "Soll ich euch bekannt machen",
            "Te presento",
        ),
        *("Je peux te présenter", "Zal ik je voorstellen", "posso apresentar", "ti metto in contatto", "not", ".", ","),
        *(
            "李小龙",
            "Мария",
            "محمد",
            "שרה",
            "ΣΊΣΥΦΟΣ",
            "İstanbul",
            "ß",
            "ﬃ",
            "e\u0301" * 9,
            "\u202e",
            "\u200b",
            "\ufeff",
        ),
        *("\0", "\x1b[2J", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "\u2028", "\x85", "\U000e0041"),
        *("\n", "\n\n", "\n> ", "\n-- \n", "\nOn 5 Jan 2026 10:00, a@b.c wrote:\n", "Hi Alex,\n", "\nBest,\nDev\n"),
        *("_" * 70, "9" * 300, "A" * 5_000, "(", ")", '"', "’", "“", "…", "&amp;", "<b>", "</div>", "<blockquote>"),
    ]
)
texts = st.lists(WORDS, max_size=25).map(" ".join)

CHARSETS = st.sampled_from(
    [
        *("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16", "utf-16le", "utf-32", "utf-7", "utf-8-sig"),
        *("gb18030", "big5", "shift_jis", "iso-2022-jp", "iso-2022-kr", "hz", "euc-kr", "koi8-r", "cp037", "mac-roman"),
        *("rot13", "base64", "zip", "bz2", "hex", "uu", "quopri", "idna", "punycode", "undefined", "unicode_escape"),
        *(
            "raw_unicode_escape",
            "mbcs",
            "oem",
            "unknown-8bit",
            "x-user-defined",
            "../../etc/passwd",
            "",
            '"',
            "é",
            "\0",
        ),
        *("utf8mb4", "UTF–8", "iso-8859-99", "a" * 3_000, "charset=charset=utf-8", "=?utf-8?q?utf-8?="),
    ]
)
BOUNDARIES = st.sampled_from(["b", "b b", "", "--", "b" * 300, "b;c", '"', "é", "b--", "=_b", "b\t"])
ENCODINGS = st.sampled_from(
    ["7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "binary", "", "base64 base64", "gzip", "é"]
)
LEAVES = st.sampled_from(
    [
        *("text/plain", "text/html", "text/enriched", "text/calendar", "text/x-vcard", "text", "text/", "/plain"),
        *("image/png", "application/octet-stream", "application/ms-tnef", "message/partial", "message/external-body"),
        *("message/delivery-status", "TEXT/PLAIN; format=flowed; delsp=yes", "text/plain; name=a.txt", "é/é"),
    ]
)
CONTAINERS = st.sampled_from(
    [
        *("multipart/mixed", "multipart/alternative", "multipart/related", "multipart/digest", "multipart/signed"),
        *("multipart/report; report-type=delivery-status", "multipart/encrypted", "multipart/x", "multipart"),
    ]
)


@st.composite
def leaf(draw: st.DrawFn) -> str:
    kind, charset, encoding, text = draw(LEAVES), draw(CHARSETS), draw(ENCODINGS), draw(texts)
    return f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n{text}\n"


def container(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    @st.composite
    def multipart(draw: st.DrawFn) -> str:
        kind, boundary, parts = draw(CONTAINERS), draw(BOUNDARIES), draw(st.lists(children, max_size=4))
        used = boundary if draw(st.booleans()) else draw(BOUNDARIES)
        quote = '"' if draw(st.booleans()) else ""
        end = f"--{used}--\n" if draw(st.booleans()) else ""
        inner = "".join(f"--{used}\n{part}" for part in parts)
        return f"Content-Type: {kind}; boundary={quote}{boundary}{quote}\n\n{inner}{end}"

    forwarded = st.tuples(st.sampled_from(["message/rfc822", "message/global"]), children)
    return multipart() | forwarded.map(lambda pair: f"Content-Type: {pair[0]}\n\nSubject: Fwd\n{pair[1]}")


bodies = st.recursive(leaf(), container, max_leaves=8)
FIELDS = st.sampled_from(
    [
        *(
            "From: Dev Patel <dev@example.org>",
            "From: <>",
            "From:",
            "From: a@b, c@d",
            "From: =?utf-8?b?8J+YgA==?= <a@b.c>",
        ),
        *("From: \u202eDev <dev@example.org>", "From: alex@example.com", "From: " + "(" * 500, "From: x" * 2_000),
        *(
            "To: alex@example.com",
            "To: undisclosed-recipients:;",
            "To: " + "a@b.c, " * 300,
            "Cc: Sara <sara@example.net>",
        ),
        *(
            "Subject: Sara Lindqvist?",
            "Subject: =?x?q?=00?=",
            "Subject: " + "=?utf-8?q?a?= " * 200,
            "Subject:",
            "Subject",
        ),
        *("Date: never", "Date: 31 Feb 99999 25:61:61 +9999", "Date: Mon, 4 May 2026 09:30:00 +0100", "Date: \0"),
        *("Message-ID: <a@b>", "Message-ID: <<>>", "References: " + "<a@b> " * 500, "In-Reply-To: \ud7ff <x@y>"),
        *(
            "Reply-To: list@example.org, dev@example.org",
            "Reply-To: <",
            "Auto-Submitted: no",
            "List-Id: x",
            "MIME-Version: 9",
        ),
        *(
            "Content-Type: text/html",
            "Content-Type:",
            "Content-Transfer-Encoding: base64",
            " folded",
            "\tfolded",
            ":",
            ": x",
        ),
    ]
)
heads = st.lists(FIELDS, max_size=9).map(lambda fields: "".join(f"{field}\n" for field in fields))


@bounded
@given(heads, bodies, st.sampled_from(["utf-8", "latin-1", "utf-16"]), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_structure_around_any_words_is_examined(head: str, body: str, encoding: str, line_end: str) -> None:
    mail = f"{head}{body}".replace("\n", line_end)
    check(mail.encode(encoding, "replace"))
    check(f"From: Dev <dev@example.org>{line_end}To: alex@example.com{line_end}{mail}".encode(encoding, "replace"))


@bounded
@given(texts, CHARSETS, st.binary(max_size=200))
def test_any_words_in_any_charset_are_examined(text: str, charset: str, noise: bytes) -> None:
    head = f"From: Dev <dev@example.org>\nTo: alex@example.com\nContent-Type: text/plain; charset={charset}\n\n"
    check(head.encode() + text.encode("utf-8", "replace"))
    check(head.encode() + text.encode("utf-8", "replace") + noise)


# Any size -------------------------------------------------------------------------------------------------------------

HEAD = (
    b"From: Dev Patel <dev@example.org>\nTo: alex@example.com\nSubject: hello\nContent-Type: text/%s; charset=utf-8\n\n"
)
PLAIN, HTML = HEAD % b"plain", HEAD % b"html"
MANY = 100_000
MEGABYTES = 1_000_000

HUGE: dict[str, Callable[[], bytes]] = {
    "shall I introduce you to": lambda: PLAIN + b"shall I introduce you to " * MANY,
    "if you like": lambda: PLAIN + b"if you like " * MANY,
    "my friend": lambda: PLAIN + b"my friend " * MANY,
    "beginnings of sentences": lambda: PLAIN + b"If you like. My friend. Shall I? " * MANY,
    "quoted offers": lambda: PLAIN + b"> shall I introduce you to Sara?\n" * MANY,
    "names": lambda: PLAIN + b"Shall I introduce you to " + b"Sara Maria van der Berg, " * MANY,
    "initials": lambda: PLAIN + b"J. R. " * MANY,
    "ten megabytes of words": lambda: PLAIN + b"word and more of it " * (10 * MEGABYTES // 20),
    "one endless word": lambda: PLAIN + b"x" * (10 * MEGABYTES),
    "one endless line": lambda: PLAIN + b"introduce you " * (10 * MEGABYTES // 14),
    "a million newlines": lambda: PLAIN + b"\n" * MEGABYTES + b"Shall I introduce you to Sara?",
    "a million line ends of Windows": lambda: PLAIN + b"\r\n" * MEGABYTES,
    "deep quoting": lambda: PLAIN + b"".join(b">" * depth + b" shall I introduce you?\n" for depth in range(4_000)),
    "one line of quotation marks": lambda: PLAIN + b">" * (10 * MEGABYTES),
    "combining marks": lambda: PLAIN + b"a" + b"\xcc\x81" * (5 * MEGABYTES),
    "invisible characters": lambda: PLAIN + b"\xe2\x80\x8b" * (3 * MEGABYTES),
    "spaces": lambda: PLAIN + b" " * (10 * MEGABYTES) + b"x",
    "punctuation": lambda: PLAIN + b"?!.," * (2 * MEGABYTES),
    "elements": lambda: HTML + b"<div>" * MEGABYTES,
    "references": lambda: HTML + b"&amp;" * (2 * MEGABYTES),
    "blockquotes": lambda: HTML + b"<blockquote>shall I introduce you?" * MANY,
    "fifty megabytes": lambda: PLAIN + b"Shall I introduce you? " + b"0123456789abcde\n" * (50 * MEGABYTES // 16),
    "fifty megabytes attached": lambda: (
        b"From: dev@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nShall I introduce you to Sara?\n"
        b"--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
        + b"QUJD" * 19
        + b"\n"
        + (b"QUJD" * 250_000 + b"\n") * 50
        + b"--b--\n"
    ),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("mail", HUGE.values(), ids=HUGE.keys())
def test_huge_mail_is_examined(mail: Callable[[], bytes]) -> None:
    check(mail())


# Work -----------------------------------------------------------------------------------------------------------------


def calls(raw: bytes) -> int:
    """How many Python functions are called, and generators resumed, to read this mail."""
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        read(raw)
    finally:
        sys.setprofile(before)
    return count


GROWING: dict[str, Callable[[int], bytes]] = {
    "shall I introduce you to": lambda n: PLAIN + b"shall I introduce you to " * n,
    "if you like": lambda n: PLAIN + b"if you like " * n,
    "if you like, asked": lambda n: PLAIN + b"If you like? " * n,
    "my friend": lambda n: PLAIN + b"my friend " * n,
    "my friends": lambda n: PLAIN + b"My friend Sara.\n" * n,
    "names in a row": lambda n: PLAIN + b"Shall I introduce you to " + b"Sara Lindqvist, " * n,
    "names in one": lambda n: PLAIN + b"Shall I introduce you to Sara " + b"Lindqvist " * n,
    "particles": lambda n: PLAIN + b"Shall I introduce you to Sara " + b"van der " * n,
    "initials": lambda n: PLAIN + b"J. R. " * n,
    "titles": lambda n: PLAIN + b"Dr. " * n,
    "greetings": lambda n: PLAIN + b"Dear Alex,\n" * n + b"shall I introduce you to Sara?",
    "sign-offs": lambda n: PLAIN + b"Shall I introduce you to Sara?\n" + b"Best,\nDev\n" * n,
    "quotation marks": lambda n: PLAIN + b"> " * n + b"x",
    "quoted lines": lambda n: PLAIN + b"> a line of something else\n" * n,
    "attributions": lambda n: PLAIN + b"On 5 Jan 2026 10:00, a@example.org wrote:\n" * n,
    "paragraphs": lambda n: HTML + b"<p>My friend Sara.</p>" * n,
    "recipients": lambda n: PLAIN.replace(b"\nSubject", b", a@b.cc" * n + b"\nSubject") + b"Shall I introduce you?",
}


@pytest.mark.parametrize("mail", GROWING.values(), ids=GROWING.keys())
def test_twice_the_mail_is_no_more_than_twice_the_work(mail: Callable[[int], bytes]) -> None:
    calls(mail(10))  # whatever is read or compiled only once
    few, many, most = (calls(mail(n)) for n in (500, 1_000, 2_000))
    assert many - few < 1.2 * few
    assert most - many < 2.4 * max(many - few, few / 10)


GROWING_FASTER: dict[str, Callable[[int], bytes]] = {
    "offers": lambda n: PLAIN + b"Shall I introduce you to Sara? " * n,
    "offers in paragraphs": lambda n: HTML + b"<p>Shall I introduce you to Sara?</p>" * n,
    "offers to many": lambda n: (
        PLAIN.replace(b"\nSubject", b", a@b.cc" * n + b"\nSubject") + b"Shall I introduce you? " * n
    ),
}


@pytest.mark.parametrize("mail", GROWING_FASTER.values(), ids=GROWING_FASTER.keys())
def test_twice_the_offers_are_no_more_than_twice_the_work(mail: Callable[[int], bytes]) -> None:
    calls(mail(10))
    few, many, most = (calls(mail(n)) for n in (100, 200, 400))
    assert many - few < 1.2 * few
    assert most - many < 2.4 * (many - few)
