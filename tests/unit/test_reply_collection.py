"""The collections of answers in benchmarks/replies: none may lead to a wrong letter, and nearly all must be read."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agent.message import parse
from agent.model import Answers, Outcome, Owner, Question, ReplyContext
from agent.reply import interpret, to_json

COLLECTIONS = Path(__file__).parents[2] / "benchmarks" / "replies"
LAST = Answers(
    swamped=True,
    until=date(2027, 2, 15),
    reason="travelling",
    changing_fields=False,
    new_field=None,
    outcome=Outcome.DEFER,
)
ACTIONS = {outcome.value for outcome in Outcome} - {"clarify", "ignore"}


def rows() -> list[dict[str, Any]]:
    files = sorted(COLLECTIONS.glob("*.toml"))
    return [row for file in files for row in tomllib.loads(file.read_text("utf-8"))["answer"]]


def read(row: dict[str, Any]) -> dict[str, Any]:
    owner = Owner(
        "Alex Morgan",
        ("alex@example.com",),
        signature="Alex",
        languages=(row.get("language", "en"), "en"),
        timezone=ZoneInfo("Europe/London"),
    )
    context = ReplyContext((), (), frozenset(Question), owner, last=LAST)
    head = "From: alex@example.com\nDate: Tue, 24 Nov 2026 10:00:00 +0000\nContent-Type: text/plain; charset=utf-8\n"
    message = parse(f"{head}Content-Transfer-Encoding: 8bit\n\n{row['text']}\n".encode())
    return to_json(interpret(message, context, now=datetime(2026, 11, 24, 10, tzinfo=UTC)))


def is_right(row: dict[str, Any], found: dict[str, Any]) -> bool:
    return all(found[name] == row.get(name) for name in ("outcome", "swamped", "until", "changing_fields"))


@pytest.mark.skipif(not COLLECTIONS.is_dir(), reason="the collections are not part of the source distribution")
def test_no_answer_of_the_collections_leads_to_a_wrong_letter_and_nearly_all_are_read() -> None:
    read_as = [(row, read(row)) for row in rows()]

    wrong = [(row["text"], found) for row, found in read_as if found["outcome"] in ACTIONS and not is_right(row, found)]
    assert wrong == []
    assert sum(is_right(row, found) for row, found in read_as) > 0.97 * len(read_as)
