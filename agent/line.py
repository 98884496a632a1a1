"""I/O: held, not done. Everything of the outside world that one poll touches is a field of `Line`."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from agent.compose import Composer
from agent.detect import Detector
from agent.errors import GraciousError, UnreadableMessage
from agent.lifecycle import Policy
from agent.mailbox import Session
from agent.model import Owner, OwnerMail
from agent.store import Store

log = logging.getLogger("gracious")


class Outbox(Protocol):
    """What hands a mail to the owner: SMTP submission."""

    def submit(self, mail: OwnerMail, content: bytes, transmit: Callable[[], None]) -> None:
        """Send it; see `submission.Submission.submit`."""


@dataclass(slots=True)
class Count:
    """What a poll did: the keys are those of `once --json`."""

    messages: int = 0
    offers: int = 0
    checkins: int = 0
    replies: int = 0
    drafts: int = 0
    notices: int = 0
    unreadable: int = 0
    faults: list[GraciousError] = field(default_factory=list)
    """What went wrong without ending the poll; not part of the JSON."""


@dataclass(frozen=True, slots=True)
class Names:
    """Mailbox names from the configuration; None where the mailbox is to be found."""

    inbox: str = "INBOX"
    drafts: str | None = None
    sent: str | None = None


@dataclass(frozen=True)
class Line:
    """Owner, rules, and the effects: mailbox, outbox, state, clock."""

    owner: Owner
    account: str
    """user@host: what the state belongs to."""
    names: Names
    session: Session
    outbox: Outbox | None
    """None: mail to the owner is put into the inbox by APPEND."""
    store: Store
    detector: Detector
    composer: Composer
    policy: Policy
    first_look: timedelta
    max_a_day: int
    now: Callable[[], datetime]
    """The time, aware, in UTC."""
    pause: Callable[[float], None]
    """Wait so many seconds, or less when the program is to end."""
    count: Count = field(default_factory=Count)
    undecided: set[str] = field(default_factory=set)
    """Message-IDs of mail sent in this poll of which nobody knows whether it was accepted."""


@contextmanager
def boundary(record: Callable[[str], None]) -> Iterator[None]:
    """Stop what one message raises from stopping the line, or a command that reads many: `record` gets the reason.

    Faults of the connection, the state file or the programmer's own assertions about them are nobody's message: they go
    on up.
    """
    try:
        yield
    except UnreadableMessage as error:
        record(str(error))
    except GraciousError:
        raise
    except Exception as error:  # the one boundary: any bytes may be a mail, and the next may be the offer looked for
        log.exception("One message could not be dealt with; it is noted and passed.")
        record(f"{type(error).__name__} while reading it")
