"""The whole line, from an offer in the inbox to a letter in Drafts, on the embedded servers and on Dovecot."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from agent import commands
from agent.embedded import EmbeddedServers
from agent.errors import SubmissionUnknown
from agent.lifecycle import Event, Stage
from agent.line import Line
from agent.mailbox import Session, Summary
from agent.model import OwnerMail
from tests.integration.test_mailbox import with_attachment
from tests.servers import MailSystem, embedded_system
from tests.world import World, an_offer_mail

DAY = timedelta(days=1)


def asked(world: World, **changes: str) -> World:
    """An offer has come, and the owner has the check-in."""
    world.deliver(an_offer_mail(**changes))
    world.poll()
    return world


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("no, no", "Sara"),
        ("1. Yes, travelling until the end of next month\n2. no", "Sara"),
        ("Yes, I am changing fields, moving into music.", "Sara"),
        ("yes and yes", "Sara"),
        ("1. no\n2. Yes, I'm moving into music. Please introduce me as an aspiring cellist.", "Sara"),
        ("not worth meeting", "Sara"),
    ],
    ids=["accept", "defer", "decline", "both", "redirect", "not worth meeting"],
)
def test_an_answer_becomes_a_draft_and_a_notice(world: World, answer: str, said: str) -> None:
    asked(world)
    world.reply(answer)
    count = world.poll()
    (draft,) = world.drafts()
    assert (count.replies, count.drafts, count.notices) == (1, 1, 1)
    assert draft.own_text.startswith("Dear Dev") or draft.own_text.startswith(("Hi Dev", "Hello Dev", "Dev"))
    assert said in draft.own_text
    assert draft.own_text.rstrip().endswith("Alex")
    assert world.case().stage is Stage.DRAFTED


@pytest.mark.parametrize("answer", ["skip", "This is not an introduction."])
def test_an_answer_that_wants_no_letter_gets_none(world: World, answer: str) -> None:
    asked(world)
    world.reply(answer)
    world.poll()
    assert world.drafts() == []
    assert world.case().stage is Stage.CLOSED
    assert len(world.mail_to_self()) == 2


def test_an_unclear_answer_gets_one_question_back_in_the_thread(world: World) -> None:
    asked(world)
    world.reply("Hm, let me see.")
    world.poll()
    first, question = world.check_ins()
    assert first.message_id in question.references
    world.reply("Neither.", to=question)
    world.poll()
    assert len(world.drafts()) == 1
    assert len(world.check_ins()) == 2


def test_a_third_question_is_never_asked(embedded_world: World) -> None:
    asked(embedded_world)
    for number in range(4):
        embedded_world.reply("Hm." + " Well." * number, to=embedded_world.check_ins()[-1])
        embedded_world.poll()
    assert len(embedded_world.check_ins()) == 3
    assert embedded_world.case().stage is Stage.UNCLEAR


def test_a_draft_is_a_proper_reply(world: World) -> None:
    asked(world, head="References: <earlier@example.org>\nReply-To: dev@home.example\n")
    world.reply("no, no")
    world.poll()
    (stored,) = world.system.messages("Drafts")
    (draft,) = world.drafts()
    assert {flag.lower() for flag in stored.flags} == {"\\draft", "\\seen"}
    assert draft.in_reply_to == ("<offer-1@example.org>",)
    assert draft.references == ("<earlier@example.org>", "<offer-1@example.org>")
    assert [address.email for address in draft.to] == ["dev@home.example"]
    assert draft.author is not None
    # LMTP notes the mailbox it delivers to (Delivered-To), which tells more than To.
    assert draft.author.email == world.system.user
    assert draft.subject == "Re: Sara Lindqvist"
    assert "shall I introduce you to Sara Lindqvist?" in draft.quoted_text


def test_nothing_in_the_inbox_is_changed(world: World) -> None:
    world.deliver(an_offer_mail())
    before = {stored.uid: stored.flags for stored in world.system.messages()}
    world.poll()
    world.reply("no, no")
    world.poll()
    after = {stored.uid: stored.flags for stored in world.system.messages()}
    assert {uid: after[uid] for uid in before} == before


def test_mail_goes_to_the_owner_and_to_nobody_else(world: World) -> None:
    asked(world)
    world.reply("no, no")
    world.poll()
    recipients = {recipient for mail in world.system.submitted for recipient in mail.rcpt_tos}
    assert recipients == {world.system.user}


def test_without_smtp_the_check_in_is_put_into_the_inbox(mail_system: MailSystem, tmp_path: Path) -> None:
    world = asked(World(mail_system, tmp_path, has_smtp=False))
    assert len(world.check_ins()) == 1
    assert mail_system.submitted == []
    world.reply("no, no")
    world.poll()
    assert len(world.drafts()) == 1


def test_a_second_poll_changes_nothing(world: World) -> None:
    asked(world)
    for _ in range(3):
        world.poll()
    assert len(world.check_ins()) == 1


def test_an_old_offer_is_not_asked_about(world: World) -> None:
    world.now += 8 * DAY
    asked(world)
    assert world.cases() == []
    assert world.check_ins() == []


def test_what_came_while_the_agent_was_down_is_asked_about_however_old(world: World) -> None:
    world.poll()
    world.deliver(an_offer_mail())
    world.now += 30 * DAY
    world.poll()
    assert len(world.check_ins()) == 1


def test_an_offer_that_the_owner_has_answered_is_closed_and_nobody_is_asked(world: World) -> None:
    world.deliver(an_offer_mail())
    world.system.append("Sent", _answer_by_owner(world))
    world.poll()
    assert (world.case().stage, world.case().closed_because) == (Stage.CLOSED, Event.OWNER_WROTE)
    assert world.check_ins() == []


def test_an_offer_flagged_as_answered_is_closed(world: World) -> None:
    asked(world)
    with world.system.session() as client:
        client.select_folder("INBOX")
        (uid,) = client.search(["HEADER", "Message-ID", "<offer-1@example.org>"])
        client.add_flags([uid], [rb"\Answered"])
    world.poll()
    assert world.case().closed_because is Event.OWNER_WROTE
    assert len(world.mail_to_self()) == 1


def test_an_answer_in_sent_closes_an_offer_that_was_asked_about(world: World) -> None:
    asked(world)
    world.system.append("Sent", _answer_by_owner(world))
    world.poll()
    assert world.case().closed_because is Event.OWNER_WROTE


def test_a_mail_to_somebody_else_about_the_offer_closes_nothing(world: World) -> None:
    asked(world)
    world.system.append("Sent", _answer_by_owner(world).replace(b"To: dev@example.org", b"To: friend@example.net"))
    world.poll()
    assert world.case().stage is Stage.ASKED


def _answer_by_owner(world: World) -> bytes:
    return (
        f"From: {world.system.user}\r\nTo: dev@example.org\r\nSubject: Re: Sara Lindqvist\r\n"
        "Message-ID: <own@client.example>\r\nIn-Reply-To: <offer-1@example.org>\r\n\r\nYes please!\r\n"
    ).encode()


def test_a_reply_that_lies_only_in_sent_is_read(world: World) -> None:
    asked(world)
    check_in = world.check_ins()[0]
    world.reply("no, no", to=check_in)
    raw = world.system.raw_messages()[-1]
    with world.system.session() as client:
        client.select_folder("INBOX")
        client.delete_messages([world.system.messages()[-1].uid])
        client.expunge()
    world.system.append("Sent", raw)
    world.poll()
    assert len(world.drafts()) == 1


def test_a_reply_in_two_mailboxes_is_one_reply(world: World) -> None:
    asked(world)
    raw = world.reply("no, no")
    world.deliver(raw)
    world.system.append("Sent", raw)
    count = world.poll()
    assert (count.replies, count.drafts) == (1, 1)


def test_silence_is_reminded_of_once_and_then_let_be(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.now += 2 * DAY
    world.poll()
    world.poll()
    assert len(world.mail_to_self()) == 2
    world.now += 21 * DAY
    world.poll()
    assert world.case().stage is Stage.EXPIRED
    assert len(world.mail_to_self()) == 2


def test_a_late_answer_is_honoured(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.now += 22 * DAY
    world.poll()
    assert world.case().stage is Stage.EXPIRED
    world.reply("no, no")
    world.poll()
    assert len(world.drafts()) == 1


def test_a_correction_after_the_draft_comes_as_a_notice(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.reply("no, no")
    world.poll()
    world.reply("Wait: I am changing fields, moving into music.", changes={"reply-": "second-"})
    world.poll()
    assert len(world.drafts()) == 1
    assert len(world.mail_to_self()) == 3
    assert "Sara" in world.mail_to_self()[-1].text


def test_of_two_replies_before_the_draft_the_last_one_counts(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.reply("no, no")
    world.reply("Wait, skip this one.", changes={"reply-": "second-"})
    world.poll()
    assert world.drafts() == []
    assert world.case().closed_because is Event.SKIPPED


def test_a_reply_without_the_token_answers_nothing(embedded_world: World) -> None:
    world = asked(embedded_world)
    check_in = world.check_ins()[0]
    forged = an_offer_mail(author="Alex Morgan <alex@example.com>", message_id="<forged@evil.example>", text="no, no")
    assert check_in.message_id is not None
    world.deliver(forged)
    world.poll()
    assert world.case().stage is Stage.ASKED


def test_a_third_party_who_quotes_the_token_answers_nothing(embedded_world: World) -> None:
    world = asked(embedded_world)
    owner = "From: Alex Morgan <alex@example.com>"
    world.reply("no, no", changes={owner: "From: Alex Morgan <alex@evil.example>"})
    world.poll()
    assert world.case().stage is Stage.ASKED
    assert world.drafts() == []


def test_a_reply_that_failed_dmarc_is_refused_and_the_owner_is_told(embedded_world: World) -> None:
    world = asked(embedded_world)
    failed = "Authentication-Results: mx.example.com; dmarc=fail header.from=example.com\r\nDate: "
    world.reply("no, no", changes={"Date: ": failed})
    world.poll()
    assert world.case().stage is Stage.ASKED
    assert world.drafts() == []
    assert len(world.mail_to_self()) == 2


def test_new_uids_lead_to_no_second_question(embedded: EmbeddedServers, tmp_path: Path) -> None:
    world = asked(World(embedded_system(embedded), tmp_path))
    embedded.invalidate_uids()
    world.poll()
    world.poll()
    assert len(world.check_ins()) == 1
    assert len(world.cases()) == 1


def test_a_lost_state_leads_to_no_second_question_and_no_second_draft(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.reply("no, no")
    world.poll()
    for file in (world.folder / "state").glob("gracious.db*"):
        file.unlink()
    world.poll()
    assert len(world.mail_to_self()) == 2
    assert len(world.drafts()) == 1
    assert world.case().stage is Stage.DRAFTED


def test_the_same_offer_delivered_twice_is_one_offer(world: World) -> None:
    raw = an_offer_mail()
    world.deliver(raw)
    world.deliver(raw)
    world.poll()
    assert len(world.cases()) == len(world.check_ins()) == 1


def test_a_withdrawn_offer_closes_with_a_notice(embedded_world: World) -> None:
    world = asked(embedded_world)
    text = "Hi Alex,\n\nsorry, please forget my offer to introduce you to Sara Lindqvist: she has left.\n\nDev\n"
    head = "In-Reply-To: <offer-1@example.org>\nReferences: <offer-1@example.org>\n"
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>", head=head, text=text))
    world.poll()
    assert world.case().closed_because is Event.WITHDRAWN
    assert len(world.mail_to_self()) == 2


def test_an_offer_about_somebody_else_in_the_same_thread_is_another_offer(embedded_world: World) -> None:
    world = asked(embedded_world)
    head = "In-Reply-To: <offer-1@example.org>\nReferences: <offer-1@example.org>\n"
    world.deliver(an_offer_mail("Jonas Weber", message_id="<offer-2@example.org>", head=head))
    world.poll()
    assert len(world.cases()) == 2


def test_an_offer_repeated_in_its_thread_joins_it(embedded_world: World) -> None:
    world = asked(embedded_world)
    head = "In-Reply-To: <offer-1@example.org>\nReferences: <offer-1@example.org>\n"
    world.deliver(an_offer_mail(message_id="<offer-2@example.org>", head=head))
    world.poll()
    assert len(world.check_ins()) == 1
    world.reply("no, no")
    world.poll()
    assert world.drafts()[0].in_reply_to == ("<offer-2@example.org>",)


def test_mail_that_cannot_be_read_is_noted_once_and_passed(world: World) -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
    world.deliver(b"From: eve@example.net\r\nTo: alex@example.com\r\nMIME-Version: 1.0\r\n" + nested)
    world.deliver(an_offer_mail())
    first, second = world.poll(), world.poll()
    assert (first.unreadable, second.unreadable) == (1, 0)
    assert len(world.check_ins()) == 1


def test_the_letter_comes_from_the_address_that_was_written_to(embedded_world: World) -> None:
    world = asked(embedded_world, to="Alex <alex.morgan@work.example>")
    world.reply("no, no")
    world.poll()
    author = world.drafts()[0].author
    assert author is not None
    assert author.email == "alex.morgan@work.example"


def test_a_large_attachment_does_not_hide_the_offer(world: World) -> None:
    world.deliver(with_attachment(3_000_000).replace(b"QUJD", b"REVG"))
    world.poll()
    assert len(world.cases()) == 1


def test_an_offer_in_html_alone_is_answered_in_html(world: World) -> None:
    html = "<p>Hi Alex,</p><p>Shall I introduce you to <b>Sara Lindqvist</b>?</p><p>Dev</p>"
    world.deliver(an_offer_mail(text=html).replace(b"text/plain", b"text/html"))
    world.poll()
    world.reply("no, no")
    world.poll()
    (draft,) = world.drafts()
    assert draft.content_type == "multipart/alternative"
    assert draft.html is not None
    assert "<blockquote" in draft.html


def test_a_missing_drafts_mailbox_parks_the_letter_and_tells_the_owner_once(
    mail_system: MailSystem, tmp_path: Path
) -> None:
    world = asked(World(mail_system, tmp_path, more='[templates]\ndirectory = ""\n'))
    configured = world.config_path.read_text()
    world.config_path.write_text(configured.replace("[imap]\n", '[imap]\ndrafts = "Nowhere"\n'))
    world.reply("no, no")
    world.poll()
    world.now += timedelta(hours=7)
    world.poll()
    assert world.case().stage is Stage.DECIDED
    assert len(world.mail_to_self()) == 2
    world.config_path.write_text(configured)
    world.now += timedelta(hours=7)
    world.poll()
    assert len(world.drafts()) == 1


@pytest.mark.parametrize("message_id", ["<{0A1B-11(2)}@x.example>", '<a"b\\c@x.example>', "<*%]@x.example>"])
def test_a_strange_message_id_stops_nothing(world: World, message_id: str) -> None:
    world.deliver(an_offer_mail(message_id=message_id, author="Dev Patel <dev{5}@example.org>"))
    world.deliver(an_offer_mail("Jonas Weber", message_id="<offer-2@example.org>"))
    world.poll()
    assert len(world.check_ins()) == 2


def test_a_check_in_forwarded_to_a_friend_is_no_answer(embedded_world: World) -> None:
    world = asked(embedded_world)
    to_self = "To: Alex Morgan <alex@example.com>"
    world.reply("No and no, or what do you say?", changes={to_self: "To: Kim <kim@friend.example>"})
    world.poll()
    assert world.case().stage is Stage.ASKED


def test_a_draft_that_was_sent_as_it_was_closes_the_offer(world: World) -> None:
    asked(world)
    world.reply("no, no")
    world.poll()
    world.system.append("Sent", world.system.raw_messages("Drafts")[0])
    world.poll()
    assert world.case().closed_because is Event.OWNER_WROTE


def test_two_people_of_one_first_name_are_two_offers(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail("David Kim"))
    head = "In-Reply-To: <offer-1@example.org>\nReferences: <offer-1@example.org>\n"
    world.deliver(an_offer_mail("David Cohen", message_id="<offer-2@example.org>", head=head))
    world.poll()
    assert len(world.cases()) == 2


def test_an_answer_from_the_terminal_while_the_check_in_is_on_its_way_counts(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())

    def answer_meanwhile(line: Line) -> Line:
        answered = partial(commands.answer, world.assembly().config, text="no, no", now=world.now)
        return replace(line, outbox=Meanwhile(line, lambda: answered(handle(world))))

    world.poll(change=answer_meanwhile)
    world.poll()
    assert len(world.drafts()) == 1


def handle(world: World) -> str:
    return world.case().offer.handle


class Meanwhile:
    """An outbox that takes long enough for something else to happen."""

    def __init__(self, line: Line, happens: Callable[[], object]) -> None:
        self._line = line
        self._happens = happens

    def submit(self, mail: OwnerMail, content: bytes, transmit: Callable[[], None]) -> None:
        assert self._line.outbox is not None
        self._line.outbox.submit(mail, content, transmit)
        self._happens()


def test_an_unclear_reply_after_the_draft_gets_one_question_back(embedded_world: World) -> None:
    world = asked(embedded_world)
    world.reply("no, no")
    world.poll()
    for number in range(2):
        world.reply("Hm, wait.", changes={"reply-": f"later{number}-"})
        world.poll()
    assert len(world.check_ins()) == 2
    assert len(world.drafts()) == 1


def test_a_message_that_the_server_will_not_give_is_noted_and_passed(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    world.deliver(an_offer_mail("Jonas Weber", message_id="<offer-2@example.org>"))
    count = world.poll(change=lambda line: replace(line, session=cast("Session", WithoutText(line.session))))
    assert (count.offers, count.unreadable) == (1, 1)


class WithoutText:
    """A session whose server never gives the text of the oldest message it is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> object:
        return getattr(self._session, name)

    def texts(self, summaries: Sequence[Summary]) -> list[tuple[int, bytes]]:
        lowest = min((summary.uid for summary in summaries), default=0)
        return [(uid, raw) for uid, raw in self._session.texts(summaries) if uid != lowest]


class FellSilent:
    """An outbox whose server takes the mail, or not, and says nothing."""

    def __init__(self, line: Line, *, is_accepted: bool) -> None:
        self._line = line
        self._is_accepted = is_accepted

    def submit(self, mail: OwnerMail, content: bytes, transmit: object) -> None:
        assert callable(transmit)
        if self._is_accepted:
            assert self._line.outbox is not None
            self._line.outbox.submit(mail, content, transmit)
        else:
            transmit()
        raise SubmissionUnknown("The SMTP server fell silent.")


@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_mail_of_which_nobody_knows_whether_it_was_taken_arrives_once(
    embedded_world: World,
    is_accepted: bool,  # noqa: FBT001  # pytest passes parameters by name
) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    world.poll(change=lambda line: replace(line, outbox=FellSilent(line, is_accepted=is_accepted)))
    world.poll()
    world.poll()
    assert len(world.check_ins()) == 1
    assert world.case().stage is Stage.ASKED


def test_a_mail_that_never_arrives_is_sent_twice_and_no_more(embedded_world: World) -> None:
    world = embedded_world
    world.deliver(an_offer_mail())
    for _ in range(4):
        world.poll(change=lambda line: replace(line, outbox=FellSilent(line, is_accepted=False)))
    (fact,) = world.case().effects.values()
    assert fact.attempts == 2
    assert world.case().stage is Stage.ASKED
