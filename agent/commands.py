"""I/O: files and state. What the commands do without a poll: preview, interpret, ask, answer, forget."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from agent.answering import typed
from agent.assembly import composer, detector, open_store
from agent.config import Reading
from agent.correspondence import (
    case_answered_by,
    case_of,
    identity_of_new,
    move,
    record_reply,
    reply_context,
    start,
)
from agent.errors import GraciousError, UnreadableMessage
from agent.identity import fingerprint_of, identity_of
from agent.lifecycle import CHECK_IN, DRAFT, NOT_STARTED, Case, Effect, Event, ReplyFact, Stage, may_reopen
from agent.lock import throwaway_installation
from agent.message import parse
from agent.model import Answers, Message, Offer, Outcome, Question, ReplyContext, Stamp
from agent.offer import offer_of
from agent.raw import messages
from agent.reply import context_from_checkin, interpret
from agent.store import Store
from agent.wire import owner_mail


def _message(named: str) -> Message:
    found = next(messages(named), None)
    if found is None:
        raise GraciousError(f"{named} holds no message.")
    return parse(found.content)


@dataclass(frozen=True)
class Preview:
    """One offer from a file, looked at without any state: its Message-IDs are thrown away."""

    reading: Reading
    offer: Offer
    now: datetime

    @classmethod
    def of(cls, reading: Reading, named: str, now: datetime) -> "Preview":
        """Read the offer."""
        message = _message(named)
        verdict = detector(reading).examine(message)
        offer = offer_of(message, verdict, identity_of(message), reading.owner, arrived=now, is_known=True)
        return cls(reading, offer, now)

    def _stamp(self, effect: Effect) -> Stamp:
        installation, domain = throwaway_installation(), self.reading.owner.address.rpartition("@")[2]
        message_id = installation.message_id(self.offer.identity, effect.code, domain)
        return Stamp(message_id, self.now, installation.token(self.offer.identity))

    def check_in(self) -> bytes:
        """Return the check-in that would ask about it."""
        return owner_mail(composer(self.reading).check_in(self.offer, self._stamp(CHECK_IN)))

    def draft(self, answer: str) -> bytes:
        """Return the draft that the answer would lead to. Raises GraciousError, with the reason, when it is none."""
        writer = composer(self.reading)
        asked = writer.check_in(self.offer, self._stamp(CHECK_IN))
        context = ReplyContext((asked.text,), (asked.subject,), frozenset(Question), self.reading.owner)
        answers = interpret(typed(answer, self.reading.owner, self.now), context, now=self.now)
        if not answers.outcome.has_letter:
            raise GraciousError(f"This answer leads to no letter: {in_words(answers)}.")
        return writer.draft(self.offer, answers, self._stamp(DRAFT)).content


def in_words(answers: Answers) -> str:
    """Return an outcome, and what is unclear about it."""
    return f"{answers.outcome} ({'; '.join(answers.unclear)})" if answers.unclear else str(answers.outcome)


@dataclass(frozen=True)
class Interpreter:
    """Reads replies to a given check-in, or to those that the state knows."""

    reading: Reading
    checkin: Message | None
    last: Answers | None
    store: Store | None
    now: datetime

    def read(self, raw: bytes) -> Answers:
        """Return what the reply says. Raises UnreadableMessage."""
        message = parse(raw)
        context = self._context(message)
        return interpret(message, replace(context, last=self.last or context.last), now=self.now)

    def read_or_ignore(self, raw: bytes) -> Answers:
        """Return what the reply says; of one that cannot be read, that it is ignored, and why."""
        try:
            return self.read(raw)
        except UnreadableMessage as error:
            return Answers(None, None, None, None, None, Outcome.IGNORE, (str(error),))

    def _context(self, message: Message) -> ReplyContext:
        if self.checkin is not None:
            return context_from_checkin(self.checkin, self.reading.owner)
        case = case_answered_by(self.store, message, self.reading.owner) if self.store else None
        if case is None or self.store is None:
            return ReplyContext((), (), frozenset(Question), self.reading.owner)
        writer, owner = composer(self.reading), self.reading.owner
        return reply_context(self.store, writer, owner, case, message.thread, self.now)


@contextmanager
def interpreter(reading: Reading, checkin: str | None, last: Answers | None, now: datetime) -> Iterator[Interpreter]:
    """Open what is needed to read replies; the state only when there is one and no check-in is given."""
    if checkin is not None:
        yield Interpreter(reading, _message(checkin), last, None, now)
    elif not reading.state.path.exists():
        yield Interpreter(reading, None, last, None, now)
    else:
        with closing(open_store(reading)) as store:
            yield Interpreter(reading, None, last, store, now)


def ask(reading: Reading, named: str, now: datetime) -> str:
    """Note that the owner calls a message an offer; return, as a sentence, what follows.

    `named` is what holds one raw message, else a Message-ID that the next poll looks for. Raises GraciousError when it
    is neither, or the owner's own mail.
    """
    with closing(open_store(reading)) as store:
        if _is_readable(named):
            return _ask_about(store, reading, _only_message(named), now)
        message_id = _message_id(named)
        if message_id is None:
            raise GraciousError(f"{named or 'Nothing'} is neither a file nor a Message-ID.")
        return _ask_for(store, message_id, now)


def _is_readable(named: str) -> bool:
    path = named.rpartition("#")[0] or named  # `path#n` is the nth message of an mbox
    try:
        return named == "-" or Path(path).exists() or Path(named).exists()
    except (OSError, ValueError):  # too long for a name, or not one
        return False


def _message_id(named: str) -> str | None:
    found = _MESSAGE_ID.fullmatch(named.strip())
    return f"<{found[1]}>" if found else None


_MESSAGE_ID = re.compile(r"<?([^<>\s@]{1,400}@[^<>\s@]{1,400})>?")


def _only_message(named: str) -> Message:
    found = list(islice(messages(named), 2))
    if not found:
        raise GraciousError(f"{named} holds no message.")
    if len(found) > 1:
        raise GraciousError(f"{named} holds several messages. Name one of them, such as {found[0].name}")
    return parse(found[0].content)


def _ask_for(store: Store, message_id: str, now: datetime) -> str:
    if store.installation.is_ours(message_id):
        raise GraciousError(_OWN_MAIL)
    known = [case for case in store.cases_of_message(message_id) if case.closed_because not in NOT_STARTED]
    if known and not any(map(may_reopen, known)):
        return _known(known[0])
    with store.transaction():
        store.want(message_id, now)
    return f"The next poll looks for {message_id} in your mailbox and asks you about it."


_OWN_MAIL = "This mail is your own. Name the one in which the introduction is offered."


def _ask_about(store: Store, reading: Reading, message: Message, now: datetime) -> str:
    if message.author is None:
        raise GraciousError("This mail does not say who wrote it, so that nobody could be answered.")
    if reading.owner.recognises(message.author.email) or store.installation.is_ours(message.message_id):
        raise GraciousError(_OWN_MAIL)
    verdict = detector(reading).examine(message)
    identity = identity_of_new(store, message)
    offer = offer_of(message, verdict, identity, reading.owner, arrived=now, is_known=True)
    with store.transaction():
        begins = start(store, message, offer, None, now).begins
        store.see(identity_of(message), fingerprint_of(message))
        case = case_of(store, message)
    if case is None or begins:
        return f"The next poll asks you about it: {case.offer.handle if case else offer.handle}, {offer.subject}"
    return _known(case)


def _known(case: Case) -> str:
    offer = case.offer
    if case.is_open:
        return f"You are asked about it already: {offer.handle}, {offer.subject}"
    return f"This offer is closed ({case.closed_because}), and stays so: {offer.handle}, {offer.subject}"


def _the_case(store: Store, named: str) -> Case:
    """Return the one offer that a person means. Raises GraciousError when it is none, or several."""
    found = store.cases_named(named)
    if not found:
        raise GraciousError(f"No offer is known as {named}. `gracious status` lists them.")
    if len(found) > 1:
        raise GraciousError(f"{named} means several offers: {', '.join(case.offer.handle for case in found)}.")
    return found[0]


def answer(reading: Reading, named: str, text: str, now: datetime) -> Answers:
    """Note an answer from the terminal. Raises GraciousError when it is not understood, or comes too late."""
    with closing(open_store(reading)) as store:
        case = _the_case(store, named)
        context = reply_context(store, composer(reading), reading.owner, case, (), now)
        answers = interpret(typed(text, reading.owner, now), context, now=now)
        _refuse_what_leads_nowhere(case, answers)
        message_id = f"terminal:{case.offer.handle}:{len(case.replies) + 1}"
        with store.transaction():
            reply = ReplyFact(len(case.replies) + 1, message_id, now, answers, case.stage)
            record_reply(store, case, reply, now)
    return answers


def _refuse_what_leads_nowhere(case: Case, answers: Answers) -> None:
    if answers.outcome in {Outcome.CLARIFY, Outcome.IGNORE}:
        raise GraciousError(f"That was not understood: {in_words(answers)}.")
    if case.stage is Stage.CLOSED:
        again = " `gracious ask` asks about it once more." if may_reopen(case) else ""
        raise GraciousError(f"This offer is closed ({case.closed_because}).{again}")
    if case.stage is Stage.DRAFTED and not answers.outcome.has_letter:
        raise GraciousError("The letter already waits in Drafts: delete it there, then `gracious forget` the offer.")


def forget(reading: Reading, named: str, now: datetime) -> Offer:
    """Close an offer without a letter; the next poll deletes what was kept of it."""
    with closing(open_store(reading)) as store:
        case = _the_case(store, named)
        with store.transaction():
            move(store, case, Event.FORGOTTEN, now)
            store.settle(store.case(case.offer.identity))
    return case.offer
