"""I/O: files. What Gracious is measured against, each on the same mail.

The trained model and all thresholds have seen open mail only. Packages are needed that the product does without
(the extra `bench`); a baseline whose package is not installed says so instead of reading.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cases import Case
from counting import Reading
from letters import Letter, best_threshold
from wording import is_found_naively

MOST_COMPARED = 400
"""Mails of one folder that are compared sentence by sentence, which takes a tenth of a second each: the offers, and an
even choice of the others."""


@dataclass(frozen=True)
class Answers:
    """What one reader made of all cases, None where it was not asked; no readings at all when it is missing."""

    reader: str
    readings: Sequence[Reading | None]
    note: str = ""
    """How it was made, or why it is missing."""


@dataclass(frozen=True)
class Known:
    """All mail that a baseline may see: what was written, and what is known of it."""

    cases: Sequence[Case]
    letters: Sequence[Letter]

    def open_places(self) -> list[int]:
        """The places of what may be learnt from."""
        return [place for place, case in enumerate(self.cases) if case.is_open and case.truth.counts]

    def are_offers(self, places: Iterable[int]) -> list[bool]:
        """The truth about some of it."""
        return [self.cases[place].truth.is_offer for place in places]


def naive(mail: Known) -> Answers:
    """What a search for the usual phrases finds."""
    return Answers("regex", [Reading(is_found_naively(one.text)) for one in mail.letters])


def trained(mail: Known) -> Answers:
    """What TF-IDF with logistic regression says."""
    import tfidf  # noqa: PLC0415 - its packages may be missing

    places = mail.open_places()
    done = tfidf.trained([one.whole for one in mail.letters], places, mail.are_offers(places))
    return Answers("tf-idf", [Reading(found) for found in done.is_offer], done.note)


def compared(mail: Known) -> Answers:
    """What sentence embeddings say, with the threshold that is best on open collections."""
    from embeddings import Model  # noqa: PLC0415 - its package may be missing

    model, asked = Model(), _asked(mail.cases)
    scores = {place: model.score(mail.letters[place]) for place in asked}
    known = [place for place in mail.open_places() if mail.cases[place].is_written]
    threshold = best_threshold([scores[place] for place in known], mail.are_offers(known))
    readings = [
        Reading(scores[place] >= threshold.score) if place in scores else None for place in range(len(mail.cases))
    ]
    note = f"multilingual-e5-small, threshold from {len(known)} mails; correlation there {threshold.correlation:.3f}"
    return Answers("embeddings", readings, note)


BASELINES: dict[str, Callable[[Known], Answers]] = {"regex": naive, "tf-idf": trained, "embeddings": compared}


def answers(name: str, mail: Known) -> Answers:
    """Return what the baseline of that name says; nothing but a note when its package is missing."""
    try:
        return BASELINES[name](mail)
    except ImportError as error:
        return Answers(name, [], f"missing: {error} (pip install --editable '.[bench]')")


def _asked(cases: Sequence[Case]) -> list[int]:
    """The places of the mail to compare: all that is written for this, and of each folder an even choice."""
    places = [place for place, case in enumerate(cases) if case.is_written or case.truth.is_offer]
    for source in {case.source for case in cases}:
        rest = [
            place
            for place, case in enumerate(cases)
            if case.source == source and not case.is_written and not case.truth.is_offer
        ]
        places += rest[:: max(1, -(-len(rest) // MOST_COMPARED))]
    return sorted(places)
