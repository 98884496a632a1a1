"""Pure. Where a message comes from: a person, a program, a list; and whether the owner's server vouches for its author.

Every answer rests on header fields and the shape of the mail. None of them reads the text, which anybody may have
written.
"""

import re
from collections.abc import Iterator

from agent.model import Message

# Automatic answers ----------------------------------------------------------------------------------------------------


def is_auto_submitted(message: Message) -> bool:
    """Whether a program sent it by itself (RFC 3834): an absence notice, an alarm, a delivery report.

    The null reverse-path, and the fields that responders used before the RFC, count as well; so does a subject
    that begins as absence notices do, since some systems send no other sign.
    """
    submitted = _keyword(message.header("auto-submitted"))
    return (
        submitted not in {"", "no"}
        or any(name in message.headers for name in _RESPONDER_FIELDS)
        or _keyword(message.header("precedence")) in {"auto_reply", "auto-reply", "autoreply"}
        or _has_null_return_path(message)
        or _ABSENCE.match(message.subject) is not None
    )


def _keyword(value: str) -> str:
    """The value without parameters and comments, lower-case."""
    return value.partition(";")[0].partition("(")[0].strip().lower()


_RESPONDER_FIELDS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-mail-autoreply")


def _has_null_return_path(message: Message) -> bool:
    return message.header("return-path").replace(" ", "") == "<>"


# Only forms that programs write: a person's "Holiday plans" or "Automatic doors" must not match.
_ABSENCE = re.compile(
    r"\W{0,3}(?:"
    r"(?:automatic|automated|auto)[- ]?(?:reply|response)|autoreply|out of (?:the )?office(?: auto-?reply| reply)?"
    r"|vacation (?:reply|response|notice|message)"
    r"|automatische antwort|abwesenheits(?:notiz|nachricht|meldung|assistent)|abwesend"
    r"|r[ée]ponse automatique|(?:message|notification) d['\u2019]absence|absence du bureau"
    r"|respuesta autom[áa]tica|mensaje autom[áa]tico|fuera de (?:la )?oficina"
    r"|risposta automatica|fuori (?:sede|ufficio)"
    r"|resposta autom[áa]tica|fora do escrit[óo]rio|aus[êe]ncia tempor[áa]ria"
    r"|automatisch antwoord|automatische beantwoording|afwezigheids\w{0,12}|afwezig"
    r")\s{0,3}(?:[:\-\u2013(\[\]!]|$)",
    re.IGNORECASE,
)

# Reports --------------------------------------------------------------------------------------------------------------


def is_report(message: Message) -> bool:
    """Whether it reports on another mail: delivery status (RFC 3464), read receipt (RFC 8098), or their old forms."""
    return (
        message.content_type in _REPORTS
        or "x-failed-recipients" in message.headers
        or (_is_mailer(message) and (_has_null_return_path(message) or _FAILURE.search(message.subject) is not None))
    )


_REPORTS = frozenset({"multipart/report", "message/delivery-status", "message/disposition-notification"})


def _is_mailer(message: Message) -> bool:
    return message.author is not None and _MAILER.fullmatch(_local_part(message.author.email)) is not None


_MAILER = re.compile(r"(?:mailer|mail)[-_.]?daemon|post-?master|mdaemon|bounces?", re.IGNORECASE)
_FAILURE = re.compile(
    r"undeliver|not deliver|deliver\w{0,3} (?:status|fail|report|problem|delay)|mail delivery|returned mail"
    r"|failure notice|could not be (?:sent|delivered)"
    r"|unzustellbar|nicht zugestellt|zustellung"
    r"|non remis|[ée]chec de (?:la )?remise"
    r"|no se (?:ha podido|pudo) entregar|no entregado"
    r"|mancat[ao] (?:consegna|recapito)|non recapitabile"
    r"|n[ãa]o (?:foi )?(?:poss[íi]vel )?entreg|falha na entrega"
    r"|onbestelbaar|niet (?:worden )?bezorgd",
    re.IGNORECASE,
)

# Lists and bulk -------------------------------------------------------------------------------------------------------


def is_bulk(message: Message) -> bool:
    """Whether it went to many: a mailing list (RFC 2919, RFC 2369), a newsletter, a campaign.

    One field of its kind is enough, since only programs write them. Feedback-ID is not: Fastmail and Zoho put it
    on every mail that a person sends, so it only counts where nobody reads the author's address.
    """
    mailer = " ".join(message.header(name)[:200] for name in ("x-mailer", "user-agent"))
    return (
        any(name in message.headers for name in _BULK_FIELDS)
        or not _PRECEDENCES.isdisjoint(message.header("precedence").lower().replace(",", " ").split())
        or _BULK_MAILER.search(mailer) is not None
        or ("feedback-id" in message.headers and is_automatic_sender(message))
    )


_PRECEDENCES = frozenset({"bulk", "list", "junk"})
_BULK_FIELDS = (
    # RFC 2919 and RFC 2369.
    *("list-id", "list-unsubscribe", "list-post", "list-subscribe", "list-owner", "list-archive"),
    # Complaint feedback, RFC 9477; the Certified Senders Alliance asks for the second one.
    *("cfbl-address", "x-csa-complaints"),
    # List servers.
    *("mailing-list", "x-mailing-list", "x-beenthere", "x-mailman-version", "x-google-group-id", "x-list"),
    # Services that send campaigns.
    *("x-campaign", "x-campaignid", "x-campaign-id", "x-mailchimp-id", "x-mc-user", "x-marketoid", "x-sfmc-stack"),
    *("x-hs-cid", "x-roving-id", "x-ctct-id", "x-klaviyo-message-id", "x-sib-id", "x-mailjet-campaign", "x-bulkmail"),
)
_BULK_MAILER = re.compile(
    r"mailchimp|phplist|sendinblue|brevo|constant ?contact|campaign|mailer ?lite|newsletter|listserv|majordomo|\bbulk"
    r"|acymail|mailing ?list|klaviyo|cleverreach|rapidmail|exacttarget",
    re.IGNORECASE,
)

# Calendars ------------------------------------------------------------------------------------------------------------


def is_calendar(message: Message) -> bool:
    """Whether it is an invitation of a calendar program or an answer to one (RFC 6047).

    A person who merely attaches an event to a letter of their own did not send one.
    """
    names = {name.lower() for name in message.attachments}
    if names & _SCHEDULING or message.content_type == "text/calendar":
        return True
    if "calendar-notification" in message.header("sender").lower():
        return True
    if _keyword(message.header("content-class")) == "urn:content-classes:calendarmessage":
        return True
    return any(name.endswith((".ics", ".vcs")) for name in names) and _says_little(message)


_SCHEDULING = frozenset(f"{method}.ics" for method in ("request", "reply", "cancel", "counter", "refresh", "publish"))
"""What `agent.message` calls the nameless parts that carry a scheduling method (RFC 5546)."""


def _says_little(message: Message) -> bool:
    return not message.own_text or _INVITATION.match(message.subject) is not None


_INVITATION = re.compile(
    r"(?:updated |cancell?ed )?(?:invitation|event)\b|(?:accepted|declined|tentative|cancell?ed):"
    r"|einladung|zugesagt|abgesagt|abgelehnt|mit vorbehalt|accept[ée]|refus[ée]|annul[ée]|provisoire"
    r"|invitaci[óo]n|aceptad[oa]|rechazad[oa]|cancelad[oa]|invito|accettat[oa]|rifiutat[oa]|annullat[oa]"
    r"|convite|aceit[oe]|recusad[oa]|uitnodiging|geaccepteerd|geweigerd|geannuleerd",
    re.IGNORECASE,
)

# Senders --------------------------------------------------------------------------------------------------------------


def is_automatic_sender(message: Message) -> bool:
    """Whether the author's address is one that nobody reads or writes by hand; False when there is no author."""
    return message.author is not None and _AUTOMATIC.search(_local_part(message.author.email)) is not None


_AUTOMATIC = re.compile(
    r"(?:^|[._+-])(?:no[._-]?reply|do[._-]?not[._-]?reply|dont[._-]?reply|no[._-]?responder?|ne[._-]?pas[._-]?repondre"
    r"|keine[._-]?antwort|nicht[._-]?antworten|nao[._-]?responda|non[._-]?rispondere|geen[._-]?antwoord"
    r"|mailer[._-]?daemon|post-?master|notifications?|notify|alerts?|auto[._-]?(?:mailer|confirm|reply|responder)"
    r"|bounces?|robot|automated)(?:$|[._+-])|^(?:daemon|root|cron|www-data|nobody|noreply\w{1,20})$",
    re.IGNORECASE,
)


def _local_part(email: str) -> str:
    return email.rpartition("@")[0][:200]


# Authentication -------------------------------------------------------------------------------------------------------


def failed_dmarc(message: Message) -> bool:
    """Whether the receiving server found that the author's domain disowns the mail (RFC 7489, RFC 8601).

    Only the topmost Authentication-Results, and those directly below it of the same server, are believed to be that
    server's; lower ones may be forged by the sender. Words that the sender smuggled into one can only add a failure.
    """
    return any(_DMARC_FAILURE.search(field) for field in _of_receiver(message))


_DMARC_FAILURE = re.compile(r"\bdmarc(?:/\d)?\s{0,9}=\s{0,9}fail\b", re.IGNORECASE)


def authenticated(message: Message) -> bool | None:
    """Whether the receiving server vouches for the author's domain; None when it does not say.

    DMARC decides where there is a result for it; else a DKIM or SPF pass for that domain is a yes. A yes is taken from
    the topmost field only: the one below might be forged in the server's name.
    """
    if failed_dmarc(message):
        return False
    verdicts = [verdict for field in _of_receiver(message)[:1] for verdict in _verdicts(_plainly(field))]
    if any(method == "dmarc" and result == "pass" for method, result, _ in verdicts):
        return True
    domain = message.author.email.rpartition("@")[2].lower() if message.author else ""
    own = [result for method, result, about in verdicts if method in {"dkim", "spf"} and _is_about(about, domain)]
    return ("pass" in own) if own else None


def _is_about(properties: str, domain: str) -> bool:
    """Whether a verdict is on the author's domain, or one above or below it (relaxed alignment, RFC 7489 3.1)."""
    others = (found.rpartition("@")[2] for found in _IDENTITY.findall(properties))
    return any(
        domain == other or domain.endswith(f".{other}") or other.endswith(f".{domain}")
        for other in others
        if "." in other and domain
    )


_IDENTITY = re.compile(r"(?:header\.(?:d|i)|smtp\.mailfrom) ?= ?([^\s;]{1,320})")


def _of_receiver(message: Message) -> list[str]:
    """The Authentication-Results of the receiving server, topmost first."""
    fields = [value[:8_192] for value in message.headers.get("authentication-results", ())]
    server = _server(fields[0]) if fields else ""
    below = next((at for at, field in enumerate(fields) if _server(field) != server), len(fields))
    return fields[:below]


def _server(field: str) -> str:
    """The authserv-id; empty for Exchange Online, which leaves it out and begins with the first verdict."""
    words = field.partition(";")[0].lower().split()
    return words[0] if words and "=" not in words[0] else ""


def _plainly(field: str) -> str:
    """A field without comments and quoted strings, whose words the sender may have chosen; empty when they are odd."""
    text = _QUOTED_STRING.sub(" ", field)
    for _ in range(_DEEPEST_COMMENT):
        text = _COMMENT.sub(" ", text)
    return "" if _LEFT_OPEN.search(text) else text.lower()


_QUOTED_STRING = re.compile(r'"[^"]{0,500}"')
_COMMENT = re.compile(r"\([^()]{0,1000}\)")
_LEFT_OPEN = re.compile(r'["()]')
_DEEPEST_COMMENT = 3


def _verdicts(field: str) -> Iterator[tuple[str, str, str]]:
    """(method, result, properties) of every verdict in the field."""
    for statement in field.split(";"):
        found = _VERDICT.match(statement)
        if found:
            yield found[1], found[2], found[3]


_VERDICT = re.compile(r"\s*+([\w-]{1,40})(?:/\d{1,3})? ?= ?([\w-]{1,40})(.*)", re.DOTALL)
