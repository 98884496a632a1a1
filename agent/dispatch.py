"""I/O: IMAP, SMTP and state, by way of `Line`. From facts to letters: does what is owed, once.

For each letter: 1. look whether the mailbox has it already, by the Message-ID that was fixed before; 2. record the
attempt; 3. make it; 4. record the success. A crash after any of these leaves something that the next poll continues.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.compose import Composer
from agent.correspondence import move
from agent.errors import (
    MailboxError,
    MailboxUnavailable,
    NoSuchMailbox,
    SubmissionError,
    SubmissionUnknown,
    TemplateFault,
)
from agent.lifecycle import (
    DRAFT,
    NOT_STARTED,
    Case,
    Effect,
    EffectFact,
    Event,
    Letter,
    Stage,
    is_expired,
    owed,
    retries_at,
)
from agent.line import Line, boundary, log
from agent.mailbox import Special
from agent.model import Answers, Draft, Notice, OwnerMail, Stamp
from agent.wire import owner_mail

SETTLE_SECONDS = 20.0
"""How long a mail that may have been accepted is waited for before it is sent once more."""
_A_DAY = timedelta(days=1)
_MOST_ROUNDS = 8
"""Letters written about one offer in one poll; a whole life takes four."""

_EVENT_OF_LETTER = {
    Letter.CHECK_IN: Event.CHECKED_IN,
    Letter.CLARIFICATION: Event.CLARIFIED,
    Letter.DRAFT: Event.DRAFTED,
}
_ANSWERABLE = frozenset({Stage.FOUND, Stage.ASKED, Stage.UNCLEAR, Stage.DECIDED, Stage.DRAFTED, Stage.EXPIRED})


@dataclass(frozen=True, slots=True)
class Task:
    """One letter to write: for which offer, under which Message-ID, and what is known of earlier attempts."""

    case: Case
    effect: Effect
    stamp: Stamp
    fact: EffectFact | None

    @property
    def may_have_happened(self) -> bool:
        """Whether an earlier attempt ended without anybody knowing how."""
        return self.fact is not None and self.fact.attempted_at is not None and self.fact.failed_at is None


class Dispatch:
    """Writes what is owed."""

    def __init__(self, line: Line, special: Special) -> None:
        self._line = line
        self._store = line.store
        self._special = special

    def run(self) -> None:
        """Do everything that is owed now."""
        self._notice_answered()
        for case in self._store.unsettled_cases():
            identity = case.offer.identity
            with boundary(lambda reason, identity=identity: self._give_up(identity, reason)):  # type: ignore[misc]
                self._serve(identity)

    def _give_up(self, identity: str, reason: str) -> None:
        log.error("Offer %s could not be served in this poll: %s.", identity[:8], reason)
        self._line.count.faults.append(MailboxError(f"Offer {identity[:8]} could not be served: {reason}."))

    def _serve(self, identity: str) -> None:
        for _ in range(_MOST_ROUNDS):
            case = self._store.case(identity)
            if is_expired(case, self._line.now(), self._line.policy):
                self._move(case, Event.EXPIRED)
                continue
            effect = next((effect for effect in self._owed(case) if self._is_ready(case, effect)), None)
            if effect is None:
                self._settle(case)
                return
            self._write(self._task(case, effect))

    def _owed(self, case: Case) -> tuple[Effect, ...]:
        return owed(case, self._line.now(), self._line.policy)

    def _settle(self, case: Case) -> None:
        if case.stage is Stage.CLOSED and not self._owed(case):
            with self._store.transaction():
                self._store.settle(case)

    def _move(self, case: Case, event: Event) -> None:
        with self._store.transaction():
            move(self._store, case, event, self._line.now())

    def _is_ready(self, case: Case, effect: Effect) -> bool:
        fact = case.fact(effect)
        if fact is None:
            return effect.letter is not Letter.CHECK_IN or self._may_ask_today()
        at = retries_at(fact)
        # An attempt of this very poll whose outcome is unknown is not repeated in it.
        return self._line.now() >= at if at else fact.message_id not in self._line.undecided

    def _may_ask_today(self) -> bool:
        return self._store.check_ins_since(self._line.now() - _A_DAY) < self._line.max_a_day

    # What the owner did meanwhile

    def _notice_answered(self) -> None:
        r"""Close the offers whose message has been flagged \Answered by the owner's own client."""
        located = [(case, self._store.location(case)) for case in self._store.unsettled_cases()]
        opened = self._line.session.examine(self._special.inbox)
        here = {
            location.uid: case
            for case, location in located
            if location is not None
            and case.stage in _ANSWERABLE
            and (location.mailbox, location.uid_validity) == (opened.name, opened.uid_validity)
        }
        for uid, flags in self._line.session.flags(sorted(here)).items():
            if "\\answered" in flags:
                self._move(here[uid], Event.OWNER_WROTE)

    # One letter

    def _task(self, case: Case, effect: Effect) -> Task:
        installation, identity = self._store.installation, case.offer.identity
        domain = self._line.owner.address.rpartition("@")[2]
        thread = [fact.message_id for code, fact in case.effects.items() if code.startswith(Letter.CHECK_IN)]
        if case.closed_because in NOT_STARTED and case.offer.message_id:
            thread.append(case.offer.message_id)  # the owner's own forward
        thread += [reply.message_id for reply in case.replies if reply.message_id.startswith("<")]
        stamp = Stamp(
            message_id=installation.message_id(identity, effect.code, domain),
            now=self._line.now(),
            token=installation.token(identity),
            thread=tuple(thread),
        )
        return Task(case, effect, stamp, case.fact(effect))

    def _write(self, task: Task) -> None:
        if self._exists(task) or self._settles_as_sent(task):
            self._finish(task)
            return
        try:
            made = self._append_draft(task) if task.effect.letter is Letter.DRAFT else self._tell_owner(task)
        except (SubmissionError, MailboxError, TemplateFault) as error:
            if isinstance(error, MailboxUnavailable):
                raise
            self._fail(task, error)
            return
        if made:
            self._finish(task)
            self._count(task.effect)

    def _exists(self, task: Task) -> bool:
        """Whether the mailbox has the letter already, wherever the owner or the provider may have moved it."""
        first = self._special.drafts if task.effect.letter is Letter.DRAFT else self._special.inbox
        return any(self._lies_in(name, task.stamp.message_id) for name in self._where(first))

    def _where(self, first: str | None) -> Iterable[str]:
        return dict.fromkeys(name for name in (first, self._special.sent, *self._special.others) if name)

    def _lies_in(self, mailbox: str, message_id: str) -> bool:
        try:
            self._line.session.examine(mailbox)
        except NoSuchMailbox:
            return False
        return bool(self._line.session.find(message_id))

    def _settles_as_sent(self, task: Task) -> bool:
        """Wait for a mail that may have been accepted; True when it has come, or was sent twice already."""
        fact = task.fact
        if not task.may_have_happened or fact is None or fact.transmitted_at is None:
            return False
        left = SETTLE_SECONDS - (self._line.now() - fact.transmitted_at).total_seconds()
        if left > 0:
            self._line.pause(min(left, SETTLE_SECONDS))
            if self._exists(task):
                return True
        return fact.resent > 0

    def _finish(self, task: Task) -> None:
        event = _EVENT_OF_LETTER.get(task.effect.letter)
        with self._store.transaction():
            self._store.finish(task.case, task.effect, task.stamp.message_id, self._line.now())
            if event is not None:
                move(self._store, task.case, event, self._line.now())

    def _fail(self, task: Task, error: SubmissionError | MailboxError | TemplateFault) -> None:
        log.warning("The %s about offer %s: %s", task.effect.code, task.case.offer.handle, error)
        self._line.count.faults.append(error)
        if isinstance(error, SubmissionUnknown):
            self._line.undecided.add(task.stamp.message_id)
            return
        fact = self._store.case(task.case.offer.identity).fact(task.effect)
        with self._store.transaction():
            if fact is None or fact.failed_at is not None:  # it failed before there was anything to attempt
                self._store.attempt(task.case, task.effect, task.stamp.message_id, "", self._line.now())
            self._store.fail(task.stamp.message_id, str(error), self._line.now())

    def _count(self, effect: Effect) -> None:
        count = self._line.count
        match effect.letter:
            case Letter.CHECK_IN:
                count.checkins += 1
            case Letter.DRAFT:
                count.drafts += 1
            case Letter.REMINDER | Letter.CLARIFICATION | Letter.NOTICE:
                count.notices += 1

    # To Drafts

    def _append_draft(self, task: Task) -> bool:
        if self._special.drafts is None:
            raise NoSuchMailbox(
                "No mailbox for drafts was found: none is marked as such by the server, and none has a usual name. "
                'Make one in your mail client, or name it in the configuration: [imap] drafts = "…".'
            )
        draft = self._draft(task.case, task.stamp, task.case.answers)
        self._attempt(task, draft.text)
        self._line.session.append_draft(self._special.drafts, draft.content)
        return True

    def _draft(self, case: Case, stamp: Stamp, answers: Answers | None) -> Draft:
        if answers is None:
            raise TemplateFault(f"Offer {case.offer.handle} was decided without answers.")
        return self._line.composer.draft(case.offer, answers, stamp)

    def _attempt(self, task: Task, text: str) -> None:
        with self._store.transaction():
            self._store.attempt(task.case, task.effect, task.stamp.message_id, text, self._line.now())

    # To the owner

    def _tell_owner(self, task: Task) -> bool:
        mail = self._owner_mail(task)
        content = owner_mail(mail)
        self._attempt(task, mail.text)
        if self._line.outbox is None:
            self._line.session.append_to_inbox(self._special.inbox, content)
        else:
            self._line.outbox.submit(mail, content, lambda: self._transmit(task))
        return True

    def _transmit(self, task: Task) -> None:
        with self._store.transaction():
            self._store.transmit(task.stamp.message_id, self._line.now())

    def _owner_mail(self, task: Task) -> OwnerMail:
        composer, offer, answers = self._line.composer, task.case.offer, task.case.answers
        match task.effect.letter:
            case Letter.CHECK_IN:
                return composer.check_in(offer, task.stamp)
            case Letter.REMINDER:
                return composer.reminder(offer, task.stamp)
            case Letter.CLARIFICATION if answers is not None:
                return composer.clarification(offer, answers, task.stamp)
            case _:
                return self._notice(composer, task)

    def _notice(self, composer: Composer, task: Task) -> OwnerMail:
        case, notice = task.case, task.effect.notice
        if notice is None:
            raise TemplateFault(f"Nothing to write for {task.effect.code}.")
        answers = self._answers_for(task)
        draft = self._draft_for(task, notice, answers)
        because = _reason(case, notice)
        return composer.notice(notice, case.offer, task.stamp, answers=answers, draft=draft, because=because)

    def _answers_for(self, task: Task) -> Answers | None:
        """Return what the letter that the notice speaks of was written from."""
        case = task.case
        if task.effect.notice is Notice.CORRECTED:
            return case.replies[task.effect.number - 1].answers
        fact = case.fact(DRAFT)
        if task.effect.notice is Notice.DRAFT_READY and fact and 0 < fact.basis <= len(case.replies):
            return next((one.answers for one in reversed(case.replies[: fact.basis]) if not one.refused), case.answers)
        return case.answers

    def _draft_for(self, task: Task, notice: Notice, answers: Answers | None) -> Draft | None:
        if notice not in {Notice.DRAFT_READY, Notice.CORRECTED, Notice.PARKED} or answers is None:
            return None
        fact = task.case.fact(DRAFT)
        written_at: datetime = (fact.attempted_at if fact else None) or self._line.now()
        return self._draft(task.case, replace(task.stamp, now=written_at), answers)


def _reason(case: Case, notice: Notice) -> str:
    """Return why, for the notices that say so."""
    if notice is Notice.PARKED:
        fact = case.fact(DRAFT)
        return (fact.failure if fact else None) or ""
    if case.stage is Stage.DRAFTED:
        return "drafted"
    return str(case.closed_because or "")
