"""What stands around the code: Makefile, service unit, the run of all checks, and the metadata of the package."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from agent.errors import ConfigError, GraciousError, LoginRefused, MailboxUnavailable, StateLocked

ROOT = Path(__file__).parents[2]
TARGETS = ["help", "demo", "test", "check", "format", "bench", "clean"]


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"]}  # and nothing of a make that runs these tests, above all not its variables
    return subprocess.run(["make", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)  # noqa: S603, S607


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which everything is installed already: nothing of it runs here."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/python", ".demo", ".test", ".dev"):
        (tmp_path / ".venv" / name).touch()
    return tmp_path


# ── Makefile ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_make_alone_lists_every_target_with_a_sentence() -> None:
    listed = make(ROOT).stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["make", target] for target in TARGETS]
    assert all(len(line.split()) > 4 for line in listed)


def test_every_target_that_is_no_file_is_declared_so() -> None:
    declared = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert declared
    assert declared[1].split() == TARGETS


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["demo"], ".venv/bin/gracious demo "),
        (["demo", "DEMO_ARGS=--serve"], ".venv/bin/gracious demo --serve"),
        (["test"], ".venv/bin/python -m pytest "),
        (["test", "TEST_ARGS=-k reply"], ".venv/bin/python -m pytest -k reply"),
        (["check"], ".venv/bin/ruff check .\n.venv/bin/ruff format --check .\n.venv/bin/mypy"),
    ],
)
def test_once_installed_a_target_only_does_its_work(checkout: Path, arguments: list[str], command: str) -> None:
    assert make(checkout, "--dry-run", *arguments).stdout == f"{command}\n"


def test_a_changed_pyproject_is_installed_again(checkout: Path) -> None:
    newest = (checkout / ".venv" / ".test").stat().st_mtime + 10
    os.utime(checkout / "pyproject.toml", (newest, newest))
    assert "install --quiet --editable '.[test]'" in make(checkout, "--dry-run", "test").stdout


def test_without_a_python_that_is_new_enough_make_says_what_to_do(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    made = make(checkout, "test", "PYTHON=false")
    assert made.returncode != 0
    assert "Gracious needs Python 3.11 or newer, and none was found (looked for: false)" in made.stderr
    assert "make PYTHON=/path/to/python3 test" in made.stderr


def test_a_python_without_ensurepip_is_told_with_the_package_to_install(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    python = checkout / "python3.12"
    python.write_text('#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n')
    python.chmod(0o755)
    made = make(checkout, "demo", f"PYTHON={python}")
    assert made.returncode != 0
    assert f"sudo apt install {python}-venv" in made.stderr
    assert not (checkout / ".venv").exists()


# ── The run of all checks ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_run_of_all_checks_is_an_executable_script_that_parses() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)  # noqa: S603, S607


def stub(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("summary", "status", "is_good"),
    [
        ("== 90 passed in 9.00s ==", 0, True),
        ("== 89 passed, 1 skipped in 9.00s ==", 0, False),
        ("== 1 failed, 89 passed in 9.00s ==", 1, False),
    ],
)
def test_the_run_of_all_checks_is_good_when_every_test_ran_and_passed(
    tmp_path: Path,
    summary: str,
    status: int,
    is_good: bool,  # noqa: FBT001
) -> None:
    stub(tmp_path, "dpkg-query", "printf installed")
    stub(tmp_path, "apt-get", "exit 1")
    stub(tmp_path, "make", f'[ "$1" = check ] && exit\n[ -n "$GRACIOUS_TEST_ALL" ] && echo "{summary}"\nexit {status}')
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run([ROOT / ".ci" / "run"], env=environ, capture_output=True, text=True, check=False)  # noqa: S603
    assert (ran.returncode == 0) is is_good
    assert ran.stdout.splitlines()[-1] == summary


# ── The service unit ──────────────────────────────────────────────────────────────────────────────────────────────


def unit() -> str:
    return (ROOT / "systemd" / "gracious.service").read_text(encoding="utf-8")


def directives() -> dict[str, str]:
    lines = [line.partition("=") for line in unit().splitlines() if re.match(r"[A-Z]\w*=", line)]
    names = [name for name, _, _ in lines]
    assert len(names) == len(set(names))
    return {name: value for name, _, value in lines}


def test_the_service_tells_when_it_is_ready_and_that_it_is_alive() -> None:
    found = directives()
    assert (found["Type"], found["NotifyAccess"]) == ("notify", "main")
    assert "WatchdogSec" in found
    assert found["ExecStart"].endswith("/gracious run")
    assert "-HUP $MAINPID" in found["ExecReload"]


def test_the_service_is_restarted_after_what_may_pass_and_not_after_what_needs_the_owner() -> None:
    found = directives()
    final = {int(code) for code in found["RestartPreventExitStatus"].split()}
    assert found["Restart"] == "on-failure"
    assert found["StartLimitIntervalSec"] == "0"
    assert {ConfigError.exit_code, LoginRefused.exit_code} <= final
    assert not {GraciousError.exit_code, MailboxUnavailable.exit_code, StateLocked.exit_code} & final


def test_the_service_asks_for_nothing_that_a_user_s_systemd_refuses() -> None:
    """Each of these drops capabilities, which ends a user service with 218/CAPABILITIES (systemd issue 4959)."""
    refused = {
        "AmbientCapabilities",
        "CapabilityBoundingSet",
        "DynamicUser",
        "PrivateDevices",
        "ProtectClock",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "User",
    }
    assert not refused & directives().keys()


def test_the_service_uses_the_same_state_as_the_command_line() -> None:
    found = directives()
    assert "StateDirectory" not in found
    assert found["ReadWritePaths"] == "-%h/.local/state/gracious"
    assert found["ExecStartPre"].endswith(" %h/.local/state/gracious")


def test_every_restriction_of_the_service_has_its_reason_above() -> None:
    blocks = unit().split("# ── What it may not do")[1].split("[Install]")[0]
    groups = re.findall(r"((?:^#.*\n)+)((?:^[A-Z].*\n)+)", blocks, re.MULTILINE)
    explained = [line for _, lines in groups for line in lines.splitlines()]
    assert explained == [line for line in blocks.splitlines() if re.match("[A-Z]", line)]
    assert len(explained) >= 15


# ── The package ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_put_into_the_wheel_exists() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    included = [*wheel["wheel"]["packages"], *wheel["wheel"]["force-include"], *wheel["sdist"]["include"]]
    assert [name for name in included if not (ROOT / name).exists()] == []
