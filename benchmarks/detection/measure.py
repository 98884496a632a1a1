"""I/O: files. How well offers are recognised in a folder of mail with a labels.jsonl; prints one table.

Each line of labels.jsonl names a file and its label ("offer", "made", ...), and may tell the language, the confidence
("borderline" offers and "near-miss" negatives count neither way), the introducer and the introducee. Files without a
line count as negatives.
"""

import argparse
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from agent.detect import THRESHOLD, Detector
from agent.errors import UnreadableMessage
from agent.message import parse
from agent.model import Kind, Message, Owner, Verdict
from agent.phrasebook import Phrasebook
from agent.sentences import words


@dataclass(frozen=True)
class Case:
    """One file and what it is."""

    path: Path
    name: str
    label: str | None
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def is_offer(self) -> bool:
        """Whether it is certainly an offer."""
        return self.label == "offer" and self.row.get("confidence", "clear") == "clear"

    @property
    def counts(self) -> bool:
        """Whether it counts in the strict figures."""
        if self.label == "offer":
            return self.is_offer
        return self.row.get("confidence") != "near-miss"


@dataclass(frozen=True)
class Outcome:
    """What was read in one case; seconds are those of parsing and examining."""

    case: Case
    verdict: Verdict | None
    seconds: float

    @property
    def is_alarm(self) -> bool:
        """Whether its owner would be asked."""
        return self.verdict is not None and self.verdict.is_offer


def cases(folder: Path) -> list[Case]:
    """Every mail below `folder`, with its label where there is one."""
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines() if line.strip()]
    known = {path: row for row in rows if (path := _located(folder, row)) is not None}
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "labels.jsonl")
    return [
        Case(path, str(path.relative_to(folder)), known.get(path, {}).get("label"), known.get(path, {}))
        for path in paths
    ]


def _located(folder: Path, row: dict[str, Any]) -> Path | None:
    tried = (folder / row.get("corpus", "") / row["file"], folder / "mails" / row["file"], folder / row["file"])
    return next((path for path in tried if path.is_file()), None)


def is_for_tuning(name: str) -> bool:
    """Three quarters of all files, told by a hash of their names; rules are written looking at these only."""
    return hashlib.sha256(Path(name).name.encode() if name.count("/") <= 1 else _below(name)).digest()[0] % 4 != 3  # noqa: PLR2004


def _below(name: str) -> bytes:
    return name.split("/", 1)[1].encode()


def examine(case: Case, owner: Owner | None) -> Outcome:
    """Read one mail. Without `owner` it is the first recipient's."""
    started = time.perf_counter()
    try:
        message = parse(case.path.read_bytes())
        verdict = detector(owner or _first_recipient(message)).examine(message)
    except UnreadableMessage:
        verdict = None
    return Outcome(case, verdict, time.perf_counter() - started)


def _first_recipient(message: Message) -> Owner:
    first = next(iter((*message.to, *message.cc)), None)
    return Owner(first.name, (first.email,)) if first else Owner("", ("nobody@example.invalid",))


@cache
def _prototype() -> Detector:
    return Detector(Owner("", ("nobody@example.invalid",)), Phrasebook.shipped())


def detector(owner: Owner) -> Detector:
    """One detector serves all owners: building the matchers takes longer than reading a hundred mails."""
    return _prototype().serving(owner)


def right_name(expected: str | None, found: str | None) -> str:
    """What of "right", "null" and "wrong" it is."""
    if found is None:
        return "right" if expected is None else "null"
    if expected is None:
        return "wrong"
    titles = {"mr", "mrs", "ms", "dr", "sir", "lady", "lord", "the", "herr", "frau", "mevrouw", "meneer"}
    one, other = set(words(expected)) - titles, set(words(found)) - titles
    return "right" if one and other and (one <= other or other <= one) else "wrong"


@dataclass
class Row:
    """One line of the table."""

    title: str
    outcomes: list[Outcome]

    def cells(self) -> list[str]:
        """Recall, precision, false alarms."""
        counted = [one for one in self.outcomes if one.case.counts]
        offers = [one for one in counted if one.case.is_offer]
        alarms = [one for one in counted if one.is_alarm]
        hits = [one for one in offers if one.is_alarm]
        negatives = len(counted) - len(offers)
        false = len(alarms) - len(hits)
        return [
            self.title,
            str(len(offers)),
            _share(len(hits), len(offers)),
            _share(len(hits), len(alarms)),
            str(negatives),
            str(false),
            f"{10_000 * false / negatives:.1f}" if negatives else "-",
            *(self._names(hits)),
        ]

    def _names(self, hits: Sequence[Outcome]) -> list[str]:
        greeted = [
            right_name(one.case.row["introducer"], one.verdict.introducer.greeting if one.verdict.introducer else None)
            for one in hits
            if one.verdict and "introducer" in one.case.row
        ]
        named = [
            right_name(one.case.row["introducee"], one.verdict.contact.name)
            for one in hits
            if one.verdict and "introducee" in one.case.row
        ]
        return [
            _share(greeted.count("right"), len(greeted)),
            _share(named.count("right"), len(named)),
            _share(named.count("wrong"), len(named)),
        ]


HEAD = ("", "offers", "recall", "precision", "others", "false", "per 10,000", "greeting", "contact", "wrong contact")


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def rows(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """By language where labels tell it, by folder otherwise, and all together."""
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        group = one.case.row.get("language") or one.case.name.split("/", 1)[0]
        groups.setdefault(group, []).append(one)
    for title, members in sorted(groups.items()):
        yield Row(title, members)
    yield Row("all", list(outcomes))


def table(lines: Iterable[Sequence[str]]) -> str:
    """Columns of equal width."""
    cells = list(lines)
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in cells)


def errors(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Misses, false alarms and wrong names, one a line."""
    for one in outcomes:
        if not one.case.counts or one.verdict is None:
            continue
        if one.is_alarm != one.case.is_offer:
            kind = "MISSED" if one.case.is_offer else f"FALSE ({one.case.label})"
            yield f"{kind} {one.case.name} {one.verdict.score} {one.verdict.kind} {one.verdict.sentence}"
            yield "    " + "; ".join(f"{item.rule} {item.weight:+} “{item.text}”" for item in one.verdict.evidence)
        elif one.is_alarm and one.case.row:
            found, row = one.verdict, one.case.row
            greeting = found.introducer.greeting if found.introducer else None
            if right_name(row.get("introducer"), greeting) != "right":
                yield f"GREETING {one.case.name} {row.get('introducer')!r} {greeting!r}"
            if right_name(row.get("introducee"), found.contact.name) != "right":
                yield f"CONTACT {one.case.name} {row.get('introducee')!r} {found.contact}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    options = _options(arguments)
    owner = Owner(options.owner_name, (options.owner,)) if options.owner else None
    chosen = [
        case
        for case in cases(options.folder)
        if options.part == "all" or is_for_tuning(case.name) == (options.part == "tuning")
    ]
    with multiprocessing.Pool(options.jobs) as pool:
        outcomes = pool.map(partial(examine, owner=owner), chosen, chunksize=64)
    if options.errors:
        print("\n".join(errors(outcomes)))
    print(table([HEAD, *(row.cells() for row in rows(outcomes))]))
    seconds = sum(one.seconds for one in outcomes)
    slowest = max((one.seconds for one in outcomes), default=0.0)
    print(f"\n{len(outcomes)} mails, {1000 * seconds / max(len(outcomes), 1):.2f} ms each, slowest {slowest:.2f} s")
    kinds = [one for one in outcomes if one.case.row and one.verdict and one.case.label in set(Kind)]
    print(f"kind right: {_share(sum(one.verdict.kind == one.case.label for one in kinds if one.verdict), len(kinds))}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of mail with a labels.jsonl")
    parser.add_argument("--owner", help="the owner's address; without it, each mail's first recipient is the owner")
    parser.add_argument("--owner-name", default="")
    parser.add_argument("--part", choices=("tuning", "held-out", "all"), default="all")
    parser.add_argument("--errors", action="store_true", help="list what was got wrong")
    parser.add_argument("--jobs", type=int, default=1)
    parser.set_defaults(threshold=THRESHOLD)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
