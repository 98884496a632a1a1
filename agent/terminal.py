"""I/O: terminal. Shows things; text from a mail is made harmless first."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import TextIOWrapper
from typing import Any, TextIO
from zoneinfo import ZoneInfo

_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HARMLESS_FORMAT = frozenset("\u200d\ufe0f")
"""Joiner and variation selector: emoji are made with them."""


def harmless(text: str, *, keep_lines: bool = False) -> str:
    """Return the text with control and bidirectional characters made visible as their code points."""
    return "".join(_visible(char, keep_lines=keep_lines) for char in text)


def _visible(char: str, *, keep_lines: bool) -> str:
    if (keep_lines and char in "\n\t") or char in _HARMLESS_FORMAT:
        return char
    if unicodedata.category(char) in _HARMFUL:
        return f"\\u{ord(char):04x}"
    return char


def tolerate_any_locale() -> None:
    """Let characters that the terminal's encoding lacks be printed as their code points instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Print one line, or several, made harmless."""
    sys.stdout.write(harmless(text, keep_lines=True) + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print to standard error, made harmless."""
    sys.stderr.write(harmless(text, keep_lines=True) + "\n")
    sys.stderr.flush()


def emit(record: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own. Not ASCII only: names are read by people too.

    What is no harm to a program but to a terminal, or to whoever splits lines as Unicode does, is escaped.
    """
    is_unicode = "utf" in (sys.stdout.encoding or "").lower()
    text = json.dumps(record, ensure_ascii=not is_unicode).encode("utf-8", "replace").decode("utf-8")
    sys.stdout.write(text if text.isprintable() else "".join(map(_escaped, text)))
    sys.stdout.write("\n")
    sys.stdout.flush()


def _escaped(char: str) -> str:
    if char in _HARMLESS_FORMAT or unicodedata.category(char) not in _HARMFUL:
        return char
    return json.dumps(char)[1:-1]


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table, as wide as the terminal."""
    from rich.console import Console  # noqa: PLC0415  # slow to import, and rarely needed
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(harmless(cell)) for cell in row))
    Console(file=sys.stdout, soft_wrap=False).print(shown)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads along."""
    return stream.isatty()


def moment(value: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment as the owner's clock shows it."""
    return value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if value else ""
