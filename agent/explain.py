"""I/O: files. The verdict on every raw message that a person names, one after the other; nothing stops the rest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.detect import Detector
from agent.extract import reply_addresses
from agent.line import boundary
from agent.message import parse
from agent.model import Address, Message, Verdict
from agent.raw import RawMessage, Unread, contents


@dataclass(frozen=True, slots=True)
class Explained:
    """A message, its verdict, and where an answer would go."""

    name: str
    message: Message
    verdict: Verdict
    reply_to: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Illegible:
    """Bytes that are no mail, and why: one sentence."""

    name: str
    reason: str


def explain(names: Sequence[str], detector: Detector) -> Iterator[Explained | Illegible | Unread]:
    """Yield what there is to say about each message, as soon as it is read."""
    for named in names:
        for one in contents(named):
            if isinstance(one, Unread):
                yield one
            else:
                yield from _explained(one, detector)


def _explained(raw: RawMessage, detector: Detector) -> Iterator[Explained | Illegible]:
    reasons: list[str] = []
    found: list[Explained] = []
    with boundary(reasons.append):
        message = parse(raw.content)
        found.append(Explained(raw.name, message, detector.examine(message), reply_addresses(message)))
    yield from found
    yield from (Illegible(raw.name, f"{raw.name} is no mail that can be read: {reason}") for reason in reasons)
