"""How well offers of introduction are recognised: one table, for Gracious and for what it is measured against.

Run from the checkout: python benchmarks/detection/measure.py

Without options the collections beside this file are read: development/ and heldout/. README.md tells what the columns
mean. The single mails of heldout/ are for nobody who writes rules: only figures come out of it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cases import Case, of_collection, of_folder
from collection import OWNER, CollectionFault
from counting import HEAD, WANTED, Reading, cells, count, faults, table
from product import commanded, for_first_recipients

from agent.model import Owner

HERE = Path(__file__).parent
COLLECTIONS = ("development", "heldout")
CLOSED = "heldout"
SPENT = "The single mails of held-out mail were shown: it is spent, and later figures on it prove nothing."
REFUSED = "Held-out mail is listed for nobody who writes rules; --open-heldout lists it all the same, and spends it."


@dataclass(frozen=True)
class Answers:
    """What one reader made of some cases."""

    reader: str
    readings: Sequence[Reading]


def chosen_cases(options: argparse.Namespace, folder: Path) -> Iterator[Case]:
    """Every mail that is asked for; collections that cannot be read are told and left out."""
    for name in options.set or COLLECTIONS:
        for file in sorted((HERE / name).glob("*.toml")):
            try:
                yield from of_collection(file, folder, is_open=name != CLOSED)
            except CollectionFault as fault:
                print("\n".join(fault.problems), "", sep="\n", file=sys.stderr)
    for corpus in options.corpus:
        yield from of_folder(corpus)


def is_wanted(case: Case, options: argparse.Namespace) -> bool:
    """Whether --language and --part leave the mail in."""
    if options.language and case.source in COLLECTIONS and case.group not in options.language:
        return False
    return options.part == "all" or case.source in COLLECTIONS or case.is_open == (options.part == "tuning")


def by_gracious(cases: Sequence[Case], options: argparse.Namespace) -> Answers:
    """What the product says: the command itself wherever all the mail has one owner."""
    owner = Owner(options.owner_name, (options.owner,)) if options.owner else None
    written = [case.path for case in cases if case.source in COLLECTIONS]
    others = [case.path for case in cases if case.source not in COLLECTIONS]
    found = dict(zip(written, commanded(written, OWNER), strict=True))
    found.update(
        zip(others, commanded(others, owner) if owner else for_first_recipients(others, options.jobs), strict=True)
    )
    return Answers("gracious", [found[case.path] for case in cases])


def rows(cases: Sequence[Case], answers: Sequence[Answers]) -> Iterator[tuple[str, ...]]:
    """The table below its head: each group of mail read by each reader, then each source as a whole."""
    groups = dict.fromkeys((case.source, case.group) for case in cases)
    for source in dict.fromkeys(case.source for case in cases):
        names = [group for of, group in groups if of == source]
        for name in [*names, *(["all"] if len(names) > 1 else [])]:
            places = [
                place for place, case in enumerate(cases) if case.source == source and name in {case.group, "all"}
            ]
            for one in answers:
                figures = count((cases[place].truth, one.readings[place]) for place in places)
                yield cells(source, name, one.reader, figures)


def listed(cases: Iterable[Case], readings: Iterable[Reading], *, is_all_open: bool) -> Iterator[str]:
    """What was got wrong in mail that may be looked at."""
    for case, reading in zip(cases, readings, strict=True):
        if case.is_open or is_all_open:
            yield from faults(f"{case.source} {case.name}", case.truth, reading)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for case in chosen_cases(options, Path(folder)) if is_wanted(case, options)]
        if not cases:
            print("There is no mail to measure.", file=sys.stderr)
            return 1
        if options.errors and not options.open_heldout and not any(case.is_open for case in cases):
            print(REFUSED, file=sys.stderr)
            return 1
        answers = [by_gracious(cases, options)]
        if options.errors:
            print("\n".join(listed(cases, answers[0].readings, is_all_open=options.open_heldout)), end="\n\n")
            if not all(case.is_open for case in cases):
                print(SPENT if options.open_heldout else REFUSED, file=sys.stderr)
        print(table([HEAD, *rows(cases, answers), WANTED]))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=COLLECTIONS, help="only this collection")
    parser.add_argument("--language", action="append", help="only this language of the collections")
    parser.add_argument("--errors", action="store_true", help="list what Gracious got wrong")
    parser.add_argument("--open-heldout", action="store_true", help="with --errors, list held-out mail too")
    corpora = parser.add_argument_group("folders of raw mail with a labels.jsonl")
    corpora.add_argument("--corpus", action="append", type=Path, default=[], metavar="FOLDER")
    corpora.add_argument("--owner", help="the owner's address; without it, each mail's first recipient is the owner")
    corpora.add_argument("--owner-name", default="")
    corpora.add_argument("--part", choices=("tuning", "held-out", "all"), default="all")
    corpora.add_argument("--jobs", type=int, default=1)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
