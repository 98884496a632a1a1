# ruff: noqa: D103, E501, PLR0913 - a client is named by its function, and what it writes reads best on one line
"""Replies to a check-in as mail clients write them: every client's own quotation, in every layout and several languages.

Written from what the clients put on the wire, without their library. The check-in is rendered from the project's templates.
"""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

from agent.compose import Composer
from agent.message import parse
from agent.model import Address, Contact, Introducer, Offer, Owner, Stamp
from agent.stationery import Stationery
from agent.wire import owner_mail

OWNER = "Alex Morgan"
AUTHOR = "Gracious"
"""The display name that our own mail comes from."""
ADDRESS = "alex@example.com"
SUBJECT = "Dana offers to introduce you to Sara Kim (Northlight) [g:kq7x2m9w4tzr]"
CHECK_IN_ID = "<checkin.1@example.com>"
DATE = "Tue, 24 Nov 2026 10:00:00 +0000"
ASKED = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass(frozen=True)
class CheckIn:
    """Our mail, as the owner's client received it."""

    text: str
    html: str
    subject: str
    raw: bytes


@dataclass(frozen=True)
class Answer:
    """What the owner types: one text, or one for each question."""

    text: str
    parts: tuple[str, str] | None = None


@dataclass(frozen=True)
class Reply:
    """A finished reply with the names of what made it."""

    client: str
    layout: str
    locale: str
    raw: bytes


@dataclass(frozen=True)
class Locale:
    """How a language introduces a quotation: a line with {date}, {name}, {address}, and the labels of a header block."""

    attribution: str
    date: str
    labels: tuple[str, str, str, str]
    phone: str
    original: str
    long_date: str


LOCALES = {
    "en": Locale(
        "On {date}, {name} <{address}> wrote:",
        "Tue, Nov 24, 2026 at 9:00 AM",
        ("From", "Sent", "To", "Subject"),
        "Sent from my iPhone",
        "Original Message",
        "Tuesday, November 24, 2026 9:00 AM",
    ),
    "gb": Locale(
        "On {date}, {name} <{address}> wrote:",
        "Tue, 24 Nov 2026 at 09:00",
        ("From", "Date", "To", "Subject"),
        "Sent from my iPad",
        "Original message",
        "Tuesday, 24 November 2026 at 09:00",
    ),
    "de": Locale(
        "Am {date} schrieb {name} <{address}>:",
        "Di., 24. Nov. 2026 um 09:00 Uhr",
        ("Von", "Gesendet", "An", "Betreff"),
        "Von meinem iPhone gesendet",
        "Ursprüngliche Nachricht",
        "Dienstag, 24. November 2026 09:00",
    ),
    "fr": Locale(
        "Le {date}, {name} <{address}> a écrit :",
        "mar. 24 nov. 2026 à 09:00",
        ("De", "Envoyé", "À", "Objet"),
        "Envoyé de mon iPhone",
        "Message d'origine",
        "mardi 24 novembre 2026 09:00",
    ),
    "es": Locale(
        "El {date}, {name} (<{address}>) escribió:",
        "mar, 24 nov 2026 a las 9:00",
        ("De", "Enviado", "Para", "Asunto"),
        "Enviado desde mi iPhone",
        "Mensaje original",
        "martes, 24 de noviembre de 2026 9:00",
    ),
    "it": Locale(
        "Il giorno {date} {name} <{address}> ha scritto:",
        "mar 24 nov 2026 alle ore 09:00",
        ("Da", "Inviato", "A", "Oggetto"),
        "Inviato da iPhone",
        "Messaggio originale",
        "martedì 24 novembre 2026 09:00",
    ),
    "pt": Locale(
        "{name} <{address}> escreveu (em {date}):",
        "ter., 24 de nov. de 2026 às 09:00",
        ("De", "Enviado", "Para", "Assunto"),
        "Enviado do meu iPhone",
        "Mensagem original",
        "terça-feira, 24 de novembro de 2026 09:00",
    ),
    "nl": Locale(
        "Op {date} schreef {name} <{address}>:",
        "di 24 nov 2026 om 09:00",
        ("Van", "Verzonden", "Aan", "Onderwerp"),
        "Verstuurd vanaf mijn iPhone",
        "Oorspronkelijk bericht",
        "dinsdag 24 november 2026 09:00",
    ),
    "sv": Locale(
        "Den {date} skrev {name} <{address}>:",
        "tis 24 nov. 2026 kl 09:00",
        ("Från", "Skickat", "Till", "Ämne"),
        "Skickat från min iPhone",
        "Ursprungligt meddelande",
        "den 24 november 2026 09:00",
    ),
    "ja": Locale(
        "{date} {name} <{address}>:",
        "2026年11月24日(火) 9:00",
        ("差出人", "送信日時", "宛先", "件名"),
        "iPhoneから送信",
        "元のメッセージ",
        "2026年11月24日 9:00",
    ),
}


def check_in() -> CheckIn:
    """The check-in about one ordinary offer, as the project writes it."""
    contact = Contact(name="Sara Kim", greeting="Sara", organisation="Northlight")
    dana = Address("Dana Reyes", "dana@example.org")
    sentence = "I'd be happy to put you in touch with Sara Kim, who leaves no reply unanswered."
    offer = Offer(
        identity="6f1c2d3e4b5a69788796a5b4c3d2e1f0", message_id="<offer.1@example.org>", references=(), subject="Somebody for you",
        author=dana, reply_to=(), to=(Address(OWNER, ADDRESS),), cc=(), sent_to=ADDRESS, date=ASKED, language="en", own_text=sentence,
        body_text=sentence, body_html=None, sentence=sentence, score=9.0, threshold=5.0, evidence=(),
        introducer=Introducer("Dana Reyes", "Dana", dana.email), contacts=(contact,), warnings=("Dana Reyes has not written to you before.",),
    )  # fmt: skip
    composer = Composer(Owner(OWNER, (ADDRESS,), signature="Alex"), Stationery(), timedelta(weeks=2))
    raw = owner_mail(composer.check_in(offer, Stamp(CHECK_IN_ID, ASKED, token="kq7x2m9w4tzr")))  # noqa: S106
    message = parse(raw)
    return CheckIn(message.plain or "", message.html or "", message.subject, raw)


def _mail(plain: str | None, html: str | None, **parameters: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = mail["To"] = f"{OWNER} <{ADDRESS}>"
    mail["Subject"] = f"Re: {SUBJECT}"
    mail["Date"] = DATE
    mail["Message-ID"] = "<reply.1@example.com>"
    mail["In-Reply-To"] = mail["References"] = CHECK_IN_ID
    if plain is not None:
        mail.set_content(plain, charset="utf-8")
        for name, value in parameters.items():
            mail.set_param(name, value)
        if html is not None:
            mail.add_alternative(html, subtype="html", charset="utf-8")
    else:
        mail.set_content(html or "", subtype="html", charset="utf-8")
    return bytes(mail)


# --- plain text -------------------------------------------------------------------------------------------------------


def _prefixed(text: str, mark: str = "> ", width: int = 0) -> str:
    lines = [
        piece
        for line in text.strip().split("\n")
        for piece in (textwrap.wrap(line, width) or [""] if width else [line])
    ]
    return "\n".join((mark + line).rstrip() for line in lines)


def _plain_inline(answer: Answer, quoted: str, gap: str = "\n") -> str:
    """The quotation with each answer after the line that holds its question."""
    first, second = answer.parts or ("", "")
    lines: list[str] = []
    for line in quoted.split("\n"):
        lines.append(line)
        if "swamped?" in line:
            lines += [gap + first + gap]
        elif "changing fields?" in line:
            lines += [gap + second + gap]
    return "\n".join(lines)


def _plain(answer: Answer, layout: str, lead: str, quoted: str, *, tail: str = "") -> str:
    end = f"\n\n{tail}" if tail else ""
    if layout == "top":
        return f"{answer.text}{end}\n\n{lead}\n{quoted}\n"
    if layout == "bottom":
        return f"{lead}\n{quoted}\n\n{answer.text}{end}\n"
    return f"{lead}\n{_plain_inline(answer, quoted)}{end}\n"


def _attributed(locale: Locale, date: str | None = None) -> str:
    return locale.attribution.format(date=date or locale.date, name=AUTHOR, address=ADDRESS)


def _block(locale: Locale, *, bold: str = "") -> str:
    values = (f"{AUTHOR} <{ADDRESS}>", locale.long_date, f"{OWNER} <{ADDRESS}>", SUBJECT)
    return "\n".join(f"{bold}{label}:{bold} {value}" for label, value in zip(locale.labels, values, strict=True))


# --- HTML -------------------------------------------------------------------------------------------------------------


def _html_lines(text: str, tag: str = "div") -> str:
    return "".join(f"<{tag}>{escape(line) or '<br>'}</{tag}>" for line in text.split("\n"))


def _html_body(html: str) -> str:
    return html.partition("<body")[2].partition(">")[2].partition("</body>")[0]


def _html_inline(answer: Answer, html: str, before: str, after: str) -> str:
    """The HTML quotation, broken open after each question's paragraph."""
    for key, part in zip(("swamped?", "changing fields?"), answer.parts or ("", ""), strict=True):
        head, question, rest = html.partition(key)
        closing, end, tail = rest.partition("</p>")
        html = f"{head}{question}{closing}{end}{before}{_html_lines(part)}{after}{tail}"
    return html


def _html(
    answer: Answer,
    layout: str,
    lead: str,
    opening: str,
    html: str,
    closing: str,
    *,
    tail: str = "",
    breaks: bool = True,
) -> str:
    body = _html_body(html)
    own = _html_lines(answer.text) + (f"<br><div>{tail}</div>" if tail else "")
    if layout == "top":
        return f"<html><body>{own}<br>{lead}{opening}{body}{closing}</body></html>"
    if layout == "bottom":
        return f"<html><body>{lead}{opening}{body}{closing}<br>{own}</body></html>"
    inside = _html_inline(answer, body, closing if breaks else "", opening if breaks else "")
    return f"<html><body>{lead}{opening}{inside}{closing}</body></html>"


# --- clients ----------------------------------------------------------------------------------------------------------

Client = Callable[[Answer, str, Locale, CheckIn], bytes]


def gmail_web(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = textwrap.fill(_attributed(locale), 78)
    plain = _plain(answer, layout, f"{lead}\n", _prefixed(ours.text, width=76))
    html = _html(
        answer,
        layout,
        f'<div class="gmail_attr">{escape(_attributed(locale))}<br></div>',
        '<blockquote class="gmail_quote">',
        ours.html,
        "</blockquote>",
    )
    return _mail(plain, html)


def gmail_android(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    return _mail(_plain(answer, layout, _attributed(locale), _prefixed(ours.text, width=70)), None)


def gmail_ios(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    html = _html(
        answer,
        layout,
        f'<div><div dir="ltr">{escape(_attributed(locale))}<br></div></div>',
        '<blockquote class="gmail_quote">',
        ours.html,
        "</blockquote>",
    )
    return _mail(None, html)


def outlook_windows(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    plain = _plain(answer, layout, _block(locale) + "\n", ours.text)
    lead = (
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal">'
        + _block(locale).replace("\n", "<br>").replace("<alex", "&lt;alex").replace("com>", "com&gt;")
        + "</p></div>"
    )
    return _mail(plain, _html(answer, layout, lead, "<div>", ours.html, "</div>", breaks=False))


def outlook_mac(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = (
        '<div style="border:none;border-top:solid #B5C4DF 1.0pt"><p class="MsoNormal">'
        + "<br>".join(f"<b>{escape(line)}</b>" for line in _block(locale).split("\n"))
        + "</p></div>"
    )
    return _mail(None, _html(answer, layout, lead, "<div>", ours.html, "</div>", breaks=False))


def outlook_web(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    return _mail(_plain(answer, layout, "_" * 32 + "\n" + _block(locale) + "\n", ours.text), None)


def outlook_mobile(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = "Get Outlook for iOS<https://aka.ms/o0ukef>\n" + "_" * 32 + "\n" + _block(locale) + "\n"
    return _mail(_plain(answer, layout, lead, ours.text), None)


def outlook_starred(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    return _mail(_plain(answer, layout, _block(locale, bold="*") + "\n", ours.text), None)


def apple_mail(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = _prefixed(_attributed(locale, "24 Nov 2026, at 09:00")) + "\n>"
    html = _html(
        answer,
        layout,
        "",
        f'<blockquote type="cite"><div>{escape(_attributed(locale))}</div><br>',
        ours.html,
        "</blockquote>",
    )
    return _mail(_plain(answer, layout, lead, _prefixed(ours.text)), html)


def iphone(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = f'<div dir="ltr">{locale.phone}</div>'
    opening = f'<div dir="ltr"><blockquote type="cite">{escape(_attributed(locale))}<br><br></blockquote></div><blockquote type="cite">\ufeff'
    html = _html(answer, layout, lead, opening, ours.html, "</blockquote>", breaks=False)
    if layout == "inline":
        html = (
            html.replace("<div>", '</blockquote><div dir="ltr">').replace("</div>", '</div><blockquote type="cite">')
            if False
            else _html(answer, layout, lead, opening, ours.html, "</blockquote>")
        )
    mail = EmailMessage(policy=SMTP)
    for name, value in (
        ("From", f"{OWNER} <{ADDRESS}>"),
        ("To", ADDRESS),
        ("Subject", f"Re: {SUBJECT}"),
        ("Date", DATE),
        ("Message-ID", "<reply.1@example.com>"),
        ("In-Reply-To", CHECK_IN_ID),
    ):
        mail[name] = value
    mail.make_alternative()
    part = EmailMessage(policy=SMTP)
    part.set_content(html, subtype="html", charset="utf-8", cte="base64")
    mail.attach(part)
    return bytes(mail)


def thunderbird(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = (
        f"On 24/11/2026 09:00, {AUTHOR} wrote:"
        if locale is LOCALES["en"]
        else _attributed(locale).replace(f" <{ADDRESS}>", "")
    )
    return _mail(_plain(answer, layout, lead, _prefixed(ours.text, width=72)), None, format="flowed")


def mutt(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"On Tue, Nov 24, 2026 at 09:00:00AM +0000, {AUTHOR} wrote:"
    return _mail(
        _plain(answer, layout, lead, _prefixed(ours.text), tail="-- \nAlex Morgan\nOffice closed until 3 January\n"),
        None,
    )


def k9(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = f"-------- {locale.original} --------\n" + _block(locale) + "\n"
    return _mail(_plain(answer, layout, lead, ours.text), None)


def k9_prefix(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"On November 24, 2026 9:00:00 AM UTC, {AUTHOR} <{ADDRESS}> wrote:"
    quoted = _prefixed(ours.text, ">")
    tail = "--\nSent from my Android device with K-9 Mail. Please excuse my brevity."
    return _mail(_plain(answer, layout, lead, quoted, tail=tail if layout != "top" else ""), None)


def samsung(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = f"<div>Sent from my Galaxy</div><br><div>-------- {locale.original} --------</div>" + _html_lines(
        _block(locale)
    )
    html = _html(answer, layout, lead, "<div>", ours.html, "</div>", breaks=False)
    glued = " ".join(
        f"{answer.text} Sent from my Galaxy -------- {locale.original} --------{_block(locale)} {ours.text}".split()
    )
    return _mail(glued, html)


def yahoo(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = "    " + _attributed(locale, locale.long_date + " GMT") + "  \n"
    quoted = "\n".join(f" {line}  " for line in ours.text.split("\n"))
    html = _html(
        answer,
        layout,
        "",
        f'<div class="yahoo_quoted"><div>{escape(_attributed(locale))}</div><div>',
        ours.html,
        "</div></div>",
        breaks=False,
    )
    return _mail(_plain(answer, layout, lead, quoted), html)


def proton(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    lead = f"Sent with [Proton Mail](https://proton.me/mail/home) secure email.\n\n{_attributed(locale)}\n"
    return _mail(_plain(answer, layout, lead, _prefixed(ours.text)), None)


def fastmail(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"On Tue, 24 Nov 2026, at 9:00 AM, {AUTHOR} wrote:"
    html = _html(answer, layout, f"<div>{lead}</div>", '<blockquote type="cite" id="qt">', ours.html, "</blockquote>")
    return _mail(_plain(answer, layout, lead, _prefixed(ours.text)), html)


def roundcube(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    return _mail(_plain(answer, layout, f"On 2026-11-24 09:00, {AUTHOR} wrote:", _prefixed(ours.text, width=70)), None)


def gmx(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    block = f'Gesendet:&nbsp;Dienstag, 24. November 2026 um 09:00 Uhr<br/>Von:&nbsp;"{AUTHOR}" &lt;{ADDRESS}&gt;<br/>An:&nbsp;{ADDRESS}<br/>Betreff:&nbsp;{SUBJECT}'
    return _mail(
        None,
        _html(
            answer,
            layout,
            f'<div style="border-left:2px solid #C3D9E5"><div>{block}</div>',
            "<div>",
            ours.html,
            "</div></div>",
            breaks=False,
        ),
    )


def zoho(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"---- On Tue, 24 Nov 2026 09:00:00 +0000 {AUTHOR} <{ADDRESS}> wrote ---"
    return _mail(_plain(answer, layout, lead + "\n", ours.text), None)


def evolution(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    return _mail(
        _plain(answer, layout, f"On Tue, 2026-11-24 at 09:00 +0000, {AUTHOR} wrote:", _prefixed(ours.text)), None
    )


def mailspring(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"On Nov 24 2026, at 9:00 am, {AUTHOR} <{ADDRESS}> wrote:"
    return _mail(
        None,
        _html(
            answer,
            layout,
            "",
            f'<div class="gmail_quote_attribution">{escape(lead)}</div><blockquote>',
            ours.html,
            "</blockquote>",
        ),
    )


def tuta(answer: Answer, layout: str, _: Locale, ours: CheckIn) -> bytes:
    lead = f"<div>24 Nov 2026, 09:00 by {ADDRESS}:</div>"
    tail = "--<br>Secured with Tuta Mail: https://tuta.com/free-email"
    return _mail(
        None, _html(answer, layout, lead, '<blockquote class="tutanota_quote">', ours.html, "</blockquote>", tail=tail)
    )


def corporate(answer: Answer, layout: str, locale: Locale, ours: CheckIn) -> bytes:
    """Outlook behind a gateway: a banner on top, a signature without a delimiter, a disclaimer below."""
    tail = (
        "Alex Morgan\nHead of Payments | Northwind Ltd\nOffice closed until 4 January | +44 20 7946 0000\n\n"
        "This email and any attachments are confidential and intended solely for the addressee. If you are not the intended "
        "recipient, please delete it and do not copy it. No liability is accepted for errors.\n"
    )
    plain = _plain(
        answer,
        layout,
        _block(locale) + "\n\nCAUTION: This email originated from outside the organisation. Do not click links.\n",
        ours.text,
        tail=tail,
    )
    return _mail(plain, None)


CLIENTS: dict[str, Client] = {
    client.__name__: client
    for client in (
        gmail_web, gmail_android, gmail_ios, outlook_windows, outlook_mac, outlook_web, outlook_mobile, outlook_starred,
        apple_mail, iphone, thunderbird, mutt, k9, k9_prefix, samsung, yahoo, proton, fastmail, roundcube, gmx, zoho,
        evolution, mailspring, tuta, corporate,
    )
}  # fmt: skip
LAYOUTS = ("top", "bottom", "inline")


def replies(answer: Answer, ours: CheckIn, *, locales: Sequence[str] = tuple(LOCALES)) -> Iterator[Reply]:
    """One reply for every client, layout and locale; inline only when each question has an answer of its own."""
    for name, client in CLIENTS.items():
        for layout in LAYOUTS:
            if layout == "inline" and answer.parts is None:
                continue
            for locale in locales:
                yield Reply(name, layout, locale, client(answer, layout, LOCALES[locale], ours))
