"""I/O: files, the clock. How long Gracious takes for a mail, against merely parsing it with the standard library."""

import email
import email.policy
import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from product import detector, first_recipient

from agent.detect import Detector
from agent.errors import UnreadableMessage
from agent.message import parse

MOST_TIMED = 600
_ROUNDS = 5


@dataclass(frozen=True)
class Throughput:
    """Median seconds of every mail, added up."""

    mails: int
    gracious: float
    standard: float
    median_ratio: float
    """Of the mails one by one."""

    def __str__(self) -> str:
        each = 1000 / self.mails
        return (
            f"throughput: parsing and examining takes {self.gracious * each:.2f} ms a mail, parsing with the standard "
            f"library {self.standard * each:.2f} ms: ratio {self.gracious / self.standard:.2f} "
            f"(wanted <= 2), median of the ratios {self.median_ratio:.2f}; {self.mails} mails, {_ROUNDS} rounds"
        )


def measured(paths: Sequence[Path]) -> Throughput:
    """Time an even choice of the mails; both ways of reading take turns with each of them."""
    # What is in memory by now is no garbage: looking through it again and again is no part of reading a mail.
    gc.collect()
    gc.freeze()
    chosen = paths[:: max(1, -(-len(paths) // MOST_TIMED))]
    pairs = [_medians(path.read_bytes()) for path in chosen]
    ours, theirs = (sum(pair[side] for pair in pairs) for side in (0, 1))
    return Throughput(len(pairs), ours, theirs, median(one / other for one, other in pairs))


def _medians(raw: bytes) -> tuple[float, float]:
    judge = _judge(raw)
    ours, theirs = [], []
    for _ in range(_ROUNDS):
        ours.append(_seconds(lambda: _examine(raw, judge)))
        theirs.append(_seconds(lambda: _merely_parse(raw)))
    return median(ours), median(theirs)


def _judge(raw: bytes) -> Detector | None:
    try:
        return detector(first_recipient(parse(raw)))
    except UnreadableMessage:
        return None


def _seconds(act: Callable[[], object]) -> float:
    # The time of the processor: a busy machine makes it no longer.
    started = time.thread_time()
    act()
    return time.thread_time() - started


def _examine(raw: bytes, judge: Detector | None) -> None:
    if judge is not None:
        judge.examine(parse(raw))


def _merely_parse(raw: bytes) -> str:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    try:
        body = message.get_body(("plain", "html"))
        return "" if body is None else body.get_content()
    except (LookupError, ValueError, AttributeError, TypeError):
        # The library raises these for charsets, encodings and structures that it does not know.
        return ""
