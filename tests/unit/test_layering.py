"""Which module may import which, and who owns a library or a piece of the outside world.

A new module belongs into LEVELS, at the lowest level that lies above everything it imports.
"""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import agent

PACKAGE = Path(agent.__file__).parent

LEVELS = (
    # Nouns and errors.
    {"errors", "model"},
    # Deciding: values in, values out. These may import one another, but never in a circle.
    {
        "almanac",
        "answering",
        "bodystructure",
        "contacts",
        "dates",
        "detect",
        "ear",
        "explained",
        "extract",
        "forward",
        "identity",
        "letter",
        "lifecycle",
        "markup",
        "matcher",
        "message",
        "notation",
        "offer",
        "people",
        "phrasebook",
        "provenance",
        "quoting",
        "recipients",
        "record",
        "reply",
        "samples",
        "sentences",
        "skim",
        "statements",
        "subtract",
        "tokens",
        "vocabulary",
        "wire",
    },
    # Each piece of the outside world has one module, which knows nothing of the others.
    {"config", "embedded_imap", "embedded_smtp", "lock", "notify", "raw", "stationery", "terminal", "transport"},
    {"compose", "credentials", "embedded", "mailbox", "showing", "store", "submission"},
    # One poll, from mailbox to drafts.
    {"line"},
    {"correspondence", "judge", "reports"},
    {"missed"},
    {"dispatch", "explain", "intake", "scan"},
    {"cycle"},
    # From a configuration to a poll, and what uses that.
    {"assembly"},
    {"checkup", "commands", "daemon"},
    {"demo"},
    # The command line.
    {"cli"},
    {"__main__"},
)
DECIDING = 1

OWNERS = {
    "aiosmtpd": {"embedded_smtp"},
    "apscheduler": {"daemon"},
    "babel": {"almanac"},
    "click": {"cli", "terminal"},
    "dotenv": {"credentials"},
    "holidays": {"almanac"},
    "imapclient": {"mailbox"},
    "jinja2": {"stationery"},
    "proxyprotocol": {"embedded_imap"},
    "pydantic": {"config"},
    "pydantic_core": {"config"},
    "pymap": {"embedded_imap"},
    "pysasl": {"embedded_imap"},
    "rich": {"cli", "showing", "terminal"},
    "selectolax": {"markup"},
    "tzlocal": {"config"},
    # Of the standard library:
    "smtplib": {"submission"},
    "sqlite3": {"store"},
}
"""Library → the only modules that import it, so that its habits (and its missing types) do not spread."""

OUTSIDE_WORLD = {
    "asyncio",
    "fcntl",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "select",
    "shutil",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
"""What a module that calls itself pure does not import."""
IMPURE_CALLS = {"input", "now", "open", "print", "read_bytes", "read_text", "today", "urandom", "utcnow", "write_text"}
READS_WHAT_IS_SHIPPED = {"phrasebook", "stationery", "vocabulary"}
"""Pure but for tables or templates of their own, read once."""

MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def parsed(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def imported(module: str) -> Iterator[tuple[str, ...]]:
    """Every import of a module, wherever it stands in it: `agent.errors`, `email.utils` as ("email", "utils")."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (tuple(name.name.split(".")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports relatively"
            assert node.module
            parts = tuple(node.module.split("."))
            yield from ((*parts, name.name) for name in node.names)


def own_imports(module: str) -> set[str]:
    return {parts[1] for parts in imported(module) if parts[0] == "agent" and parts[1] in MODULES}


def libraries(module: str) -> set[str]:
    return {parts[0] for parts in imported(module)} - {"agent"}


def level(module: str) -> int:
    found = [number for number, modules in enumerate(LEVELS) if module in modules]
    assert len(found) == 1, (
        f"agent/{module}.py is new: write it into LEVELS in {Path(__file__).name}, as that file says"
    )
    return found[0]


def first_words(module: str) -> str:
    return (ast.get_docstring(parsed(module)) or "").split("\n")[0]


def is_pure(module: str) -> bool:
    return first_words(module).startswith("Pure")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_level(module: str) -> None:
    assert level(module) >= 0


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_downwards(module: str) -> None:
    own = level(module)
    allowed = {
        name for number, names in enumerate(LEVELS) for name in names if number < own or number == own == DECIDING
    }
    assert own_imports(module) <= allowed


def test_nothing_is_imported_in_a_circle() -> None:
    try:
        TopologicalSorter({module: own_imports(module) for module in MODULES}).prepare()
    except CycleError as circle:
        pytest.fail(f"imports in a circle: {' → '.join(circle.args[1])}")


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_by_its_owner_only(module: str) -> None:
    outside = {name for name in libraries(module) if name not in sys.stdlib_module_names or name in OWNERS}
    assert {name for name in outside if module not in OWNERS.get(name, set())} == set()


@pytest.mark.parametrize("module", MODULES)
def test_the_docstring_says_first_what_a_module_touches(module: str) -> None:
    assert first_words(module).startswith(("Pure.", "Pure, but for ", "I/O: "))


@pytest.mark.parametrize("module", sorted(set.union(*LEVELS[: DECIDING + 1]) & set(MODULES)))
def test_what_decides_is_pure(module: str) -> None:
    assert is_pure(module)


@pytest.mark.parametrize("module", [module for module in MODULES if is_pure(module)])
def test_a_pure_module_touches_nothing(module: str) -> None:
    calls = {node.func for node in ast.walk(parsed(module)) if isinstance(node, ast.Call)}
    called = {call.id for call in calls if isinstance(call, ast.Name)}
    called |= {call.attr for call in calls if isinstance(call, ast.Attribute)}
    touched = libraries(module) & OUTSIDE_WORLD | called & IMPURE_CALLS
    assert touched - ({"read_text", "read_bytes", "open"} if module in READS_WHAT_IS_SHIPPED else set()) == set()


def test_imports_are_seen_wherever_they_stand() -> None:
    assert own_imports("config") == {"errors", "model"}
    assert "pydantic" in libraries("config")
    assert "daemon" in own_imports("cli")
