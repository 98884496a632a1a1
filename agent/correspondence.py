"""I/O: state. What mail, terminal and poll alike do to an offer: find it, read an answer in its light, move it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agent.compose import Composer
from agent.identity import tokens_in
from agent.lifecycle import Case, Event, Letter, ReplyFact, event_of, letters_of, moved
from agent.model import Message, Owner, Question, ReplyContext, Stamp
from agent.store import Store

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
