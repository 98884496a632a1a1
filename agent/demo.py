"""I/O: terminal, embedded servers. The whole line on a sample inbox; nothing of Gracious' own is simulated.

1. Start an IMAP and an SMTP server in this process, and deliver the sample inbox.
2. Poll: offers are found, check-ins go out by SMTP and arrive in the inbox.
3. The sample owner replies, as a mail client would; poll again, until nothing more happens.
4. Show what lies in Drafts.
"""

import logging
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from agent import config
from agent.assembly import Assembly
from agent.daemon import Daemon
from agent.embedded import EmbeddedServers
from agent.lifecycle import Case, Event, Letter, Stage
from agent.message import parse
from agent.model import Message
from agent.notify import ServiceManager
from agent.samples import PASSWORD, SAMPLES, Sample, reply_as_bytes
from agent.terminal import say

ADDRESS = "alex@example.com"
_MOST_ROUNDS = 6
_CONFIGURATION = """\
[owner]
name = "Alex Morgan"
addresses = ["{address}"]
blurb = "Alex builds payment systems and plays the cello."
signature = "Alex"
timezone = "Europe/London"
[imap]
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{address}"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
[poll]
every = "5s"
[checkin]
max_a_day = 50
[state]
path = "{folder}/state/gracious.db"
"""


def perform(*, serve: bool) -> None:
    """Play the demo; with `serve`, keep the servers and the daemon up until interrupted."""
    with (
        tempfile.TemporaryDirectory(prefix="gracious-demo-", ignore_cleanup_errors=True) as folder,
        _servers() as servers,
    ):
        assembly = _assembly(Path(folder), servers)
        stage = _Play(servers, assembly)
        stage.deliver_samples()
        if serve:
            stage.serve()
        else:
            stage.play()


@contextmanager
def _servers() -> Iterator[EmbeddedServers]:
    with EmbeddedServers({ADDRESS: PASSWORD}) as servers:
        yield servers


def _assembly(folder: Path, servers: EmbeddedServers) -> Assembly:
    path = folder / config.FILE_NAME
    text = _CONFIGURATION.format(
        address=ADDRESS, imap_port=servers.imap_port, smtp_port=servers.smtp_port, folder=folder
    )
    path.write_text(text, encoding="utf-8")
    environ = {"GRACIOUS_PASSWORD": PASSWORD}
    return Assembly.of(config.load(path, environ), environ)


class _Play:
    """The demo, act by act."""

    def __init__(self, servers: EmbeddedServers, assembly: Assembly) -> None:
        self._servers = servers
        self._assembly = assembly
        self._owner = assembly.config.owner
        self._began = time.monotonic()

    def deliver_samples(self) -> None:
        now = datetime.now(UTC)
        for sample in SAMPLES:
            self._servers.deliver(_wire(sample.as_bytes(self._owner, now)))

    def serve(self) -> None:
        logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", force=True)
        logging.getLogger("gracious").setLevel(logging.INFO)
        say("Join in with your own mail client and play the owner:")
        say(f"  IMAP  {self._servers.host} port {self._servers.imap_port}, no encryption")
        say(f"  SMTP  {self._servers.host} port {self._servers.smtp_port}, no encryption, with login")
        say(f"  login {ADDRESS}, password {PASSWORD}")
        say("Answer a check-in in the inbox; the letter appears in Drafts. Ctrl-C ends it.")
        say()
        Daemon(lambda: self._assembly, ServiceManager({})).run()

    # The short way

    def play(self) -> None:
        say(f"A sample inbox of {len(SAMPLES)} messages, on an IMAP server that lives for these few seconds.")
        self._poll()
        self._show_inbox()
        self._show_one_check_in()
        for number in range(_MOST_ROUNDS):
            if not self._reply(number):
                break
            self._poll()
        self._show_letters()
        self._show_end()

    def _poll(self) -> None:
        self._assembly.poll("demo", time.sleep, lambda: False)

    def _cases(self) -> Mapping[str | None, Case]:
        with self._assembly.store() as store:
            return {case.offer.message_id: case for case in store.cases()}

    def _inbox(self) -> list[Message]:
        return [parse(stored.raw) for stored in self._servers.messages("INBOX")]

    def _show_inbox(self) -> None:
        _heading("1. What is in the inbox, and which of it is an offer of introduction")
        cases = self._cases()
        for sample in SAMPLES:
            case = cases.get(sample.message_id)
            mark = f"offer {case.offer.score:4.1f}" if case else "—         "
            name = sample.author.split(" <", maxsplit=1)[0]
            say(f"  {mark:<11} {name:<14} {sample.subject}")

    def _show_one_check_in(self) -> None:
        _heading("2. For each offer the owner gets a mail like this one")
        check_in = next(mail for mail in self._inbox() if mail.header("X-Gracious-Asks"))
        say(f"  Subject: {check_in.subject}")
        say()
        say(_indented(check_in.plain or ""))

    def _reply(self, number: int) -> bool:
        """Let the owner give the answer of that turn wherever one is waited for; False when nobody waits any more."""
        inbox, cases = self._inbox(), self._cases()
        for sample in SAMPLES:
            case = cases.get(sample.message_id)
            if case and case.stage is Stage.ASKED and number < len(sample.answers):
                self._answer(case, sample.answers[number], inbox)
        return any(number < len(sample.answers) for sample in SAMPLES)

    def _answer(self, case: Case, answer: str, inbox: list[Message]) -> None:
        asked = [
            fact for code, fact in case.effects.items() if code.startswith((Letter.CHECK_IN, Letter.CLARIFICATION))
        ]
        latest = max(asked, key=lambda fact: str(fact.done_at))
        question = next(mail for mail in inbox if mail.message_id == latest.message_id)
        now = datetime.now(UTC)
        raw = reply_as_bytes(
            self._owner, answer, question.subject, latest.message_id, question.plain or question.text, now
        )
        self._servers.deliver(_wire(raw))

    def _show_letters(self) -> None:
        _heading("3. What the owner answered, and what lies in Drafts")
        drafts = {draft.in_reply_to[0]: draft for draft in self._drafts() if draft.in_reply_to}
        cases = self._cases()
        for sample in SAMPLES:
            if case := cases.get(sample.message_id):
                self._show_letter(sample, case, drafts.get(sample.message_id))

    def _drafts(self) -> list[Message]:
        return [parse(stored.raw) for stored in self._servers.messages("Drafts")]

    def _show_letter(self, sample: Sample, case: Case, draft: Message | None) -> None:
        name = sample.author.split(" <", maxsplit=1)[0]
        say()
        say(f"── {name}: {sample.subject} " + "─" * max(0, 76 - len(name) - len(sample.subject)))
        for answer in sample.answers[: max(1, len(case.replies))]:
            say(f"  the owner replied: {' / '.join(answer.splitlines())}")
        if draft is None:
            say(f"  → {_WITHOUT_LETTER.get(case.closed_because, 'no letter')}")
            return
        outcome = case.replies[-1].answers.outcome if case.replies else ""
        say(f"  → {outcome}: a draft to {', '.join(address.email for address in draft.to)}, “{draft.subject}”")
        say()
        say(_indented(draft.own_text, "  │ "))

    def _show_end(self) -> None:
        recipients = {recipient for mail in self._servers.transcript for recipient in mail.rcpt_tos}
        _heading("4. The laws held")
        say(f"  mail was sent to: {', '.join(sorted(recipients))} (the owner), and to nobody else")
        say(f"  drafts saved: {len(self._drafts())}, each in its offer's thread, none twice")
        say(f"  flags of the sample mail changed: {self._flags_changed()}")
        say(f"  time: {time.monotonic() - self._began:.1f} s. Try `gracious demo --serve` with your own mail client.")

    def _flags_changed(self) -> int:
        samples = {sample.message_id for sample in SAMPLES}
        inbox = self._servers.messages("INBOX")
        return sum(1 for stored in inbox if stored.flags and parse(stored.raw).message_id in samples)


_WITHOUT_LETTER = {
    Event.SKIPPED: "skipped: no letter, and no further question",
    Event.NOT_AN_OFFER: "not an offer: no letter, and no further question",
    None: "waits for an answer",
}


def _heading(text: str) -> None:
    say()
    say(text)
    say("═" * len(text))


def _indented(text: str, margin: str = "  │ ") -> str:
    return "\n".join(f"{margin}{line}".rstrip() for line in text.strip().splitlines())


def _wire(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
