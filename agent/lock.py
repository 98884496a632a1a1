"""I/O: the lock file and the secret, both beside the state file.

The lock is held during a cycle only, by `flock`, so that a killed process leaves none behind.
"""

import fcntl
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.errors import StateLocked, StoreError
from agent.identity import Installation

_OTHERS = 0o077
_SECRET_OCTETS = 32


@contextmanager
def held(state: Path, doing: str, now: datetime, wait: Callable[[], bool]) -> Iterator[None]:
    """Hold the lock of a state file.

    While another process holds it `wait` is called; it pauses a little and returns whether to try again. Raises
    StateLocked, naming the holder, when it says no.
    """
    path = state.with_name(state.name + ".lock")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"The lock file {path} cannot be opened: {error.strerror}.") from error
    try:
        _acquire(descriptor, path, wait)
        _sign(descriptor, doing, now)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait: Callable[[], bool]) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait():
                raise StateLocked(f"Another Gracious is at work on this state: {holder(path)}.") from None
        else:
            return


def _sign(descriptor: int, doing: str, now: datetime) -> None:
    signature = {"pid": os.getpid(), "host": socket.gethostname(), "doing": doing, "since": now.isoformat()}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(signature).encode(), 0)


def holder(path: Path) -> str:
    """Return who holds the lock, in words."""
    try:
        signed: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(signed["since"]).astimezone(UTC)
        return (
            f"process {signed['pid']} on {signed['host']} ({signed['doing']}), "
            f"since {since:%Y-%m-%d %H:%M:%S} UTC; lock file {path}"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return f"a process that has not signed the lock file {path} yet"


def installation(state: Path) -> Installation:
    """Return the secret of this installation; made at the first call, readable for the owner alone.

    It lives in its own file, so that Gracious recognises its own mail even after the state file is lost. Raises
    StoreError when it cannot be read or made, or when others can read it.
    """
    path = state.with_name("secret")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_secret(path)
        if path.stat().st_mode & _OTHERS:
            raise StoreError(f"The secret {path} can be read by others. Close it to them: chmod 600 {path}")
        secret = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise StoreError(f"The secret {path} cannot be used: {error}.") from error
    if len(secret) != _SECRET_OCTETS:
        raise StoreError(f"The secret {path} is damaged: {_SECRET_OCTETS} octets in hex are expected.")
    return Installation(secret)


def throwaway_installation() -> Installation:
    """Return a secret that nobody keeps: for `preview`, which has no state."""
    return Installation(secrets.token_bytes(_SECRET_OCTETS))


def _make_secret(path: Path) -> None:
    """Write the whole file beside its place and link it there: never half a secret, never two."""
    draft = path.with_name(f"secret.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, secrets.token_bytes(_SECRET_OCTETS).hex().encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
