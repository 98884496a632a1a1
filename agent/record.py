"""Pure. Offers and answers as JSON for the state file, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from agent.model import Address, Answers, Contact, Evidence, Introducer, Offer, Outcome, Question


def offer_to_json(offer: Offer) -> str:
    """Return the offer as one line of JSON."""
    return json.dumps({**asdict(offer), "date": offer.date.isoformat()}, ensure_ascii=False)


def offer_from_json(text: str) -> Offer:
    """Return the offer that `offer_to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    return Offer(
        **{
            **fields,
            "references": tuple(fields["references"]),
            "author": Address(**fields["author"]),
            **{name: _addresses(fields[name]) for name in ("reply_to", "to", "cc")},
            "date": datetime.fromisoformat(fields["date"]),
            "evidence": tuple(Evidence(**evidence) for evidence in fields["evidence"]),
            "introducer": Introducer(**fields["introducer"]),
            "contacts": tuple(Contact(**contact) for contact in fields["contacts"]),
            "warnings": tuple(fields["warnings"]),
        }
    )


def _addresses(values: list[Mapping[str, str]]) -> tuple[Address, ...]:
    return tuple(Address(**value) for value in values)


def without_words(offer: Offer) -> Offer:
    """Return what stays of a closed offer: who, whom and when, but nothing that anybody wrote."""
    return replace(
        offer, own_text="", body_text="", body_html=None, sentence="", evidence=(), references=(), to=(), cc=()
    )


def answers_to_json(answers: Answers) -> str:
    """Return the answers as one line of JSON."""
    fields = asdict(answers)
    fields["until"] = answers.until.isoformat() if answers.until else None
    fields["missing"] = sorted(answers.missing)
    return json.dumps(fields, ensure_ascii=False)


def answers_from_json(text: str) -> Answers:
    """Return the answers that `answers_to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    return Answers(
        **{
            **fields,
            "until": date.fromisoformat(fields["until"]) if fields["until"] else None,
            "outcome": Outcome(fields["outcome"]),
            "unclear": tuple(fields["unclear"]),
            "missing": frozenset(Question(name) for name in fields["missing"]),
        }
    )
