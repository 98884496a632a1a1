"""Pure. From a message and its verdict to an offer, and from a later message of the same thread to the same offer."""

from dataclasses import replace
from datetime import datetime

from agent.extract import sent_to
from agent.model import Address, Contact, Introducer, Message, Offer, Owner, Verdict
from agent.provenance import failed_dmarc

UNAUTHENTICATED = "This mail failed its sender's authentication (DMARC): somebody else may have written it."
UNKNOWN_AUTHOR = "You do not seem to have written to this address before."
_MOST_QUOTED = 32 * 1024
"""Characters of an offer that are kept to be quoted below the letter."""


def offer_of(
    message: Message, verdict: Verdict, identity: str, owner: Owner, *, arrived: datetime, is_known: bool
) -> Offer:
    """Return the offer that a message makes. `arrived` stands in for a missing Date."""
    author = message.author or Address("", "")
    return Offer(
        identity=identity,
        message_id=message.message_id,
        references=message.references or message.in_reply_to,
        subject=message.subject,
        author=author,
        reply_to=message.reply_to,
        to=message.to,
        cc=message.cc,
        sent_to=sent_to(message, owner),
        date=message.date or arrived,
        language=verdict.language or "en",
        own_text=message.own_text[:_MOST_QUOTED],
        body_text=message.text[:_MOST_QUOTED],
        body_html=message.html if message.html and len(message.html) <= 4 * _MOST_QUOTED else None,
        sentence=verdict.sentence or "",
        score=verdict.score,
        threshold=verdict.threshold,
        evidence=verdict.evidence,
        introducer=verdict.introducer or Introducer(None, None, author.email),
        contacts=verdict.contacts,
        warnings=_warnings(message, is_known=is_known),
    )


def _warnings(message: Message, *, is_known: bool) -> tuple[str, ...]:
    failed = (UNAUTHENTICATED,) if failed_dmarc(message) else ()
    return failed if is_known else (*failed, UNKNOWN_AUTHOR)


def is_same_contact(offer: Offer, contact: Contact) -> bool:
    """Whether `contact` can be the person of the offer: nobody is named on one side, or one name contains the other.

    "Sara" is Sara Lindqvist; David Kim is not David Cohen.
    """
    names = [_words(known.name) for known in offer.contacts if known.name]
    mentioned = _words(contact.name or "")
    return not names or not mentioned or any(one <= mentioned or mentioned <= one for one in names)


def _words(name: str) -> frozenset[str]:
    return frozenset(name.casefold().split())


def joined(offer: Offer, later: Offer) -> Offer:
    """Return the offer with its introducer's later message: that one is replied to, what is known of people stays."""
    return replace(
        later,
        identity=offer.identity,
        contacts=later.contacts if later.contact.name or not offer.contacts else offer.contacts,
        introducer=later.introducer if later.introducer.greeting else offer.introducer,
        sentence=later.sentence or offer.sentence,
        warnings=tuple(dict.fromkeys((*offer.warnings, *later.warnings))),
    )
