"""The demo, as a new user runs it, and joined by a mail client."""

import os
import re
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from imapclient import IMAPClient

from agent.samples import PASSWORD, SAMPLES

SECONDS = 60
PROGRAM = [sys.executable, "-u", "-m", "agent", "demo"]


def environ(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONWARNINGS": "error"}


def test_the_demo_shows_every_outcome_and_leaves_nothing_behind(tmp_path: Path) -> None:
    variables = {**environ(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(PROGRAM, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = re.findall(r"→ (accept|defer|decline|redirect|skipped|not an offer)", done.stdout)
    assert set(outcomes) == {"accept", "defer", "decline", "redirect", "skipped", "not an offer"}
    assert len(outcomes) == sum(1 for sample in SAMPLES if sample.answers)
    assert "mail was sent to: alex@example.com (the owner), and to nobody else" in done.stdout
    assert "flags of the sample mail changed: 0" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int, int]]:
    """`gracious demo --serve` and its ports."""
    process = subprocess.Popen([*PROGRAM, "--serve"], env=environ(tmp_path), stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
        imap, smtp = (int(re.search(rf"{name} .*port (\d+)", said).group(1)) for name in ("IMAP", "SMTP"))  # type: ignore[union-attr]
        yield process, imap, smtp
    finally:
        process.kill()
        process.communicate()


def test_a_mail_client_can_join_in_and_play_the_owner(served: tuple[subprocess.Popen[str], int, int]) -> None:
    process, imap, smtp = served
    with IMAPClient("127.0.0.1", imap, ssl=False, timeout=SECONDS) as client:
        client.login("alex@example.com", PASSWORD)
        check_in = _first_check_in(client)
        reply = EmailMessage()
        reply["From"] = reply["To"] = "alex@example.com"
        reply["Subject"] = "Re: your question"
        reply["In-Reply-To"] = check_in
        reply.set_content("no, no")
        with smtplib.SMTP("127.0.0.1", smtp, timeout=SECONDS) as outgoing:
            outgoing.login("alex@example.com", PASSWORD)
            outgoing.send_message(reply)
        client.select_folder("Drafts", readonly=True)
        client.idle()
        while not any(response[1:] == (b"EXISTS",) for response in client.idle_check(SECONDS)):
            pass
        client.idle_done()
        (uid,) = client.search("ALL")
        draft = client.fetch([uid], ["BODY.PEEK[]", "FLAGS"])[uid]
        assert b"In-Reply-To: <" in draft[b"BODY[]"]
        assert set(draft[b"FLAGS"]) >= {rb"\Draft", rb"\Seen"}
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0


def _first_check_in(client: IMAPClient) -> str:
    client.select_folder("INBOX", readonly=True)
    while not (found := client.search(["HEADER", "X-Gracious-Asks", "swamped"])):
        client.idle()
        client.idle_check(SECONDS)
        client.idle_done()
    header = client.fetch([found[0]], ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])[found[0]]
    (value,) = [value for key, value in header.items() if key.startswith(b"BODY[")]
    return str(value.decode().split(":", 1)[1].strip())
