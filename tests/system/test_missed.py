""" "Not an offer" is remembered, and "that was one" starts the line: by a forward to oneself, or by `gracious ask`."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from agent import commands
from agent.errors import GraciousError
from agent.lifecycle import Event, Stage
from agent.message import parse
from agent.model import Message
from agent.samples import reply_as_bytes
from tests.servers import crlf
from tests.system.test_service import gracious
from tests.world import World, an_offer_mail

MISSED = "Hi Alex,\n\nSara Lindqvist is somebody whom everybody should know.\n\nBest,\nDev\n"
"""Too little to be taken for an offer."""
NOT_AN_OFFER = "This is not an introduction."


def missed(number: int = 1, text: str = MISSED, **changes: str) -> bytes:
    return an_offer_mail(message_id=f"<missed-{number}@example.org>", text=text, **changes)


def forwarded(original: bytes, number: int = 1, *, first: str = "intro", head: str = "") -> bytes:
    """The owner forwards a mail to himself as Gmail does."""
    mail = parse(original)
    assert mail.author is not None
    assert mail.date is not None
    return own_mail(
        f"{first}\n\n---------- Forwarded message ---------\nFrom: {mail.author.name} <{mail.author.email}>\n"
        f"Date: {mail.date:%a, %d %b %Y %H:%M:%S} +0000\nSubject: {mail.subject}\nTo: <alex@example.com>\n\n\n"
        f"{mail.text}\n",
        number,
        head,
    )


def enclosed(original: bytes, number: int = 1, before: str = "") -> bytes:
    """The owner forwards a mail to himself as an attachment."""
    parts = ["Content-Type: text/plain\n\nintro\n", before, "Content-Type: message/rfc822\n\n" + original.decode()]
    body = "".join(f"--outer\n{part}\n" for part in parts if part) + "--outer--\n"
    head = "Content-Type: multipart/mixed; boundary=outer\n"
    return own_mail(body, number, head)


def own_mail(body: str, number: int = 1, head: str = "") -> bytes:
    head = head if "Content-Type" in head else f"{head}Content-Type: text/plain; charset=utf-8\n"
    at = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return crlf(
        f"From: Alex Morgan <alex@example.com>\nTo: alex@example.com\nSubject: Fwd: Sara Lindqvist\nDate: {at}\n"
        f"Message-ID: <forward-{number}@client.example>\nMIME-Version: 1.0\n{head}\n{body}".replace(
            "\r\n", "\n"
        ).encode()
    )


def notices(world: World) -> list[Message]:
    return [mail for mail in world.mail_to_self() if not mail.header("X-Gracious-Asks")]


def told_no(world: World, **changes: str) -> World:
    """The owner has said that Dev's mail is no offer."""
    world.deliver(an_offer_mail(**changes))
    world.poll()
    world.reply(NOT_AN_OFFER)
    world.poll()
    return world


# Remembered


def test_the_same_wording_of_the_same_author_is_not_asked_about_again(world: World) -> None:
    told_no(world)
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    assert world.poll().offers == 0
    assert len(world.check_ins()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"author": "Miriam Okafor <miriam@okafor.example>"},
        {"contact": "Jonas Weber"},
        {"text": "Hi Alex,\n\nwould you like me to put you in touch with Sara Lindqvist?\n\nDev\n"},
    ],
    ids=["author", "contact", "wording"],
)
def test_anything_else_is(embedded_world: World, changes: dict[str, str]) -> None:
    world = told_no(embedded_world)
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>", **changes))
    world.poll()
    assert len(world.check_ins()) == 2


def test_numbers_line_breaks_and_capitals_make_no_other_wording(embedded_world: World) -> None:
    text = "Hi Alex,\n\nshall I introduce you to Sara Lindqvist at 5 on the 14th, when we all\nmeet on stage?\n\nDev\n"
    world = told_no(embedded_world, text=text)
    later = text.replace("all\nmeet", "all meet").replace("5", "6").replace("14th", "21st").replace("shall", "Shall")
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>", text=later))
    world.poll()
    assert len(world.check_ins()) == 1


def test_it_is_remembered_when_it_was_said_on_the_terminal(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    world.poll()
    commands.answer(world.assembly().config, world.case().offer.handle, NOT_AN_OFFER, world.now)
    world.poll()
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 1


def test_a_skipped_offer_says_nothing_of_its_wording(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    world.poll()
    world.reply("skip")
    world.poll()
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 2


def test_it_is_learned_again_from_the_mail_after_a_lost_state(embedded_world: World) -> None:
    world = told_no(embedded_world)
    for file in (world.folder / "state").glob("gracious.db*"):
        file.unlink()
    world.poll()
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 1


def test_no_words_of_others_are_kept_for_it(embedded_world: World) -> None:
    world = told_no(embedded_world)
    world.poll()
    offer = world.case().offer
    assert (offer.sentence, offer.own_text, offer.body_text) == ("", "", "")
    with closing(sqlite3.connect(world.folder / "state" / "gracious.db")) as connection:
        ((wording,),) = connection.execute("SELECT wording FROM offer")
    assert len(bytes.fromhex(wording)) == 32


def test_an_answer_after_all_takes_it_back(world: World) -> None:
    told_no(world, head="References: <earlier@example.org>\n")
    world.reply("Sorry, it was one after all: no, no", changes={"reply-": "second-"})
    count = world.poll()
    assert (count.drafts, count.notices) == (1, 1)
    (draft,) = world.drafts()
    assert draft.references == ("<earlier@example.org>", "<offer-1@example.org>")
    assert "shall I introduce you to Sara Lindqvist?" in draft.quoted_text
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 2


def test_that_it_was_one_after_all_leads_to_one_question_about_the_rest(embedded_world: World) -> None:
    world = told_no(embedded_world)
    world.reply("It was one after all.", changes={"reply-": "second-"})
    world.poll()
    assert world.case().stage is Stage.ASKED
    assert len(world.check_ins()) == 2
    world.reply("no, no", changes={"reply-": "third-"})
    world.poll()
    assert len(world.drafts()) == 1


def test_thanks_take_nothing_back(embedded_world: World) -> None:
    world = told_no(embedded_world)
    world.reply("Thanks.", changes={"reply-": "second-"})
    world.poll()
    assert world.case().closed_because is Event.NOT_AN_OFFER


def test_an_answer_after_all_to_a_mail_that_is_gone_is_told_that_the_offer_is_closed(embedded_world: World) -> None:
    world = told_no(embedded_world)
    remove(world, "<offer-1@example.org>")
    world.reply("no, no", changes={"reply-": "second-"})
    world.poll()
    assert world.drafts() == []
    assert len(notices(world)) == 2


def remove(world: World, message_id: str) -> None:
    with world.system.session() as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search(["HEADER", "Message-ID", message_id]))
        client.expunge()


# Forwarded


def test_a_missed_mail_that_is_forwarded_is_asked_about_and_answered_in_its_thread(world: World) -> None:
    world.deliver(missed())
    world.poll()
    assert world.check_ins() == []
    world.deliver(forwarded(missed()))
    world.poll()
    (check_in,) = world.check_ins()
    assert "Dev" in check_in.subject
    world.reply("no, no")
    world.poll()
    (draft,) = world.drafts()
    assert draft.in_reply_to == ("<missed-1@example.org>",)
    assert [address.email for address in draft.to] == ["dev@example.org"]
    assert world.case().stage is Stage.DRAFTED
    assert len(notices(world)) == 1


def test_a_forwarded_mail_that_is_gone_is_asked_about_as_it_is_told(world: World) -> None:
    world.deliver(forwarded(missed()))
    world.poll()
    world.reply("no, no")
    world.poll()
    (draft,) = world.drafts()
    assert [address.email for address in draft.to] == ["dev@example.org"]
    assert draft.subject == "Re: Sara Lindqvist"
    assert "somebody whom everybody should know" in draft.quoted_text


@pytest.mark.parametrize("octets", [10, 60_000])
@pytest.mark.parametrize("is_there", [True, False])
def test_an_enclosed_mail_is_asked_about(world: World, octets: int, is_there: bool) -> None:  # noqa: FBT001
    if is_there:
        world.deliver(missed())
    before = "Content-Type: application/pdf; name=deck.pdf\n\n" + "QUJD\n" * (octets // 5)
    world.deliver(enclosed(missed(head="References: <earlier@example.org>\n"), before=before))
    world.poll()
    world.reply("no, no")
    world.poll()
    (draft,) = world.drafts()
    assert draft.in_reply_to == ("<missed-1@example.org>",)


def test_a_reply_to_oneself_is_enough_while_the_mail_is_there(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(missed())
    world.deliver(own_mail("intro\n", head="In-Reply-To: <missed-1@example.org>\n"))
    world.poll()
    assert world.case().offer.message_id == "<missed-1@example.org>"


def test_an_original_that_the_client_has_flagged_as_answered_is_asked_about(world: World) -> None:
    world.deliver(missed())
    with world.system.session() as client:
        client.select_folder("INBOX")
        client.add_flags(client.search(["ALL"]), [rb"\Answered"])
    world.deliver(own_mail("intro\n", head="In-Reply-To: <missed-1@example.org>\n"))
    world.poll()
    world.poll()
    assert (world.case().stage, len(world.check_ins())) == (Stage.ASKED, 1)


def test_an_original_of_an_unknown_address_is_found_by_name(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(missed())
    world.deliver(forwarded(missed()).replace(b" <dev@example.org>", b""))
    world.poll()
    assert world.case().offer.message_id == "<missed-1@example.org>"
    assert len(world.check_ins()) == 1


def test_a_forward_in_two_mailboxes_and_another_one_of_the_same_mail_are_one_offer(world: World) -> None:
    world.deliver(forwarded(missed()))
    world.system.append("Sent", forwarded(missed()))
    world.poll()
    world.deliver(forwarded(missed(), 2))
    world.deliver(enclosed(missed(), 3))
    world.system.append("Sent", enclosed(missed(), 4))
    world.poll()
    assert len(world.cases()) == len(world.check_ins()) == 1


def test_a_forward_that_lies_only_in_sent_counts(embedded_world: World) -> None:
    world = embedded_world
    world.system.append("Sent", forwarded(missed()))
    world.poll()
    assert len(world.check_ins()) == 1


def test_a_forward_of_an_open_offer_changes_nothing(world: World) -> None:
    world.deliver(an_offer_mail())
    world.poll()
    world.deliver(forwarded(an_offer_mail()))
    world.deliver(enclosed(an_offer_mail(), 2))
    count = world.poll()
    assert (count.offers, count.checkins, count.notices) == (0, 0, 0)
    assert world.case().stage is Stage.ASKED


def test_an_original_that_turns_up_after_its_forward_is_no_second_offer(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(forwarded(an_offer_mail()))
    world.poll()
    world.deliver(an_offer_mail())
    world.poll()
    assert len(world.cases()) == len(world.check_ins()) == 1


@pytest.mark.parametrize("answer", [NOT_AN_OFFER, "skip"])
def test_a_forward_undoes_what_the_owner_said(world: World, answer: str) -> None:
    world.deliver(an_offer_mail())
    world.poll()
    world.reply(answer)
    world.poll()
    world.deliver(forwarded(an_offer_mail()))
    world.poll()
    assert len(world.check_ins()) == 2
    assert len(world.cases()) == 1
    world.reply("no, no", changes={"reply-": "second-"})
    world.poll()
    (draft,) = world.drafts()
    assert draft.in_reply_to == ("<offer-1@example.org>",)
    assert "shall I introduce you to Sara Lindqvist?" in draft.quoted_text


def test_a_forward_that_undoes_not_an_offer_lets_the_wording_be_asked_about(embedded_world: World) -> None:
    world = told_no(embedded_world)
    world.deliver(forwarded(an_offer_mail()))
    world.poll()
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 3


def test_not_an_offer_said_twice_is_confirmed_twice(embedded_world: World) -> None:
    world = told_no(embedded_world)
    world.deliver(forwarded(an_offer_mail()))
    world.poll()
    world.reply(NOT_AN_OFFER, changes={"reply-": "second-"})
    world.poll()
    assert world.case().closed_because is Event.NOT_AN_OFFER
    assert len(notices(world)) == 2


HEADER = "Sent: Monday, May 4, 2026 9:30 AM\nTo: Alex\nSubject: Sara\n\nHi\n"


@pytest.mark.parametrize(
    ("body", "because"),
    [
        ("Dev wrote something, I believe.\n", Event.NOTHING_FORWARDED),
        (f"From: Dev Patel\n{HEADER}", Event.AUTHOR_MISSING),
        (f"From: Alex Morgan <alex@example.com>\n{HEADER}", Event.OWN_MAIL),
    ],
    ids=["nothing", "nobody", "own"],
)
def test_a_forward_that_cannot_be_read_gets_one_notice_in_its_thread(world: World, body: str, because: Event) -> None:
    forward = own_mail(f"intro\n\n{body}")
    world.deliver(forward)
    world.system.append("Sent", forward)
    for _ in range(2):
        world.poll()
    (notice,) = notices(world)
    assert notice.in_reply_to == ("<forward-1@client.example>",)
    assert notice.subject == "Re: Fwd: Sara Lindqvist"
    assert world.case().closed_because is because
    assert world.check_ins() == []


def test_a_forward_that_failed_dmarc_is_refused_and_the_owner_is_told(embedded_world: World) -> None:
    world = embedded_world
    failed = "Authentication-Results: mx.example.com; dmarc=fail header.from=example.com\n"
    world.deliver(forwarded(missed(), head=failed))
    world.poll()
    assert world.check_ins() == []
    (notice,) = notices(world)
    assert "not written by you" in " ".join(notice.text.split())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: Alex Morgan <alex@example.com>\r\nTo", b"From: Eve <eve@evil.example>\r\nTo"),
        (b"To: alex@example.com\r\nSubject", b"To: kim@friend.example\r\nSubject"),
        (b"\r\n\r\nintro\r\n", b"\r\n\r\nfor the record\r\n"),
    ],
    ids=["from another", "to another", "without the mark"],
)
def test_no_other_forward_counts(embedded_world: World, old: bytes, new: bytes) -> None:
    world = embedded_world
    raw = forwarded(missed())
    assert old in raw
    world.deliver(raw.replace(old, new))
    world.poll()
    assert world.cases() == []
    assert world.mail_to_self() == []


def test_an_old_forward_is_not_asked_about(embedded_world: World) -> None:
    world = embedded_world
    world.now += timedelta(days=8)
    world.deliver(forwarded(missed()))
    world.poll()
    assert world.cases() == []


def test_a_forward_is_answered_once_more_after_a_lost_state_and_not_asked_about(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(missed())
    world.deliver(forwarded(missed()))
    world.poll()
    world.reply("no, no")
    world.poll()
    for file in (world.folder / "state").glob("gracious.db*"):
        file.unlink()
    world.poll()
    assert (len(world.check_ins()), len(world.drafts()), len(notices(world))) == (1, 1, 1)


# Asked for on the terminal


def ask(world: World, named: str) -> str:
    return commands.ask(world.assembly().config, named, world.now)


def saved(world: World, raw: bytes, name: str = "missed.eml") -> str:
    path = world.folder / name
    path.write_bytes(raw)
    return str(path)


def test_a_file_that_is_asked_about_is_answered_like_any_offer(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(missed())
    world.poll()
    assert "asks you about it" in ask(world, saved(world, missed()))
    assert "already" in ask(world, saved(world, missed()))
    assert "already" in ask(world, "missed-1@example.org")
    world.poll()
    world.reply("no, no")
    world.poll()
    (draft,) = world.drafts()
    assert draft.in_reply_to == ("<missed-1@example.org>",)
    assert "already" in ask(world, saved(world, missed()))
    assert len(world.check_ins()) == 1


@pytest.mark.parametrize("named", ["<missed-1@example.org>", "missed-1@example.org"])
def test_a_message_id_is_looked_for_by_the_next_poll(world: World, named: str) -> None:
    world.deliver(missed())
    world.poll()
    for _ in range(2):
        assert "next poll" in ask(world, named)
    world.poll()
    assert len(world.check_ins()) == 1
    assert "already" in ask(world, named)
    world.reply("no, no")
    world.poll()
    assert len(world.drafts()) == 1


def test_a_message_id_that_is_nowhere_gets_one_notice(embedded_world: World) -> None:
    world = embedded_world
    for _ in range(2):
        ask(world, "<nowhere@example.org>")
        world.poll()
    (notice,) = notices(world)
    assert notice.subject == "Re: gracious ask <nowhere@example.org>"
    assert world.case().closed_because is Event.NOT_FOUND
    world.deliver(missed().replace(b"missed-1@", b"nowhere@"))
    world.poll()
    ask(world, "<nowhere@example.org>")
    world.poll()
    assert len(world.check_ins()) == 1


def test_the_owners_own_mail_is_not_asked_about(embedded_world: World) -> None:
    world = embedded_world
    own = own_mail("Hi Dev,\n\nshall I introduce you to Sara Lindqvist?\n")
    with pytest.raises(GraciousError, match="your own"):
        ask(world, saved(world, own))
    world.deliver(own)
    ask(world, "forward-1@client.example")
    world.poll()
    assert world.case().closed_because is Event.OWN_MAIL
    world.deliver(an_offer_mail())
    world.poll()
    check_in = world.check_ins()[0]
    with pytest.raises(GraciousError, match="your own"):
        ask(world, check_in.message_id or "")


def test_asking_undoes_not_an_offer(embedded_world: World) -> None:
    world = told_no(embedded_world)
    handle = world.case().offer.handle
    with pytest.raises(GraciousError, match="gracious ask"):
        commands.answer(world.assembly().config, handle, "no, no", world.now)
    ask(world, "<offer-1@example.org>")
    world.poll()
    assert len(world.check_ins()) == 2
    commands.answer(world.assembly().config, handle, "no, no", world.now)
    world.poll()
    assert len(world.drafts()) == 1


def test_an_offer_that_was_settled_otherwise_stays_closed(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    world.poll()
    answer = reply_as_bytes(
        world.assembly().config.owner, "Yes please!", "Sara", "<offer-1@example.org>", "", world.now
    )
    world.system.append("Sent", answer.replace(b"To: Alex Morgan <alex@example.com>", b"To: dev@example.org"))
    world.poll()
    assert world.case().closed_because is Event.OWNER_WROTE
    assert "stays so" in ask(world, "<offer-1@example.org>")
    world.deliver(forwarded(an_offer_mail()))
    world.poll()
    assert len(world.check_ins()) == 1


@pytest.mark.parametrize("named", ["nowhere.eml", "abcd1234", ""])
def test_what_is_neither_a_file_nor_a_message_id_is_refused(embedded_world: World, named: str) -> None:
    with pytest.raises(GraciousError):
        ask(embedded_world, named)


def test_a_member_of_an_mbox_is_asked_about_and_the_whole_is_not(embedded_world: World) -> None:
    world = embedded_world
    box = b"".join(b"From x Mon May  4 09:30:00 2026\n" + missed(number).replace(b"\r\n", b"\n") for number in (1, 2))
    path = saved(world, box, "box.mbox")
    with pytest.raises(GraciousError, match=r"box\.mbox#1"):
        ask(world, path)
    ask(world, f"{path}#2")
    assert world.case().offer.message_id == "<missed-2@example.org>"


def test_the_command_says_what_follows_and_ends_with_a_code(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(missed())
    asked = gracious(world, "ask", "missed-1@example.org")
    assert (asked.returncode, "next poll" in asked.stdout) == (0, True)
    assert gracious(world, "once").returncode == 0
    assert len(world.check_ins()) == 1
    again = gracious(world, "ask", saved(world, missed()))
    assert (again.returncode, "already" in again.stdout) == (0, True)
    neither = gracious(world, "ask", "abcd1234")
    assert (neither.returncode, "neither" in neither.stderr) == (1, True)
    assert gracious(world, "ask").returncode == 64
