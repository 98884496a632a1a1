"""Bytes in, a `Message` out: every test's mail is written here."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from agent.errors import UnreadableMessage
from agent.message import DEEPEST_NESTING, LONGEST_FIELD, LONGEST_TEXT, MOST_PARTS, decoded, mailboxes, moment, parse
from agent.model import Address, Message

HEAD = b"From: Nina Brandt <nina@example.org>\r\nTo: alex@example.com\r\n"


def mail(header: str = "", body: str = "Hello.\n") -> Message:
    return parse(HEAD + f"{header}\n\n{body}".strip("\n").replace("\n", "\r\n").encode())


def of_type(content_type: str, body: bytes, encoding: str = "8bit") -> Message:
    return parse(
        HEAD + f"Content-Type: {content_type}\nContent-Transfer-Encoding: {encoding}\n\n".encode() + body,
    )


def multipart(subtype: str, *parts: str) -> Message:
    lines = [f"Content-Type: multipart/{subtype}; boundary=cut", ""]
    for part in parts:
        lines += ["--cut", part]
    return parse(HEAD + "\n".join([*lines, "--cut--", ""]).encode())


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n"
HTML = "Content-Type: text/html; charset=utf-8\n\n"


# What cannot be read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\xef\xbb\xbf"])
def test_nothing_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage, match="empty"):
        parse(raw)


@pytest.mark.parametrize("raw", [b"just some words\n\nand more\n", b"\x00\xff" * 40])
def test_what_has_no_header_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage, match="no header"):
        parse(raw)


def nested(levels: int) -> bytes:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(levels))
    return HEAD + f"{opened}Content-Type: text/plain\n\ndeep down\n".encode()


def test_parts_nested_deeper_than_the_cap_are_unreadable() -> None:
    assert parse(nested(DEEPEST_NESTING)).text == "deep down"
    with pytest.raises(UnreadableMessage, match="nested"):
        parse(nested(DEEPEST_NESTING + 1))


def test_mails_enclosed_in_one_another_count_as_levels() -> None:
    with pytest.raises(UnreadableMessage, match="nested"):
        parse(HEAD + b"Content-Type: message/rfc822\n\n" * 1_000 + b"hi")


# The whole --------------------------------------------------------------------------------------------------------


def test_a_plain_mail_is_read_whole() -> None:
    message = mail(
        "Cc: Sara <sara@example.net>\nSubject: A thought\nMessage-ID: <1@example.org>\n"
        "Date: Mon, 5 Jan 2026 10:00:00 +0100",
        "Hi Alex,\n\nshall I introduce you to Sara?\n\nNina\n",
    )
    assert message.author == Address("Nina Brandt", "nina@example.org")
    assert message.to == (Address("", "alex@example.com"),)
    assert message.cc == (Address("Sara", "sara@example.net"),)
    assert message.subject == "A thought"
    assert message.message_id == "<1@example.org>"
    assert message.date == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert message.text == message.own_text == "Hi Alex,\n\nshall I introduce you to Sara?\n\nNina"
    assert message.content_type == "text/plain"
    assert message.faults == ()


def test_what_is_not_there_is_none_or_empty() -> None:
    message = parse(b"Subject: only this\n\n")
    assert message.author is None
    assert message.message_id is None
    assert message.date is None
    assert message.html is None
    assert message.html_text is None
    assert (message.to, message.cc, message.reply_to, message.references) == ((), (), (), ())
    assert message.text == ""


def test_without_a_body_the_plain_text_is_empty() -> None:
    assert parse(b"From: a@example.org").plain == ""


@pytest.mark.parametrize("preface", [b"\xef\xbb\xbf", b"\r\n\n", b"From nina Mon Jan  5 2026\n", b">From nina Mon\n"])
def test_what_some_files_put_before_the_header_is_passed_over(preface: bytes) -> None:
    assert parse(preface + HEAD + b"\nHello.").subject == ""
    assert parse(preface + HEAD + b"\nHello.").text == "Hello."


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_any_line_end_is_read(line_end: str) -> None:
    raw = line_end.join(["From: nina@example.org", "Subject: Hi", "", "one", "two", ""])
    message = parse(raw.encode())
    assert (message.subject, message.text) == ("Hi", "one\ntwo")


def test_a_broken_header_line_ends_the_header_but_not_the_reading() -> None:
    message = parse(b"From: nina@example.org\nthis is no field\nSubject: Hi\n\nHello.\n")
    assert message.author == Address("", "nina@example.org")
    assert "Hello." in message.text


def test_headers_are_kept_by_lower_case_name_from_top_to_bottom() -> None:
    message = mail("Received: two\nRECEIVED: one\nX-Note: folded\n over lines")
    assert message.headers["received"] == ("two", "one")
    assert message.header("X-Note") == "folded over lines"
    assert message.header("X-Absent") == ""


def test_the_same_mail_is_read_the_same_with_and_without_a_need_for_the_parser() -> None:
    header = "Subject: Hi\nX-Note: folded\n over lines\nContent-Type: text/plain; charset=utf-8"
    short, long = mail(header), parse(HEAD + header.encode() + b"\nX-Odd: multipart/\n\nHello.\n")
    assert short.subject == long.subject
    assert short.header("x-note") == long.header("x-note")
    assert short.text == long.text


def test_only_the_addresses_of_delivery_count_as_delivered_to() -> None:
    message = mail("Envelope-To: c@example.com\nDelivered-To: a@example.com\nX-Original-To: b@example.com")
    assert message.delivered_to == ("a@example.com", "b@example.com", "c@example.com")


def test_the_thread_is_told_by_message_ids_wherever_they_stand() -> None:
    message = mail(
        "In-Reply-To: Your message of Monday <2@example.com>\nReferences: <1@example.com>\n <2@example.com> junk <3@",
    )
    assert message.in_reply_to == ("<2@example.com>",)
    assert message.references == ("<1@example.com>", "<2@example.com>")
    assert message.thread == ("<2@example.com>", "<1@example.com>")


@pytest.mark.parametrize(
    ("value", "message_id"),
    [
        ("<a@b>", "<a@b>"),
        ("\r\n <a@b>", "<a@b>"),
        ("<[A1B2C3]@mail.example.org>", "<[A1B2C3]@mail.example.org>"),
        ("<abc@[192.0.2.1>", "<abc@[192.0.2.1>"),
        ("<no-at-sign>", "<no-at-sign>"),
        (f"<{'x' * 990}@b>", f"<{'x' * 990}@b>"),
        (f"<{'x' * 1_200}@b>", None),
        ("a@b", None),
        ("<a b@c>", None),
        ("<>", None),
    ],
)
def test_a_message_id_is_what_stands_in_angle_brackets(value: str, message_id: str | None) -> None:
    assert parse(HEAD + f"Message-ID: {value}\n\nHello.".encode()).message_id == message_id


# Dates ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0100", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("5 Jan 26 10:00", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 GMT (winter)", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 +9900", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:60 +0000", datetime(2026, 1, 5, 10, 0, 59, tzinfo=UTC)),
        ("Mon, 5 Jan 1970 10:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", None),
        ("Mon, 99 Jan 2026 10:00:00 +0000", None),
        ("Mon, 5 Jan 99999999999999999999 10:00:00", None),
        ("next Tuesday", None),
        ("", None),
    ],
)
def test_a_date_is_an_instant_in_utc_or_none(value: str, expected: datetime | None) -> None:
    assert moment(value) == expected


# Header fields --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?Caf=C3=A9_am_See?=", "Café am See"),
        ("=?UTF-8?B?Q2Fmw6k=?= tonight", "Café tonight"),
        ("=?utf-8?q?Caf=C3?= =?utf-8?q?=A9?=", "Café"),
        ("=?utf-8?b?w6k=?=\r\n =?utf-8?b?w6k=?=", "éé"),
        ("=?iso-8859-1?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8*en?q?with_a_language?=", "with a language"),
        ("=?utf-8?Q?spaces inside?=", "spaces inside"),
        ("=?utf-8?Q?How are you??=", "How are you?"),
        ("=?x-unknown?q?caf=C3=A9?=", "café"),
        ("=?us-ascii?q?caf=E9?=", "café"),
        ("=?iso-8859-1?q?caf=C3=A9?=", "café"),
        ("=?punycode?q?caf=C3=A9?=", "café"),
        ("=?gb2312?b?xOO6w6Os?=", "你好，"),  # noqa: RUF001 - a comma of Chinese
        ("=?iso-2022-jp?B?GyRCO0VFRBsoQg==?=", "仕田"),
        ("=?shift_jis?b?grGC8YLJgr+CzQ==?=", "こんにちは"),
        ("=?koi8-r?b?8NLJ18XU?=", "Привет"),
        ("=?utf-16?b?AGgAaQ==?=", "hi"),
        ("=?utf-8?q?never_ends", "=?utf-8?q?never_ends"),
        ("=?utf-8?x?no such encoding?=", "=?utf-8?x?no such encoding?="),
        ("caf\udcc3\udca9", "café"),
        ("caf\udce9", "café"),
        ("  one\r\n\ttwo  ", "one two"),
    ],
)
def test_a_field_is_decoded_whatever_its_label_says(value: str, text: str) -> None:
    assert decoded(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "Hello =?utf-8?q?=0D=0ABcc:_eve@example.net?=",
        "Hello =?utf-8?q?=0A?=Bcc: eve@example.net",
        "Hello =?utf-8?q?=00=1B=5B2J=7F=C2=85=E2=80=A8=E2=80=AE?= there",
        "Hello\r\n\tthere\x00\x1b[2J",
    ],
)
def test_no_control_character_survives_in_a_field(value: str) -> None:
    message = parse(HEAD + f"Subject: {value}\nX-Note: {value}\nReply-To: {value} <r@example.net>\n\nHi.".encode())
    for text in (message.subject, message.header("x-note"), message.header("reply-to"), message.reply_to[0].name):
        assert text.isprintable()
        assert text.startswith("Hello")


def test_raw_eight_bit_headers_are_read_as_utf_8_or_windows_1252() -> None:
    message = parse("From: Zoë <z@example.org>\nSubject: ".encode() + "naïve".encode("cp1252") + b"\n\nHi.")
    assert message.author == Address("Zoë", "z@example.org")
    assert message.subject == "naïve"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Jane Doe <jane@x.org>", [("Jane Doe", "jane@x.org")]),
        ("jane@x.org, bob@y.org", [("", "jane@x.org"), ("", "bob@y.org")]),
        ('"Doe, Jane" <jane@x.org>, bob@y.org', [("Doe, Jane", "jane@x.org"), ("", "bob@y.org")]),
        ("Doe, Jane <jane@x.org>, bob@y.org", [("Doe, Jane", "jane@x.org"), ("", "bob@y.org")]),
        ("=?utf-8?Q?Doe,_Jane?= <jane@x.org>", [("Doe, Jane", "jane@x.org")]),
        ('"=?utf-8?B?SsO8cmdlbg==?=" <j@x.org>', [("Jürgen", "j@x.org")]),
        ("=?utf-8?q?Jane_=3Cjane=40x=2Eorg=3E?=", [("Jane", "jane@x.org")]),
        ("jane@x.org (Jane Doe)", [("Jane Doe", "jane@x.org")]),
        ("Jane (at (her) work) <jane@x.org>", [("Jane", "jane@x.org")]),
        ("Jane :( <jane@x.org>", [("Jane :(", "jane@x.org")]),
        ('"Jane \\"JJ\\" Doe" <jane@x.org>', [('Jane "JJ" Doe', "jane@x.org")]),
        ('Jane O"Brien <j@x.org>', [('Jane O"Brien', "j@x.org")]),
        ("'Jane Doe' <jane@x.org>", [("Jane Doe", "jane@x.org")]),
        ('"jane@x.org" <jane@x.org>', [("", "jane@x.org")]),
        ('"boss@bank.example" <eve@x.org>', [("boss@bank.example", "eve@x.org")]),
        ("Friends: a@x.org, B <b@x.org>;, c@x.org", [("", "a@x.org"), ("B", "b@x.org"), ("", "c@x.org")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.org,@other.org:jane@x.org>", [("", "jane@x.org")]),
        ("<mailto:jane@x.org>", [("", "jane@x.org")]),
        ("Jane <jane@x.org", [("Jane", "jane@x.org")]),
        ("Jane <jane @x.org>", [("Jane", "jane@x.org")]),
        ('"john doe"@x.org', [("", '"john doe"@x.org')]),
        ("Jürgen <jürgen@bücher.example>", [("Jürgen", "jürgen@bücher.example")]),
        ("Jane <jane@[192.0.2.1]>", [("Jane", "jane@[192.0.2.1]")]),
        ("a@x.org; b@x.org", [("", "a@x.org"), ("", "b@x.org")]),
        ('"A" <a@x.org> "B" <b@x.org>', [("A", "a@x.org")]),
        ("a@b@x.org", []),
        ("<a@b@x.org>", []),
        ("<>", []),
        ("MAILER-DAEMON", []),
        (",;:<>()@", []),
        ("", []),
    ],
)
def test_address_lists_are_read_as_people_s_programs_write_them(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(address.name, address.email) for address in mailboxes(value)] == expected


def test_an_author_whose_address_hides_a_line_break_gets_no_second_line() -> None:
    (address,) = mailboxes("Jane =?utf-8?q?=0D=0ABcc:_x?= <jane\r\n @x.org>")
    assert address == Address("Jane Bcc: x", "jane@x.org")


# Charsets and encodings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("us-ascii", "Grüße".encode(), "Grüße"),
        ("iso-8859-1", "Grüße".encode(), "Grüße"),
        ("x-unknown", "Grüße".encode("cp1252"), "Grüße"),
        ("utf-8", "Grüße an „euch“".encode("cp1252"), "Grüße an „euch“"),
        ("iso-8859-1", "“curly” – €".encode("cp1252"), "“curly” – €"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
        ("utf-16", "Hello there".encode("utf-16-le"), "Hello there"),
        ("utf-16", "Hello there".encode("utf-16-be"), "Hello there"),
        ("us-ascii", "こんにちは".encode("iso-2022-jp"), "こんにちは"),
        ("shift_jis", "こんにちは".encode("cp932"), "こんにちは"),
        ("iso-2022-kr", "안녕하세요".encode("iso2022_kr"), "안녕하세요"),
        ("gb2312", "朋友们好".encode("gb18030"), "朋友们好"),
        ("ks_c_5601-1987", "안녕하세요".encode("cp949"), "안녕하세요"),
        ("windows-1251", "Привет".encode("cp1251"), "Привет"),
        ("utf-7", b"Gr+APwA3w-e", "Grüße"),
        ("zlib", "Grüße".encode(), "Grüße"),
        ("idna", "Grüße".encode(), "Grüße"),
        ("undefined", "Grüße".encode(), "Grüße"),
        ("unicode_escape", rb"\x41 stays", r"\x41 stays"),
        ('"utf-8', "Grüße".encode(), "Grüße"),
    ],
)
def test_a_text_is_read_whatever_its_charset_label_says(charset: str, raw: bytes, text: str) -> None:
    assert of_type(f"text/plain; charset={charset}", raw).text == text


def test_a_few_broken_bytes_do_not_change_the_charset() -> None:
    raw = "Ein längerer Satz über Füße, Öl und Äpfel".encode() + b"\xff!"
    assert of_type("text/plain; charset=utf-8", raw).text == "Ein längerer Satz über Füße, Öl und Äpfel\ufffd!"


def test_html_without_a_label_is_read_as_it_says_itself() -> None:
    raw = '<meta charset="windows-1251"><p>Привет</p>'.encode("cp1251")
    assert of_type("text/html", raw).text == "Привет"


@pytest.mark.parametrize(
    ("encoding", "raw"),
    [
        ("base64", b64encode("Grüße".encode())),
        ("BASE64 ", b"R3L\r\nDvM\n  OfZQ==\n-- footer of a list"),
        ("base64", b"R3LDvMOfZQ"),
        ("base64", "Grüße".encode()),
        ("quoted-printable", b"Gr=C3=BC=\r\n=C3=9Fe"),
        ("x-no-such-thing", "Grüße".encode()),
    ],
)
def test_a_transfer_encoding_is_undone_even_when_it_is_broken(encoding: str, raw: bytes) -> None:
    assert of_type("text/plain; charset=utf-8", raw, encoding).text == "Grüße"


def test_a_text_that_only_claims_to_be_base64_stays() -> None:
    assert of_type("text/plain", b"Shall I introduce you to Sara?", "base64").text == "Shall I introduce you to Sara?"


def test_parameters_are_read_continued_and_with_charset() -> None:
    message = of_type("text/plain; charset*=us-ascii'en'utf-8; x*0*=utf-8''Gr%C3%BC; x*1=sse; Y=\"a;\\\"b\"", b"hi")
    assert message.parameters["x"] == "Grüsse"
    assert message.parameters["y"] == 'a;"b'


# Flowed text ----------------------------------------------------------------------------------------------------------


def test_flowed_lines_are_joined_within_one_depth_of_quotation() -> None:
    body = b"Shall I introduce \nyou to Sara? \n\n> she builds \n> boats \n>> deeper \n it is stuffed\n-- \nNina\n"
    message = of_type("text/plain; format=flowed", body)
    assert (
        message.plain
        == "Shall I introduce you to Sara? \n\n> she builds boats \n>> deeper \nit is stuffed\n-- \nNina\n"
    )


def test_flowed_lines_lose_their_last_space_where_delsp_says_so() -> None:
    assert of_type("text/plain; format=flowed; delsp=yes", b"intro \nduce\n").text == "introduce"


# Which text is shown --------------------------------------------------------------------------------------------------


def test_of_two_forms_the_plain_one_is_the_text() -> None:
    message = multipart("alternative", PLAIN + "Hi Alex, hello.", HTML + "<p>Hi <b>Alex</b>, hello.</p>")
    assert message.text == "Hi Alex, hello."
    assert message.html_text == "Hi Alex, hello."
    assert message.html is not None
    assert "<b>" in message.html


@pytest.mark.parametrize(
    "stub", ["", "  \n", "Your mail client does not support HTML.", "Dieses Programm kann kein HTML anzeigen."]
)
def test_a_plain_form_that_says_nothing_gives_way_to_the_html(stub: str) -> None:
    message = multipart("alternative", PLAIN + stub, HTML + "<p>Shall I introduce you to Sara?</p>")
    assert message.text == "Shall I introduce you to Sara?"


def test_a_plain_form_beside_a_mere_picture_is_the_text() -> None:
    text = "Shall I introduce you to Sara? She builds boats, and she would like to meet you in May."
    assert multipart("alternative", PLAIN + text, HTML + "<img src=x><p>Nina's card</p>").text == text


def test_a_plain_form_that_lost_its_line_breaks_gives_way_to_the_html() -> None:
    message = multipart(
        "alternative",
        PLAIN + "Yes, please.Sent from my phone-------- Original message --------From: a@example.org no, not now",
        HTML + "<div>Yes, please.</div><div>Sent from my phone</div><div>-------- Original message --------</div>"
        "<div>From: a@example.org</div><div>no, not now</div>",
    )
    assert message.own_text == "Yes, please."


def test_html_alone_is_rendered() -> None:
    message = of_type("text/html; charset=utf-8", "<p>Grüße&nbsp;aus <i>Bonn</i></p><p>Nina</p>".encode())
    assert message.text == "Grüße aus Bonn\n\nNina"
    assert message.plain is None


def test_texts_of_a_mixed_mail_are_joined_around_attachments() -> None:
    message = multipart(
        "mixed",
        PLAIN + "Before.",
        'Content-Type: application/pdf; name="cv.pdf"\n\nJVBERi0=',
        PLAIN + "After.",
        'Content-Type: text/plain\nContent-Disposition: attachment; filename="notes.txt"\n\nnot shown',
        'Content-Type: text/plain; name="inline.txt"\nContent-Disposition: inline\n\nnot shown either',
    )
    assert message.text == "Before.\n\nAfter."
    assert message.attachments == ("cv.pdf", "notes.txt", "inline.txt")


def test_a_footer_beside_html_does_not_hide_the_html() -> None:
    message = multipart("mixed", HTML + "<p>Shall I?</p>", PLAIN + "Footer of a gateway.")
    assert message.text == "Shall I?\n\nFooter of a gateway."
    assert message.plain == "Footer of a gateway."


def test_html_inside_related_inside_alternative_is_found() -> None:
    message = multipart(
        "alternative",
        PLAIN + "Hello",
        "Content-Type: multipart/related; boundary=in\n\n--in\n" + HTML + "<p>Hello</p>\n--in\n"
        "Content-Type: image/png\nContent-ID: <i>\n\nAAAA\n--in--\n",
    )
    assert message.html == "<p>Hello</p>"
    assert message.attachments == ("",)


def test_an_enclosed_mail_is_quoted_and_not_the_author_s_own() -> None:
    message = multipart(
        "mixed",
        PLAIN + "See below.",
        "Content-Type: message/rfc822\n\nFrom: Bob <bob@example.net>\nSubject: For you\n\nShall I introduce you?",
    )
    assert message.own_text == "See below."
    assert "From: Bob <bob@example.net>" in message.quoted_text
    assert "Shall I introduce you?" in message.quoted_text
    assert "> Shall I introduce you?" in message.text


def test_an_invitation_of_a_calendar_leaves_a_trace_among_the_attachments() -> None:
    message = multipart("alternative", PLAIN + "Call", "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR")
    assert message.attachments == ("request.ics",)


def test_parts_skimmed_by_the_mailbox_are_attachments_without_content() -> None:
    message = multipart(
        "mixed", PLAIN + "Hello.", 'Content-Type: image/jpeg; name="boat.jpg"\nContent-Transfer-Encoding: base64\n\n'
    )
    assert (message.text, message.attachments, message.faults) == ("Hello.", ("boat.jpg",), ())


@pytest.mark.parametrize(
    "content_type", ["multipart/mixed", 'multipart/mixed; boundary=""', "multipart/mixed; boundary=absent"]
)
def test_a_multipart_without_its_boundary_is_still_read(content_type: str) -> None:
    assert "Hello." in of_type(content_type, b"Hello.\n").text


def test_text_has_neither_nul_nor_carriage_return_nor_invisible_characters() -> None:
    raw = "one\0\r\ntwo\rthree\u00a0four\u200bfive\ufeff\u202e\u2028six\x0b\x1b".encode()
    assert of_type("text/plain; charset=utf-8", raw).text == "one\ntwo\nthree fourfive\nsix"


# Caps -----------------------------------------------------------------------------------------------------------------


def test_what_exceeds_the_caps_is_cut_and_said() -> None:
    long_text = mail("", "word " * LONGEST_TEXT)
    assert len(long_text.text) <= LONGEST_TEXT
    assert any("text is too long" in fault for fault in long_text.faults)
    long_field = mail(f"Subject: {'x' * (LONGEST_FIELD + 9)}\nTo: b@example.com")
    assert len(long_field.subject) == LONGEST_FIELD
    assert any("header" in fault for fault in long_field.faults)


def test_of_too_many_parts_the_first_are_read() -> None:
    parts = [PLAIN + "first"] + ["Content-Type: image/png\n\nAAAA"] * (MOST_PARTS + 50)
    message = multipart("mixed", *parts)
    assert message.text == "first"
    assert any("parts" in fault for fault in message.faults)


def test_of_too_many_fields_the_first_are_kept() -> None:
    message = parse(HEAD + b"".join(b"X-%d: y\n" % n for n in range(5_000)) + b"\nHello.")
    assert len(message.headers) <= 1_000
    assert message.text == "Hello."
