"""config.example.toml: complete, true about every default, and a configuration that loads."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.config import Config, keys, load

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
ENVIRON = {"HOME": "/home/alex"}
LEFT_OUT = re.compile(r"^# ([a-z_]+ = .*)$", re.MULTILINE)
"""A key whose default stands in the example as a comment."""
NO_DEFAULT = (
    {f"owner.{key}" for key in ("name", "addresses", "blurb", "signature", "languages", "country", "timezone")}
    | {f"{server}.{key}" for server in ("imap", "smtp") for key in ("host", "username", "password_command", "cafile")}
    | {"imap.drafts", "imap.sent"}
)
"""Keys whose line in the example is an example, since there is nothing to be the default."""


def loaded(folder: Path, text: str) -> Config:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    (folder / "my-authority.pem").touch()
    return load(path, ENVIRON)


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def example_with_everything() -> dict[str, Any]:
    return tomllib.loads(LEFT_OUT.sub(r"\1", example()))


def written_keys(document: dict[str, Any]) -> dict[str, frozenset[str]]:
    return {name: frozenset(table) for name, table in document.items()}


def test_the_example_loads(tmp_path: Path) -> None:
    config = loaded(tmp_path, example())
    assert config.owner.name == "Alex Morgan"
    assert config.smtp


def test_the_example_loads_with_every_line_that_is_left_out(tmp_path: Path) -> None:
    config = loaded(tmp_path, LEFT_OUT.sub(r"\1", example()))
    assert config.imap.drafts == "Drafts"
    assert config.imap.password_command


def test_every_key_stands_in_the_example_and_every_key_of_the_example_exists() -> None:
    assert written_keys(example_with_everything()) == keys()


def test_every_key_is_explained() -> None:
    lines = LEFT_OUT.sub(r"\1", example()).splitlines()
    bare = [line for line in lines if re.match(r"(?!blurb)[a-z_]+ = ", line) and "#" not in line]
    assert not bare


@pytest.mark.parametrize("name", sorted(keys()))
def test_the_example_shows_the_defaults(tmp_path: Path, name: str) -> None:
    owner, server = '[owner]\nname = "A"\naddresses = ["a@example.com"]\n', 'host = "mail.example.com"\n'
    least = f"{owner}[imap]\n{server}[smtp]\n{server}"
    shown, default = (getattr(loaded(tmp_path, text), name) for text in (LEFT_OUT.sub(r"\1", example()), least))
    comparable = [key for key in keys()[name] if f"{name}.{key}" not in NO_DEFAULT]
    assert [(key, getattr(shown, key)) for key in comparable] == [(key, getattr(default, key)) for key in comparable]


def test_no_line_is_too_long_for_a_terminal() -> None:
    assert max(len(line) for line in example().splitlines()) <= 120
