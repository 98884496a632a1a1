"""I/O: state. What mail, terminal and poll alike do to an offer: find it, read an answer in its light, move it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum, auto

from agent.compose import Composer
from agent.identity import fingerprint_of, identity_of, tokens_in
from agent.lifecycle import Case, Event, Letter, ReplyFact, event_of, letters_of, may_reopen, moved
from agent.model import Message, Offer, Owner, Question, ReplyContext, Stamp, same_address
from agent.store import Location, Store

_BOTH = frozenset(Question)


def case_answered_by(store: Store, message: Message, owner: Owner) -> Case | None:
    """Return the offer that a mail of the owner answers: by In-Reply-To, References, then by the token.

    None when it answers none, and when it goes to anybody else: a check-in that was forwarded, or the letter itself.
    """
    if not all(owner.recognises(address.email) for address in (*message.to, *message.cc)):
        return None
    for message_id in message.thread:
        key = store.installation.offer_key(message_id)
        if key and (case := store.case_of_key(key)):
            return case
    for token in tokens_in(f"{message.subject}\n{message.text}"):
        if case := store.case_of_token(token):
            return case
    return None


def reply_context(
    store: Store, composer: Composer, owner: Owner, case: Case, thread: Sequence[str], now: datetime
) -> ReplyContext:
    """Return what a reader of a reply to this offer's check-in must know. `thread`: what the reply answers."""
    letters = letters_of(case)
    # After a lost state our own mail is known by its Message-ID only: what it said is written once more.
    check_in = composer.check_in(case.offer, Stamp("", now, store.installation.token(case.offer.identity)))
    answered = next((fact for message_id in thread for fact in letters if fact.message_id == message_id), None)
    is_clarified = answered is not None and answered.code.startswith(Letter.CLARIFICATION)
    missing = case.answers.missing if case.answers else frozenset()
    return ReplyContext(
        ours=(*(fact.text for fact in letters if fact.text), check_in.text),
        subjects=(check_in.subject,),
        asked=missing if is_clarified and missing else _BOTH,
        owner=owner,
        earlier=case.answers,
        last=store.last_answers(),
    )


class Start(Enum):
    """What it leads to that the owner calls a message an offer."""

    NEW = auto()
    AGAIN = auto()
    """It was over, and begins once more."""
    OPEN = auto()
    OVER = auto()
    """A letter was written, or the introducer or the owner have settled it between them."""

    @property
    def begins(self) -> bool:
        """Whether the next step is a check-in."""
        return self in {Start.NEW, Start.AGAIN}


def start(store: Store, message: Message, offer: Offer, location: Location | None, now: datetime) -> Start:
    """Begin the line for a message that the owner calls an offer, unless it has begun; inside a transaction."""
    case = case_of(store, message)
    if case is None:
        store.add_offer(offer, location, now)
        return Start.NEW
    if may_reopen(case):
        store.reopen(replace(offer, identity=case.offer.identity), location, now)
        return Start.AGAIN
    return Start.OPEN if case.is_open else Start.OVER


def case_of(store: Store, message: Message) -> Case | None:
    """Return the offer that this message made."""
    known = store.cases_of_message(message.message_id) if message.message_id else []
    named = [store.find(identity) for identity in (identity_of(message), identity_of(message, apart=True))]
    by_author = (case for case in (*named, *known) if case and _is_by_author_of(case, message))
    return next(by_author, None) or case_worded_as(store, message)


def case_worded_as(store: Store, message: Message) -> Case | None:
    """Return the offer that this message made where one of the two came without its Message-ID, as forwards do."""
    seen = [store.find(identity) for identity in store.identities_seen_as(fingerprint_of(message))]
    same = (case for case in seen if case and _is_by_author_of(case, message))
    return next((case for case in same if None in (case.offer.message_id, message.message_id)), None)


def _is_by_author_of(case: Case, message: Message) -> bool:
    return message.author is not None and same_address(case.offer.author.email, message.author.email)


def identity_of_new(store: Store, message: Message) -> str:
    """Return the identity of a message, told apart from that of another one with the same Message-ID."""
    identity = identity_of(message)
    is_taken = store.knows_another(identity, fingerprint_of(message))
    return identity_of(message, apart=True) if is_taken else identity


def record_reply(store: Store, case: Case, reply: ReplyFact, now: datetime) -> None:
    """Note a reply and move the offer; inside a transaction."""
    current = store.case(case.offer.identity)
    event = None if reply.refused else event_of(reply.answers)
    numbered = replace(reply, number=len(current.replies) + 1, stage=current.stage)
    store.add_reply(current, numbered, None if reply.refused else reply.answers)
    if event is not None:
        move(store, case, event, now)


def move(store: Store, case: Case, event: Event, now: datetime) -> None:
    """Note what an event makes of an offer; inside a transaction. An event that means nothing there changes nothing.

    The stage is read anew: while a letter was on its way the terminal may have answered or forgotten the offer.
    """
    current = store.case(case.offer.identity)
    stage = moved(current.stage, event)
    if stage is not current.stage:
        store.move(current, stage, event, now)
