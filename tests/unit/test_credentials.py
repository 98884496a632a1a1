"""Where a password comes from, and that nothing shows it."""

import copy
import json
import logging
import os
import pickle
import string
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import Config, ImapSettings, SmtpSettings, StateSettings
from agent.credentials import Secret, output, password, refusal, save
from agent.errors import ConfigError
from agent.model import Owner

ROBIN = Owner("Robin Vale", ("robin@example.net",))


def config(folder: Path, command: tuple[str, ...] | None = None, smtp_command: tuple[str, ...] | None = None) -> Config:
    return Config(
        owner=ROBIN,
        imap=ImapSettings(host="imap.example.net", port=993, username="robin", password_command=command),
        smtp=SmtpSettings(host="smtp.example.net", port=465, username="robin", password_command=smtp_command),
        state=StateSettings(path=folder / "gracious.db"),
        path=folder / "config.toml",
    )


def env_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def imap_password(folder: Path, environ: dict[str, str] | None = None) -> str:
    return password(config(folder), "imap", environ or {}).reveal()


def smtp_password(folder: Path, environ: dict[str, str] | None = None) -> str:
    return password(config(folder), "smtp", environ or {}).reveal()


def problem(folder: Path, environ: dict[str, str] | None = None, command: tuple[str, ...] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        password(config(folder, command), "imap", environ or {})
    return str(caught.value)


# ── Where it comes from ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_environment_gives_a_password(tmp_path: Path) -> None:
    assert imap_password(tmp_path, {"GRACIOUS_PASSWORD": "opal"}) == "opal"


def test_the_file_beside_the_configuration_gives_a_password(tmp_path: Path) -> None:
    env_file(tmp_path, "# mine\nOTHER=1\nGRACIOUS_PASSWORD='opal # ${HOME}'\n")
    assert imap_password(tmp_path) == "opal # ${HOME}"


def test_an_absolute_path_in_the_environment_gives_a_password(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("opal\n")
    assert imap_password(tmp_path, {"GRACIOUS_PASSWORD_FILE": str(tmp_path / "secret")}) == "opal"


def test_a_name_in_the_environment_is_a_credential_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "secret").write_text("opal\r\n")
    environ = {"GRACIOUS_PASSWORD_FILE": "secret", "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}
    assert imap_password(tmp_path, environ) == "opal"


def test_without_systemd_a_file_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("opal")
    assert imap_password(tmp_path, {"GRACIOUS_PASSWORD_FILE": "secret"}) == "opal"


def test_the_file_beside_the_configuration_may_name_another_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("opal")
    env_file(tmp_path, "GRACIOUS_PASSWORD_FILE=secret\n")
    assert imap_password(tmp_path) == "opal"


def test_a_command_gives_a_password_in_its_first_line(tmp_path: Path) -> None:
    command = python("print('opal'); print('user: robin')")
    assert password(config(tmp_path, command), "imap", {}).reveal() == "opal"


def test_a_command_is_run_without_a_shell_beside_the_configuration(tmp_path: Path) -> None:
    command = python("import os, sys; print(os.path.basename(os.getcwd()) + sys.argv[1])")
    found = password(config(tmp_path, (*command, "; echo $HOME")), "imap", {})
    assert found.reveal() == f"{tmp_path.name}; echo $HOME"


def test_the_environment_comes_before_the_file_and_the_file_before_the_command(tmp_path: Path) -> None:
    with_command = config(tmp_path, python("print('from command')"))
    env_file(tmp_path, "GRACIOUS_PASSWORD=from-file")
    assert password(with_command, "imap", {"GRACIOUS_PASSWORD": "from environment"}).reveal() == "from environment"
    assert password(with_command, "imap", {}).reveal() == "from-file"


def test_an_empty_value_is_no_password(tmp_path: Path) -> None:
    env_file(tmp_path, "GRACIOUS_PASSWORD=opal")
    assert imap_password(tmp_path, {"GRACIOUS_PASSWORD": ""}) == "opal"


def test_a_command_is_not_run_when_the_environment_has_the_password(tmp_path: Path) -> None:
    command = python("open('ran', 'w')")
    password(config(tmp_path, command), "imap", {"GRACIOUS_PASSWORD": "opal"})
    assert not (tmp_path / "ran").exists()


# ── SMTP ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_smtp_uses_the_password_of_imap_when_it_has_none_of_its_own(tmp_path: Path) -> None:
    assert smtp_password(tmp_path, {"GRACIOUS_PASSWORD": "opal"}) == "opal"


def test_smtp_uses_the_command_of_imap_when_it_has_none_of_its_own(tmp_path: Path) -> None:
    assert password(config(tmp_path, python("print('opal')")), "smtp", {}).reveal() == "opal"


def test_smtp_may_have_a_password_of_its_own(tmp_path: Path) -> None:
    environ = {"GRACIOUS_PASSWORD": "opal", "GRACIOUS_SMTP_PASSWORD": "jade"}
    assert (imap_password(tmp_path, environ), smtp_password(tmp_path, environ)) == ("opal", "jade")


def test_a_password_of_its_own_in_the_file_comes_before_the_general_one_of_the_environment(tmp_path: Path) -> None:
    env_file(tmp_path, "GRACIOUS_SMTP_PASSWORD=jade")
    assert smtp_password(tmp_path, {"GRACIOUS_PASSWORD": "opal"}) == "jade"


def test_a_command_of_its_own_comes_before_the_general_password(tmp_path: Path) -> None:
    settings = config(tmp_path, smtp_command=python("print('jade')"))
    assert password(settings, "smtp", {"GRACIOUS_PASSWORD": "opal"}).reveal() == "jade"


def test_imap_never_uses_the_password_of_smtp(tmp_path: Path) -> None:
    assert "there is no password" in problem(tmp_path, {"GRACIOUS_SMTP_PASSWORD": "jade"})


# ── What is refused ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610, 0o602])
def test_a_file_that_others_can_touch_is_refused_even_if_it_is_not_needed(tmp_path: Path, mode: int) -> None:
    path = env_file(tmp_path, "GRACIOUS_PASSWORD=opal", mode)
    told = problem(tmp_path, {"GRACIOUS_PASSWORD": "jade"})
    assert f"chmod 600 {path}" in told
    assert "opal" not in told


@pytest.mark.parametrize(("user", "is_refused"), [(1000, False), (1001, True), (0, True)])
def test_a_file_of_somebody_else_is_refused(user: int, is_refused: bool) -> None:  # noqa: FBT001
    mode, inode, device, links, owner, group, size = 0o100600, 1, 1, 1, 1000, 1000, 20
    found = os.stat_result((mode, inode, device, links, owner, group, size, 0, 0, 0))
    told = refusal(found, Path(".env"), user)
    assert ("belongs to another user" in (told or "")) is is_refused


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_that_only_the_owner_can_read_is_accepted(tmp_path: Path, mode: int) -> None:
    env_file(tmp_path, "GRACIOUS_PASSWORD=opal", mode)
    assert imap_password(tmp_path) == "opal"


def test_no_password_at_all_is_told_with_every_way_to_give_one(tmp_path: Path) -> None:
    told = problem(tmp_path)
    for way in ("GRACIOUS_PASSWORD", str(tmp_path / ".env"), "GRACIOUS_PASSWORD_FILE", "imap.password_command"):
        assert way in told


def test_a_missing_file_is_told_and_no_other_way_is_tried(tmp_path: Path) -> None:
    told = problem(tmp_path, {"GRACIOUS_PASSWORD_FILE": "secret"}, python("print('opal')"))
    assert f"{tmp_path / 'secret'}, named by GRACIOUS_PASSWORD_FILE, cannot be read: No such file" in told


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    assert "not written in UTF-8" in problem(tmp_path, {"GRACIOUS_PASSWORD_FILE": "secret"})


@pytest.mark.parametrize("character", ["\n", "\r", "\0"])
def test_a_password_with_a_line_break_is_refused(tmp_path: Path, character: str) -> None:
    told = problem(tmp_path, {"GRACIOUS_PASSWORD": f"opal{character}A1 LOGOUT"})
    assert "line break" in told
    assert "opal" not in told


def test_a_password_of_the_environment_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    assert "is not written in UTF-8" in problem(tmp_path, {"GRACIOUS_PASSWORD": os.fsdecode(b"opal\xff")})


def test_a_failing_command_is_told_with_its_complaint_and_not_with_its_output(tmp_path: Path) -> None:
    told = problem(tmp_path, None, python("import sys; print('opal'); sys.exit('store\\x1b is locked')"))
    assert "failed with exit code 1: store� is locked" in told
    assert "opal" not in told


def test_a_talkative_command_is_told_by_the_end_of_its_complaint(tmp_path: Path) -> None:
    told = problem(tmp_path, None, python("import sys; sys.exit('x' * 9000 + ' locked')"))
    assert told.endswith("x locked")
    assert len(told) < 400


def test_a_command_that_does_not_exist_is_told_without_its_arguments(tmp_path: Path) -> None:
    told = problem(tmp_path, None, (str(tmp_path / "no-such-program"), "hunter2"))
    assert "cannot be run: No such file" in told
    assert "hunter2" not in told


def test_a_command_that_hangs_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gave no answer"):
        output(python("import signal; signal.pause()"), tmp_path, {}, seconds=0.01)


def test_a_command_cannot_wait_for_a_terminal(tmp_path: Path) -> None:
    assert "EOFError" in problem(tmp_path, None, python("input()"))


def test_a_command_that_prints_nothing_gives_no_password(tmp_path: Path) -> None:
    assert "there is no password" in problem(tmp_path, None, python("pass"))


# ── Writing it ────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.text(f"{string.ascii_letters}{string.digits}{string.punctuation} \t\u00a0éß漢😀", min_size=1))
def test_whatever_is_saved_is_read_back(text: str) -> None:
    with TemporaryDirectory() as folder:
        save(Path(folder), {"GRACIOUS_PASSWORD": text})
        assert imap_password(Path(folder)) == text


@pytest.mark.parametrize(
    "text", ["it's", '"', "\\", "\\'", "a\\nb", "${HOME}", "$HOME", " # no comment", " x ", "'''", "a=b", "#", "'#'"]
)
def test_passwords_that_a_shell_would_trip_over_are_read_back(tmp_path: Path, text: str) -> None:
    save(tmp_path, {"GRACIOUS_PASSWORD": text, "GRACIOUS_SMTP_PASSWORD": f"{text}2"})
    assert (imap_password(tmp_path), smtp_password(tmp_path)) == (text, f"{text}2")


def test_what_is_saved_is_for_its_owner_alone_whatever_was_there_before(tmp_path: Path) -> None:
    path = env_file(tmp_path, "GRACIOUS_PASSWORD=opal", 0o644)
    save(tmp_path, {"GRACIOUS_PASSWORD": "jade"})
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


def test_what_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(OSError, match="directory"):
        save(tmp_path, {"GRACIOUS_PASSWORD": "jade"})
    assert [entry.name for entry in tmp_path.iterdir()] == [".env"]


# ── That nothing shows it ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_secret_is_shown_by_reveal_only(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret("opal")
    logging.getLogger("gracious").error("signing in with %s and %r", secret, secret)
    shown = [str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", f"{secret:>20}", str([secret]), caplog.text]
    assert secret.reveal() == "opal"
    assert not [text for text in shown if "opal" in text]


def test_a_secret_cannot_be_pickled_copied_or_turned_into_json() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            attempt(Secret("opal"))


def test_a_secret_has_no_attributes_to_list() -> None:
    assert not hasattr(Secret("opal"), "__dict__")
