import os
from pathlib import Path

import pytest

from agent.errors import GraciousError
from agent.raw import messages

MAIL = b"From: dev@example.org\nSubject: hello\n\nHello.\n"
MBOX = (
    b"From dev@example.org Mon May  4 09:30:00 2026\n"
    + MAIL
    + b"\nFrom eve@example.org Mon May  4 09:31:00 2026\n"
    + MAIL
)


def names(path: Path) -> list[str]:
    return [str(raw.name).removeprefix(f"{path.parent}{os.sep}") for raw in messages(str(path))]


def test_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    (raw,) = messages(str(tmp_path / "one.eml"))
    assert raw.content == MAIL


def test_the_members_of_an_mbox_are_numbered_from_one(tmp_path: Path) -> None:
    (tmp_path / "all.mbox").write_bytes(MBOX)
    assert names(tmp_path / "all.mbox") == ["all.mbox#1", "all.mbox#2"]
    assert [raw.content.strip() for raw in messages(str(tmp_path / "all.mbox"))] == [MAIL.strip()] * 2


def test_a_single_message_that_kept_its_separator_is_no_mbox(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(b"From dev@example.org Mon May  4 09:30:00 2026\n" + MAIL)
    assert names(tmp_path / "one.eml") == ["one.eml"]


def test_a_folder_is_read_whole_in_order_without_hidden_files(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.eml", "a.eml", "inner/c.eml", ".hidden.eml", "picture.png"):
        (folder / name).write_bytes(MAIL)
    assert names(folder) == ["mail/a.eml", "mail/b.eml", "mail/inner/c.eml"]


def test_something_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraciousError, match=r"nothing\.eml"):
        list(messages(str(tmp_path / "nothing.eml")))
