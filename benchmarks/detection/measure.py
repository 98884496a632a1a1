"""How well offers of introduction are recognised: one table, for Gracious and for what it is measured against.

Run from the checkout: python benchmarks/detection/measure.py

Without options the collections beside this file are read: development/ and heldout/. README.md tells what the columns
mean. The single mails of heldout/ are for nobody who writes rules: only figures come out of it.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from baselines import BASELINES, Answers, Known, answers
from cases import Case, of_collection, of_folder
from collection import OWNER, CollectionFault, Mail, load
from counting import HEAD, WANTED, cells, count, empty_cells, faults, table
from letters import letter
from product import commanded, for_first_recipients
from throughput import measured

from agent.model import Owner

HERE = Path(__file__).parent
COLLECTIONS = ("development", "heldout")
CLOSED = "heldout"
REPEATED = "mails stand in an earlier collection, too: they are left out."
SPENT = "The single mails of held-out mail were shown: it is spent, and later figures on it prove nothing."
REFUSED = "Held-out mail is listed for nobody who writes rules; --open-heldout lists it all the same, and spends it."


def collections(name: str) -> Iterator[list[Mail]]:
    """Yield the mails of each collection of that name; those that cannot be read are told and left out."""
    for file in sorted((HERE / name).glob("*.toml")):
        try:
            yield load(file)
        except CollectionFault as fault:
            print("\n".join(fault.problems), "", sep="\n", file=sys.stderr)


def written_cases(options: argparse.Namespace, folder: Path) -> Iterator[Case]:
    """Every mail of the collections that is asked for, and what the baselines learn from."""
    seen: set[str] = set()
    for name in COLLECTIONS:
        for mails in collections(name):
            fresh = [mail for mail in mails if mail.words not in seen]
            if len(fresh) < len(mails):
                print(f"{name}/{mails[0].language}.toml: {len(mails) - len(fresh)} {REPEATED}", file=sys.stderr)
            is_asked = name in (options.set or COLLECTIONS) and mails[0].language in (
                options.language or [mails[0].language]
            )
            if is_asked or (options.baseline and name != CLOSED):
                yield from of_collection(fresh, name, folder, is_open=name != CLOSED)
            seen.update(mail.words for mail in mails)


def is_wanted(case: Case, options: argparse.Namespace) -> bool:
    """Whether --set, --language and --part leave the mail in."""
    if case.source in COLLECTIONS:
        return case.source in (options.set or COLLECTIONS) and case.group in (options.language or [case.group])
    return bool(options.part == "all" or case.is_open == (options.part == "tuning"))


def by_gracious(cases: Sequence[Case], options: argparse.Namespace) -> Answers:
    """What the product says: the command itself wherever all the mail has one owner."""
    owner = Owner(options.owner_name, (options.owner,)) if options.owner else None
    written = [case.path for case in cases if case.source in COLLECTIONS]
    others = [case.path for case in cases if case.source not in COLLECTIONS]
    read = [
        *zip(written, commanded(written, OWNER), strict=True),
        *zip(others, commanded(others, owner) if owner else for_first_recipients(others, options.jobs), strict=True),
    ]
    found = dict(read)
    return Answers("gracious", [found[case.path] for case in cases])


def by_baselines(cases: Sequence[Case], wanted: Sequence[Case], names: Sequence[str]) -> Iterator[Answers]:
    """What the baselines say of the wanted mail; they may learn from all of it that is open."""
    if not names:
        return
    asked = {case.path for case in wanted}
    needed = [case for case in cases if case.path in asked or case.is_open]
    mail = Known(needed, [letter(case.path) for case in needed])
    for name in names:
        print(f"{name} reads {len(needed)} mails …", file=sys.stderr)
        found = answers(name, mail)
        read = [
            reading for case, reading in zip(needed, found.readings, strict=bool(found.readings)) if case.path in asked
        ]
        yield Answers(name, read, found.note)


def rows(cases: Sequence[Case], given: Sequence[Answers]) -> Iterator[tuple[str, ...]]:
    """The table below its head: each group of mail read by each reader, then each source as a whole."""
    for source in dict.fromkeys(case.source for case in cases):
        groups = dict.fromkeys(case.group for case in cases if case.source == source)
        for group in [*groups, *(["all"] if len(groups) > 1 else [])]:
            places = [place for place, one in enumerate(cases) if one.source == source and group in {one.group, "all"}]
            for one in given:
                if one.readings:
                    figures = count((cases[place].truth, one.readings[place]) for place in places)
                    yield cells(source, group, one.reader, figures)
    yield from (empty_cells(one.reader, "missing") for one in given if not one.readings)


def listed(cases: Iterable[Case], found: Answers, *, is_all_open: bool) -> Iterator[str]:
    """What was got wrong in mail that may be looked at."""
    for case, reading in zip(cases, found.readings, strict=True):
        if reading is not None and (case.is_open or is_all_open):
            yield from faults(f"{case.source} {case.name}", case.truth, reading)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print."""
    options = _options(arguments)
    if options.errors and options.set == [CLOSED] and not options.corpus and not options.open_heldout:
        print(REFUSED, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        cases = list(written_cases(options, Path(folder)))
        cases += [case for corpus in options.corpus for case in of_folder(corpus)]
        wanted = [case for case in cases if is_wanted(case, options)]
        if not wanted:
            print("There is no mail to measure.", file=sys.stderr)
            return 1
        gracious = by_gracious(wanted, options)
        if options.errors:
            _print_errors(wanted, gracious, is_all_open=options.open_heldout)
        throughput = measured([case.path for case in wanted if not case.is_written] or [case.path for case in wanted])
        given = [gracious, *by_baselines(cases, wanted, options.baseline)]
        print(table([HEAD, *rows(wanted, given), WANTED]))
        notes = [f"{one.reader}: {one.note}" for one in given if one.note]
        print("", *notes, throughput, sep="\n")
    return 0


def _print_errors(cases: Sequence[Case], found: Answers, *, is_all_open: bool) -> None:
    print("\n".join(listed(cases, found, is_all_open=is_all_open)), end="\n\n")
    if not all(case.is_open for case in cases):
        print(SPENT if is_all_open else REFUSED, file=sys.stderr)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", action="append", choices=COLLECTIONS, help="only this collection")
    parser.add_argument("--language", action="append", help="only this language of the collections")
    parser.add_argument("--baseline", action="append", choices=[*BASELINES, "none"], help="only this one; default: all")
    parser.add_argument("--errors", action="store_true", help="list what Gracious got wrong in open mail")
    parser.add_argument("--open-heldout", action="store_true", help="with --errors, list held-out mail too")
    corpora = parser.add_argument_group("folders of raw mail with a labels.jsonl")
    corpora.add_argument("--corpus", action="append", type=Path, default=[], metavar="FOLDER")
    corpora.add_argument("--owner", help="the owner's address; without it, each mail's first recipient is the owner")
    corpora.add_argument("--owner-name", default="")
    corpora.add_argument("--part", choices=("tuning", "held-out", "all"), default="all")
    corpora.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args(arguments)
    options.baseline = [name for name in options.baseline or BASELINES if name != "none"]
    return options


if __name__ == "__main__":
    sys.exit(main())
