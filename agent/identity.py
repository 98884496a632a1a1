"""Pure. Names that stay the same: of an offer wherever it is seen, of each letter of ours before it is written.

A Message-ID of ours carries a keyed digest, so that our own mail is recognised even when the state is lost, and so
that nobody without the secret can name a check-in. It says nothing about the machine: people read headers too.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from agent.model import Message
from agent.sentences import words

_KEY_DIGITS = 16
_OURS = re.compile(r"<([0-9a-f]{16})\.([0-9a-f]{8})\.([a-z2-7]{20})@[^<>@\s]{1,255}>")
_TOKEN = re.compile(r"(?<![a-z2-7])[a-z2-7]{13}(?![a-z2-7])")
_FINGERPRINT_LETTERS = 300
"""Long enough to tell two mails apart, short enough that a footer added by a list stays behind it."""


def identity_of(message: Message, *, apart: bool = False) -> str:
    """Hex digest that names the message: its Message-ID with its author.

    The own text stands in for a missing Message-ID, and is added when `apart` is asked for: some senders give one
    Message-ID to different mails (freescout-help-desk/freescout#5591).
    """
    author = message.author.email.casefold() if message.author else ""
    parts = [message.message_id or "", author]
    if apart or message.message_id is None:
        parts.append(fingerprint_of(message))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def fingerprint_of(message: Message) -> str:
    """Hex digest of the first letters and digits of the own text; of the subject where there is no text.

    Not of both: gateways put "[EXTERNAL]" before the subject of a mail that they deliver a second time.
    """
    letters = "".join(filter(str.isalnum, message.own_text[: 10 * _FINGERPRINT_LETTERS]))[:_FINGERPRINT_LETTERS]
    return hashlib.sha256((letters or message.subject).casefold().encode("utf-8", "replace")).hexdigest()


def wording_of(sentence: str) -> str | None:
    """Hex digest of how a sentence is worded; None for one without words.

    Case, accents, punctuation and line breaks do not matter, and all numbers are alike. Names do matter: the same
    words about somebody else are another offer.
    """
    spelled = ["0" if any(map(str.isdigit, word)) else word for word in words(sentence)]
    return hashlib.sha256(" ".join(spelled).encode("utf-8", "replace")).hexdigest() if spelled else None


def tokens_in(text: str) -> tuple[str, ...]:
    """Everything in `text` that has the form of a token, whether it is one or not."""
    return tuple(dict.fromkeys(_TOKEN.findall(text)))


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation's secret, and what derives from it."""

    secret: bytes

    def __repr__(self) -> str:
        return "Installation()"

    def _digest(self, *parts: str) -> str:
        digest = hmac.digest(self.secret, "\0".join(parts).encode(), "sha256")
        return base64.b32encode(digest).decode("ascii").lower()

    def token(self, offer_identity: str) -> str:
        """Return the 65 unguessable bits that stand in the subject of all our mail about one offer."""
        return self._digest("token", offer_identity)[:13]

    def message_id(self, offer_identity: str, letter: str, domain: str) -> str:
        """Return the Message-ID of one letter of ours; the same whenever it is asked for."""
        key, kind = offer_identity[:_KEY_DIGITS], hashlib.sha256(letter.encode()).hexdigest()[:8]
        return f"<{key}.{kind}.{self._digest('message-id', key, kind)[:20]}@{domain}>"

    def alarm_id(self, since: str, domain: str) -> str:
        """Return the Message-ID of a mail about no offer, but about a time of blindness that began at `since`."""
        return self.message_id(hashlib.sha256(since.encode()).hexdigest(), "alarm", domain)

    def offer_key(self, message_id: str) -> str | None:
        """Return the first digits of the identity that a Message-ID of ours belongs to; None when it is not ours."""
        match = _OURS.fullmatch(message_id)
        if match is None:
            return None
        key, kind, digest = match.groups()
        genuine = hmac.compare_digest(digest, self._digest("message-id", key, kind)[:20])
        return key if genuine else None

    def is_ours(self, message_id: str | None) -> bool:
        """Whether this installation wrote the mail of that Message-ID."""
        return message_id is not None and self.offer_key(message_id) is not None
