import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.compose import PHRASINGS, Composer
from agent.errors import TemplateFault
from agent.markup import render
from agent.message import parse
from agent.model import (
    Address,
    Answers,
    Contact,
    Introducer,
    Notice,
    Offer,
    Outcome,
    OwnerMail,
    Question,
    Stamp,
)
from agent.reply import context_from_checkin, interpret
from agent.stationery import Stationery
from agent.wire import owner_mail
from tests.shapes import NOW, OWNER, an_offer, answers

TOKEN = "abcdefghijklm"
STAMP = Stamp("<0123456789abcdef.01234567.abcdefghijklmnopqrst@example.com>", NOW, TOKEN)
BRITON = replace(OWNER, country="GB", blurbs={"": "Alex builds payment systems and plays the cello."})
STATIONERY = Stationery()
COMPOSER = Composer(BRITON, STATIONERY, timedelta(weeks=2))

ACCEPT = answers(Outcome.ACCEPT, swamped=False, changing_fields=False)
DEFER = answers(Outcome.DEFER, swamped=True, changing_fields=False)
DECLINE = answers(Outcome.DECLINE, swamped=False, changing_fields=True)
NOT_WORTH_IT = answers(Outcome.DECLINE)
REDIRECT = answers(Outcome.REDIRECT, swamped=False, changing_fields=True, new_field="music")
LETTERS = {"accept": ACCEPT, "defer": DEFER, "decline": DECLINE, "not worth it": NOT_WORTH_IT, "redirect": REDIRECT}

SARA = Contact(name="Sara Lindqvist", greeting="Sara")
RAVI = Contact(name="Ravi Menon", greeting="Ravi")
CONTACTS: dict[str, tuple[Contact, ...]] = {
    "one": (SARA,),
    "two": (SARA, RAVI),
    "five": (SARA, RAVI, Contact(name="Mia"), Contact(name="Jo"), Contact(name="Kim")),
    "surname only": (Contact(name="Claassen"),),
    "titled": (Contact(name="Dr. Lossau", greeting="Lossau"),),
    "titled by a first name": (Contact(name="Dr. Henrik Lossau", greeting="Henrik"),),
    "described": (Contact(description="a local contact in engineering"),),
    "described by relation": (Contact(description="an old friend of mine"),),
    "described by her own words": (Contact(description="my sister and her team"),),
    "described too closely": (Contact(description="the " + "very " * 30 + "head of it"),),
    "described without an article": (Contact(description="CTO of a bank"),),
    "an organisation": (Contact(organisation="Northwind"),),
    "an organisation in small letters": (Contact(organisation="health technology"),),
    "named and unnamed": (SARA, Contact(description="a colleague")),
    "unknown": (Contact(),),
    "nobody": (),
}


def phrased(number: int, **changes: object) -> Offer:
    """An offer whose letters have the given phrasing."""
    for digit in range(100):
        offer = an_offer(**{"identity": f"{digit:064x}", **changes})
        if phrasing_of(offer) == number:
            return offer
    raise AssertionError("no such phrasing")


def phrasing_of(offer: Offer) -> int:
    text = letter(ACCEPT, offer)
    marks = ("All the best", "Best wishes", "Warmly")
    return next(number for number, mark in enumerate(marks) if mark in text)


def letter(said: Answers, offer: Offer | None = None, composer: Composer = COMPOSER, now: datetime = NOW) -> str:
    return composer.draft(offer or an_offer(), said, replace(STAMP, now=now)).text


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def part(content: bytes, subtype: str) -> str:
    body = parsed(content).get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def assert_reads_as_written_by_hand(text: str) -> None:
    """No placeholder, no seam, nothing that a template leaves behind."""
    for remains in ("{", "}", "[", "]", "<", ">", "null", "None", "True", "False", "undefined", "  ", "\t", "\n\n\n"):
        assert remains not in text, remains
    assert not re.search(r"\s[,.;:!?]|[,;:][,.;:!?]|[.!?][.,;:]|\(\)|\"\"|[ \t]\n|^\n", text)
    assert not re.search(r"(?i)\b(\w+) \1\b", text), "a word twice"
    assert not re.search(r"(?i)\b(he|she|him|her|his|hers|himself|herself|mr|mrs|ms|sir|madam)\b", text)
    assert not re.search(r"(^|[.!?] |\n\n)[a-z]", text), "a sentence that begins small"
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


# The letters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("said", LETTERS)
def test_every_letter_reads_as_a_person_wrote_it(said: str, contacts: str, phrasing: int) -> None:
    offer = phrased(phrasing, contacts=CONTACTS[contacts])

    text = letter(LETTERS[said], offer)

    assert_reads_as_written_by_hand(text)
    assert text.startswith("Hi Dev,\n\n")
    assert text.endswith(",\nAlex\n")


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
@pytest.mark.parametrize("said", LETTERS)
def test_every_letter_thanks_first_and_names_the_contact(said: str, phrasing: int) -> None:
    first = letter(LETTERS[said], phrased(phrasing)).split("\n\n")[1]

    assert re.search(r"(?i)\bthank you\b", first)
    assert "Sara" in first


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
@pytest.mark.parametrize("said", ["accept", "defer", "redirect"])
def test_a_letter_that_agrees_looks_forward_to_it(said: str, phrasing: int) -> None:
    assert re.search(r"look(ing)? forward", letter(LETTERS[said], phrased(phrasing)))


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_a_letter_that_accepts_makes_the_next_step_easy_with_the_blurb(phrasing: int) -> None:
    text = letter(ACCEPT, phrased(phrasing))

    assert "\n\nAlex builds payment systems and plays the cello.\n\n" in text
    assert re.search(r"(?i)one email|share my address", text)


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_without_a_blurb_none_is_announced(phrasing: int) -> None:
    composer = replace(COMPOSER, owner=replace(BRITON, blurbs={"fr": "Alex fait des paiements."}))

    text = letter(ACCEPT, phrased(phrasing), composer)

    assert ":\n" not in text
    assert_reads_as_written_by_hand(text)


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_a_letter_that_defers_says_why_and_asks_to_write_on_the_day_that_was_named(phrasing: int) -> None:
    said = replace(DEFER, until=date(2026, 6, 2), reason="on deadline")

    text = letter(said, phrased(phrasing))

    assert text.index("I'm on deadline") < text.index("about it on Tuesday, 2 June")
    assert re.search(r"(Could I|May I|Would it be all right if I) [^.]*\?", text)
    assert not re.search(r"(?i)\bbusy|swamped\b", text)


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_a_letter_that_declines_for_another_field_is_candid_and_promises_to_report(phrasing: int) -> None:
    text = letter(replace(DECLINE, new_field="music"), phrased(phrasing))

    assert "I'm changing fields and moving into music" in text
    assert "Sara's time" in text
    assert "keep you posted" in text
    assert len(re.findall(r"(?i)thank|grateful", text)) >= 2


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_a_letter_that_declines_for_another_reason_claims_no_change_of_field(phrasing: int) -> None:
    for said in (NOT_WORTH_IT, replace(NOT_WORTH_IT, changing_fields=False, reason="a bore")):
        text = letter(said, phrased(phrasing))

        assert not re.search(r"(?i)field|career|posted|land|bore", text)


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
def test_both_swamped_and_changing_fields_is_a_letter_about_the_fields_alone(phrasing: int) -> None:
    both = replace(DECLINE, swamped=True, until=date(2026, 6, 2), reason="on deadline")

    assert letter(both, phrased(phrasing)) == letter(DECLINE, phrased(phrasing))


@pytest.mark.parametrize("phrasing", range(PHRASINGS))
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("musician", "as an aspiring musician"),
        ("data scientist", "as an aspiring data scientist"),
        ("nurse", "as an aspiring nurse"),
        ("head of product", "as an aspiring head of product"),
        ("music", "as someone aspiring to a career in music"),
        ("the public sector", "as someone aspiring to a career in the public sector"),
        ("teaching", "as someone aspiring to a career in teaching"),
        ("water engineering", "as someone aspiring to a career in water engineering"),
        ("wind power", "as someone aspiring to a career in wind power"),
        (None, "as someone aspiring to a new career"),
    ],
)
def test_a_letter_that_redirects_asks_to_be_introduced_as_what_the_owner_is_becoming(
    field: str | None, words: str, phrasing: int
) -> None:
    text = letter(replace(REDIRECT, new_field=field), phrased(phrasing))

    assert words in text
    assert_reads_as_written_by_hand(text)


def test_a_letter_that_redirects_does_not_bring_the_blurb_of_the_old_field() -> None:
    assert "payment systems" not in letter(REDIRECT)


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("on deadline", "I'm on deadline"),
        ("travelling", "I'm travelling"),
        ("Travelling and on deadline", "I'm travelling and on deadline"),
        ("in the middle of a launch", "I'm in the middle of a launch"),
        ("unwell", "I'm unwell"),
        ("busy at work", "I'm tied up at work"),
        ("I'm moving house.", "I'm moving house"),
        ("we have a newborn", "We have a newborn"),
        ("my mother is ill", "My mother is ill"),
        ("my thesis", "My calendar is full because of my thesis"),
        ("a product launch", "My calendar is full because of a product launch"),
        ("deadline", "My calendar is full because of a deadline"),
        ("audit", "My calendar is full because of an audit"),
        ("exams", "My calendar is full because of exams"),
        ("wedding", "My calendar is full because of a wedding"),
        ("jury duty", "My calendar is full because of jury duty"),
        ("crazy at work", "There is rather a lot going on here just now (crazy at work)"),
        ("kids sick again!!", "There is rather a lot going on here just now (kids sick again)"),
        (None, "I have a very full plate at the moment"),
        ("   ", "I have a very full plate at the moment"),
        ("because " * 40, "I have a very full plate at the moment"),
    ],
)
def test_the_reason_becomes_a_sentence_of_the_letter(reason: str | None, sentence: str) -> None:
    for phrasing in range(PHRASINGS):
        text = letter(replace(DEFER, reason=reason), phrased(phrasing))

        assert re.search(rf"[.!] {re.escape(sentence)}[.,]", text)
        assert_reads_as_written_by_hand(text)


@pytest.mark.parametrize(
    ("contacts", "words"),
    [
        ("one", "to Sara"),
        ("two", "to Sara and Ravi"),
        ("five", "to Sara, Ravi, Mia and the others"),
        ("surname only", "to Claassen"),
        ("titled", "to Dr. Lossau"),
        ("titled by a first name", "to Henrik"),
        ("described", "to a local contact in engineering"),
        ("described by relation", "to an old friend of yours"),
        ("described by her own words", "to your contact"),
        ("described without an article", "to your contact"),
        ("an organisation", "to the people at Northwind"),
        ("an organisation in small letters", "to your contact"),
        ("named and unnamed", "to Sara and a colleague"),
        ("unknown", "to your contact"),
        ("nobody", "to your contact"),
    ],
)
def test_a_letter_speaks_of_the_contact_as_the_introducer_can_be_answered(contacts: str, words: str) -> None:
    assert re.search(rf"{words}[.,! ]", letter(ACCEPT, an_offer(contacts=CONTACTS[contacts])))


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ("Dev", "Hi Dev,"),
        ("Dr Patel", "Dear Dr Patel,"),
        ("Mr. Patel", "Dear Mr. Patel,"),
        (None, "Hello,"),
        ("", "Hello,"),
    ],
)
def test_the_introducer_is_greeted_by_the_name_that_is_known(greeting: str | None, words: str) -> None:
    offer = an_offer(introducer=Introducer("Dev Patel", greeting, "dev@example.org"))

    assert letter(ACCEPT, offer).startswith(f"{words}\n\n")


@pytest.mark.parametrize(
    ("signature", "end"),
    [
        ("Alex", "All the best,\nAlex\n"),
        ("", "All the best,\nAlex\n"),
        ("Alex Morgan\nNorthwind", "All the best,\nAlex Morgan\nNorthwind\n"),
        ("Cheers,\nAlex", "from here on.\n\nCheers,\nAlex\n"),
        ("Best, Alex", "from here on.\n\nBest, Alex\n"),
    ],
)
def test_a_letter_is_signed_once(signature: str, end: str) -> None:
    composer = replace(COMPOSER, owner=replace(BRITON, signature=signature))

    text = letter(ACCEPT, phrased(0), composer)

    assert text.endswith(end.replace("from here on.", "going to the trouble."))


# The day --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "day"),
    [
        (date(2026, 6, 2), "Tuesday, 2 June"),
        (date(2026, 6, 6), "Monday, 8 June"),  # a Saturday
        (date(2026, 5, 25), "Tuesday, 26 May"),  # the spring bank holiday
        (date(2026, 12, 25), "Tuesday, 29 December"),
        (date(2027, 1, 1), "Monday, 4 January 2027"),
        (date(2026, 5, 4), "Tuesday, 5 May"),  # today
        (date(2024, 1, 1), "Tuesday, 5 May"),  # long past
        (None, "Monday, 18 May"),
    ],
)
def test_the_day_that_a_letter_names_is_a_working_day_to_come(until: date | None, day: str) -> None:
    assert f"about it on {day}" in letter(replace(DEFER, until=until))


def test_the_day_is_counted_in_the_zone_of_the_owner() -> None:
    late = datetime(2026, 5, 5, 23, 30, tzinfo=UTC)
    far_east = replace(COMPOSER, owner=replace(OWNER, timezone=ZoneInfo("Pacific/Auckland")))

    assert "Tuesday, 19 May" in letter(
        DEFER, now=late, composer=replace(COMPOSER, owner=replace(BRITON, timezone=UTC_ZONE))
    )
    assert "Wednesday, May 20" in letter(DEFER, now=late, composer=far_east)


UTC_ZONE = ZoneInfo("UTC")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    now=st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    until=st.none() | st.dates(date(2023, 1, 1), date(2034, 1, 1)),
    country=st.sampled_from([None, "GB", "US", "DE", "IN", "SA", "JP", "XX"]),
)
def test_no_letter_names_a_day_that_is_past(now: datetime, until: date | None, country: str | None) -> None:
    composer = replace(COMPOSER, owner=replace(OWNER, country=country))

    day = composer._day(until, now)

    assert day > now.astimezone(OWNER.timezone).date()
    assert until is None or day >= until
    assert country == "SA" or day.weekday() < 5


# Languages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_french(tmp_path: Path) -> Composer:
    """Templates of the owner's in French, each of one line that shows what it is given."""
    (tmp_path / "fr").mkdir()
    for name in ("accept", "defer", "decline", "decline_changing", "redirect"):
        shown = "Bonjour {{ greeting }}|{{ day }}|{{ reason }}|{{ new_field }}|{{ blurb }}"
        (tmp_path / "fr" / f"{name}.txt.j2").write_text(shown)
    owner = replace(BRITON, blurbs={"en": "Payments.", "fr": "Des paiements."})
    return Composer(owner, Stationery(tmp_path), timedelta(weeks=2))


def test_the_words_of_the_owner_stay_out_of_a_letter_in_another_language(with_french: Composer) -> None:
    said = replace(DEFER, reason="on deadline", new_field="music", until=date(2026, 6, 2))

    draft = with_french.draft(an_offer(language="fr"), said, STAMP)

    assert draft.text == "Bonjour Dev|mardi 2 juin|||Des paiements.\n"
    assert any("your own words" in remark for remark in draft.remarks)


def test_an_offer_in_a_language_without_letters_is_answered_in_english_and_the_owner_told() -> None:
    draft = COMPOSER.draft(an_offer(language="is"), ACCEPT, STAMP)

    assert draft.text.startswith("Hi Dev,")
    assert any("in English" in remark for remark in draft.remarks)


def test_a_description_in_another_language_is_not_mixed_into_an_english_letter() -> None:
    offer = an_offer(language="is", contacts=(Contact(description="one vinur minn"),))

    assert "to your contact" in letter(ACCEPT, offer)


# The draft as a mail --------------------------------------------------------------------------------------------------


def test_a_draft_answers_the_offer_in_its_thread() -> None:
    offer = an_offer(references=("<first@example.org>",), sent_to="alex+intro@example.com")

    message = parsed(COMPOSER.draft(offer, ACCEPT, STAMP).content)

    assert message["From"] == "Alex Morgan <alex+intro@example.com>"
    assert message["To"] == "Dev Patel <dev@example.org>"
    assert message["Cc"] is None
    assert message["Subject"] == "Re: Somebody you should meet"
    assert message["In-Reply-To"] == "<offer@example.org>"
    assert message["References"] == "<first@example.org> <offer@example.org>"
    assert message["Message-ID"] == STAMP.message_id
    assert message["Date"] == "Mon, 04 May 2026 10:30:00 +0100"


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Lunch", "Re: Lunch"),
        ("Re: Lunch", "Re: Lunch"),
        ("RE: AW: Re[2]: SV : Lunch", "Re: Lunch"),
        ("Antwort: Lunch", "Re: Lunch"),
        ("回复:Lunch", "Re: Lunch"),
        ("Fwd: Lunch", "Re: Fwd: Lunch"),
        ("Re: Fwd: Re: Lunch", "Re: Fwd: Re: Lunch"),
        ("Reunion: Lunch", "Re: Reunion: Lunch"),
        ("", "Re:"),
        ("Re:", "Re:"),
        ("Re: " * 200 + "x", "Re: x"),
    ],
)
def test_a_subject_is_answered_with_one_re(subject: str, reply: str) -> None:
    assert parsed(COMPOSER.draft(an_offer(subject=subject), ACCEPT, STAMP).content)["Subject"] == reply


def test_a_plain_offer_is_quoted_below_a_plain_letter() -> None:
    offer = an_offer(body_text="Hi Alex,\n\n> you said\nshall I?  \n")

    draft = COMPOSER.draft(offer, ACCEPT, STAMP)

    message = parsed(draft.content)
    assert message.get_content_type() == "text/plain"
    assert part(draft.content, "plain").endswith(
        "\nAlex\n\nOn Mon, 4 May 2026 at 10:30, Dev Patel <dev@example.org> wrote:\n\n"
        "> Hi Alex,\n>\n>> you said\n> shall I?\n"
    )


def test_an_offer_in_html_is_quoted_in_both_forms() -> None:
    html = "<p onclick=x>Hi Alex,</p><script>evil()</script><img src='http://tracker.example/x.gif'><p>shall I?</p>"

    draft = COMPOSER.draft(an_offer(body_html=html), ACCEPT, STAMP)

    plain, page = part(draft.content, "plain"), part(draft.content, "html")
    assert "> shall I introduce you to Sara Lindqvist?\n" in plain
    assert "<p>shall I?</p>" in page.partition("<blockquote")[2]
    assert "On Mon, 4 May 2026 at 10:30, Dev Patel &lt;dev@example.org&gt; wrote:" in page
    assert not re.search("script|tracker|onclick", page)
    assert "All the best,<br>\nAlex</p>" in page or "Best wishes,<br>\nAlex</p>" in page or "Warmly,<br>\nAlex" in page


def test_a_letter_is_wrapped_where_it_is_plain() -> None:
    text = part(COMPOSER.draft(an_offer(), DEFER, STAMP).content, "plain")

    written = text.partition("\nOn Mon")[0]
    assert max(map(len, written.split("\n"))) <= 72
    assert " ".join(written.split()) == " ".join(letter(DEFER).split())


def test_a_very_long_offer_is_quoted_in_part() -> None:
    text = part(COMPOSER.draft(an_offer(body_text="line\n" * 50_000), ACCEPT, STAMP).content, "plain")

    assert len(text) < 20_000
    assert text.endswith("> line\n> [...]\n")


def test_a_draft_says_what_the_owner_would_not_expect_of_it() -> None:
    sara = Address("Sara Lindqvist", "sara@northwind.example")

    draft = COMPOSER.draft(an_offer(cc=(sara,), reply_to=(Address("", "all@lists.x.example"),)), DECLINE, STAMP)

    assert [address.email for address in draft.recipients] == ["dev@example.org"]
    assert len(draft.remarks) == 2
    assert "all@lists.x.example" in draft.remarks[0]
    assert "Sara Lindqvist" in draft.remarks[1]
    assert COMPOSER.draft(an_offer(), DECLINE, STAMP).remarks == ()


def test_an_address_that_cannot_be_written_is_remarked_on() -> None:
    draft = COMPOSER.draft(an_offer(author=Address("Jörg", "jörg@example.org")), ACCEPT, STAMP)

    assert any("fill it in yourself" in remark for remark in draft.remarks)


@pytest.mark.parametrize("outcome", [Outcome.SKIP, Outcome.CLARIFY, Outcome.IGNORE, Outcome.NOT_AN_OFFER])
def test_an_answer_without_a_letter_makes_none(outcome: Outcome) -> None:
    with pytest.raises(TemplateFault, match=str(outcome)):
        COMPOSER.draft(an_offer(), answers(outcome), STAMP)


def test_an_offer_always_gets_the_same_phrasing_and_offers_differ() -> None:
    texts = {letter(DEFER, an_offer(identity=f"{number:064x}")) for number in range(30)}

    assert len(texts) == PHRASINGS
    assert letter(DEFER) == letter(DEFER)


# The check-in ---------------------------------------------------------------------------------------------------------


def checked_in(offer: Offer | None = None) -> tuple[OwnerMail, bytes]:
    mail = COMPOSER.check_in(offer or an_offer(), STAMP)
    return mail, owner_mail(mail)


def raw_parts(content: bytes) -> tuple[bytes, bytes]:
    """The encoded text and HTML, as they are on the wire."""
    boundary = b"--" + content.partition(b'boundary="')[2].partition(b'"')[0]
    _, text, html, _ = content.split(boundary)
    return text.partition(b"\r\n\r\n")[2], html.partition(b"\r\n\r\n")[2]


def test_the_subject_names_who_offers_whom_and_ends_with_the_token() -> None:
    assert checked_in()[0].subject == f"Dev offers to introduce you to Sara Lindqvist [g:{TOKEN}]"


@pytest.mark.parametrize(
    ("introducer", "contacts", "subject"),
    [
        (Introducer(None, None, "dev@example.org"), (), "dev@example.org offers to introduce you to somebody"),
        (
            Introducer("Dev Patel", None, "d@x.org"),
            (SARA, RAVI),
            "Dev Patel offers to introduce you to Sara Lindqvist and Ravi Menon",
        ),
        (
            Introducer("D", "Dev", "d@x.org"),
            (Contact(description="my sister"),),
            "Dev offers to introduce you to their sister",
        ),
        (
            Introducer("D", "Dev", "d@x.org"),
            (Contact(description="CTO of a bank"),),
            'Dev offers to introduce you to "CTO of a bank"',
        ),
        (
            Introducer("D", "Dev", "d@x.org"),
            (Contact(organisation="Northwind"),),
            "Dev offers to introduce you to somebody at Northwind",
        ),
    ],
)
def test_the_subject_names_them_as_far_as_they_are_known(
    introducer: Introducer, contacts: tuple[Contact, ...], subject: str
) -> None:
    assert checked_in(an_offer(introducer=introducer, contacts=contacts))[0].subject == f"{subject} [g:{TOKEN}]"


def test_the_questions_come_first_in_text_and_html() -> None:
    text, html = raw_parts(checked_in()[1])

    assert text.startswith(b"1. Are you swamped?\r\n\r\n2. Are you changing fields?\r\n")
    shown = b" ".join(re.sub(rb"<!--.*?-->|<[^>]*>", b" ", html, flags=re.DOTALL).split())
    assert shown.startswith(b"1. Are you swamped? 2. Are you changing fields? ")


HOSTILE = st.text(st.characters(codec=None), max_size=40) | st.sampled_from(
    [
        "=" * 90,
        "é" * 80,
        "紹介" * 60,
        "x" * 500,
        "a\r\nBcc: b@x.org",
        "swamped",
        "{{ 7*7 }}",
        "<b>",
        "=?utf-8?q?=0A?=",
        "\u202eevil",
    ]
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    """Offers of anything, in every field that a mail can put something into."""
    maybe = st.none() | HOSTILE
    contact = st.builds(Contact, name=maybe, greeting=maybe, description=maybe, organisation=maybe, field=maybe)
    address = st.builds(Address, HOSTILE, HOSTILE)
    return replace(
        an_offer(),
        identity=draw(HOSTILE),
        message_id=draw(maybe),
        references=tuple(draw(st.lists(HOSTILE, max_size=2))),
        subject=draw(HOSTILE),
        author=draw(address),
        reply_to=tuple(draw(st.lists(address, max_size=2))),
        cc=tuple(draw(st.lists(address, max_size=2))),
        language=draw(st.sampled_from(["en", "fr", "xx", "../en"])),
        body_text=draw(HOSTILE),
        body_html=draw(maybe),
        sentence=draw(HOSTILE),
        introducer=Introducer(draw(maybe), draw(maybe), draw(HOSTILE)),
        contacts=tuple(draw(st.lists(contact, max_size=3))),
        warnings=tuple(draw(st.lists(HOSTILE, max_size=1))),
    )


@settings(derandomize=True, max_examples=80, deadline=None)
@given(offer=offers())
def test_whatever_an_offer_holds_the_questions_stand_unbroken_and_first(offer: Offer) -> None:
    mail, content = checked_in(offer)

    for source in raw_parts(content):
        assert source.index(b"swamped") == source.index(b"1. Are you swamped?") + len("1. Are you ")
        assert source.index(b"changing fields") == source.index(b"2. Are you changing fields?") + len("2. Are you ")
        assert not re.search(rb"changing(?! fields\b)", source.replace(b"Changing%20fields", b""))
    assert mail.subject.endswith(f" [g:{TOKEN}]")
    assert "\n" not in mail.subject
    for href in hrefs(mail.html or ""):
        assert href.startswith("mailto:alex@example.com?subject=Re%3A%20")


@settings(derandomize=True, max_examples=80, deadline=None)
@given(offer=offers(), said=st.sampled_from(sorted(LETTERS)), words=HOSTILE)
def test_whatever_an_offer_holds_every_letter_can_be_written(offer: Offer, said: str, words: str) -> None:
    draft = COMPOSER.draft(offer, replace(LETTERS[said], reason=words, new_field=words), STAMP)

    assert draft.content.isascii()
    assert "None" not in draft.text
    assert "\n\n\n" not in draft.text
    for notice in Notice:
        COMPOSER.notice(notice, offer, STAMP, answers=LETTERS[said], draft=draft, because=words)
    COMPOSER.clarification(offer, replace(LETTERS[said], unclear=(words,)), STAMP)


def test_no_line_of_a_check_in_could_be_an_answer() -> None:
    for line in checked_in()[0].text.split("\n"):
        assert (
            not re.fullmatch(
                r"(?i)[^a-z]*(yes|no|skip|both|neither|swamped|changing fields|not an introduction)?[^a-z]*", line
            )
            or not line
        )


def test_a_check_in_names_no_date_and_does_not_depend_on_the_clock() -> None:
    later = replace(STAMP, now=NOW + timedelta(days=3))

    assert COMPOSER.check_in(an_offer(), later).text == checked_in()[0].text
    assert not re.search(r"(?i)\b20\d\d\b|\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\bjune?\b", checked_in()[0].text)


def test_a_check_in_says_who_offers_whom_and_by_which_sentence_it_was_recognised() -> None:
    text = " ".join(checked_in()[0].text.split())

    assert "Dev Patel (dev@example.org) offers to introduce you to Sara Lindqvist." in text
    assert '"shall I introduce you to Sara Lindqvist?"' in text


def test_a_check_in_says_how_long_a_pause_without_a_date_is() -> None:
    assert "2 weeks" in checked_in()[0].text
    assert "10 days" in replace(COMPOSER, default_pause=timedelta(days=10)).check_in(an_offer(), STAMP).text


def test_a_check_in_passes_warnings_on_and_says_who_will_not_get_a_copy() -> None:
    offer = an_offer(
        warnings=("This mail failed its sender's authentication.",), cc=(Address("Sara Lindqvist", "sara@x.example"),)
    )

    mail, _ = checked_in(offer)

    for shown in (" ".join(mail.text.split()), " ".join(render(mail.html or "").split())):
        assert "This mail failed its sender's authentication." in shown
        assert "Also addressed: Sara Lindqvist. A letter that says no, or not yet, goes to Dev alone" in shown
    assert "Also addressed" not in checked_in()[0].text


def test_text_and_html_of_a_check_in_say_the_same() -> None:
    mail, _ = checked_in(an_offer(warnings=("Take care.",), contacts=(Contact(name="Zoë & <Co>"),)))

    assert render(mail.html or "").split() == mail.text.split()


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.loading: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name == "href"]
        self.loading += [
            name for name, value in attrs if name in {"src", "background", "srcset"} or "url(" in (value or "")
        ]
        self.loading += [tag] if tag in {"link", "style", "script", "img", "title"} else []


def links(html: str) -> _Links:
    parser = _Links()
    parser.feed(html)
    return parser


def hrefs(html: str) -> list[str]:
    return links(html).found


def test_the_html_answers_with_one_tap_by_mail_to_the_owner() -> None:
    said = []
    for href in hrefs(checked_in()[0].html or ""):
        link = urlsplit(href)
        fields = parse_qs(link.query)
        assert (link.scheme, unquote(link.path)) == ("mailto", "alex@example.com")
        assert fields["subject"] == [f"Re: Dev offers to introduce you to Sara Lindqvist [g:{TOKEN}]"]
        assert "+" not in link.query, "a space is %20 in RFC 6068"
        said += fields["body"]

    assert said == [
        "1. Swamped: no\r\n2. Changing fields: no",
        "1. Swamped: yes\r\n2. Changing fields: no",
        "1. Swamped: no\r\n2. Changing fields: yes",
        "skip",
        "not an introduction",
    ]


@pytest.mark.parametrize(
    ("number", "outcome"),
    list(enumerate([Outcome.ACCEPT, Outcome.DEFER, Outcome.DECLINE, Outcome.SKIP, Outcome.NOT_AN_OFFER])),
)
def test_every_answer_of_one_tap_is_understood(number: int, outcome: Outcome) -> None:
    mail, content = checked_in()
    fields = parse_qs(urlsplit(hrefs(mail.html or "")[number]).query)
    reply = EmailMessage()
    reply["From"], reply["Date"], reply["Message-ID"] = "alex@example.com", NOW, "<tap@example.com>"
    reply["Subject"] = fields["subject"][0]
    reply.set_content(fields["body"][0])

    context = context_from_checkin(parse(content), BRITON)

    assert interpret(parse(reply.as_bytes()), context, now=NOW).outcome is outcome


def test_the_html_loads_nothing_and_has_no_link_that_a_scanner_could_follow() -> None:
    for mail in (checked_in()[0], COMPOSER.notice(Notice.SKIPPED, an_offer(), STAMP)):
        assert links(mail.html or "").loading == []
        assert "http" not in (mail.html or "")
        assert "//" not in (mail.html or "")


def test_names_do_not_become_markup() -> None:
    offer = an_offer(contacts=(Contact(name="<img src=x> & Co"),), introducer=Introducer("<b>", "<b>", "d@x.org"))

    html = checked_in(offer)[0].html or ""

    assert links(html).loading == []
    assert "&lt;img src=x&gt; &amp; Co" in " ".join(html.split())


def test_a_reminder_asks_the_same_in_the_thread_of_the_check_in() -> None:
    stamp = replace(STAMP, thread=("<check-in@example.com>",))

    mail = COMPOSER.reminder(an_offer(), stamp)

    assert mail.subject == f"Re: {checked_in()[0].subject}"
    assert mail.text.startswith("1. Are you swamped?\n\n2. Are you changing fields?\n\nThis is a reminder")
    assert mail.asked == frozenset(Question)
    assert "subject=Re%3A%20Dev" in (mail.html or "")


# Clarifications and notices -------------------------------------------------------------------------------------------


def test_a_clarification_repeats_what_was_understood_and_asks_for_the_rest_alone() -> None:
    said = answers(
        Outcome.CLARIFY,
        swamped=True,
        until=date(2026, 6, 2),
        reason="on deadline",
        missing=frozenset({Question.CHANGING_FIELDS}),
        unclear=("whether you are changing fields",),
    )

    mail = COMPOSER.clarification(an_offer(), said, STAMP)

    assert mail.text.startswith("Are you changing fields?\n")
    assert "you are swamped until Tuesday, 2 June (on deadline)" in " ".join(mail.text.split())
    assert "Are you swamped?" not in mail.text
    assert mail.asked == {Question.CHANGING_FIELDS}
    assert mail.subject == f"Re: {checked_in()[0].subject}"
    assert len(mail.text) < 400


def test_a_clarification_that_understood_nothing_asks_both() -> None:
    said = answers(Outcome.CLARIFY, missing=frozenset(Question), unclear=("what you would like to answer",))

    mail = COMPOSER.clarification(an_offer(), said, STAMP)

    assert mail.text.startswith("1. Are you swamped?\n\n2. Are you changing fields?\n")
    assert mail.asked == frozenset(Question)
    assert "understood" not in mail.text


def test_a_clarification_of_something_else_says_what() -> None:
    said = answers(Outcome.CLARIFY, swamped=True, changing_fields=False, unclear=("until when: 5 or 12 June",))

    mail = COMPOSER.clarification(an_offer(), said, STAMP)

    assert "until when: 5 or 12 June" in mail.text
    assert mail.asked == frozenset(Question)


@pytest.mark.parametrize("because", ["", "drafted", "No mailbox for drafts was found."])
@pytest.mark.parametrize("said", [None, *LETTERS])
@pytest.mark.parametrize("notice", Notice)
def test_every_notice_reads_well_whatever_is_known(notice: Notice, said: str | None, because: str) -> None:
    given_answers = LETTERS[said] if said else None
    draft = COMPOSER.draft(an_offer(), given_answers, STAMP) if given_answers else None

    mail = COMPOSER.notice(notice, an_offer(), STAMP, answers=given_answers, draft=draft, because=because)

    assert_reads_as_written_by_hand(mail.text.replace("`", ""))
    assert mail.asked == frozenset()
    assert "X-Gracious-Asks" not in owner_mail(mail).decode()
    assert render(mail.html or "").split() == mail.text.split()


def test_a_notice_of_a_draft_says_what_was_understood_and_which_letter_waits() -> None:
    said = replace(DEFER, until=date(2026, 6, 6), reason="on deadline")
    offer = an_offer(cc=(Address("Sara", "sara@x.example"),))

    mail = COMPOSER.notice(Notice.DRAFT_READY, offer, STAMP, answers=said, draft=COMPOSER.draft(offer, said, STAMP))

    text = " ".join(mail.text.split())
    assert "a letter that accepts, and asks whether you may write about it on Monday, 8 June" in text
    assert "you are swamped until Saturday, 6 June (on deadline), and you are not changing fields" in text
    assert "Sara also received the offer" in text


@pytest.mark.parametrize("notice", [Notice.CORRECTED, Notice.PARKED])
def test_a_notice_of_a_letter_that_is_not_in_drafts_carries_it(notice: Notice) -> None:
    draft = COMPOSER.draft(an_offer(), DEFER, STAMP)

    mail = COMPOSER.notice(notice, an_offer(), STAMP, answers=DEFER, draft=draft, because="It failed.")

    assert " ".join(draft.text.split()) in " ".join(mail.text.split())


def test_a_notice_of_a_parked_letter_says_why_and_what_to_do() -> None:
    mail = COMPOSER.notice(Notice.PARKED, an_offer(), STAMP, answers=ACCEPT, because="The quota is used up.")

    assert "The quota is used up." in " ".join(mail.text.split())
    assert "gracious check" in mail.text


@pytest.mark.parametrize("because", ["drafted", "skipped", "withdrawn", "introduced", "expired", "forgotten"])
def test_a_late_reply_is_told_why_the_offer_is_closed(because: str) -> None:
    texts = {COMPOSER.notice(Notice.CLOSED_ALREADY, an_offer(), STAMP, because=reason).text for reason in (because, "")}

    assert len(texts) == 2
