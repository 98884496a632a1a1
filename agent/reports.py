"""Pure. What the commands report, as JSON objects with the keys of the contract."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agent.lifecycle import Case, Policy, next_step
from agent.line import Count
from agent.model import Address, Contact, Introducer, Kind, Message, Verdict

_COUNTED = ("messages", "offers", "checkins", "replies", "drafts", "notices", "unreadable")


def of_verdict(name: str, message: Message, verdict: Verdict, reply_to: tuple[Address, ...]) -> dict[str, Any]:
    """Return the object of `explain --json`."""
    return {
        "file": name,
        "offer": verdict.is_offer,
        "kind": str(verdict.kind),
        "score": round(sum(one.weight for one in verdict.evidence), 6),
        "threshold": verdict.threshold,
        "evidence": [{"rule": one.rule, "text": one.text, "weight": one.weight} for one in verdict.evidence],
        "introducer": _introducer(verdict.introducer, message),
        "contact": _contact(verdict.contact),
        "contacts": [_contact(contact) for contact in verdict.contacts],
        "language": verdict.language,
        "reply_to": reply_to[0].email if reply_to else None,
    }


def _introducer(introducer: Introducer | None, message: Message) -> dict[str, Any]:
    if introducer is None:
        return {"name": None, "greeting": None, "address": message.author.email if message.author else None}
    return {"name": introducer.name, "greeting": introducer.greeting, "address": introducer.address}


def _contact(contact: Contact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "greeting": contact.greeting,
        "description": contact.description,
        "organisation": contact.organisation,
        "field": contact.field,
    }


def of_unreadable(name: str, reason: str, threshold: float) -> dict[str, Any]:
    """Return the object of `explain --json` for what cannot be opened or parsed; the evidence says why."""
    nobody = {"name": None, "greeting": None, "address": None}
    return {
        "file": name,
        "offer": False,
        "kind": str(Kind.NONE),
        "score": 0.0,
        "threshold": threshold,
        "evidence": [{"rule": "unreadable", "text": reason, "weight": 0.0}],
        "introducer": nobody,
        "contact": _contact(Contact()),
        "contacts": [],
        "language": None,
        "reply_to": None,
    }


def of_count(count: Count) -> dict[str, int]:
    """Return the object of `once --json`."""
    return {name: int(getattr(count, name)) for name in _COUNTED}


def of_case(case: Case, now: datetime, policy: Policy) -> dict[str, Any]:
    """Return the object of `status --json` for one offer. Moments in UTC."""
    step, due = next_step(case, now, policy)
    offer = case.offer
    return _row(
        offer.handle,
        str(case.stage),
        person(offer.introducer.name, offer.introducer.address),
        label(offer.contacts),
        subject=offer.subject,
        date=offer.date,
        score=offer.score,
        next=step,
        due=due,
    )


NEAR_MISS = "near miss"
"""The stage, in a scan, of what is below the threshold, but not far."""


def of_candidate(identity: str, message: Message, verdict: Verdict) -> dict[str, Any]:
    """Return the object of `scan --json`: the same keys; nothing is due, since nothing is stored."""
    introducer = verdict.introducer
    author = message.author
    return _row(
        identity[:8],
        "offer" if verdict.is_offer else NEAR_MISS,
        person(introducer.name if introducer else None, author.email if author else ""),
        label(verdict.contacts),
        subject=message.subject,
        date=message.date,
        score=verdict.score,
        next="would be asked about" if verdict.is_offer else "would be left alone",
        due=None,
    )


def _row(handle: str, stage: str, introducer: str, contact: str | None, **rest: Any) -> dict[str, Any]:
    row = {"offer": handle, "stage": stage, "introducer": introducer, "contact": contact, **rest}
    return {key: _plain(value) for key, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return round(value, 3) if isinstance(value, float) else value


def person(name: str | None, address: str) -> str:
    """Return somebody as a list shows them."""
    return f"{name} <{address}>" if name else address


def label(contacts: tuple[Contact, ...]) -> str | None:
    """Return the people offered in a few words; None when nobody was recognised."""
    names = [contact.name or contact.description for contact in contacts]
    return ", ".join(name for name in names if name) or None


def counted(count: Count) -> str:
    """Return what a poll did as a sentence."""
    words: Mapping[str, int] = of_count(count)
    return ", ".join(f"{number} {name}" for name, number in words.items()) + "."
