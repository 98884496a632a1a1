"""Pure. Every error Gracious raises, as a tree; the type says retry or stop, and carries the exit code.

Exit codes are those of sysexits.h where it has one (64, 75, 77, 78).
"""

from collections.abc import Sequence
from typing import ClassVar


class GraciousError(Exception):
    """Something went wrong that Gracious can name. Its text is a sentence for the owner."""

    exit_code: ClassVar[int] = 1


class ConfigError(GraciousError):
    """The configuration cannot be used. `problems` holds all of them, one sentence each."""

    exit_code = 78

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class MailboxError(GraciousError):
    """The IMAP server could not do what was asked."""


class MailboxUnavailable(MailboxError):
    """No connection, a lost one, a time-out, BYE, or a refusal that passes: worth retrying later."""

    exit_code = 75


class LoginRefused(MailboxError):
    """The server does not accept the credentials. Never hammered: a retry may lock the account."""

    exit_code = 77


class UidValidityChanged(MailboxError):
    """UIDs of this mailbox mean other messages now (RFC 9051 section 2.3.1.1)."""

    exit_code = 75


class NoSuchMailbox(MailboxError):
    """A mailbox that Gracious needs was not found; `cure` says what the owner can do."""


class SubmissionError(GraciousError):
    """The SMTP server did not take a mail."""


class SubmissionDeferred(SubmissionError):
    """Refused for now (4yz, or no connection) and certainly not accepted: safe to repeat."""

    exit_code = 75


class SubmissionRefused(SubmissionError):
    """Refused for good (5yz): repeating is useless until the owner has changed something."""


class SubmissionLoginRefused(SubmissionRefused):
    """The SMTP server does not accept the credentials."""

    exit_code = 77


class SubmissionUnknown(SubmissionError):
    """The connection broke after the final dot: accepted or not, nobody knows (RFC 5321 section 4.2.5)."""

    exit_code = 75


class StoreError(GraciousError):
    """The state file cannot be used."""


class StateLocked(StoreError):
    """Another Gracious is at work on the same state; the text says which."""

    exit_code = 75


class UnreadableMessage(GraciousError):
    """A message that cannot be parsed. Recorded once with this reason and never looked at again."""


class TemplateFault(GraciousError):
    """A template cannot be rendered; the text names the file and the line."""
