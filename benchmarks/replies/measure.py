# ruff: noqa: E501 - one answer of the matrix a line
"""How well replies are read: right, needless questions, actions on a guess, wrong.

Run from the checkout: python benchmarks/replies/measure.py

right: outcome and every value as expected. needless: asked back although the answer was clear (or a value was lost).
guess: acted where a person would have asked. wrong: acted, but otherwise than the answer says.
"""

import argparse
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from render import ADDRESS, OWNER, Answer, Reply, check_in, replies

from agent.message import parse
from agent.model import Answers, Outcome
from agent.model import Owner as ModelOwner
from agent.reply import context_from_checkin, interpret, to_json

HERE = Path(__file__).parent
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LAST = Answers(
    swamped=True,
    until=date(2027, 2, 15),
    reason="travelling",
    changing_fields=False,
    new_field=None,
    outcome=Outcome.DEFER,
)
LANGUAGES = ("en", "de", "es", "fr", "it", "nl", "pt")

# Answers that are set into every client, layout and locale; the second form is for inline answers.
MATRIX: tuple[tuple[Answer, Mapping[str, Any]], ...] = (
    (Answer("No, no", ("No", "No")), {"outcome": "accept", "swamped": False, "changing_fields": False}),
    (Answer("Neither!"), {"outcome": "accept", "swamped": False, "changing_fields": False}),
    (Answer("Swamped until the 12th, not changing fields.\n\nAlex", ("Yes, until the 12th", "no")), {"outcome": "defer", "swamped": True, "until": "2026-12-12", "changing_fields": False}),
    (Answer("Yes, on deadline until Friday.\nNo.", ("yes - on deadline until Friday", "nope")), {"outcome": "defer", "swamped": True, "until": "2026-11-27", "changing_fields": False, "reason": "deadline"}),
    (Answer("1. no\n2. yes, moving into music", ("no", "yes, moving into music")), {"outcome": "decline", "swamped": False, "changing_fields": True, "new_field": "music"}),
    (Answer("Changing fields: yes"), {"outcome": "decline", "changing_fields": True}),
    (Answer("Skip this one"), {"outcome": "skip"}),
    (Answer("same as last time"), {"outcome": "defer", "swamped": True, "until": "2027-02-15", "changing_fields": False, "reason": "travel"}),
    (Answer("Not an introduction"), {"outcome": "not_an_offer"}),
    (Answer("Hmm, not sure", ("not sure", "no")), {"outcome": "clarify"}),
)  # fmt: skip
ACTIONS = {"accept", "defer", "decline", "redirect", "skip", "not_an_offer"}


def grade(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """One of right, needless, guess, wrong."""
    if not _differences(wanted, found):
        return "right"
    if wanted["outcome"] not in ACTIONS:
        return "guess" if found["outcome"] in ACTIONS else "right" if _is_asked_well(wanted, found) else "needless"
    return "wrong" if found["outcome"] in ACTIONS else "needless"


def _is_asked_well(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    return all(found[name] == wanted[name] for name in ("swamped", "changing_fields", "until") if name in wanted)


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    exact = [name for name in ("outcome", "swamped", "until", "changing_fields") if found[name] != wanted.get(name)]
    loose = [name for name in ("reason", "new_field") if not _holds(wanted.get(name), found[name])]
    return exact + loose


def _holds(wanted: str | None, found: str | None) -> bool:
    return wanted is None or (found is not None and (wanted == "*" or wanted in found.lower()))


class Measure:
    """The reader, with the context of the one check-in that all replies answer."""

    def __init__(self) -> None:
        self.ours = check_in()
        owner = ModelOwner(OWNER, (ADDRESS,), signature="Alex", languages=LANGUAGES, timezone=ZoneInfo("Europe/London"))
        self.context = replace(context_from_checkin(parse(self.ours.raw), owner), last=LAST)

    def read(self, reply: Reply, language: str | None = None) -> dict[str, Any]:
        """What `interpret --json` would print, for an owner of that language, or one of all languages."""
        languages = LANGUAGES if language is None else (language, "en")
        context = replace(self.context, owner=replace(self.context.owner, languages=languages))
        return to_json(interpret(parse(reply.raw), context, now=NOW))


def answers_of(name: str) -> Iterator[tuple[Answer, Mapping[str, Any]]]:
    """The rows of one file of answers."""
    for row in tomllib.loads((HERE / name).read_text(encoding="utf-8"))["answer"]:
        yield Answer(row["text"]), row


def measure_wordings(measure: Measure, name: str, *, is_shown: bool) -> Counter[str]:
    """Every wording of a file, top-posted in three clients that quote differently."""
    found: Counter[str] = Counter()
    for answer, wanted in answers_of(name):
        for reply in replies(answer, measure.ours, locales=("en",)):
            if reply.layout == "top" and reply.client in {"gmail_web", "outlook_web", "iphone"}:
                read = measure.read(reply, wanted.get("language"))
                verdict = grade(wanted, read)
                found[verdict] += 1
                if is_shown and verdict != "right" and reply.client == "gmail_web":
                    print(f"  {verdict}: {answer.text!r} -> {_differences(wanted, read)} {read}")
    return found


def measure_matrix(measure: Measure, *, is_shown: bool) -> dict[str, Counter[str]]:
    """The answers of MATRIX in every client, layout and locale, counted by client."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for answer, wanted in MATRIX:
        for reply in replies(answer, measure.ours):
            read = measure.read(reply)
            verdict = grade(wanted, read)
            found[reply.client][verdict] += 1
            found[f"({reply.layout})"][verdict] += 1
            if is_shown and verdict != "right":
                print(f"  {verdict}: {reply.client} {reply.layout} {reply.locale} {answer} -> {read}")
    return found


def main() -> None:
    """Print one line a set: counts and the share that is right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--show",
        action="store_true",
        help="print what was not right (never do this for the held-out file while tuning)",
    )
    parser.add_argument("files", nargs="*", default=["answers.toml", "heldout.toml", "languages.toml"])
    chosen = parser.parse_args()
    measure = Measure()
    for name in chosen.files:
        _print(name, measure_wordings(measure, name, is_shown=chosen.show and name != "heldout.toml"))
    matrix = measure_matrix(measure, is_shown=chosen.show)
    for name in sorted(matrix):
        _print(name, matrix[name])
    _print("all clients", sum((counts for name, counts in matrix.items() if not name.startswith("(")), Counter()))


def _print(name: str, counts: Counter[str]) -> None:
    total = sum(counts.values())
    shares = "  ".join(f"{verdict} {counts[verdict]:5}" for verdict in ("right", "needless", "guess", "wrong"))
    print(f"{name:16} {total:6}  {shares}  {100 * counts['right'] / total:6.1f} % right")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
