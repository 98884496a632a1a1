"""Pure. What was read, held against what is true: counts, and the cells of the table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from agent.sentences import words

_TITLES = frozenset(
    words(
        "mr mrs ms miss mx dr prof professor sir lady lord dame rev the herr frau doktor mevrouw meneer mw dhr "
        "monsieur madame mme mlle senor senora sr sra don dona senhor senhora dott dottor dottoressa dottssa signor "
        "signora sig ing avv eng engr ingenieur ingegnere avvocato maitre advocate cllr councillor councilwoman "
        "councilman judge justice captain capt major colonel father sister brother pastor rabbi imam sheikh pater "
        "padre chef coach professeur professora profesora professorin doctor docteur dra profa"
    )
)


@dataclass(frozen=True)
class Truth:
    """What a mail is. None: it is not told."""

    label: str
    """A kind, or "other" when it is no offer and nothing more is told."""
    is_implicit: bool = False
    introducer: str | None = None
    """What a friend would call the author, or the full name; "" when nobody can know."""
    contact: str | None = None
    """The contact's name; "" when there is none."""
    is_fullest: bool = True
    """Whether the mail holds no more of the contact's name than that."""
    counts: bool = True
    """False for what people disagree about: it is counted neither way."""

    @property
    def is_offer(self) -> bool:
        """Whether it is an offer."""
        return self.label == "offer"


@dataclass(frozen=True)
class Reading:
    """What a reader makes of a mail."""

    is_offer: bool
    kind: str | None = None
    """None for readers that only say yes or no; these tell no names either."""
    greeting: str | None = None
    contact: str | None = None
    reasons: str = ""


def name_read(expected: str, found: str | None, *, is_fullest: bool = True) -> str:
    """What of "right", "null" and "wrong" a name is; a part of the name without a word beside is right.

    "Sara" is right for Sara Lindqvist, "Sara Lindqvist Payments" is wrong. When there may be more of the name, further
    words are right too.
    """
    wanted, got = _untitled(expected), _untitled(found or "")
    if not got:
        return "null" if wanted else "right"
    return "right" if got <= wanted or (not is_fullest and wanted and wanted <= got) else "wrong"


def _untitled(name: str) -> set[str]:
    spelled = set(words(name))
    return spelled - _TITLES or spelled


@dataclass
class Figures:
    """The counts of one row."""

    offers: int = 0
    found: int = 0
    implicit: int = 0
    implicit_found: int = 0
    others: int = 0
    alarms: int = 0
    greetings: Counter[str] = field(default_factory=Counter)
    contacts: Counter[str] = field(default_factory=Counter)
    kinds: Counter[bool] = field(default_factory=Counter)

    def add(self, truth: Truth, reading: Reading) -> None:
        """Count one mail."""
        if not truth.counts:
            return
        if reading.kind is not None and truth.label != "other":
            self.kinds[reading.kind == truth.label] += 1
        if not truth.is_offer:
            self.others += 1
            self.alarms += reading.is_offer
            return
        self.offers += 1
        self.found += reading.is_offer
        self.implicit += truth.is_implicit
        self.implicit_found += truth.is_implicit and reading.is_offer
        # Of offers that are not recognised no letter is written, so no name in it can be wrong.
        if reading.is_offer and reading.kind is not None:
            self._add_names(truth, reading)

    def _add_names(self, truth: Truth, reading: Reading) -> None:
        if truth.introducer is not None:
            self.greetings[name_read(truth.introducer, reading.greeting)] += 1
        if truth.contact is not None:
            self.contacts[name_read(truth.contact, reading.contact, is_fullest=truth.is_fullest)] += 1


def count(pairs: Iterable[tuple[Truth, Reading | None]]) -> Figures:
    """Return the counts of many mails; what was not read is left out."""
    figures = Figures()
    for truth, reading in pairs:
        if reading is not None:
            figures.add(truth, reading)
    return figures


COLUMNS = (
    ("mail", "wanted"),
    ("language", ""),
    ("reader", ""),
    ("offers", ""),
    ("recall", ">= 0.900"),
    ("implicit", ""),
    ("recall", ">= 0.800"),
    ("others", ""),
    ("false", ""),
    ("precision", ">= 0.950"),
    ("F1", ""),
    ("per 10,000", "<= 1.0"),
    ("greeting", ">= 0.990"),
    ("wrong", ""),
    ("contact", ">= 0.900"),
    ("null", ""),
    ("wrong", "< 0.020"),
    ("kind", ""),
)
"""What stands over each column, and what is asked of Gracious."""
HEAD, WANTED = zip(*COLUMNS, strict=True)
LEFT = 3
"""Columns that are words."""


def cells(mail: str, language: str, reader: str, figures: Figures) -> tuple[str, ...]:
    """Return one row of the table, below HEAD. "-" where there is nothing to divide by."""
    return (
        mail,
        language,
        reader,
        str(figures.offers),
        share(figures.found, figures.offers),
        str(figures.implicit),
        share(figures.implicit_found, figures.implicit),
        str(figures.others),
        str(figures.alarms),
        share(figures.found, figures.found + figures.alarms),
        share(2 * figures.found, figures.found + figures.alarms + figures.offers),
        f"{10_000 * figures.alarms / figures.others:.1f}" if figures.others else "-",
        *(_of(figures.greetings, name) for name in ("right", "wrong")),
        *(_of(figures.contacts, name) for name in ("right", "null", "wrong")),
        share(figures.kinds[True], figures.kinds.total()),
    )


def empty_cells(reader: str, word: str) -> tuple[str, ...]:
    """Return the row of a reader that read nothing, and a word that says why."""
    return ("", "", reader, word, *("-" for _ in HEAD[4:]))


def share(part: int, whole: int) -> str:
    """Return a proportion with three decimals, never rounded up to a bound that is not reached."""
    return f"{1000 * part // whole / 1000:.3f}" if whole else "-"


def _of(counter: Counter[str], name: str) -> str:
    return share(counter[name], counter.total())


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows in columns of equal width, words to the left and figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for number, (text, width) in enumerate(zip(row, widths, strict=True)):
        yield text.ljust(width) if number < LEFT else text.rjust(width)


def faults(name: str, truth: Truth, reading: Reading) -> Iterator[str]:
    """What is wrong with one reading: a miss, a false alarm, or names."""
    if not truth.counts:
        return
    if truth.is_offer != reading.is_offer:
        yield f"{'MISSED' if truth.is_offer else f'FALSE ({truth.label})'} {name} {reading.kind or ''}"
        if reading.reasons:
            yield f"    {reading.reasons}"
    elif reading.is_offer and reading.kind is not None:
        for what, expected, found, is_fullest in (
            ("GREETING", truth.introducer, reading.greeting, True),
            ("CONTACT", truth.contact, reading.contact, truth.is_fullest),
        ):
            read = "right" if expected is None else name_read(expected, found, is_fullest=is_fullest)
            if read != "right":
                yield f"{what} {read} {name}: {expected!r} was read as {found!r}"
    elif reading.kind is not None and truth.label not in {"other", reading.kind}:
        yield f"KIND {name}: {truth.label} was read as {reading.kind}"
