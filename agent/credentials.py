"""I/O: secrets. Finds the password of a server in the environment, in .env, in a file or from a command.

A secret is never shown: not in an error, not in a log, not in a traceback's repr.
"""

import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Literal, NoReturn

from dotenv import dotenv_values

from agent.config import Config
from agent.errors import ConfigError

ENV_FILE = ".env"
Server = Literal["imap", "smtp"]

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LONGEST_FILE = 64 * 1024
"""Bytes; a file of a secret that is longer is some other file."""
COMMAND_SECONDS = 60.0
"""A password command may open a dialogue in which a person types a passphrase."""
_SHOWN = 200
"""Characters of what a failing password command complained about."""


class Secret:
    """A text that only `reveal` shows. Compares by identity, and cannot be pickled or copied."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself: to be called where it goes into a login, nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __format__(self, _: str) -> str:
        return repr(self)

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a Secret is neither pickled nor copied")


@dataclass(frozen=True, slots=True)
class _Account:
    """One name under which a password may be given, and the command that goes with it."""

    name: str
    command: Sequence[str] | None


def password(config: Config, server: Server = "imap", environ: Mapping[str, str] = os.environ) -> Secret:
    """The password for a server of `config`.

    Asked in this order, the first that is not empty counts: the environment (GRACIOUS_PASSWORD, then the file that
    GRACIOUS_PASSWORD_FILE names), the same two in .env beside the configuration, `password_command`. For SMTP all of
    them under GRACIOUS_SMTP_PASSWORD come first, then those of IMAP. ConfigError when there is none, when a source
    fails, or when others can read .env.
    """
    folder = config.path.parent
    settings = (environ, _env_file(folder / ENV_FILE))
    for account in _accounts(config, server):
        for text in _candidates(account, settings, folder, environ):
            if text:
                return Secret(_one_line(text, account.name))
    raise ConfigError([_none_found(server, folder)])


def _accounts(config: Config, server: Server) -> tuple[_Account, ...]:
    imap = _Account("GRACIOUS_PASSWORD", config.imap.password_command)
    if server == "imap" or config.smtp is None:
        return (imap,)
    return _Account("GRACIOUS_SMTP_PASSWORD", config.smtp.password_command), imap


def _candidates(
    account: _Account, settings: Sequence[Mapping[str, str]], folder: Path, environ: Mapping[str, str]
) -> Iterator[str]:
    for setting in settings:
        yield setting.get(account.name, "")
        if named := setting.get(f"{account.name}_FILE"):
            yield _file(Path(environ.get("CREDENTIALS_DIRECTORY") or folder) / named, f"{account.name}_FILE")
    if account.command:
        yield output(account.command, folder, environ)


def _one_line(text: str, name: str) -> str:
    """RFC 9051 and RFC 4954 send a password as one line; a line break in it would be a command of its own."""
    if any(character in text for character in "\r\n\0"):
        raise ConfigError([f"{name} has a line break in it, which no password has"])
    if not text.isascii() and text != text.encode(errors="replace").decode():
        raise ConfigError([f"{name} is not written in UTF-8"])
    return text


def _none_found(server: Server, folder: Path) -> str:
    return (
        f"there is no password for the {server.upper()} server. Give it as GRACIOUS_PASSWORD in {folder / ENV_FILE} "
        f"(chmod 600) or in the environment, as a file that GRACIOUS_PASSWORD_FILE names, or by "
        f"{server}.password_command in the configuration"
        + ("; GRACIOUS_SMTP_PASSWORD is for an SMTP server with a password of its own" if server == "smtp" else "")
    )


def _env_file(path: Path) -> Mapping[str, str]:
    """What .env says; nothing when there is none. Checked and read through one descriptor, so both are one file."""
    try:
        with path.open(encoding="utf-8") as file:
            if reason := refusal(os.fstat(file.fileno()), path, os.geteuid()):
                raise ConfigError([reason])
            text = file.read(_LONGEST_FILE)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path} is not written in UTF-8"]) from None
    # Without interpolation, or a password with ${…} in it would be another one.
    return {name: value for name, value in dotenv_values(stream=StringIO(text), interpolate=False).items() if value}


def save(folder: Path, passwords: Mapping[str, str]) -> None:
    """Write .env beside a configuration in `folder`: name → password. Never readable by others, never half written.

    Replaces an earlier .env. OSError when it cannot be written.
    """
    lines = "".join(f"{name}='{_quoted(text)}'\n" for name, text in passwords.items())
    descriptor, unfinished = tempfile.mkstemp(prefix=ENV_FILE, dir=folder)  # created with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
        Path(unfinished).replace(folder / ENV_FILE)
    except OSError:
        Path(unfinished).unlink(missing_ok=True)
        raise


def _quoted(text: str) -> str:
    """Between single quotes dotenv takes everything literally but these two."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def refusal(found: os.stat_result, path: Path, user: int) -> str | None:
    """Why the .env at `path` is not used by `user`; None when nobody else can read or change it."""
    if found.st_mode & _OTHERS:
        return f"{path} can be read or changed by others, so its secrets are not used: chmod 600 {path}"
    if found.st_uid != user:
        return f"{path} belongs to another user, so its secrets are not used: chown {user} {path}"
    return None


def _file(path: Path, name: str) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_LONGEST_FILE).removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise ConfigError([f"{path}, named by {name}, cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}, named by {name}, is not written in UTF-8"]) from None


def output(command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float = COMMAND_SECONDS) -> str:
    """The first line that `command` prints, run in `folder` without a shell: password stores keep notes below it."""
    ran = _run(command, folder, environ, seconds)
    if ran.returncode:
        said = _printable(ran.stderr) or "without a word"
        raise ConfigError([f"password_command {command[0]} failed with exit code {ran.returncode}: {said}"])
    try:
        return ran.stdout.decode().partition("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise ConfigError([f"password_command {command[0]} printed something that is not UTF-8"]) from None


def _run(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float
) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  the owner's own command, without a shell
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ConfigError([f"password_command {command[0]} gave no answer in {seconds:g} seconds"]) from None
    except OSError as error:
        raise ConfigError([f"password_command {command[0]} cannot be run: {error.strerror}"]) from None


def _printable(raw: bytes) -> str:
    """What a command complained about, on one line: its end, which is where programs say what went wrong."""
    words = " ".join(raw.decode(errors="replace").split())
    shown = "".join(character if character.isprintable() else "�" for character in words)
    return shown if len(shown) <= _SHOWN else "…" + shown[-_SHOWN:]
