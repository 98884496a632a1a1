"""I/O: files and state. What the commands do without a poll: preview, interpret, answer, forget."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from agent.answering import typed
from agent.assembly import composer, detector, open_store
from agent.config import Reading
from agent.correspondence import case_answered_by, move, record_reply, reply_context
from agent.errors import GraciousError, UnreadableMessage
from agent.identity import identity_of
from agent.lifecycle import CHECK_IN, DRAFT, Case, Effect, Event, ReplyFact, Stage
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
        raise GraciousError(f"This offer is closed ({case.closed_because}).")
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
