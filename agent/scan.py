"""I/O: IMAP. A dry run over old mail, on the daemon's own code path; writes nothing anywhere."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from agent.detect import NEAR
from agent.errors import UnreadableMessage
from agent.judge import Judge
from agent.mailbox import Session, Summary
from agent.message import parse
from agent.model import Message, Owner, Verdict

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that is an offer, or nearly one."""

    message: Message
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the scan is, in messages."""

    done: int
    total: int


def scan(
    session: Session, judge: Judge, owner: Owner, mailbox: str, since: date | None
) -> Iterator[Candidate | Progress]:
    """Yield every candidate in the mailbox, oldest first, and now and then how far the scan is.

    `since` None is all of it. `mailbox` is the name on the wire.
    """
    session.examine(mailbox)
    uids = session.uids_since(since) if since else session.uids_after(0)
    yield Progress(0, len(uids))
    for start in range(0, len(uids), _BATCH):
        batch = uids[start : start + _BATCH]
        for message in list(_readable(session, judge, owner, mailbox, batch)):
            verdict, _ = judge.examine(message)
            if verdict.is_offer or verdict.score >= NEAR:
                yield Candidate(message, verdict)
        yield Progress(start + len(batch), len(uids))


def _readable(session: Session, judge: Judge, owner: Owner, mailbox: str, uids: Sequence[int]) -> Iterator[Message]:
    session.examine(mailbox)
    wanted = [summary for summary in session.summaries(uids) if _is_worth_reading(judge, owner, summary)]
    for _, raw in sorted(session.texts(wanted)):
        with suppress(UnreadableMessage):
            yield parse(raw)


def _is_worth_reading(judge: Judge, owner: Owner, summary: Summary) -> bool:
    try:
        message = parse(summary.header)
    except UnreadableMessage:
        return False
    is_own = message.author is not None and owner.recognises(message.author.email)
    return not is_own and not judge.is_told_by_header(message)
