"""`explain` and `scan` as processes, over files and without any server."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.world import an_offer_mail

SECONDS = 60
CONFIGURATION = """\
[owner]
name = "Alex Morgan"
addresses = ["alex@example.com"]
timezone = "Europe/London"
[imap]
host = "imap.invalid"
username = "alex@example.com"
[state]
path = "{folder}/state/gracious.db"
"""
KEYS = {
    *("file", "offer", "kind", "score", "threshold", "evidence", "introducer", "contact", "contacts", "language"),
    "reply_to",
}
SCANNED = {"offer", "stage", "introducer", "contact", "subject", "date", "score", "next", "due"}
CONTACT = {"name", "greeting", "description", "organisation", "field"}


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "mail").mkdir()
    return tmp_path / "mail"


def nothing_is_enough(mail: Path) -> None:
    """From now on every offer falls short of the threshold, whatever the phrase tables say."""
    config = mail.parent / "config.toml"
    config.write_text(f"{config.read_text()}\n[detection]\nthreshold = 50.0\n")


def command(mail: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "agent", *arguments, "--config", str(mail.parent / "config.toml")]


def environ(mail: Path, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(mail.parent), "PYTHONWARNINGS": "error", **more}


def gracious(mail: Path, *arguments: str, given: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603
        command(mail, *arguments),
        env=environ(mail, **more),
        input=given,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.decode().split("\n")[:-1]]


def written(path: Path, *mails: bytes) -> str:
    """One message, or an mbox of several."""
    separator = b"From dev@example.org Mon May  4 09:30:00 2026\n"
    path.write_bytes(mails[0] if len(mails) == 1 else b"\n".join(separator + mail for mail in mails))
    return str(path)


def keys_at(row: Mapping[str, Any]) -> tuple[set[str], ...]:
    return set(row), set(row["introducer"]), set(row["contact"]), {key for one in row["evidence"] for key in one}


def test_every_message_has_its_line_and_nothing_stops_the_rest(mail: Path) -> None:
    paths = [
        written(mail / "offer.eml", an_offer_mail()),
        str(mail / "nothing.eml"),
        written(mail / "empty.eml", b""),
        written(mail / "noise.eml", bytes(range(256)) * 40),
        written(mail / "two.mbox", an_offer_mail("Priya"), an_offer_mail("Chidera Eze")),
        "-",
    ]
    done = gracious(mail, "explain", "--json", *paths, given=an_offer_mail("Jonas Weber"))
    found = rows(done)
    names = [row["file"].removeprefix(f"{mail}/") for row in found]
    assert names == ["offer.eml", "nothing.eml", "empty.eml", "noise.eml", "two.mbox#1", "two.mbox#2", "-"]
    assert [row["kind"] for row in found] == ["offer", "none", "none", "none", "offer", "offer", "offer"]
    for row in found:
        assert keys_at(row) == (KEYS, {"name", "greeting", "address"}, CONTACT, {"rule", "text", "weight"})
        assert row["offer"] is (row["kind"] == "offer")
        assert row["threshold"] == 5.0
        assert row["score"] == pytest.approx(sum(one["weight"] for one in row["evidence"]))
        assert all(set(contact) == CONTACT for contact in row["contacts"])
        assert row["contact"] in (row["contacts"] or [dict.fromkeys(CONTACT)])
    assert found[1]["introducer"] == {"name": None, "greeting": None, "address": None}
    assert (found[1]["language"], found[1]["reply_to"], found[0]["language"]) == (None, None, "en")
    errors = done.stderr.decode().splitlines()
    assert [name in line for name, line in zip(["nothing", "empty", "noise"], errors, strict=True)] == [True] * 3
    assert done.returncode == 1  # one of them could not be opened


def test_what_is_no_mail_is_a_verdict_and_no_failure(mail: Path) -> None:
    done = gracious(mail, "explain", "--json", written(mail / "noise.eml", b"\0" * 50))
    assert ([row["kind"] for row in rows(done)], done.returncode) == (["none"], 0)


def test_a_line_comes_before_the_next_file_is_read(mail: Path) -> None:
    first, last = written(mail / "first.eml", an_offer_mail()), mail / "last.eml"
    os.mkfifo(last)
    process = subprocess.Popen(  # noqa: S603
        command(mail, "explain", "--json", first, str(last)), env=environ(mail), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["file"] == first
    last.write_bytes(an_offer_mail())  # only now is there anything to read
    assert json.loads(process.stdout.readline())["file"] == str(last)
    assert process.wait(SECONDS) == 0
    process.stdout.close()


def test_a_mail_does_nothing_to_whoever_reads_the_lines(mail: Path) -> None:
    author = "=?utf-8?q?Dev=E2=80=A8=C2=85=1B[31m=E2=80=AE_Patel?= <dev@example.org>"
    done = gracious(mail, "explain", "--json", written(mail / "a\u202e\u2028.eml", an_offer_mail(author=author)))
    text = done.stdout.decode()
    assert len(text.splitlines()) == 1
    assert not {"\u202e", "\x1b", "\u2028", "\x85"} & set(text)
    assert rows(done)[0]["file"].endswith("a\u202e\u2028.eml")


def test_any_locale_will_do(mail: Path) -> None:
    path = written(mail / "offer.eml", an_offer_mail("Jörg Müller"))
    plain = gracious(mail, "explain", path, PYTHONIOENCODING="ascii")
    as_json = gracious(mail, "explain", "--json", path, PYTHONIOENCODING="latin-1")
    assert (plain.returncode, as_json.returncode) == (0, 0)
    assert b"about J\\xf6rg M\\xfcller" in plain.stdout
    assert rows(as_json)[0]["contact"]["name"] == "Jörg Müller"


def shown_on_a_terminal(mail: Path, *arguments: str) -> str:
    ours, its = pty.openpty()
    process = subprocess.Popen(  # noqa: S603
        command(mail, *arguments),
        env=environ(mail, TERM="xterm", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    shown = b""
    try:
        while some := os.read(ours, 4096):
            shown += some
    except OSError:  # how Linux tells the end of a terminal
        pass
    finally:
        os.close(ours)
    assert process.wait(SECONDS) == 0
    return shown.decode().replace("\r\n", "\n")


def test_on_a_terminal_the_evidence_is_marked_in_the_mail(mail: Path) -> None:
    text = "Shall I introduce you to Sara Lindqvist? She knows \x1b[2Jbanks [bold]well[/bold].\n\nDev\n\n> No\n"
    shown = shown_on_a_terminal(mail, "explain", written(mail / "offer.eml", an_offer_mail(text=text)))
    assert "\x1b[1;4;32mShall I introduce you\x1b[0m to \x1b[1;4;32mSara Lindqvist\x1b[0m?" in shown
    assert "\x1b[2J" not in shown
    assert "[bold]well[/bold]" in shown
    words = shown.replace("\x1b", "").split()
    for expected in ("From", "Subject", "needed", "kind", "introducer", "contact", "quoted"):
        assert any(expected in word for word in words), expected


def test_files_are_scanned_for_offers_and_near_misses(mail: Path) -> None:
    box = written(
        mail / "all.mbox",
        an_offer_mail(),
        an_offer_mail(),  # delivered twice
        an_offer_mail(author="Nina Roth <nina@example.org>", message_id="<2@example.org>"),
        an_offer_mail(author="Alex Morgan <alex@example.com>", message_id="<3@example.org>", to="dev@example.org"),
        an_offer_mail(message_id="<4@example.org>", head="Auto-Submitted: auto-generated\n"),
        an_offer_mail(message_id="<5@example.org>", head="List-Id: <x.example.org>\n"),
        b"\0",
    )
    done = gracious(mail, "scan", "--json", box)
    found = rows(done)
    assert [row["introducer"] for row in found] == ["Dev Patel <dev@example.org>", "Nina Roth <nina@example.org>"]
    assert [row["stage"] for row in found] == ["offer", "offer"]
    assert all(set(row) == SCANNED for row in found)
    assert (done.returncode, b"no mail that can be read: 1" in done.stderr) == (0, True)
    nothing_is_enough(mail)
    assert [row["stage"] for row in rows(gracious(mail, "scan", "--json", box))] == ["near miss", "near miss"]
    listed = gracious(mail, "scan", box).stdout.decode()
    assert [listed.count(word) for word in ("Offers: none", "Near misses: 2", "all.mbox#1", "all.mbox#3")] == [1] * 4
    assert not (mail.parent / "state").exists()


def test_a_scan_knows_from_the_owners_own_mail_whom_the_owner_knows(mail: Path) -> None:
    nothing_is_enough(mail)
    near = an_offer_mail(author="Nina Roth <nina@example.org>")
    own = an_offer_mail(author="Alex Morgan <alex@example.com>", message_id="<own@example.com>", to="nina@example.org")
    (mail / "Maildir" / "cur").mkdir(parents=True)
    (mail / "Maildir" / ".Sent" / "cur").mkdir(parents=True)
    written(mail / "Maildir" / "cur" / "1.host:2,S", near)
    written(mail / "Maildir" / ".Sent" / "cur" / "2.host:2,S", own)
    before, after = (gracious(mail, "scan", "--json", str(mail / name)) for name in ("Maildir/cur", "Maildir"))
    assert rows(after)[0]["score"] == pytest.approx(rows(before)[0]["score"] + 1)


def test_a_scan_of_files_looks_at_no_mail_before_a_date(mail: Path) -> None:
    path = written(mail / "offer.eml", an_offer_mail())
    assert rows(gracious(mail, "scan", "--json", "--since", "2999-01-01", path)) == []
    assert len(rows(gracious(mail, "scan", "--json", "--since", "2020-01-01", path))) == 1


def test_a_scan_tells_what_cannot_be_opened(mail: Path) -> None:
    done = gracious(mail, "scan", "--json", str(mail / "nothing"), written(mail / "offer.eml", an_offer_mail()))
    assert (len(rows(done)), done.returncode, b"cannot be read" in done.stderr) == (1, 1, True)
    assert gracious(mail, "scan", "--mailbox", "Archive", str(mail)).returncode == 64
