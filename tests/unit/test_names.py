"""Who writes, how a friend would greet them, and whom they offer: names as they really stand in mail."""

import pytest

from agent.detect import Detector
from agent.message import parse
from agent.model import Owner, Verdict
from agent.phrasebook import Phrasebook

DETECTOR = Detector(Owner("Alex Morgan", ("alex@example.com",)), Phrasebook.shipped())
OFFER = "My friend Clara Holm restores organs in Lund. Shall I introduce you to her? Just say the word."


def examined(text: str, author: str = "Dev Patel <dev@example.org>", head: str = "") -> Verdict:
    raw = f"From: {author}\nTo: Alex Morgan <alex@example.com>\n{head}Subject: hello\n\n{text}\n"
    return DETECTOR.examine(parse(raw.encode()))


GREETINGS = [
    ("MISTRY, Helen <h.mistry@wharfe.example>", "Best,\nHelen", "Helen"),
    ("Robert Eastman <r@eastman.example>", "Bob\n\nRobert J. Eastman\nAttorney at Law", "Bob"),
    ("Rosalind Achebe <ros@achebe.example>", "Ros", "Rosalind"),
    ("Jun Santos <jun@cebu.example>", "Thanks,\nJun", "Jun"),
    ("TJ Ruiz <tj@mesa.example>", "tj", "TJ"),
    ("Wei Ling Tan <wl@merlion.example>", "Wei Ling", "Wei Ling"),
    ("francois.noel@ruches.example", "François Noël", "François"),
    ("Docteur Anne-Sophie Mercier <as@cabinet.example>", "Dr Mercier", "Anne-Sophie"),
    ("Edmond de Kersaint <edmond@societe.example>", "E. de Kersaint", "Edmond"),
    ("dpetrakis@vets.example", "Dina Petrakis MRCVS\nQuayside Vets\nT 01632 960 114", "Dina"),
    ("a.novak@precision.example", "Kind regards\nA. Novak", None),
    ("Dr. H.J. van Leeuwen <hj@ziekenhuis.example>", "Dr. H.J. van Leeuwen\ninternist", None),
]


@pytest.mark.parametrize(("author", "ending", "greeting"), GREETINGS, ids=[author for author, _, _ in GREETINGS])
def test_an_author_is_greeted_as_a_friend_would(author: str, ending: str, greeting: str | None) -> None:
    verdict = examined(f"Hi Alex,\n\n{OFFER}\n\n{ending}", author)
    assert verdict.introducer is not None
    assert verdict.introducer.greeting == greeting


def test_a_greeting_that_is_also_a_farewell_signs_nothing() -> None:
    verdict = examined(
        "Ciao Alex,\n\nti va se ti presento Michele Caruso?\n\nVale", "Valentina Russo <v@russo.example>"
    )
    assert verdict.introducer is not None
    assert verdict.introducer.greeting == "Valentina"


CONTACTS = [
    (OFFER, "Clara Holm"),
    ("You need Tamsin Reyes. Ex-Monzo, bored. Shall I introduce you to her?", "Tamsin Reyes"),
    ("Anjali Frobisher and her husband Pete keep bees. Shall I put you in touch with them?", "Anjali Frobisher"),
    ("Meg Sorensen and Ty Barnes make harnesses. Want me to put you in touch with either?", "Meg Sorensen"),
    ("You should meet a friend of Pablo, Julian. Shall I introduce you to him?", "Julian"),
    ("Hi Alex,\n\nCopying Omar Haddad, who calculates frames. Shall I introduce you properly?", "Omar Haddad"),
    ("There is a Mr Buckley in the next bed who has songs. Shall I introduce you to him?", "Buckley"),
    ("hi alex, my friend magda is moving out. shall i introduce you to her?", "Magda"),
    ("HI ALEX. MY FRIEND RAY DUBOIS HAS A BOAT. SHALL I INTRODUCE YOU TO HIM?", "Ray Dubois"),
    ("Unsere Kantorin Gerlinde Pohl sucht einen Tenor. Soll ich dich ihr vorstellen?", "Gerlinde Pohl"),
    ("The podcast is called Slow Water. My friend Ines Duarte made it. Shall I introduce you to her?", "Ines Duarte"),
]


@pytest.mark.parametrize(("text", "name"), CONTACTS)
def test_the_contact_is_named(text: str, name: str) -> None:
    verdict = examined(text)
    assert verdict.is_offer
    assert verdict.contact.name is not None
    assert set(verdict.contact.name.split()) <= {*name.split(), "Mr"}
    assert verdict.contact.name.split()[-1] in name.split()


NAMELESS = [
    "We had a care manager when Daddy was ill. She is wonderful. Shall I introduce you to her?",
    "I know a collector in Halifax who lacks this printing. Shall I introduce you to him?",
    "There's a social worker at the clinic who knows all the forms. Shall I put you in touch with her?",
]


@pytest.mark.parametrize("text", NAMELESS)
def test_nobody_is_named_where_nobody_was(text: str) -> None:
    verdict = examined(text)
    assert verdict.is_offer
    assert verdict.contact.name is None
