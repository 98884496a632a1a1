"""Pure, but for the templates that it is handed. Offers and answers in, letters out: to the owner, and for Drafts.

What the templates are given stands in `_of_offer`, `_of_letter` and `_of_answers`. All of it is one line of visible
characters, and short: an offer is other people's text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Protocol
from urllib.parse import quote
from zlib import crc32

from agent import wire
from agent.almanac import Almanac
from agent.errors import TemplateFault
from agent.markup import quotable
from agent.model import (
    Address,
    Answers,
    Contact,
    Draft,
    Introducer,
    Notice,
    Offer,
    Outcome,
    Owner,
    OwnerMail,
    Question,
    Stamp,
)
from agent.recipients import Recipients, author_of, others_addressed, plan_recipients
from agent.wire import is_writable, one_line

__all__ = ["Composer", "Recipients", "Templates", "plan_recipients"]

PHRASINGS = 3
"""How many ways of saying it each letter has; an offer always gets the same one."""

_WIDTH = 72
"""Columns of a plain letter: room for a few marks of quotation within the 78 of RFC 5322."""
_GLUE = "\u00a0"
"""In templates: a space at which no line is broken. In the letter it is a plain space."""

_LONGEST_NAME = 60
_LONGEST_DESCRIPTION = 100
_LONGEST_SENTENCE = 300
_LONGEST_REASON = 120
_LONGEST_NOTE = 400
_LONGEST_SUBJECT_OCTETS = 250
"""Of UTF-8. It stands percent-encoded in the links of a check-in, each of which is one line of at most 998."""
_LONGEST_QUOTATION = 16 * 1024
_MOST_LINES_QUOTED = 300
_MOST_CONTACTS = 8

_REPLY_PREFIX = re.compile(
    r"\s{0,9}(?:re|aw|antw|antwort|sv|svar|vs|odp|res|rif|ref|r|ynt|bls|回复|答复|回覆)"
    r"\s{0,2}(?:\[\d{1,3}\]|\(\d{1,3}\))?\s{0,2}[:\uff1a]",
    re.IGNORECASE,
)
"""What mail clients put before the subject of an answer, in the languages that have a word of their own for it."""

_TEMPLATE_OF_LETTER: Mapping[Outcome, str] = {
    Outcome.ACCEPT: "accept.txt.j2",
    Outcome.DEFER: "defer.txt.j2",
    Outcome.DECLINE: "decline.txt.j2",
    Outcome.REDIRECT: "redirect.txt.j2",
}
_DECLINE_CHANGING = "decline_changing.txt.j2"
_CARRYING_THE_LETTER = frozenset({Notice.CORRECTED, Notice.PARKED})


class Templates(Protocol):
    """What renders the letters."""

    def render(self, name: str, language: str, /, **values: object) -> str:
        """Return the text. Raises TemplateFault."""

    def language_of(self, name: str, language: str) -> str:
        """Return the language in which the template is there."""

    def problems(self) -> list[str]:
        """Return what is wrong with the owner's own templates."""


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes all letters of one owner. `default_pause` is how long "swamped" without a date lasts."""

    owner: Owner
    stationery: Templates
    default_pause: timedelta

    # To the owner

    def check_in(self, offer: Offer, stamp: Stamp) -> OwnerMail:
        """Return the two questions about an offer. The text depends on the offer and the token alone."""
        return self._questions(offer, stamp, self._subject(offer, stamp), is_reminder=False)

    def reminder(self, offer: Offer, stamp: Stamp) -> OwnerMail:
        """Return the same questions once more, in the check-in's thread."""
        return self._questions(offer, stamp, f"Re: {self._subject(offer, stamp)}", is_reminder=True)

    def clarification(self, offer: Offer, answers: Answers, stamp: Stamp) -> OwnerMail:
        """Return one short question: what was understood, and what is missing."""
        missing = tuple(question.value for question in Question if question in answers.missing)
        values = self._of_offer(offer) | self._of_answers(answers, stamp) | {"missing": missing}
        text = self._text("clarification.txt.j2", self.owner.language, values)
        return self._thread_mail(offer, stamp, text, answers.missing or frozenset(Question))

    def notice(
        self,
        notice: Notice,
        offer: Offer,
        stamp: Stamp,
        *,
        answers: Answers | None = None,
        draft: Draft | None = None,
        because: str = "",
    ) -> OwnerMail:
        """Return what the owner should know. `because` is a code of `lifecycle.Event`, "drafted", or a sentence."""
        values = self._of_offer(offer) | {
            **(self._of_answers(answers, stamp) if answers else {"answers": None, "until": "", "day": ""}),
            "remarks": draft.remarks if draft else (),
            "because": one_line(because, _LONGEST_NOTE),
            "has_letter": draft is not None,
        }
        text = self._text(f"notice_{notice.value}.txt.j2", self.owner.language, values)
        letter = draft.text if draft and notice in _CARRYING_THE_LETTER else ""
        mail = self._thread_mail(offer, stamp, text, frozenset(), letter=letter)
        # Where there is no offer the notice answers the owner's own mail.
        return replace(mail, subject=_as_reply(offer.subject)) if notice is Notice.NOT_STARTED else mail

    def alarm(self, stamp: Stamp, since: datetime, failure: str) -> OwnerMail:
        """Return the mail that says that Gracious is blind, or, with an empty `failure`, that it no longer is."""
        day, time = self._almanac(self.owner.language).moment(since.astimezone(self.owner.timezone))
        values = {"since": f"{day}, {time}", "failure": one_line(failure, _LONGEST_NOTE)}
        subject, _, text = self._text("alarm.txt.j2", self.owner.language, values).lstrip().partition("\n")
        html = self._html("plain.html.j2", self.owner.language, {"paragraphs": _paragraphs(text), "letter": []})
        return OwnerMail(self.owner, stamp, one_line(subject), _wrapped(text), html)

    def _questions(self, offer: Offer, stamp: Stamp, subject: str, *, is_reminder: bool) -> OwnerMail:
        values = self._of_offer(offer) | {
            "is_reminder": is_reminder,
            "token": stamp.token,
            "subject": subject if subject.startswith("Re: ") else f"Re: {subject}",
            "mailto": quote(self.owner.address, safe="@"),
        }
        text = self._text("check_in.txt.j2", self.owner.language, values)
        html = self._html("check_in.html.j2", self.owner.language, values)
        return OwnerMail(self.owner, stamp, subject, _wrapped(text), html, frozenset(Question))

    def _thread_mail(
        self, offer: Offer, stamp: Stamp, text: str, asked: frozenset[Question], *, letter: str = ""
    ) -> OwnerMail:
        values = {"paragraphs": _paragraphs(text), "letter": _paragraphs(letter)}
        html = self._html("plain.html.j2", self.owner.language, values)
        whole = _wrapped(f"{text}\n{letter}" if letter else text)
        return OwnerMail(self.owner, stamp, f"Re: {self._subject(offer, stamp)}", whole, html, asked)

    def _subject(self, offer: Offer, stamp: Stamp) -> str:
        said = self._text("subject.txt.j2", self.owner.language, self._of_offer(offer))
        mark = f" [g:{stamp.token}]" if stamp.token else ""
        return _of_octets(one_line(said), _LONGEST_SUBJECT_OCTETS) + mark

    # For Drafts

    def draft(self, offer: Offer, answers: Answers, stamp: Stamp) -> Draft:
        """Return the letter to the introducer. Raises TemplateFault for an outcome that has no letter."""
        template = _template_of(answers)
        language = self.stationery.language_of(template, offer.language)
        recipients = plan_recipients(offer, answers.outcome, self.owner)
        text = self._text(template, language, self._of_letter(offer, answers, stamp.now, language))
        letter = wire.Letter(
            author=Address(self.owner.name, offer.sent_to),
            recipients=recipients.to,
            subject=_as_reply(offer.subject),
            date=stamp.now.astimezone(self.owner.timezone),
            message_id=stamp.message_id,
            in_reply_to=offer.message_id,
            references=(*offer.references, *((offer.message_id,) if offer.message_id else ())),
            text=f"{_wrapped(text)}\n{self._attribution(offer)}\n\n{_quoted(offer.body_text)}",
            html=self._html_letter(offer, text, language),
        )
        remarks = tuple(self._remarks(offer, answers, recipients, language))
        return Draft(stamp.message_id, wire.draft(letter), text.replace(_GLUE, " "), recipients.to, remarks)

    def _html_letter(self, offer: Offer, text: str, language: str) -> str | None:
        """Return the letter as HTML, for an offer that was HTML."""
        if offer.body_html is None:
            return None
        return self.stationery.render(
            "draft.html.j2",
            language,
            paragraphs=_paragraphs(text.replace(_GLUE, " ")),
            attribution=self._attribution(offer),
            quotation=quotable(offer.body_html),
        )

    def _attribution(self, offer: Offer) -> str:
        """Return the line above the quotation, as the owner's mail client would write it."""
        author = author_of(offer, self.owner)
        name, email = one_line(author.name, _LONGEST_NAME), one_line(author.email)
        day, time = self._almanac(self.owner.language).moment(offer.date.astimezone(self.owner.timezone))
        values = {"day": day, "time": time, "author": f"{name} <{email}>" if name else email}
        return one_line(self._text("attribution.txt.j2", self.owner.language, values))

    def _remarks(self, offer: Offer, answers: Answers, recipients: Recipients, language: str) -> Iterable[str]:
        """Say what the owner would not expect of the letter."""
        unwritable = tuple(address for address in recipients.to if not is_writable(address.email))
        said_words = answers.reason or answers.new_field
        happened: Mapping[str, tuple[Address, ...] | bool] = {
            "reply_to_left_out": recipients.not_followed,
            "reply_to_somebody_else": recipients.doubtful,
            "copies_dropped": recipients.left_out,
            "address_not_writable": unwritable,
            "not_their_language": language != offer.language,
            "not_your_words": bool(said_words) and language != self.owner.language,
        }
        for remark, others in happened.items():
            if others:
                values = self._of_offer(offer) | {
                    "remark": remark,
                    "others": _shown(others) if isinstance(others, tuple) else (),
                    "recipients": _shown(recipients.to),
                }
                yield one_line(self._text("remark.txt.j2", self.owner.language, values), _LONGEST_NOTE)

    # What the templates are given

    def _of_offer(self, offer: Offer) -> dict[str, object]:
        return {
            "introducer": _clean_introducer(offer.introducer),
            "contacts": tuple(map(_clean_contact, offer.contacts[:_MOST_CONTACTS])),
            "sentence": _of_octets(one_line(offer.sentence, _LONGEST_SENTENCE), 2 * _LONGEST_SENTENCE),
            "warnings": tuple(one_line(warning, _LONGEST_NOTE) for warning in offer.warnings),
            "copied": _shown(others_addressed(offer, self.owner)),
            "same_language": offer.language == self.owner.language,
            "blurb": self.owner.blurb_in(offer.language) or "",
            "pause": self._almanac(self.owner.language).duration(self.default_pause),
        }

    def _of_letter(self, offer: Offer, answers: Answers, now: datetime, language: str) -> dict[str, object]:
        own_words = language == self.owner.language
        introducer = _clean_introducer(offer.introducer)
        return self._of_offer(offer) | {
            "greeting": introducer.greeting or "",
            "same_language": language == offer.language,
            "blurb": self.owner.blurb_in(language) or "",
            "signature": self.owner.signature or self.owner.name.split(" ")[0],
            "day": self._in_words(self._day(answers.until, now), language, now),
            "reason": _phrase(answers.reason) if own_words else "",
            "new_field": _phrase(answers.new_field) if own_words else "",
            "phrasing": crc32(offer.identity.encode("utf-8", "replace")) % PHRASINGS,
        }

    def _of_answers(self, answers: Answers, stamp: Stamp) -> dict[str, object]:
        until, now, language = answers.until, stamp.now, self.owner.language
        return {
            "answers": replace(answers, reason=_phrase(answers.reason), new_field=_phrase(answers.new_field)),
            "until": self._in_words(until, language, now) if until else "",
            # Without a date of the owner's it follows from the moment of the draft, which is not that of the notice.
            "day": self._in_words(self._day(until, now), language, now) if until else "",
        }

    def _day(self, until: date | None, now: datetime) -> date:
        """Return when the owner may be expected to write again: a working day to come."""
        today = now.astimezone(self.owner.timezone).date()
        wanted = today + self.default_pause if until is None else until
        return self._almanac(self.owner.language).working_day_from(max(wanted, today + timedelta(days=1)))

    def _in_words(self, day: date, language: str, now: datetime) -> str:
        return self._almanac(language).day(day, now.astimezone(self.owner.timezone).date())

    def _almanac(self, language: str) -> Almanac:
        return Almanac(language, self.owner.country)

    def _text(self, template: str, language: str, values: Mapping[str, object]) -> str:
        return _tidied(self.stationery.render(template, language, **values))

    def _html(self, template: str, language: str, values: Mapping[str, object]) -> str:
        lines = self.stationery.render(template, language, **values).split("\n")
        # Lines of mere text stay short enough that no transfer encoding has to break them.
        short = (_filled(line) if "<" not in line else line for line in lines if line.strip())
        return "\n".join(short).replace(_GLUE, " ") + "\n"


def _template_of(answers: Answers) -> str:
    if answers.outcome is Outcome.DECLINE and answers.changing_fields is True:
        return _DECLINE_CHANGING
    template = _TEMPLATE_OF_LETTER.get(answers.outcome)
    if template is None:
        raise TemplateFault(f"There is no letter for the outcome “{answers.outcome}”.")
    return template


# People and words -----------------------------------------------------------------------------------------------------


def _clean_introducer(introducer: Introducer) -> Introducer:
    return Introducer(
        _name(introducer.name),
        _name(introducer.greeting),
        one_line(introducer.address, _LONGEST_SENTENCE),
    )


def _clean_contact(contact: Contact) -> Contact:
    description = one_line(contact.description or "", _LONGEST_DESCRIPTION).strip(" .,;:!?\"'")
    return Contact(
        name=_name(contact.name),
        greeting=_name(contact.greeting),
        description=None if description.endswith("...") else description or None,
        organisation=_name(contact.organisation),
        field=_name(contact.field),
    )


def _name(name: str | None) -> str | None:
    return one_line(name or "", _LONGEST_NAME).strip(' ,;:"') or None


def _phrase(words: str | None) -> str:
    """Return the owner's words as they can stand inside a sentence; empty when there are none."""
    line = one_line(words or "", _LONGEST_REASON)
    return "" if line.endswith("...") else line.strip(" .,;:!?-–—\"'()")


def _shown(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(_name(address.name) or one_line(address.email, _LONGEST_SENTENCE) for address in addresses)


def _as_reply(subject: str) -> str:
    """Return the subject with one `Re:` before it (RFC 5322 section 3.6.5)."""
    line, start = one_line(subject), 0
    while prefix := _REPLY_PREFIX.match(line, start):
        start = prefix.end()
    return f"Re: {line[start:].strip()}".rstrip()


def _of_octets(text: str, limit: int) -> str:
    """Return `text`, cut to at most `limit` octets of UTF-8."""
    while len(text.encode("utf-8", "replace")) > limit:
        text = one_line(text, max(len(text) * 3 // 4, 4))
    return text


# Lines ----------------------------------------------------------------------------------------------------------------


def _tidied(text: str) -> str:
    """Return the text without the traces of its template: spaces in a row or at an end, more than one empty line."""
    lines = [" ".join(part for part in line.split(" ") if part) for line in wire.many_lines(text).split("\n")]
    stretches = (list(stretch) for _, stretch in groupby(lines, key=bool))
    return "\n".join(line for stretch in stretches for line in (stretch if stretch[0] else [""])).strip("\n") + "\n"


def _paragraphs(text: str) -> list[list[str]]:
    return [paragraph.split("\n") for paragraph in text.strip("\n").split("\n\n") if paragraph]


def _wrapped(text: str) -> str:
    """Return the text in lines of at most `_WIDTH` columns, where its words allow it."""
    return "\n".join(_filled(line) for line in text.split("\n")).replace(_GLUE, " ")


def _filled(line: str) -> str:
    """Return one line as several, the last of which is no single word where that can be helped."""
    lines: list[str] = []
    for word in line.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    if len(lines) > 1 and " " not in lines[-1] and " " in lines[-2]:
        head, _, tail = lines[-2].rpartition(" ")
        lines[-2:] = [head, f"{tail} {lines[-1]}"]
    return "\n".join(lines)


def _quoted(text: str) -> str:
    """Return the offer behind marks of quotation (RFC 3676 section 4.5), without what nobody scrolls down to."""
    whole = wire.many_lines(text).strip("\n")
    kept = whole[:_LONGEST_QUOTATION].split("\n")[:_MOST_LINES_QUOTED]
    marked = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in kept]
    return "\n".join([*marked, *([] if "\n".join(kept) == whole else ["> [...]"])]) + "\n"
