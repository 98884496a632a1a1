"""I/O: files. What the baselines read of a mail, and how their thresholds are chosen.

They read only what the author wrote this time, told apart from quotations and signature by Gracious itself: that is in
their favour.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import UnreadableMessage
from agent.message import parse

_MOST_TEXT = 4000
"""Characters of a mail that are read: an offer stands nearer to the top."""
_MOST_SENTENCES = 25
_MOST_OF_SENTENCE = 400
_SENTENCE_ENDS = re.compile(r"(?<=[.!?…;])\s+|\n\s*\n")


@dataclass(frozen=True)
class Letter:
    """What an author wrote."""

    subject: str
    text: str

    @property
    def whole(self) -> str:
        """Subject and text."""
        return f"{self.subject}\n{self.text}"

    def sentences(self) -> list[str]:
        """The sentences of three words or more, each in one line; of a long letter the first ones."""
        pieces = (" ".join(piece.split())[:_MOST_OF_SENTENCE] for piece in _SENTENCE_ENDS.split(self.text))
        return [piece for piece in pieces if piece.count(" ") > 1][:_MOST_SENTENCES]


def letter(path: Path) -> Letter:
    """Return what the author of the mail in that file wrote."""
    try:
        message = parse(path.read_bytes())
    except UnreadableMessage:
        return Letter("", "")
    return Letter(message.subject, message.own_text[:_MOST_TEXT])


@dataclass(frozen=True)
class Threshold:
    """The score from which on a reader says "offer", and the Matthews correlation of that with the truth."""

    score: float
    correlation: float


def best_threshold(scores: Sequence[float], truths: Sequence[bool]) -> Threshold:
    """Return the threshold with the highest correlation; it is never reached when none is above 0.

    Not that of the highest F1: where half of the mail is offers, that one calls everything an offer.
    """
    ranked = sorted(zip(scores, truths, strict=True), reverse=True)
    offers, found, best = sum(truths), 0, Threshold(float("inf"), 0.0)
    for said, (score, is_offer) in enumerate(ranked, start=1):
        found += is_offer
        if said == len(ranked) or ranked[said][0] < score:
            best = max(best, Threshold(score, correlation(found, said, offers, len(ranked))), key=_correlation_of)
    return best


def _correlation_of(threshold: Threshold) -> float:
    return threshold.correlation


def correlation(found: int, said: int, offers: int, mails: int) -> float:
    """Return the Matthews correlation when of `said` mails called offers `found` are; 0 where it is undefined."""
    spread = said * (mails - said) * offers * (mails - offers)
    return (found * mails - said * offers) / spread**0.5 if spread else 0.0
