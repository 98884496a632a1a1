"""I/O: IMAP and state, by way of `Line`. From new messages to facts; one transaction a message.

Replies first, then the inbox in the order of arrival, then Sent. The watermark moves in the same transaction as what
was learned from a message, so that a crash repeats nothing and skips nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from agent.correspondence import case_answered_by, case_worded_as, identity_of_new, move, record_reply, reply_context
from agent.errors import UidValidityChanged, UnreadableMessage
from agent.forward import is_marked
from agent.identity import fingerprint_of, identity_of, wording_of
from agent.judge import Judge
from agent.lifecycle import DRAFT, Case, Event, ReplyFact, Stage, is_known_as_none, is_taken_back
from agent.line import Line, boundary, log
from agent.mailbox import Special, Summary, shown
from agent.message import parse
from agent.missed import Search
from agent.model import Kind, Message, Offer, Outcome, ReplyContext, Verdict, same_address
from agent.offer import is_same_contact, joined, offer_of
from agent.provenance import failed_dmarc
from agent.reply import calls_it_an_offer, interpret
from agent.store import Location, Watermark

_BATCH = 100


@dataclass(frozen=True, slots=True)
class News:
    """What is new in one mailbox."""

    mailbox: str
    uid_validity: int
    uids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One new message: where, what the server says of it, and what could be read so far."""

    location: Location
    summary: Summary
    message: Message | None
    """The header alone until the text is fetched; None when it is unreadable."""
    reason: str = ""
    """Why it is unreadable."""

    @property
    def age_date(self) -> datetime | None:
        """The older of INTERNALDATE and Date: moving and migrating make old mail look new."""
        written = self.message.date if self.message else None
        moments = [moment for moment in (self.summary.internal_date, written) if moment]
        return min(moments, default=None)


class Intake:
    """Reads what is new in INBOX and Sent."""

    def __init__(self, line: Line, special: Special) -> None:
        self._line = line
        self._store = line.store
        self._session = line.session
        self._special = special
        self._judge = Judge(line.session, special, line.detector)
        self._search = Search(line, special)
        self._first_look_from = line.store.begin(line.account, line.now() - line.first_look)

    def run(self) -> None:
        """Learn from everything that is new."""
        news = [self._news(name) for name in (self._special.sent, self._special.inbox) if name]
        arrivals = {one.mailbox: list(self._heads(one, one.uids[:_BATCH])) for one in news if one}
        for batch in arrivals.values():
            self._learn_replies(batch)
        # The inbox before Sent: a reply in Sent may answer an offer that is only now found again.
        for one in reversed([one for one in news if one]):
            self._learn_in_order(one, arrivals[one.mailbox])
        self._learn_wishes()

    # What is new

    def _news(self, mailbox: str) -> News | None:
        """Return what is new there; None when the server does not say which UIDs are valid."""
        opened = self._session.examine(mailbox)
        if opened.uid_validity is None:
            log.warning("%s has no UIDVALIDITY this time; nothing is read there in this poll.", shown(mailbox))
            return None
        mark = self._store.watermark(mailbox)
        if mark is None or mark.uid_validity != opened.uid_validity:
            mark = self._first_look(mailbox, opened.uid_validity, opened.uid_next)
        if opened.uid_next is not None and opened.uid_next == mark.uid + 1:
            return News(mailbox, opened.uid_validity)
        return News(mailbox, opened.uid_validity, tuple(self._session.uids_after(mark.uid)))

    def _first_look(self, mailbox: str, uid_validity: int, uid_next: int | None) -> Watermark:
        """Begin at the first message young enough; what is known already is recognised by its identity."""
        # A day earlier: SINCE goes by the server's zone.
        young = self._session.uids_since((self._first_look_from - timedelta(days=1)).date())
        if young:
            last_old = young[0] - 1
        elif uid_next is not None:
            last_old = uid_next - 1
        else:
            last_old = max(self._session.uids_after(0), default=0)
        mark = Watermark(uid_validity, last_old)
        with self._store.transaction():
            self._store.advance(mailbox, mark)
        return mark

    def _open(self, news: News) -> None:
        opened = self._session.examine(news.mailbox)
        if opened.uid_validity != news.uid_validity:
            raise UidValidityChanged(
                f"The UIDs of {shown(news.mailbox)} changed during the poll; the next one resumes."
            )

    def _heads(self, news: News, uids: Sequence[int]) -> Iterator[Arrival]:
        if not uids:
            return
        self._open(news)
        for summary in self._session.summaries(uids):
            yield self._arrival(Location(news.mailbox, news.uid_validity, summary.uid), summary, summary.header)

    def _arrival(self, location: Location, summary: Summary, raw: bytes) -> Arrival:
        arrival = Arrival(location, summary, None)

        def pass_over(reason: str) -> None:
            nonlocal arrival
            arrival = replace(arrival, reason=reason)

        with boundary(pass_over):
            arrival = replace(arrival, message=parse(raw))
        return arrival

    # Replies

    def _learn_replies(self, batch: Sequence[Arrival]) -> None:
        """Read the replies among them to offers that are known, before anything else."""
        wanted = [arrival for arrival in batch if arrival.message and self._is_reply_to_known(arrival.message)]
        for arrival in self._with_texts(wanted):
            if arrival.message is not None and (case := self._case_answered_by(arrival.message)):
                with self._passing_over(arrival, None):
                    self._learn_reply(case, arrival, None)

    def _is_reply_to_known(self, message: Message) -> bool:
        return self._is_by_owner(message) and self._case_answered_by(message) is not None

    def _is_by_owner(self, message: Message) -> bool:
        return (
            message.author is not None
            and self._line.owner.recognises(message.author.email)
            and not self._store.installation.is_ours(message.message_id)
        )

    def _case_answered_by(self, message: Message) -> Case | None:
        return case_answered_by(self._store, message, self._line.owner)

    def _learn_reply(self, case: Case, arrival: Arrival, mark: Watermark | None) -> None:
        message = arrival.message
        if message is None:
            raise UnreadableMessage(arrival.reason)
        name = message.message_id or identity_of(message)
        if self._store.has_reply(name):
            self._learn_nothing(arrival, mark)
            return
        is_trusted = arrival.location.mailbox == self._special.sent or not failed_dmarc(message)
        context = self._context(case, message)
        answers = interpret(message, context, now=self._line.now())
        if answers.outcome is Outcome.IGNORE:
            self._learn_nothing(arrival, mark)
            return
        reply = ReplyFact(
            number=len(case.replies) + 1,
            message_id=name,
            received_at=message.date or self._line.now(),
            answers=answers,
            stage=case.stage,
            refused=not is_trusted,
        )
        is_called_one = case.closed_because is Event.NOT_AN_OFFER and calls_it_an_offer(message, context)
        is_one = is_trusted and is_taken_back(case, answers, is_called_one=is_called_one)
        again = self._search.again(case) if is_one else None
        with self._store.transaction():
            if again is not None:
                self._store.reopen(again, None, self._line.now())
            record_reply(self._store, case, reply, self._line.now())
            self._advance(arrival, mark)
        self._line.count.replies += 1

    def _context(self, case: Case, message: Message) -> ReplyContext:
        line = self._line
        return reply_context(self._store, line.composer, line.owner, case, message.thread, line.now())

    # The inbox and Sent, in order

    def _learn_in_order(self, news: News, first: list[Arrival]) -> None:
        for start in range(0, len(news.uids), _BATCH):
            uids = news.uids[start : start + _BATCH]
            batch = first if start == 0 else list(self._heads(news, uids))
            self._learn_batch(news, batch)
            with self._store.transaction():  # past those that were expunged meanwhile
                self._store.advance(news.mailbox, Watermark(news.uid_validity, uids[-1]))

    def _learn_batch(self, news: News, batch: Sequence[Arrival]) -> None:
        wanted = [arrival for arrival in batch if self._needs_text(arrival)]
        self._open(news)
        full = {arrival.summary.uid: arrival for arrival in self._with_texts(wanted)}
        for head in batch:
            arrival = full.get(head.summary.uid, head)
            mark = Watermark(news.uid_validity, head.summary.uid)
            self._line.count.messages += 1
            with self._passing_over(arrival, mark):
                self._learn(arrival, mark)

    def _needs_text(self, arrival: Arrival) -> bool:
        """Whether the header leaves any doubt. Bulk, automatic, old and own mail is told without its text."""
        message = arrival.message
        if message is None or self._store.installation.is_ours(message.message_id):
            return False
        if self._is_by_owner(message):
            return self._may_answer(arrival, message)
        is_possible = arrival.location.mailbox == self._special.inbox and not self._is_old(arrival)
        return is_possible and not self._judge.is_told_by_header(message)

    def _may_answer(self, arrival: Arrival, message: Message) -> bool:
        is_to_self = any(self._line.owner.recognises(address.email) for address in (*message.to, *message.cc))
        return arrival.location.mailbox == self._special.inbox or is_to_self or self._is_reply_to_known(message)

    def _is_old(self, arrival: Arrival) -> bool:
        moment = arrival.age_date
        return moment is not None and moment < self._first_look_from

    def _with_texts(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Fetch what a person would read of these messages; they must lie in one mailbox."""
        if not arrivals:
            return []
        location = arrivals[0].location
        self._open(News(location.mailbox, location.uid_validity))
        texts = dict(self._session.texts([arrival.summary for arrival in arrivals]))
        missing = [arrival.summary for arrival in arrivals if arrival.summary.uid not in texts]
        texts.update(self._session.texts(missing))  # some servers say OK, give nothing, and give it when asked again
        return [self._full(arrival, texts.get(arrival.summary.uid)) for arrival in arrivals]

    def _full(self, arrival: Arrival, raw: bytes | None) -> Arrival:
        if raw is None:  # judged by its header alone it would be lost without a trace
            return replace(arrival, message=None, reason="The server gave no text for it.")
        return self._arrival(arrival.location, arrival.summary, raw)

    @contextmanager
    def _passing_over(self, arrival: Arrival, mark: Watermark | None) -> Iterator[None]:
        """Whatever learning from one message raises is noted with it, and the message is passed."""
        reasons: list[str] = []
        with boundary(reasons.append):
            yield
        for reason in reasons:
            self._line.count.unreadable += 1
            with self._store.transaction():
                self._store.pass_over(arrival.location, reason, self._line.now())
                self._advance(arrival, mark)

    def _learn(self, arrival: Arrival, mark: Watermark) -> None:
        message = arrival.message
        if message is None:
            raise UnreadableMessage(arrival.reason)
        if self._store.installation.is_ours(message.message_id):
            self._learn_from_ours(message, arrival, mark)
        elif self._is_by_owner(message):
            self._learn_from_owner(message, arrival, mark)
        elif arrival.location.mailbox == self._special.inbox and self._needs_text(arrival):
            self._learn_from_other(message, arrival, mark)
        else:
            self._learn_nothing(arrival, mark)

    def _learn_nothing(self, arrival: Arrival, mark: Watermark | None) -> None:
        if mark is not None:
            with self._store.transaction():
                self._advance(arrival, mark)

    def _advance(self, arrival: Arrival, mark: Watermark | None) -> None:
        if mark is not None:
            self._store.advance(arrival.location.mailbox, mark)

    def _learn_from_ours(self, message: Message, arrival: Arrival, mark: Watermark) -> None:
        """Our own mail says nothing new, but for a draft that now lies in Sent: its owner has sent it as it was."""
        key = self._store.installation.offer_key(message.message_id or "")
        case = self._store.case_of_key(key) if key else None
        fact = case.fact(DRAFT) if case else None
        is_sent = arrival.location.mailbox == self._special.sent and fact and fact.message_id == message.message_id
        with self._store.transaction():
            if case and is_sent:
                self._move(case, Event.OWNER_WROTE)
            self._advance(arrival, mark)

    # The owner's own mail

    def _learn_from_owner(self, message: Message, arrival: Arrival, mark: Watermark) -> None:
        if case := self._case_answered_by(message):
            self._learn_reply(case, arrival, mark)
            return
        if is_marked(message, self._line.owner) and not self._is_old(arrival):
            self._learn_forward(message, arrival, mark)
            return
        cases = [case for message_id in message.thread for case in self._store.cases_of_message(message_id)]
        written_to = [address.email for address in (*message.to, *message.cc)]
        with self._store.transaction():
            for case in {case.offer.identity: case for case in cases}.values():
                if any(same_address(email, own) for email in written_to for own in _addresses_of(case.offer)):
                    self._move(case, Event.OWNER_WROTE)
            self._advance(arrival, mark)

    def _learn_forward(self, message: Message, arrival: Arrival, mark: Watermark) -> None:
        """The owner forwarded a missed mail to themselves: it is asked about, whatever it was taken for."""
        whole = replace(message, own_text=message.text)  # the own words of all of them are "intro"
        identity, fingerprint = identity_of(whole), fingerprint_of(whole)
        if self._store.has_seen(identity, fingerprint):
            self._learn_nothing(arrival, mark)
            return
        found = self._search.in_forward(message, arrival.location)
        with self._store.transaction():
            self._search.note(found, whole)
            self._store.see(identity, fingerprint)
            self._advance(arrival, mark)

    def _learn_wishes(self) -> None:
        """Look for the messages that were named on the terminal."""
        for message_id in self._store.wanted():
            reasons: list[str] = []
            with boundary(reasons.append):
                found = self._search.of_message_id(message_id)
                with self._store.transaction():
                    self._search.note(found, self._search.wish_for(message_id))
                    self._store.look_for(message_id)
            for reason in reasons:
                log.error("%s, which was asked for, could not be read: %s.", message_id, reason)
                self._line.count.unreadable += 1
                with self._store.transaction():
                    self._store.look_for(message_id)

    def _move(self, case: Case, event: Event) -> None:
        move(self._store, case, event, self._line.now())

    # Other people's mail

    def _learn_from_other(self, message: Message, arrival: Arrival, mark: Watermark) -> None:
        identity, fingerprint = identity_of(message), fingerprint_of(message)
        if self._store.has_seen(identity, fingerprint):
            self._learn_nothing(arrival, mark)
            return
        identity = identity_of_new(self._store, message)
        verdict, is_known = self._judge.examine(message)
        case = self._case_continued_by(message, verdict)
        is_new = case is None and verdict.is_offer and not self._is_known(message, verdict)
        offer = self._offer(message, verdict, identity, arrival, is_known=is_known)
        is_answered = is_new and self._is_answered(arrival, message)
        with self._store.transaction():
            if case is not None:
                self._continue(case, verdict, offer, arrival)
            elif is_new:
                self._store.add_offer(offer, arrival.location, self._line.now())
                if is_answered:
                    self._move(self._store.case(identity), Event.OWNER_WROTE)
            self._store.see(identity_of(message), fingerprint)
            self._advance(arrival, mark)
        self._line.count.offers += int(is_new)

    def _is_known(self, message: Message, verdict: Verdict) -> bool:
        """Whether the owner has called these words of this author no offer, or was asked by way of a forward."""
        email = message.author.email if message.author else ""
        same_wording = self._store.cases_worded(email, wording_of(verdict.sentence or ""))
        return is_known_as_none(same_wording) or case_worded_as(self._store, message) is not None

    def _offer(self, message: Message, verdict: Verdict, identity: str, arrival: Arrival, *, is_known: bool) -> Offer:
        arrived = arrival.summary.internal_date or self._line.now()
        return offer_of(message, verdict, identity, self._line.owner, arrived=arrived, is_known=is_known)

    def _is_answered(self, arrival: Arrival, message: Message) -> bool:
        """Whether the owner has answered it before Gracious saw it."""
        if "\\answered" in arrival.summary.flags:
            return True
        if self._special.sent is None or message.message_id is None:
            return False
        self._session.examine(self._special.sent)
        return bool(self._session.find_replies(message.message_id))

    def _case_continued_by(self, message: Message, verdict: Verdict) -> Case | None:
        """Return the open offer that this message of the same introducer belongs to.

        In the same thread, about the same contact; an introduction may also be made in a mail of its own.
        """
        if message.author is None:
            return None
        in_thread = {
            case.offer.identity for message_id in message.thread for case in self._store.cases_of_message(message_id)
        }
        for case in self._store.cases_of_author(message.author.email):
            if case.stage is Stage.CLOSED or not is_same_contact(case.offer, verdict.contact):
                continue
            is_named = verdict.contact.name is not None
            if case.offer.identity in in_thread or (verdict.kind is Kind.MADE and is_named):
                return case
        return None

    def _continue(self, case: Case, verdict: Verdict, offer: Offer, arrival: Arrival) -> None:
        match verdict.kind:
            case Kind.OFFER:
                self._store.update_offer(joined(case.offer, offer), arrival.location)
            case Kind.WITHDRAWN:
                self._move(case, Event.WITHDRAWN)
            case Kind.MADE:
                self._move(case, Event.INTRODUCED)
            case _:
                pass


def _addresses_of(offer: Offer) -> list[str]:
    return [offer.author.email, *(address.email for address in offer.reply_to)]
