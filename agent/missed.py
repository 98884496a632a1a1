"""I/O: IMAP and state, by way of `Line`. The owner says that a mail is an offer: finds it, and starts the line for it.

The owner says so by a forward to themselves with `intro` in its first line, by `gracious ask`, or by answering after
all what they had called no offer. The mail itself is looked for in the mailbox, so that the letter can reply to it;
what the forward tells of it stands in when it is not there any more.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from agent.answering import typed
from agent.correspondence import identity_of_new, move, start
from agent.errors import NoSuchMailbox, UnreadableMessage
from agent.forward import Missed, missed, the_original
from agent.identity import fingerprint_of, identity_of
from agent.lifecycle import Case, Event
from agent.line import Line
from agent.mailbox import Special
from agent.message import enclosed, parse
from agent.model import Kind, Message, Offer, Verdict, same_address
from agent.offer import offer_of
from agent.provenance import failed_dmarc
from agent.store import Location

_MOST_CANDIDATES = 20
_NOT_JUDGED = Verdict(Kind.NONE, 0.0, 0.0, (), None, None, None)


@dataclass(frozen=True, slots=True)
class Find:
    """The mail that the owner means."""

    message: Message
    location: Location | None
    """None when it is not in the mailbox any more, or is flagged as answered: a reply to oneself does that."""
    arrived: datetime


class Search:
    """Finds what the owner means, and notes what came of it."""

    def __init__(self, line: Line, special: Special) -> None:
        self._line = line
        self._store = line.store
        self._session = line.session
        self._special = special

    # Finding

    def in_forward(self, forward: Message, location: Location) -> Find | Event:
        """Return the mail in a marked forward, or why there is none."""
        if location.mailbox != self._special.sent and failed_dmarc(forward):
            return Event.FORWARD_REFUSED
        told = missed(forward, self._enclosed(location), self._line.owner)
        return self._original(told) or self._as_told(told, forward.date or self._line.now())

    def of_message_id(self, message_id: str) -> Find | Event:
        """Return the mail of that Message-ID, or why there is none."""
        found = list(self._with_id(message_id))
        if not found:
            return Event.NOT_FOUND
        others = [find for find in found if not self._is_by_owner(find.message)]
        return others[0] if others else Event.OWN_MAIL

    def again(self, case: Case) -> Offer | None:
        """Return a closed offer with its words, which are not kept; None when its mail is not to be found."""
        if case.offer.body_text:
            return case.offer
        found = [*self._with_id(case.offer.message_id or ""), *self._at(self._store.location(case))]
        same = (find for find in found if _is_by(find.message, case.offer.author.email))
        return next((replace(self._offer(find), identity=case.offer.identity) for find in same), None)

    def _enclosed(self, location: Location) -> tuple[Message, ...]:
        opened = self._session.examine(location.mailbox)
        if opened.uid_validity != location.uid_validity:
            return ()
        raw = self._session.whole(location.uid)
        return enclosed(raw) if raw else ()

    def _original(self, told: Missed) -> Find | None:
        for message_id in told.message_ids:
            for find in self._with_id(message_id):
                if self._may_be(find.message, told):
                    return find
        return next(self._by_words(told), None)

    def _may_be(self, message: Message, told: Missed) -> bool:
        """Whether a mail found by its Message-ID can be the one that was forwarded: it has the same author."""
        if told.message is None or told.message.author is None:
            return not self._is_by_owner(message)
        return _is_by(message, told.message.author.email)

    def _by_words(self, told: Missed) -> Iterator[Find]:
        author = told.message.author if told.message else None
        wanted = author.email if author else told.name
        if not wanted or (author is not None and self._line.owner.recognises(author.email)):
            return
        around = told.written_on.astimezone(self._line.owner.timezone).date() if told.written_on else None
        for mailbox in self._places():
            with suppress(NoSuchMailbox):
                opened = self._session.examine(mailbox)
                uids = self._session.find_from(wanted, around)[-_MOST_CANDIDATES:]
                finds = list(self._read(mailbox, opened.uid_validity, uids))
                original = the_original(told, [find.message for find in finds])
                yield from (find for find in finds if find.message is original)

    def _with_id(self, message_id: str) -> Iterator[Find]:
        if not message_id or self._store.installation.is_ours(message_id):
            return
        for mailbox in self._places():
            with suppress(NoSuchMailbox):
                opened = self._session.examine(mailbox)
                finds = list(self._read(mailbox, opened.uid_validity, self._session.find(message_id)))
                yield from (find for find in finds if find.message.message_id == message_id)

    def _at(self, location: Location | None) -> Iterator[Find]:
        if location is not None:
            with suppress(NoSuchMailbox):
                opened = self._session.examine(location.mailbox)
                if opened.uid_validity == location.uid_validity:
                    yield from self._read(location.mailbox, opened.uid_validity, [location.uid])

    def _places(self) -> Sequence[str]:
        return tuple(dict.fromkeys((self._special.inbox, *self._special.others)))

    def _read(self, mailbox: str, uid_validity: int | None, uids: Sequence[int]) -> Iterator[Find]:
        """Read these messages of the open mailbox; what cannot be read is left out."""
        summaries = {summary.uid: summary for summary in self._session.summaries(uids)}
        for uid, raw in self._session.texts(list(summaries.values())):
            with suppress(UnreadableMessage):
                is_watched = "\\answered" not in summaries[uid].flags
                location = Location(mailbox, uid_validity, uid) if uid_validity and is_watched else None
                yield Find(parse(raw), location, summaries[uid].internal_date or self._line.now())

    def _as_told(self, told: Missed, forwarded_at: datetime) -> Find | Event:
        """Return the mail as far as the forward tells it."""
        if told.message is None:
            return Event.NOTHING_FORWARDED
        if told.message.author is None:
            return Event.AUTHOR_MISSING
        return Event.OWN_MAIL if self._is_by_owner(told.message) else Find(told.message, None, forwarded_at)

    def _is_by_owner(self, message: Message) -> bool:
        return message.author is None or self._line.owner.recognises(message.author.email)

    # Noting; inside a transaction

    def note(self, found: Find | Event, wish: Message) -> None:
        """Start the line for what was found; else note why not: the owner is told. `wish` is the owner's own mail."""
        if isinstance(found, Event):
            self._note_failure(wish, found)
            return
        message, now = found.message, self._line.now()
        is_new = start(self._store, message, self._offer(found), found.location, now).begins
        self._store.see(identity_of(message), fingerprint_of(message))
        self._line.count.offers += int(is_new)

    def wish_for(self, message_id: str) -> Message:
        """Return what was said on the terminal as the mail that it might have been."""
        said = f"gracious ask {message_id}"
        return replace(typed(said, self._line.owner, self._line.now()), subject=said)

    def _offer(self, found: Find) -> Offer:
        message, owner = found.message, self._line.owner
        verdict = self._line.detector.examine(message)
        identity = identity_of_new(self._store, message)
        # The owner knows the author: no warning that they have never written to each other.
        return offer_of(message, verdict, identity, owner, arrived=found.arrived, is_known=True)

    def _note_failure(self, wish: Message, because: Event) -> None:
        identity, now = identity_of(wish), self._line.now()
        if self._store.find(identity) is not None:
            return
        offer = offer_of(wish, _NOT_JUDGED, identity, self._line.owner, arrived=now, is_known=True)
        self._store.add_offer(replace(offer, language=self._line.owner.language), None, now)
        move(self._store, self._store.case(identity), because, now)


def _is_by(message: Message, email: str) -> bool:
    return message.author is not None and same_address(message.author.email, email)
