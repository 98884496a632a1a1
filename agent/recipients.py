"""Pure. Whom a letter goes to: the introducer, where they want to be answered, and nobody who should not read it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.model import Address, Offer, Outcome, Owner, same_address

_CANDID = frozenset({Outcome.DEFER, Outcome.DECLINE, Outcome.REDIRECT})
"""Letters that say something of the owner that the contact should not read over the introducer's shoulder."""

_LIST_WORDS = frozenset(
    {"all", "announce", "board", "committee", "community", "discuss", "discussion", "everybody", "everyone", "forum"}
    | {"group", "groups", "list", "lists", "mailinglist", "members", "staff", "team", "users"}
)
"""Parts of the addresses that lists and groups usually have."""
_LIST_HOSTS = ("lists.", "list.", "groups.", "googlegroups.", "listserv.", "mailman.")
_TELLING = 4
"""Letters from which on a name within an address ("saralindqvist") is no accident."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """The addresses of a letter's To, and what the owner should know about them."""

    to: tuple[Address, ...]
    not_followed: tuple[Address, ...] = ()
    """Reply-To addresses that the letter does not go to, so that it stays with the introducer."""
    doubtful: tuple[Address, ...] = ()
    """Reply-To addresses that it does go to, though they may not be the introducer's own."""
    left_out: tuple[Address, ...] = ()
    """Everybody else who got the offer: they get no copy."""


def plan_recipients(offer: Offer, outcome: Outcome, owner: Owner) -> Recipients:
    """Where Reply-To says, else to the author; a candid letter to the author alone when others may read Reply-To."""
    author = author_of(offer, owner)
    wanted = _distinct(address for address in offer.reply_to if not owner.recognises(address.email))
    elsewhere = tuple(address for address in wanted if not same_address(address.email, author.email))
    is_shared = len(wanted) > 1 or any(_may_be_shared(address, offer, owner) for address in elsewhere)
    is_followed = bool(elsewhere) and not (is_shared and outcome in _CANDID)
    to = wanted if is_followed else _distinct([author])
    return Recipients(
        to=to,
        not_followed=() if is_followed else elsewhere,
        doubtful=elsewhere if is_followed and is_shared else (),
        left_out=_without(others_addressed(offer, owner), (*to, *elsewhere)),
    )


def author_of(offer: Offer, owner: Owner) -> Address:
    """Who is answered: the author; the introducer when the owner forwarded the offer to themselves."""
    if owner.recognises(offer.author.email) and not owner.recognises(offer.introducer.address):
        return Address(offer.introducer.name or "", offer.introducer.address)
    return offer.author


def others_addressed(offer: Offer, owner: Owner) -> tuple[Address, ...]:
    """Everybody in To and Cc but the owner and the author, none twice."""
    author = author_of(offer, owner)
    others = (address for address in (*offer.to, *offer.cc) if not owner.recognises(address.email))
    return _without(_distinct(others), [author])


def _distinct(addresses: Iterable[Address]) -> tuple[Address, ...]:
    return tuple({address.email.casefold(): address for address in addresses if address.email}.values())


def _without(addresses: Iterable[Address], known: Iterable[Address]) -> tuple[Address, ...]:
    emails = {address.email.casefold() for address in known}
    return tuple(address for address in addresses if address.email.casefold() not in emails)


def _may_be_shared(address: Address, offer: Offer, owner: Owner) -> bool:
    """Whether an address is, or may be, the contact's, a list's, or that of somebody else who got the offer."""
    is_addressed = any(same_address(address.email, other.email) for other in others_addressed(offer, owner))
    return is_addressed or _is_list(address.email) or _is_contact(address, offer)


def _is_list(email: str) -> bool:
    local, _, domain = email.casefold().rpartition("@")
    return bool(_LIST_WORDS & set(_tokens(local))) or any(
        domain.startswith(host) or f".{host}" in f".{domain}" for host in _LIST_HOSTS
    )


def _is_contact(address: Address, offer: Offer) -> bool:
    """Whether the address bears a name of the contact's that the introducer does not share."""
    introducers = set(_tokens(f"{offer.introducer.name or ''} {offer.author.name}"))
    contacts = {
        token for contact in offer.contacts for token in _tokens(f"{contact.name or ''} {contact.greeting or ''}")
    }
    local = address.email.rpartition("@")[0]
    borne = set(_tokens(f"{address.name} {local}"))
    telling = contacts - introducers
    return bool(telling & borne) or any(len(token) >= _TELLING and token in local.casefold() for token in telling)


def _tokens(text: str) -> Sequence[str]:
    """The words of a name or a local part, in small letters."""
    return "".join(char if char.isalpha() else " " for char in text.casefold()).split()
