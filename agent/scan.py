"""I/O: IMAP, files. A dry run over old mail, on the daemon's own code path; writes nothing anywhere."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from agent.detect import NEAR, Detector
from agent.errors import UnreadableMessage
from agent.identity import fingerprint_of, identity_of
from agent.judge import Judge, examined, is_worth_reading
from agent.line import boundary
from agent.mailbox import Session, Summary
from agent.message import parse
from agent.model import Message, Owner, Verdict
from agent.raw import RawMessage, Unread

_BATCH = 100


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that is an offer, or nearly one; `name` tells where it was read when that is a file."""

    message: Message
    verdict: Verdict
    name: str = ""

    @property
    def identity(self) -> str:
        """What the daemon would know the message by."""
        return identity_of(self.message)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the scan is: in messages of a mailbox, in octets of files, of which the total may be unknown (0)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that is no mail, and why; `name` as for a candidate."""

    name: str
    reason: str


Found = Candidate | Progress | Passed | Unread


def is_candidate(verdict: Verdict) -> bool:
    """Whether its owner would want to see it: a person decides better from near misses."""
    return verdict.is_offer or verdict.score >= NEAR


def scan(session: Session, judge: Judge, owner: Owner, mailbox: str, since: date | None) -> Iterator[Found]:
    """Yield every candidate in the mailbox, oldest first, and now and then how far the scan is.

    `since` None is all of it. `mailbox` is the name on the wire.
    """
    session.examine(mailbox)
    uids = session.uids_since(since) if since else session.uids_after(0)
    yield Progress(0, len(uids))
    once = Once()
    for start in range(0, len(uids), _BATCH):
        batch = uids[start : start + _BATCH]
        for raw in list(_texts(session, owner, mailbox, batch)):
            reasons: list[str] = []
            candidates: list[Candidate] = []
            with boundary(reasons.append):
                message = parse(raw)
                verdict, _ = judge.examine(message)
                candidates += once.only(Candidate(message, verdict)) if is_candidate(verdict) else ()
            yield from candidates
            yield from (Passed("", reason) for reason in reasons)
        yield Progress(start + len(batch), len(uids))


def _texts(session: Session, owner: Owner, mailbox: str, uids: Sequence[int]) -> Iterator[bytes]:
    session.examine(mailbox)
    wanted = [summary for summary in session.summaries(uids) if _is_wanted(owner, summary)]
    for _, raw in sorted(session.texts(wanted)):
        yield raw


def _is_wanted(owner: Owner, summary: Summary) -> bool:
    with suppress(UnreadableMessage):
        return is_worth_reading(parse(summary.header), owner)
    return False


@dataclass
class Once:
    """Lets every message pass once: the same mail in two places, or delivered twice, is one offer."""

    _seen: set[tuple[str, str]] = field(default_factory=set)

    def only(self, candidate: Candidate) -> Iterator[Candidate]:
        """Yield the candidate, unless it was there before."""
        key = candidate.identity, fingerprint_of(candidate.message)
        if key not in self._seen:
            self._seen.add(key)
            yield candidate


@dataclass
class Files:
    """Scans mail in files as if it lay in a mailbox; the owner's own mail among it tells whom the owner knows."""

    detector: Detector
    owner: Owner
    since: date | None = None
    _written_to: set[str] = field(default_factory=set)
    _once: Once = field(default_factory=Once)
    _near: list[Candidate] = field(default_factory=list)

    def scan(self, contents: Iterable[RawMessage | Unread], total: int) -> Iterator[Found]:
        """Yield offers as they are found, and in the end the near misses: who is known is known only then."""
        done = 0
        for one in contents:
            if isinstance(one, Unread):
                yield one
                continue
            reasons: list[str] = []
            with boundary(reasons.append):
                yield from self._learned(one)
            yield from (Passed(one.name, reason) for reason in reasons)
            done += len(one.content)
            yield Progress(min(done, total), total)
        yield from self._decided()

    def _learned(self, raw: RawMessage) -> Iterator[Candidate]:
        message = parse(raw.content)
        if message.author is not None and self.owner.recognises(message.author.email):
            self._written_to.update(one.email.casefold() for one in (*message.to, *message.cc))
        if self._is_too_old(message) or not is_worth_reading(message, self.owner):
            return
        candidate = Candidate(message, examined(self.detector, message, self._is_known)[0], raw.name)
        if candidate.verdict.is_offer:
            yield from self._once.only(candidate)
        elif is_candidate(candidate.verdict):
            self._near += self._once.only(candidate)

    def _decided(self) -> Iterator[Candidate]:
        for near in self._near:
            verdict, _ = examined(self.detector, near.message, self._is_known)
            yield Candidate(near.message, verdict, near.name)

    def _is_too_old(self, message: Message) -> bool:
        if self.since is None or message.date is None:
            return False
        return message.date.astimezone(self.owner.timezone).date() < self.since

    def _is_known(self, message: Message) -> bool:
        return message.author is not None and message.author.email.casefold() in self._written_to
