import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import lock
from agent.errors import StateLocked, StoreError

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


def never() -> bool:
    return False


def test_the_second_one_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    state = tmp_path / "gracious.db"
    with lock.held(state, "run", NOW, never):
        expected = rf"process {os.getpid()} .*\(run\), since 2026-05-04 09:30:00 UTC"
        with pytest.raises(StateLocked, match=expected), lock.held(state, "once", NOW, never):
            pass


def test_whoever_waits_gets_the_lock_when_it_is_free(tmp_path: Path) -> None:
    state = tmp_path / "gracious.db"
    first = lock.held(state, "run", NOW, never)
    first.__enter__()

    def the_first_one_ends() -> bool:
        first.__exit__(None, None, None)
        return True

    with lock.held(state, "once", NOW, the_first_one_ends):
        assert "(once)" in lock.holder(tmp_path / "gracious.db.lock")


def test_a_lock_file_left_behind_locks_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "gracious.db.lock").write_text("{half a signature")
    with lock.held(tmp_path / "gracious.db", "once", NOW, never):
        pass


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "gracious.db"
    assert lock.installation(state) == lock.installation(state)
    assert stat.S_IMODE((tmp_path / "deep" / "secret").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["secret"]


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "gracious.db"
    lock.installation(state)
    (tmp_path / "secret").chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        lock.installation(state)


@pytest.mark.parametrize("content", ["", "zz", "00ff"])
def test_a_damaged_secret_is_refused_and_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(StoreError):
        lock.installation(tmp_path / "gracious.db")
    assert (tmp_path / "secret").read_text() == content


def test_the_secret_does_not_show(tmp_path: Path) -> None:
    installation = lock.installation(tmp_path / "gracious.db")
    assert installation.secret.hex() not in repr(installation)
    assert lock.throwaway_installation() != lock.throwaway_installation()
