"""What is an offer and what is not, on whole mails."""

from functools import partial

import pytest

from agent.detect import NEAR, Detector
from agent.message import parse
from agent.model import Kind, Owner, Verdict
from agent.notation import Line, located
from agent.people import Census, Lexicon
from agent.phrasebook import Phrasebook, Rule
from agent.sentences import sentences

OWNER = Owner(name="Alex Morgan", addresses=("alex@example.com",))
DETECTOR = Detector(OWNER, Phrasebook.shipped(("en",)), 5.0, ("robot@example.net", "spam.example"))


def examined(text: str, *, head: str = "", author: str = "Dev Patel <dev@example.org>") -> Verdict:
    top = f"From: {author}\nTo: Alex Morgan <alex@example.com>\nSubject: hello\n{head}"
    raw = f"{top}\nHi Alex,\n\n{text}\n\nBest,\nDev\n"
    return DETECTOR.examine(parse(raw.encode()))


OFFERS = [
    "Shall I introduce you to Sara Lindqvist? She runs payments at Northwind.",
    "Would you like me to put you in touch with Jonas Weber?",
    "I'd be happy to connect you with my friend Clara, if you are interested.",
    "May I introduce you to Kenji? He builds the tools that you keep wishing for.",
    "Priya asked whether she could have your email address. Is that fine with you?",
    "My colleague Tom Hale would like to meet you. Shall I set something up?",
    "You and Maya Lind should really talk. Want me to loop her in?",
    "Let me know if you would like an introduction to Peter Halvorsen, who leads the team there.",
    "Happy to make an intro to Ben Ashworth if that helps. Just say the word.",
]

OTHERS = [
    ("Could you introduce me to Sara Lindqvist? I would love to ask her about hiring.", Kind.REQUEST),
    ("Thank you for introducing me to Carla last month. We start in June!", None),
    ("Let me connect you with our account team, who will show you our platform and its pricing.", None),
    ("Please connect to the VPN before you introduce any change.", Kind.NONE),
    ("Lunch on Thursday at one? I will book the usual table.", Kind.NONE),
    ("The last release introduced a bug in the ledger, see the ticket.", Kind.NONE),
]


@pytest.mark.parametrize("text", OFFERS)
def test_an_offer_is_recognised_with_its_introducer(text: str) -> None:
    verdict = examined(text)
    assert verdict.is_offer
    assert verdict.introducer is not None
    assert (verdict.introducer.greeting, verdict.introducer.address) == ("Dev", "dev@example.org")


@pytest.mark.parametrize(("text", "kind"), OTHERS)
def test_other_mail_is_left_alone(text: str, kind: Kind | None) -> None:
    verdict = examined(text)
    assert not verdict.is_offer
    assert kind in {None, verdict.kind}


@pytest.mark.parametrize("text", OFFERS)
def test_the_score_is_the_sum_of_the_evidence_and_its_words_stand_in_the_mail(text: str) -> None:
    raw = f"From: Dev Patel <dev@example.org>\nTo: alex@example.com\nSubject: hello\n\n{text}\n"
    message = parse(raw.encode())
    verdict = DETECTOR.examine(message)
    assert verdict.score == pytest.approx(sum(one.weight for one in verdict.evidence))
    spans = [one for one in verdict.evidence if one.start is not None]
    assert spans
    assert all(message.own_text[one.start : one.end] == one.text for one in spans)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Shall I introduce you to Sara Lindqvist?", "Sara Lindqvist"),
        ("Would you like me to put you in touch with Jonas Weber?", "Jonas Weber"),
        ("If you like, I could introduce you to a local contact in engineering. Just say the word.", None),
    ],
)
def test_the_contact_is_named_or_left_unnamed(text: str, name: str | None) -> None:
    assert examined(text).contact.name == name


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied\n",
        "List-Id: <boats.example.org>\n",
        "Precedence: bulk\n",
        "List-Unsubscribe: <mailto:x@y.example>\n",
    ],
)
def test_machines_and_lists_never_make_an_offer(head: str) -> None:
    assert not examined(OFFERS[0], head=head).is_offer


@pytest.mark.parametrize(
    "author", ["Alex Morgan <alex+home@example.com>", "robot@example.net", "Eve <eve@spam.example>"]
)
def test_neither_the_owner_nor_whom_the_owner_ignores_makes_an_offer(author: str) -> None:
    assert not examined(OFFERS[0], author=author).is_offer


def test_an_offer_in_quoted_text_alone_is_none() -> None:
    quoted = "Sounds good, see you there.\n\nOn Mon, 4 May 2026 Sara wrote:\n> Shall I introduce you to Jonas Weber?"
    assert examined(quoted).kind is Kind.QUOTED


def test_the_owner_is_shown_the_sentence_that_makes_the_offer() -> None:
    verdict = examined("I met Sara Lindqvist at Northwind. You two would get on. Shall I introduce you to her?")
    assert verdict.sentence == "Shall I introduce you to her?"


def test_a_near_miss_lies_between_nothing_and_the_threshold() -> None:
    assert 0 < NEAR < 5.0


@pytest.mark.parametrize(
    "text",
    [
        "introduce " * 100_000,
        "shall I " * 100_000 + "introduce you to Sara?",
        "(" * 1_000_000,
        "a" * 10_000_000,
        "\n" * 1_000_000,
    ],
    ids=["one verb", "one question", "brackets", "one word", "empty lines"],
)
def test_no_text_is_too_much(text: str) -> None:
    assert examined(text).threshold == 5.0


SHIPPED = [(book, rule) for book in Phrasebook.shipped() for rule in book.rules]
LEXICONS = {book.language: Lexicon(Phrasebook.shipped(), book.language) for book in Phrasebook.shipped()}


def matches(rule: Rule, text: str) -> bool:
    lexicon = LEXICONS[rule.language]
    split = sentences(text, lexicon["abbreviations"])
    census = Census(text, split, lexicon, frozenset({"alex", "morgan"}))
    lines = [
        Line.of([token.word for token in one.tokens], partial(census.marks, number), is_question=one.is_question)
        for number, one in enumerate(split)
    ]
    return any(located(pattern, line) for line in lines for pattern in rule.patterns)


@pytest.mark.parametrize(("book", "rule"), SHIPPED, ids=[rule.label for _, rule in SHIPPED])
def test_a_shipped_rule_matches_its_example_and_not_its_counter_example(book: Phrasebook, rule: Rule) -> None:
    assert rule.language == book.language
    assert matches(rule, rule.example)
    assert rule.counter
    assert not matches(rule, rule.counter)
