"""The development collections are read well, language by language: a change of a table that spoils another is seen.

These mails were tuned on: how well unseen mail is read only the benchmark tells.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from agent import reports
from agent.detect import Detector
from agent.extract import reply_addresses
from agent.message import parse
from agent.model import Owner
from agent.phrasebook import Phrasebook, shipped_languages

FOLDER = Path(__file__).parents[2] / "benchmarks" / "detection"
sys.path.insert(0, str(FOLDER))
collection: Any = importlib.import_module("collection")
counting: Any = importlib.import_module("counting")
cases: Any = importlib.import_module("cases")
product: Any = importlib.import_module("product")

DETECTOR = Detector(Owner("Alex Morgan", ("alex@example.com",)), Phrasebook.shipped())


def figures(language: str, folder: Path) -> Any:
    mails = collection.load(FOLDER / "development" / f"{language}.toml")
    return counting.count(
        (case.truth, read(case.path)) for case in cases.of_collection(mails, "development", folder, is_open=True)
    )


def read(path: Path) -> Any:
    message = parse(path.read_bytes())
    verdict = DETECTOR.examine(message)
    return product.of_row(reports.of_verdict(path.name, message, verdict, reply_addresses(message)))


@pytest.mark.parametrize("language", shipped_languages())
def test_a_development_collection_is_read_well(language: str, tmp_path: Path) -> None:
    seen = figures(language, tmp_path)
    assert seen.offers > 100
    assert seen.found / seen.offers >= 0.9
    assert seen.implicit_found / seen.implicit >= 0.85
    assert seen.found / (seen.found + seen.alarms) >= 0.95
    assert seen.greetings["right"] / seen.greetings.total() >= 0.95
    assert seen.contacts["right"] / seen.contacts.total() >= 0.9
    assert seen.contacts["wrong"] / seen.contacts.total() <= 0.06
    assert seen.kinds[True] / seen.kinds.total() >= 0.85
