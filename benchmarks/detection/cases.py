"""I/O: files. The mail that is measured, as files with what each is: collections, and folders with a labels.jsonl."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collection import Mail, render
from counting import Truth
from wording import has_known_words

# The labels of written mail that are finer than the kinds of a verdict.
_KINDS = {"technical": "none"}


@dataclass(frozen=True)
class Case:
    """One mail in a file, and what it is."""

    path: Path
    name: str
    source: str
    """The collection or folder that it is from."""
    group: str
    """Its language, or which part of a folder without languages it belongs to."""
    truth: Truth
    is_open: bool = True
    """Whether rules may be written looking at it: not so for held-out mail."""
    is_written: bool = True
    """Whether it was written to be recognised, rather than found."""


def of_collection(mails: Sequence[Mail], source: str, folder: Path, *, is_open: bool) -> list[Case]:
    """Render the mails of a collection into `folder`."""
    found = []
    for mail in mails:
        path = folder / source / f"{mail.name}.eml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(mail))
        told = (mail.introducer, mail.contact) if mail.label == "offer" else (None, None)
        is_implicit = mail.is_implicit and not has_known_words(f"{mail.subject}\n{mail.body}", mail.language)
        truth = Truth(mail.label, is_implicit, *told)
        found.append(Case(path, mail.name, source, mail.language, truth, is_open))
    return found


def of_folder(folder: Path) -> Iterator[Case]:
    """Every mail below `folder`, with the label that labels.jsonl has for it; files without a line are no offers.

    Each line names a file and its label ("offer", "made", …), and may tell the language, the confidence ("borderline"
    offers and "near-miss" negatives count neither way), the introducer and the introducee.
    """
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines() if line.strip()]
    known = {path: row for row in rows if (path := _located(folder, row)) is not None}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "labels.jsonl"):
        name, row = str(path.relative_to(folder)), known.get(path, {})
        is_written = "language" in row
        is_open = is_written or is_for_tuning(name)
        part = "tuning" if is_open else "held-out"
        yield Case(path, name, folder.name, row.get("language", part), _truth(row), is_open, is_written)


def _located(folder: Path, row: dict[str, Any]) -> Path | None:
    tried = (folder / row.get("corpus", "") / row["file"], folder / "mails" / row["file"], folder / row["file"])
    return next((path for path in tried if path.is_file()), None)


def _truth(row: dict[str, Any]) -> Truth:
    label, confidence = row.get("label", "other"), row.get("confidence", "clear")
    counts = confidence == "clear" if label == "offer" else confidence != "near-miss"
    if label != "offer":
        return Truth(_KINDS.get(label, label), counts=counts)
    introducer, contact = (_name(row[key]) if key in row else None for key in ("introducer", "introducee"))
    return Truth(label, introducer=introducer, contact=contact, is_fullest=False, counts=counts)


def _name(told: str | None) -> str:
    """The bare name in `Bob Stearns (fund manager)`; nothing of a person who is described only."""
    return "" if told is None or "(unnamed)" in told else told.partition("(")[0].strip()


def is_for_tuning(name: str) -> bool:
    """Three quarters of all files, told by a hash of their names; rules are written looking at these only."""
    shortened = name.partition("/")[2] if name.count("/") > 1 else Path(name).name
    return hashlib.sha256(shortened.encode()).digest()[0] % 4 != 3  # noqa: PLR2004
