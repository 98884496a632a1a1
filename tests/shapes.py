"""Offers, answers and owners for tests: values that say only what a test is about."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.lifecycle import Case, Stage
from agent.model import Address, Answers, Contact, Introducer, Offer, Outcome, Owner

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
OWNER = Owner(name="Alex Morgan", addresses=("alex@example.com",), signature="Alex", timezone=ZoneInfo("Europe/London"))


def an_offer(**changes: Any) -> Offer:
    """Dev offers to introduce Sara Lindqvist."""
    offer = Offer(
        identity="0123456789abcdef" * 4,
        message_id="<offer@example.org>",
        references=(),
        subject="Somebody you should meet",
        author=Address("Dev Patel", "dev@example.org"),
        reply_to=(),
        to=(Address("Alex Morgan", "alex@example.com"),),
        cc=(),
        sent_to="alex@example.com",
        date=NOW,
        language="en",
        own_text="Hi Alex,\n\nshall I introduce you to Sara Lindqvist?\n\nDev\n",
        body_text="Hi Alex,\n\nshall I introduce you to Sara Lindqvist?\n\nDev\n",
        body_html=None,
        sentence="shall I introduce you to Sara Lindqvist?",
        score=7.0,
        threshold=5.0,
        evidence=(),
        introducer=Introducer("Dev Patel", "Dev", "dev@example.org"),
        contacts=(Contact(name="Sara Lindqvist", greeting="Sara"),),
    )
    return replace(offer, **changes)


def answers(outcome: Outcome, **changes: Any) -> Answers:
    """Answers that say nothing but their outcome."""
    return replace(Answers(None, None, None, None, None, outcome), **changes)


def a_case(stage: Stage, **changes: Any) -> Case:
    """Dev's offer at a stage, found and moved just now."""
    return replace(Case(offer=an_offer(), stage=stage, found_at=NOW, moved_at=NOW), **changes)
