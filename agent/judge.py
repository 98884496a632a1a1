"""I/O: IMAP. The one way from a header to a verdict, for the daemon and for `scan` alike."""

from collections.abc import Callable

from agent.detect import NEAR, Detector
from agent.mailbox import Session, Special
from agent.model import Kind, Message, Owner, Verdict
from agent.provenance import is_auto_submitted, is_bulk, is_report


class Judge:
    """Judges other people's mail. Looking an author up in Sent opens that mailbox in the session."""

    def __init__(self, session: Session, special: Special, detector: Detector) -> None:
        self._session = session
        self._sent = special.sent
        self._detector = detector

    @staticmethod
    def is_told_by_header(message: Message) -> bool:
        """Whether the header alone says that this is no offer: lists, bulk and machines never make one."""
        return is_bulk(message) or is_auto_submitted(message) or is_report(message)

    def examine(self, message: Message) -> tuple[Verdict, bool]:
        """Return the verdict, and whether the owner ever wrote to the author.

        That is looked up only where it matters: it costs a search, and tips the scales near the threshold.
        """
        return examined(self._detector, message, self._is_known)

    def _is_known(self, message: Message) -> bool:
        if self._sent is None or message.author is None:
            return False
        self._session.examine(self._sent)
        return self._session.has_mail_to(message.author.email)


def examined(detector: Detector, message: Message, is_known: Callable[[Message], bool]) -> tuple[Verdict, bool]:
    """Return the verdict, and whether the author is known; that is asked only near the threshold or above it."""
    verdict = detector.examine(message)
    if verdict.kind is not Kind.OFFER and verdict.score < NEAR:
        return verdict, False
    if not is_known(message):
        return verdict, False
    return detector.examine(message, sender_is_known=True), True


def is_worth_reading(message: Message, owner: Owner) -> bool:
    """Whether a message, by its header, can be an offer: it is neither the owner's own nor sent by a program."""
    is_own = message.author is not None and owner.recognises(message.author.email)
    return not is_own and not Judge.is_told_by_header(message)
