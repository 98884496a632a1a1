"""The benchmark of detection counts what it says: the loader of collections, and the figures."""

import importlib
import json
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from agent.message import parse

FOLDER = Path(__file__).parents[2] / "benchmarks" / "detection"
sys.path.insert(0, str(FOLDER))
cases: Any = importlib.import_module("cases")
collection: Any = importlib.import_module("collection")
counting: Any = importlib.import_module("counting")
measure: Any = importlib.import_module("measure")
letters: Any = importlib.import_module("letters")
wording: Any = importlib.import_module("wording")

OFFER = """
language = "es"

[[mail]]
label = "offer"
implicit = true
from = "MISTRY, Helen <h.mistry@wharfe.example>"
cc = 'Robert "Bob" Stearns <bob@stearns.example>, ana@casa.example'
reply_to = "helen@casa.test"
subject = "¿Un café?"
headers = { "In-Reply-To" = "<1@wharfe.example>" }
introducer = "Helen"
contact = "Ana Núñez"
body = '''
Ana Núñez quiere saber de ti. ¿Le doy tu teléfono?
'''
"""


def file_of(folder: Path, text: str) -> Path:
    file = folder / "es.toml"
    file.write_text(text, "utf-8")
    return file


def problems_of(folder: Path, text: str) -> list[str]:
    with pytest.raises(collection.CollectionFault) as caught:
        collection.load(file_of(folder, text))
    return [problem.rpartition(": ")[2] for problem in caught.value.problems]


class TestCollections:
    def test_a_mail_is_rendered_as_it_would_arrive(self, tmp_path: Path) -> None:
        (mail,) = collection.load(file_of(tmp_path, OFFER))
        message = parse(collection.render(mail))
        assert message.author is not None
        assert (message.author.name, message.author.email) == ("MISTRY, Helen", "h.mistry@wharfe.example")
        assert [one.email for one in (*message.to, *message.cc)] == [
            "alex@example.com",
            "bob@stearns.example",
            "ana@casa.example",
        ]
        assert message.cc[0].name == 'Robert "Bob" Stearns'
        assert message.reply_to[0].email == "helen@casa.test"
        assert message.subject == "¿Un café?"
        assert message.in_reply_to == ("<1@wharfe.example>",)
        assert message.own_text == "Ana Núñez quiere saber de ti. ¿Le doy tu teléfono?"
        assert message.date is not None
        assert message.message_id is not None

    def test_it_is_the_same_each_time(self, tmp_path: Path) -> None:
        (one,), (other,) = (collection.load(file_of(tmp_path, OFFER)) for _ in range(2))
        assert collection.render(one) == collection.render(other)

    def test_html_goes_out_alone(self, tmp_path: Path) -> None:
        (mail,) = collection.load(file_of(tmp_path, OFFER.replace("subject", "html = true\nsubject", 1)))
        assert message_from_bytes(collection.render(mail), policy=default).get_content_type() == "text/html"

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ('label = "offer"', 'label = "ofer"', "none of bulk, made"),
            ('label = "offer"', 'label = "made"', "for offers only"),
            ('introducer = "Helen"', "", "introducer is missing"),
            ("subject", "subjekt", "unknown key 'subjekt'"),
            ("subject =", "html = 1\nsubject =", "html must be true or false"),
            ("wharfe.example>", "wharfe.org>", "does not end in .example"),
            ("helen@casa.test", "helen at casa.test", "is no list of addresses"),
            ("ana@casa.example", "aña@casa.example", "not ASCII"),
            ("In-Reply-To", "Subject", "rendered from other keys"),
            ('language = "es"', 'language = "en"', "language must be 'es'"),
            ("[[mail]]", "[mail]", "at least one [[mail]]"),
        ],
    )
    def test_what_is_wrong_is_told(self, tmp_path: Path, old: str, new: str, problem: str) -> None:
        assert problem in "\n".join(problems_of(tmp_path, OFFER.replace(old, new, 1)))

    def test_everything_that_is_wrong_is_told_at_once(self, tmp_path: Path) -> None:
        text = OFFER.replace("subject =", "subjekt =").replace("cc =", "ccc =")
        assert len(problems_of(tmp_path, text)) == 3

    @pytest.mark.parametrize(
        "file", sorted(FOLDER.glob("*/*.toml")), ids=lambda file: f"{file.parent.name}-{file.stem}"
    )
    def test_those_of_the_benchmark_are_well_formed(self, file: Path) -> None:
        assert all(parse(collection.render(mail)).author for mail in collection.load(file))


@pytest.mark.parametrize(
    ("expected", "found", "verdict"),
    [
        ("Chidera Eze", "Chidera Eze", "right"),
        ("Chidera Eze", "chidera", "right"),
        ("Núñez", "Nunez", "right"),
        ("Chidera Eze", "Mrs Eze", "right"),
        ("Chidera", "Chidera Lead", "wrong"),
        ("Chidera Eze", "Monzo", "wrong"),
        ("Chidera Eze", None, "null"),
        ("", None, "right"),
        ("", "Monzo", "wrong"),
    ],
)
def test_a_name_is_right_when_nothing_in_it_is_wrong(expected: str, found: str | None, verdict: str) -> None:
    assert counting.name_read(expected, found) == verdict


def test_the_figures_of_a_few_mails() -> None:
    offer, implicit = counting.Truth("offer", False, "Helen", ""), counting.Truth("offer", True, "Tom", "Ana")
    others = [counting.Truth("made"), counting.Truth("other"), counting.Truth("other", counts=False)]
    alarm = counting.Reading(True, "offer", "Tom", "Monzo")
    silence = counting.Reading(False, "none")
    pairs = [(offer, silence), (implicit, alarm), *((truth, alarm) for truth in others), (others[0], None)]
    figures = counting.count(pairs)
    assert (figures.offers, figures.found, figures.implicit, figures.implicit_found) == (2, 1, 1, 1)
    assert (figures.others, figures.alarms) == (2, 2)
    assert (dict(figures.greetings), dict(figures.contacts)) == ({"right": 1}, {"wrong": 1})
    assert dict(figures.kinds) == {True: 1, False: 2}
    assert counting.cells("m", "es", "gracious", figures)[3:] == (
        *("2", "0.500", "1", "1.000", "2", "2", "0.333", "0.400", "10000.0"),
        *("1.000", "0.000", "0.000", "0.000", "1.000", "0.333"),
    )


def test_a_folder_of_mail_is_read_with_its_labels(tmp_path: Path) -> None:
    rows = [
        {"file": "1.eml", "label": "offer", "introducer": "Keith Holst", "introducee": "Bob (fund manager)"},
        {"file": "2.eml", "label": "offer", "confidence": "borderline", "introducer": "Keith Holst"},
        {"file": "3.eml", "label": "technical", "language": "nl"},
    ]
    (tmp_path / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    for number in range(1, 5):
        (tmp_path / f"{number}.eml").write_bytes(b"Subject: x\n\nx\n")
    one, two, three, four = cases.of_folder(tmp_path)
    assert (one.truth.introducer, one.truth.contact, one.truth.is_fullest) == ("Keith Holst", "Bob", False)
    assert (one.truth.counts, two.truth.counts) == (True, False)
    assert (three.truth.label, three.group, three.is_open) == ("none", "nl", True)
    assert (four.truth.label, four.group in {"tuning", "held-out"}) == ("other", True)


def test_held_out_mail_is_not_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main(["--set", "heldout", "--language", "en", "--errors", "--baseline", "none"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "--open-heldout" in printed.err


def test_a_share_is_never_rounded_up_to_a_bound() -> None:
    assert counting.share(8996, 10_000) == "0.899"
    assert counting.share(0, 0) == "-"


def test_the_threshold_tells_offers_best() -> None:
    threshold = letters.best_threshold([0.9, 0.8, 0.8, 0.3, 0.1], [True, True, False, False, False])
    assert threshold.score == 0.8
    assert letters.best_threshold([0.9, 0.8], [False, False]).score == float("inf")


@pytest.mark.parametrize(
    ("language", "text", "naive", "known"),
    [
        ("en", "Shall I introduce you to Sara?", True, True),
        ("en", "She would love a chat. Want her number?", False, False),
        ("en", "We re-connected the printer.", False, True),
        ("de", "Soll ich dir Sara vorstellen?", True, True),
        ("de", "Sara würde dich gern treffen. Soll ich?", False, False),
        ("fr", "Je te présente Sara ?", True, True),
    ],
)
def test_the_well_known_words_are_found(language: str, text: str, naive: bool, known: bool) -> None:  # noqa: FBT001
    assert wording.is_found_naively(text) is naive
    assert wording.has_known_words(text, language) is known
