import os
import threading
from pathlib import Path

import pytest

from agent.errors import GraciousError
from agent.raw import RawMessage, Unread, contents, messages, size

MAIL = b"From: dev@example.org\nSubject: hello\n\nHello.\n"
SEPARATOR = b"From dev@example.org Mon May  4 09:30:00 2026\n"
MBOX = SEPARATOR + MAIL + b"\nFrom eve@example.org Mon May  4 09:31:00 2026\n" + MAIL


def names(path: Path) -> list[str]:
    return [str(raw.name).removeprefix(f"{path.parent}{os.sep}") for raw in messages(str(path))]


def members(folder: Path, content: bytes) -> list[bytes]:
    (folder / "all.mbox").write_bytes(content)
    return [raw.content.strip() for raw in messages(str(folder / "all.mbox"))]


def test_a_file_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(MAIL)
    (raw,) = messages(str(tmp_path / "one.eml"))
    assert raw.content == MAIL


def test_the_members_of_an_mbox_are_numbered_from_one(tmp_path: Path) -> None:
    (tmp_path / "all.mbox").write_bytes(MBOX)
    assert names(tmp_path / "all.mbox") == ["all.mbox#1", "all.mbox#2"]
    assert [raw.content.strip() for raw in messages(str(tmp_path / "all.mbox"))] == [MAIL.strip()] * 2


@pytest.mark.parametrize(
    "separator",
    [
        b"\nFrom eve@example.org Mon May  4 09:31:00 2026\n",
        b"From eve@example.org Mon May  4 09:31:00 2026\n",
        b"\nFrom \n",
        b"\r\nFrom - Mon May 04 09:31:00 2026\r\n",
        b"\nFrom 1234567890@xxx Mon May 04 09:31:00 +0000 2026\n",
        b"\nFrom eve@example.org Mon May  4 09:31:00 2026\n>From eve@example.org Mon May  4 09:31:00 2026\n",
    ],
    ids=["usual", "no blank line", "no date", "Thunderbird", "Gmail", "twice"],
)
def test_an_mbox_may_be_written_by_many_programs(tmp_path: Path, separator: bytes) -> None:
    first, second = members(tmp_path, SEPARATOR + MAIL + separator + MAIL)
    assert (first, second.endswith(MAIL.strip())) == (MAIL.strip(), True)


@pytest.mark.parametrize(
    "line", [b"\nFrom what I hear you should meet Sara.\nShe is here.", b"x\nFrom there:\nto: here"]
)
def test_a_sentence_that_begins_with_from_separates_nothing(tmp_path: Path, line: bytes) -> None:
    assert len(members(tmp_path, SEPARATOR + MAIL + line + b"\n")) == 1


def test_what_was_escaped_in_an_mbox_is_as_it_was_written(tmp_path: Path) -> None:
    (only,) = members(tmp_path, SEPARATOR + MAIL + b"\n>From what I hear\n>>From what I heard\n> From\n")
    assert only.endswith(b"\nFrom what I hear\n>From what I heard\n> From")


def test_one_member_of_an_mbox_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "all.mbox").write_bytes(MBOX)
    assert names(tmp_path / "all.mbox#2") == ["all.mbox#2"]
    with pytest.raises(GraciousError, match="no message number 3"):
        list(messages(f"{tmp_path}/all.mbox#3"))
    (tmp_path / "all.mbox#2").write_bytes(MAIL)
    (raw,) = messages(f"{tmp_path}/all.mbox#2")
    assert raw.content == MAIL


def test_an_mbox_of_one_endless_line_or_of_nothing_is_read(tmp_path: Path) -> None:
    assert members(tmp_path, SEPARATOR) == [b""]
    (endless,) = members(tmp_path, SEPARATOR + b"From " + b"00:00 " * 50_000)
    assert len(endless) > 250_000


def test_a_single_message_that_kept_its_separator_is_no_mbox(tmp_path: Path) -> None:
    (tmp_path / "one.eml").write_bytes(SEPARATOR + MAIL)
    assert names(tmp_path / "one.eml") == ["one.eml"]


def test_a_folder_is_read_whole_in_order_without_hidden_files(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    (folder / "inner").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("b.eml", "a.eml", "inner/c.eml", ".hidden.eml", "picture.png", ".git/x.eml", "7.", "z"):
        (folder / name).write_bytes(MAIL)
    (folder / "c.mbox").write_bytes(MBOX)
    (folder / "back").symlink_to(folder)
    found = ["7.", "a.eml", "b.eml", "c.mbox#1", "c.mbox#2", "inner/c.eml", "z"]
    assert names(folder) == [f"mail/{name}" for name in found]
    assert size(str(folder)) == 5 * len(MAIL) + len(MBOX)


def test_of_a_maildir_the_messages_are_read_and_those_of_its_folders(tmp_path: Path) -> None:
    folder = tmp_path / "Maildir"
    for name in (
        "cur/1.host:2,S",
        "new/2.host",
        "tmp/3.host",
        ".Sent/cur/4.host:2,S",
        "dovecot-uidlist",
        "subscriptions",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MAIL)
    assert names(folder) == [f"Maildir/{name}" for name in (".Sent/cur/4.host:2,S", "cur/1.host:2,S", "new/2.host")]


def test_something_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(GraciousError, match=r"nothing\.eml"):
        list(messages(str(tmp_path / "nothing.eml")))


@pytest.mark.parametrize("name", ["nothing.eml", "nothing.mbox#1", "x" * 300, "x/" * 3_000])
def test_what_cannot_be_opened_comes_with_its_reason(tmp_path: Path, name: str) -> None:
    (one,) = contents(f"{tmp_path}/{name}")
    assert isinstance(one, Unread)
    assert "cannot be read" in one.reason


@pytest.mark.parametrize(("content", "count"), [(MAIL, 1), (MBOX, 2)])
def test_a_pipe_is_read_as_a_file_is(tmp_path: Path, content: bytes, count: int) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    found = list(contents(str(pipe)))
    writer.join()
    assert [type(one) for one in found] == [RawMessage] * count
