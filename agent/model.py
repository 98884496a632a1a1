"""Pure. The nouns of Gracious, all frozen, in the words of docs/architecture.md.

Every datetime in here is aware and in UTC; a date is a date in the owner's zone, not a midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")


def same_address(one: str, other: str) -> bool:
    """Whether two addr-specs name one mailbox, as mailbox providers treat them: without regard to case."""
    return one.casefold() == other.casefold()


def without_detail(address: str) -> str:
    """`alex+lists@example.com` → `alex@example.com`: the sub-address detail of RFC 5233 taken off."""
    local, at, domain = address.rpartition("@")
    return f"{local.split('+', 1)[0] or local}{at}{domain}"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 section 3.4. `name` is the decoded display name, empty when there is none."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The one person whom Gracious serves. The first of `addresses` writes, all of them are recognised."""

    name: str
    addresses: tuple[str, ...]
    signature: str = ""
    blurbs: Mapping[str, str] = field(default_factory=dict)
    """Language → a few sentences about the owner that an introducer may forward; key "" is any language."""
    languages: tuple[str, ...] = ("en",)
    country: str | None = None
    timezone: ZoneInfo = UTC

    @property
    def address(self) -> str:
        """The address that writes."""
        return self.addresses[0]

    @property
    def language(self) -> str:
        """The language of check-ins and notices."""
        return self.languages[0]

    def recognises(self, email: str) -> bool:
        """Whether `email` is one of the owner's addresses, sub-addresses (`alex+x@…`) included."""
        return any(same_address(email, own) or same_address(without_detail(email), own) for own in self.addresses)

    def blurb_in(self, language: str) -> str | None:
        """The owner's blurb for a letter in `language`; None when there is none that fits."""
        return self.blurbs.get(language) or self.blurbs.get("") or None


@dataclass(frozen=True, slots=True)
class Message:
    """A mail, read. Nothing in here raises any more: what could not be decoded was replaced.

    `text` is the whole text that a person sees (the text/plain part, else the HTML rendered); `own_text` is only
    what the author wrote this time: without quotations, forwarded mail, signature, or list footers.
    """

    message_id: str | None
    """With its angle brackets; None when missing or not of that form."""
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str
    date: datetime | None
    author: Address | None
    """The first mailbox of From; None when there is none that can be answered."""
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    delivered_to: tuple[str, ...]
    """Addresses of Delivered-To, X-Original-To and Envelope-To, in this order."""
    headers: Mapping[str, tuple[str, ...]]
    """Lower-case field name → its decoded, unfolded values, top to bottom."""
    plain: str | None
    """The text/plain part(s), decoded, format=flowed joined, lines ending in \\n; None when there is none."""
    html: str | None
    """The text/html part, decoded; None when there is none."""
    html_text: str | None
    """`html` as text: hidden parts dropped, quoted blocks prefixed with "> "; None when there is no HTML."""
    text: str
    own_text: str
    quoted_text: str
    """What `own_text` leaves out of quotations and forwarded mail, as it stands, without the ">" marks."""
    signature: str
    content_type: str
    """Of the whole message, lower-case, such as "multipart/report"."""
    parameters: Mapping[str, str]
    """Parameters of the whole message's Content-Type, lower-case names."""
    attachments: tuple[str, ...] = ()
    """File names of the parts that are no text to read ("" when a part has no name)."""
    faults: tuple[str, ...] = ()
    """What was wrong with the mail but could be helped, one phrase each."""

    def header(self, name: str) -> str:
        """The first value of a header field, or an empty string."""
        values = self.headers.get(name.lower(), ())
        return values[0] if values else ""

    @property
    def thread(self) -> tuple[str, ...]:
        """The Message-IDs this mail answers, nearest first, none twice: In-Reply-To, then References backwards."""
        return tuple(dict.fromkeys((*self.in_reply_to, *reversed(self.references))))


class Kind(StrEnum):
    """What a message is, seen as an offer of introduction."""

    OFFER = "offer"
    MADE = "made"
    REQUEST = "request"
    SELF = "self"
    BULK = "bulk"
    PAST = "past"
    QUOTED = "quoted"
    OTHER_PERSON = "other_person"
    WITHDRAWN = "withdrawn"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason of a verdict: the rule, the words that matched, and what they weigh."""

    rule: str
    text: str
    weight: float
    start: int | None = None
    """Offset of `text` in the message's `own_text`; None when it stands elsewhere (headers, subject)."""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Introducer:
    """Who offers. `greeting` is the name as a friend would write it after "Dear"; None when unsure."""

    name: str | None
    greeting: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Contact:
    """The person offered. None is unknown: a wrong name is worse than none."""

    name: str | None = None
    greeting: str | None = None
    description: str | None = None
    """How the introducer describes somebody they do not name: "a local contact in engineering"."""
    organisation: str | None = None
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message was found to be, and why. `score` is the sum of the evidence's weights."""

    kind: Kind
    score: float
    threshold: float
    evidence: tuple[Evidence, ...]
    language: str | None
    sentence: str | None
    """The sentence of the own text that makes the offer, one line; None when there is none."""
    introducer: Introducer | None
    contacts: tuple[Contact, ...] = ()

    @property
    def is_offer(self) -> bool:
        """True exactly when the kind is `offer`."""
        return self.kind is Kind.OFFER

    @property
    def contact(self) -> Contact:
        """The first or main contact; all fields None when nobody was recognised."""
        return self.contacts[0] if self.contacts else Contact()


@dataclass(frozen=True, slots=True)
class Offer:
    """An introducer's message that offers an introduction, with all that the letters need of it."""

    identity: str
    """Hex digest that stays the same wherever and however often the mail is seen."""
    message_id: str | None
    references: tuple[str, ...]
    subject: str
    author: Address
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    sent_to: str
    """The owner's address that the offer was sent to, hence the draft's From."""
    date: datetime
    language: str
    own_text: str
    body_text: str
    """The text to quote below the letter."""
    body_html: str | None
    """The HTML to quote when the offer was HTML; None for a plain offer."""
    sentence: str
    score: float
    threshold: float
    evidence: tuple[Evidence, ...]
    introducer: Introducer
    contacts: tuple[Contact, ...]
    warnings: tuple[str, ...] = ()
    """What the owner should know before answering, one sentence each: failed authentication, an unknown author."""

    @property
    def handle(self) -> str:
        """The short name of the offer on the command line: the first eight digits of its identity."""
        return self.identity[:8]

    @property
    def contact(self) -> Contact:
        """The first or main contact."""
        return self.contacts[0] if self.contacts else Contact()


class Question(StrEnum):
    """The two questions of a check-in."""

    SWAMPED = "swamped"
    CHANGING_FIELDS = "changing_fields"


class Outcome(StrEnum):
    """What an owner's reply leads to."""

    ACCEPT = "accept"
    DEFER = "defer"
    DECLINE = "decline"
    REDIRECT = "redirect"
    SKIP = "skip"
    NOT_AN_OFFER = "not_an_offer"
    CLARIFY = "clarify"
    IGNORE = "ignore"

    @property
    def has_letter(self) -> bool:
        """Whether a draft to the introducer follows."""
        return self in {Outcome.ACCEPT, Outcome.DEFER, Outcome.DECLINE, Outcome.REDIRECT}


@dataclass(frozen=True, slots=True)
class Answers:
    """What a reply was understood to say. None is "not said", never a default."""

    swamped: bool | None
    until: date | None
    reason: str | None
    changing_fields: bool | None
    new_field: str | None
    outcome: Outcome
    unclear: tuple[str, ...] = ()
    """What is missing or contradictory, one phrase each, fit to stand in the question back to the owner."""
    missing: frozenset[Question] = frozenset()
    """The questions that still need an answer before a letter can be written."""


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What a reader of a reply must know of the mails that it answers."""

    ours: tuple[str, ...]
    """The text/plain of every mail of ours in the thread, newest first: what clients quote below a reply."""
    subjects: tuple[str, ...]
    asked: frozenset[Question]
    """The questions that the mail being answered puts; a clarification may put only one of them."""
    owner: Owner
    earlier: Answers | None = None
    """What earlier replies in this thread said, to be completed or corrected; None for the first reply."""
    last: Answers | None = None
    """The owner's most recent settled answers to another check-in, for "same as last time"."""


class Notice(StrEnum):
    """What a notice to the owner reports; each has a template of its name, `notice_<value>.txt.j2`."""

    DRAFT_READY = "draft_ready"
    CORRECTED = "corrected"
    """A correction came after the draft was saved: the notice carries the corrected letter."""
    SKIPPED = "skipped"
    NOT_AN_OFFER = "not_an_offer"
    CLOSED_ALREADY = "closed_already"
    """A reply came for an offer that is closed; the notice says why it is."""
    WITHDRAWN = "withdrawn"
    INTRODUCED = "introduced"
    """The introducer has simply made the introduction."""
    PARKED = "parked"
    """The draft is ready but cannot be saved; the notice says why and what to do."""
    REPLY_REFUSED = "reply_refused"
    """A reply failed DMARC on the owner's own server and was not believed."""
    NOT_STARTED = "not_started"
    """The owner named a mail to be asked about, and it cannot be; the notice says what is missing."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes one letter of ours this one and no other; fixed before the letter is written."""

    message_id: str
    now: datetime
    token: str = ""
    """Unguessable, the same for all our mail about one offer; stands in the subject of a check-in."""
    thread: tuple[str, ...] = ()
    """Message-IDs of our earlier mail about this offer and the owner's replies, oldest first."""


@dataclass(frozen=True, slots=True)
class OwnerMail:
    """A mail from the owner to the owner. No recipient field, so that it cannot be sent to anybody else."""

    owner: Owner
    stamp: Stamp
    subject: str
    text: str
    html: str | None = None
    asked: frozenset[Question] = frozenset()

    @property
    def recipient(self) -> str:
        """The only envelope recipient, and sender."""
        return self.owner.address


@dataclass(frozen=True, slots=True)
class Draft:
    """A finished letter to an introducer, for the owner's Drafts and nowhere else."""

    message_id: str
    content: bytes
    """The whole RFC 5322 message, ASCII, CRLF line ends."""
    text: str
    """The letter's own words, without the quotation: what a notice repeats."""
    recipients: tuple[Address, ...]
    remarks: tuple[str, ...] = ()
    """What the notice must tell the owner about it: a Cc dropped, Reply-To not followed. One sentence each."""
