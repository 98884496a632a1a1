"""I/O: terminal. Shows a mail with the evidence of its verdict marked in place; what comes from it is made harmless."""

import re
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agent import explained
from agent.explained import Tone
from agent.model import Address, Message, Verdict
from agent.sentences import MOST_TEXT
from agent.terminal import harmless

_STYLES = {Tone.PLAIN: "", Tone.FOR: "bold underline green", Tone.AGAINST: "bold underline red", Tone.LEFT_OUT: "dim"}
_MANY_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


def show_verdict(name: str, message: Message, verdict: Verdict, reply_to: Sequence[Address]) -> None:
    """Print a mail with its evidence marked in place, then the evidence, its sum, and the people; for a terminal."""
    console = Console(file=sys.stdout, highlight=False)
    colour = "green" if verdict.is_offer else "yellow"
    title = Text.assemble((harmless(name), "bold"), ": ", (explained.answer(verdict), f"bold {colour}"))
    console.print(Rule(title, align="left", style=colour))
    console.print(_rows(explained.fields(message)))
    console.print(Padding(_letter(message.own_text[:MOST_TEXT], verdict), (1, 2)))
    if remark := explained.unmarked(message):
        console.print(Padding(Text(remark, style="dim"), (0, 2, 1, 2)))
    console.print(_sum(verdict))
    console.print()
    console.print(_rows(explained.people(verdict, reply_to)))
    console.print()
    sys.stdout.flush()


def show_unread(name: str, reason: str) -> None:
    """Print that there is no verdict, and why; for a terminal."""
    console = Console(file=sys.stdout, highlight=False)
    console.print(Rule(Text(harmless(name), style="bold"), align="left", style="red"))
    console.print(Text(harmless(reason)), end="\n\n")
    sys.stdout.flush()


def _letter(text: str, verdict: Verdict) -> Text:
    shown = Text(overflow="fold")
    for piece in explained.marked(text.rstrip(), verdict.evidence):
        few_lines = _MANY_BLANK_LINES.sub("\n\n", piece.text)
        shown.append(harmless(few_lines, keep_lines=True), style=_STYLES[piece.tone])
    return shown


def _rows(rows: Iterable[tuple[str, str]]) -> Table:
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="dim", min_width=10)
    shown.add_column(overflow="fold")
    for label, value in rows:
        shown.add_row(label, Text(harmless(value)))
    return shown


def _sum(verdict: Verdict) -> Table:
    shown = Table(box=None, pad_edge=False, show_header=False, show_footer=True)
    shown.add_column(justify="right", min_width=10, footer=f"= {verdict.score:g}")
    shown.add_column(footer=explained.in_sum(verdict))
    shown.add_column(overflow="fold")
    for one in verdict.evidence:
        style = _STYLES[Tone.FOR if one.weight > 0 else Tone.AGAINST if one.weight < 0 else Tone.PLAIN]
        words = Text(harmless(explained.words_of(one)))
        shown.add_row(Text(f"{one.weight:+g}", style=style.replace(" underline", "")), Text(one.rule), words)
    return shown
