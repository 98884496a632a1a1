"""Pure. Tells what the author of a mail wrote this time from what is quoted, forwarded, or stands under every mail.

Works line by line and in linear time. The forms are told by their shape first (marks, labels in a row, a date or an
address before a colon); the word tables only add certainty. Text below or between marked quotations is the author's;
below an unmarked one (Outlook, Lotus Notes, forwards) nothing tells where it would end, so it all counts as quoted.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice


@dataclass(frozen=True, slots=True)
class Parts:
    """A text taken apart; every line of it is in one of the three."""

    own: str
    """What the author wrote this time, without blank lines at its ends."""
    quoted: str
    """Quotations, forwarded mail, and the lines that announce them; without the ">" marks."""
    signature: str
    """Signatures, taglines of mail programs, footers of lists, disclaimers, banners of mail gateways."""


_OWN, _QUOTED, _SIGNATURE = range(3)
"""What a line is. The roles of all lines are a bytearray, so that runs of them are found without a loop."""


def split(text: str) -> Parts:
    """`text`, its lines ending in a line feed, taken apart."""
    lines = text.split("\n")
    roles = bytearray(len(lines))
    _mark_quotations(lines, roles)
    _mark_wrapped_quotations(lines, roles)
    if "-----BEGIN PGP" in text:
        _mark_armour(lines, roles)
    _mark_signatures(lines, roles)
    _mark_banners(lines, roles)
    _mark_footers(lines, roles)
    return _gathered(lines, roles)


def _gathered(lines: list[str], roles: bytearray) -> Parts:
    """The lines of each role; where lines of another one stood between them, a blank line stands."""
    gathered: tuple[list[str], ...] = ([], [], [])
    for run in _RUN.finditer(roles):
        gathered[roles[run.start()]].append("\n".join(lines[run.start() : run.end()]))
    own, quoted, signature = ("\n\n".join(runs) for runs in gathered)
    return Parts(_tidy(own), _tidy(unmarked(quoted)), _tidy(signature))


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A mail that stands within another one, below the header fields that mail programs put above it."""

    fields: Mapping[str, str]
    """Role (from, date, to, cc, subject) → what stands behind its label, on one line."""
    text: str
    """Without the mark that forwarding put before each line; those of its own quotations are still there."""


def forwarded(text: str) -> Forwarded | None:
    """The first forwarded mail in a text, as Gmail, Outlook, Apple Mail, Thunderbird and mutt write it; None without.

    It must tell at least who wrote it, and one thing more.
    """
    lines = text.split("\n")
    labelled = (at for at, line in enumerate(lines) if _label(line) in _HEADER_ROLES)
    for at in islice(labelled, _MOST_LABELLED):
        block = _unmarked_once(lines[at : at + _LONGEST_BLOCK])
        roles, end = _labels_from(block, 0)
        if "from" in roles and len(_HEADER_ROLES.intersection(roles)) > 1:
            while end < len(block) and block[end].strip() and block[end][0] in " \t":  # the last field is folded
                end += 1
            return Forwarded(_values(block[:end]), _below(_unmarked_once(lines[at:])[end:]))
    return None


_MOST_LABELLED = 100
"""Lines with a label that are tried; above the header of a forwarded mail stand a note and a signature."""


def _unmarked_once(lines: list[str]) -> list[str]:
    """The lines without their outermost mark, when the first one has one."""
    return [_MARK.sub("", line) for line in lines] if _MARK.match(lines[0]) else lines


_MARK = re.compile(r" {0,3}> ?")


def _values(block: list[str]) -> dict[str, str]:
    """The header fields of a block, folded ones joined."""
    values: dict[str, list[str]] = {}
    role = ""
    for line in block:
        named = _label(line)
        role = named or role
        value = re.split(f"[:{_WIDE_COLON}]", line, maxsplit=1)[1] if named else line
        values.setdefault(role, []).append(value.strip(_DECORATION))
    return {role: " ".join(filter(None, lines)) for role, lines in values.items() if role in _HEADER_ROLES}


def _below(lines: list[str]) -> str:
    end = next((at for at, line in enumerate(lines) if line.startswith("--") and _END.match(line)), len(lines))
    return "\n".join(lines[:end]).strip("\n")


def unmarked(text: str) -> str:
    """`text` without the ">" that quotation puts before its lines."""
    return _MARKS.sub("", text) if ">" in text else text


def _tidy(text: str) -> str:
    if "\n\n\n" in text or " \n" in text or "\t\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip("\n").rstrip()


_RUN = re.compile(rb"\x00+|\x01+|\x02+")
_OWN_RUN = re.compile(rb"\x00+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]{0,80}\n){2,}+")

# Quotations -----------------------------------------------------------------------------------------------------------


def _mark_quotations(lines: list[str], roles: bytearray) -> None:
    position = 0
    while position < len(lines):
        if not _is_notable(lines[position]):
            position += 1
            continue
        if _is_marked(lines, position):
            _mark_attribution_above(lines, roles, position)
            roles[position] = _QUOTED
            position += 1
            continue
        opening = _opening(lines, position)
        if opening is None:
            position += 1
            continue
        start, end = opening
        if not _marks_follow(lines, end):
            end = _unmarked_end(lines, end)
        _set(roles, start, end, _QUOTED)
        position = end


def _is_notable(line: str) -> bool:
    """Whether a line can be part of a quotation or announce one at all; most cannot."""
    return ":" in line or ">" in line or line.lstrip()[:1] in _NOTABLE or _WIDE_COLON in line


def _set(roles: bytearray, start: int, end: int, role: int) -> None:
    roles[start:end] = bytes([role]) * (end - start)


def _is_marked(lines: list[str], position: int) -> bool:
    """Whether a line has the ">" of a quotation; the one that mbox files put before "From " is none."""
    line = lines[position]
    if ">" not in line[:8] or not _MARKS.match(line):
        return False
    if not line.startswith(">From "):
        return True
    around = lines[max(0, position - 1) : position] + lines[position + 1 : position + 2]
    return any(neighbour.startswith(">") for neighbour in around)


_MARKS = re.compile(r"^ {0,3}[A-Z]{0,3}(?:> ?)++", re.MULTILINE)


def _marks_follow(lines: list[str], position: int) -> bool:
    following = next((p for p in range(position, len(lines)) if lines[p].strip()), None)
    return following is not None and _is_marked(lines, following)


def _unmarked_end(lines: list[str], position: int) -> int:
    """Where an unmarked quotation ends: at the line that says so (a habit of MH), else with the text."""
    ending = (at + 1 for at in range(position, len(lines)) if lines[at].startswith("--") and _END.match(lines[at]))
    return next(ending, len(lines))


_END = re.compile(r"-{2,}+ ?end (?:of )?(?:the )?(?:forwarded|original|included)", re.IGNORECASE)


_WIDE_COLON = "\uff1a"
_COLONS = (":", _WIDE_COLON)


def _opening(lines: list[str], position: int) -> tuple[int, int] | None:
    """The lines (first, one after the last) that announce a quotation and are seen first at `position`, or None."""
    line = lines[position].strip()
    if line and line[0] in _RULES and (end := _separator_end(lines, position)) is not None:
        return position, _header_end(lines, end)
    if ":" not in line and _WIDE_COLON not in line:
        return None
    if line.endswith(_COLONS) and _announces_forward(lines, position):
        return position, _header_end(lines, position + 1)
    block = _header_block(lines, position)
    if block is not None or not line.endswith(_COLONS):
        return block
    start = _attribution_start(lines, position)
    announced = start is not None and _announces(_joined(lines, start, position + 1))
    return (start, position + 1) if start is not None and announced else None


def _joined(lines: list[str], start: int, end: int) -> str:
    return " ".join(line.strip() for line in lines[start:end])


# Separators: -----Original Message-----, ---------- Forwarded by … on … ----------

_RULES = "-_=*\u2014\u2013\u2010"
_NOTABLE = frozenset(_RULES)
"""Characters that rulers are drawn with: among them the em dash, the en dash, and the hyphen proper."""
_LONGEST_SEPARATOR = 160

_FORWARDING = re.compile(
    r"original (?:message|appointment|meeting)|forwarded|begin forward|reply message"
    r"|urspr(?:ü|ue)ngliche|originalnachricht|weitergeleitet"
    r"|message (?:d'origine|d’origine|original|transf|r[ée]exp)|transf[ée]r[ée]|transmis|r[ée]exp[ée]di[ée]"
    r"|mensaje (?:original|reenviado)|reenviad[oa]|reencaminhad[oa]|encaminhad[oa]|mensagem original"
    r"|messaggio (?:originale|inoltrato)|inoltrat[oa]"
    r"|oorspronkelijk bericht|doorgestuurd"
    r"|ursprungligt|vidarebefordra|oprindelig|videresendt|opprinnelig|przekazana|oryginalna|пересыла|исходное"
    r"|原始邮件|转发|元のメッセージ|転送",
    re.IGNORECASE,
)


def _announces_forward(lines: list[str], position: int) -> bool:
    """Whether a line says that a forwarded mail begins, and a header field follows: Apple Mail draws no ruler."""
    line = lines[position]
    return len(line) <= _LONGEST_LABEL and bool(_FORWARDING.search(line)) and _label_follows(lines, position + 1)


def _separator_end(lines: list[str], position: int) -> int | None:
    """One after a dashed line that announces an original or forwarded message; the line may be wrapped."""
    for end in (position + 1, position + 2):
        line = _joined(lines, position, end)
        words = line.strip(_RULES + " \t")
        if not words or len(line) > _LONGEST_SEPARATOR or _END.match(line):
            return None
        if line[1] in _RULES and (line[-1] in _RULES or end == position + 1):
            known = _FORWARDING.search(words) is not None and (line[-1] in _RULES or _label_follows(lines, end))
            if known or (_ruled_on_both_sides(line) and (_label_follows(lines, end) or _announces(words))):
                return end
    return None


def _header_end(lines: list[str], position: int) -> int:
    """One after the header block that follows a separator, or after the separator itself."""
    following = next((at for at in range(position, min(len(lines), position + 4)) if lines[at].strip()), None)
    if following is None or _label(lines[following]) is None:
        return position
    return _labels_from(lines, following)[1]


def _ruled_on_both_sides(line: str) -> bool:
    return not line[:3].strip(_RULES) and not line[-3:].strip(_RULES)


def _label_follows(lines: list[str], position: int) -> bool:
    """Whether one of the next three lines that are not blank is a header field as mail programs quote it."""
    following = [line for line in lines[position : position + 6] if line.strip()][:3]
    return any(_label(line) for line in following)


# Header blocks: From: … Sent: … To: … Subject: … and their like

_LABELS = {
    "from": "from von de da van från fra od от expéditeur mittente remitente remetente afzender absender lähettäjä "
    "kimden feladó 差出人 发件人 寄件者 보낸사람",
    "date": "sent date gesendet datum envoyé envoyéle enviado enviadoel enviada enviadaem enviadoem fecha data inviato "
    "verzonden skickat sendt dato wysłano отправлено дата送信日時 日時 发送时间 日期 lähetetty senton received",
    "to": "to an à a para aan till til do кому destinataire destinatario destinatário pour empfänger 宛先 收件人 "
    "받는사람",
    "cc": "cc bcc kopie kopi copie copia cópia копия c.c. 抄送",
    "subject": "subject betreff objet asunto assunto oggetto onderwerp ämne emne temat тема aihe konu tárgy "
    "件名 主题 主旨",
    "other": "importance priority attachments reply-to replyto wichtigkeit when where organization organisation "
    "mailed-by",
}
_HEADER_ROLES = frozenset({"from", "date", "to", "cc", "subject"})
_ROLE_OF_LABEL = {label: role for role, labels in _LABELS.items() for label in labels.split()}
_LONGEST_BLOCK = 80
"""Lines; recipients of a whole department fill dozens."""
_LONGEST_CONTINUATION = 40
_MOST_BLANK_LINES = 5
"""Between two labels; Lotus Notes sets its names apart."""
_DATE_LIKE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d\d\b|\d{1,2}\s?[月日時]")
_NUMERIC_DATE_AND_TIME = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? {1,3}(?:at )?\d{1,2}[:.]\d{2}")
_TIME_LIKE = re.compile(r"\d{1,2}[:.h]\d{2}")


def _label(line: str) -> str | None:
    """The role of a header label at the start of the line: from, date, to, cc, subject, other; None when none."""
    start = line[:_LONGEST_LABEL]
    label, colon, _ = start.partition(":" if ":" in start else _WIDE_COLON)
    return _ROLE_OF_LABEL.get(label.strip(_DECORATION).replace(" ", "").lower()) if colon else None


_LONGEST_LABEL = 40
_DECORATION = " \t*_>|\xa0"
"""Around a label: marks, and the asterisks that stand for bold type."""


def _header_block(lines: list[str], position: int) -> tuple[int, int] | None:
    """The block of header fields whose first label stands at `position`, with what belongs to it above; or None."""
    first = _label(lines[position])
    if first is None or first == "other":
        return None
    # A block that was refused at its first label is not a header from its second one on.
    if position and _label(lines[position - 1]) in _HEADER_ROLES:
        return None
    roles, end = _labels_from(lines, position)
    if not _is_header(roles, lines, position, end):
        return None
    return _block_start(lines, position), end


def _labels_from(lines: list[str], position: int) -> tuple[list[str], int]:
    """The roles of the labels from `position` on, and one after the last field."""
    roles: list[str] = []
    end = position
    quiet = blank = 0
    for at in range(position, min(len(lines), position + _LONGEST_BLOCK)):
        role = _label(lines[at])
        if role is not None and not (role in roles and role != "other"):
            roles.append(role)
            end, quiet, blank = at + 1, 0, 0
        elif not lines[at].strip():
            blank += 1
            if blank > (0 if "subject" in roles else _MOST_BLANK_LINES):
                break
        elif blank and roles[-1] != "from":
            break
        else:
            quiet += 1
            if quiet > _LONGEST_CONTINUATION or (roles[-1] == "subject" and quiet > 1):
                break
    return roles, end


def _is_header(roles: list[str], lines: list[str], position: int, end: int) -> bool:
    """Whether labels in this order are a mail's header rather than a memorandum's or an itinerary's."""
    present = set(roles)
    values = "\n".join(lines[position:end])
    if "from" in present:
        if "to" in present and roles.index("to") < roles.index("from") and "@" not in values:
            return _separator_above(lines, position)
        dated = "date" in present or _TIME_LIKE.search(values) is not None
        certain = "subject" in present or "@" in values or _separator_above(lines, position)
        return certain and dated and len(present & {"date", "to", "subject"}) >= (2 if "@" not in values else 1)
    if "to" in present and "subject" in present:
        return "cc" in present or "date" in present or _dated_line_above(lines, position) is not None
    return False


def _separator_above(lines: list[str], position: int) -> bool:
    above = _last_full_line(lines, position, blanks=2)
    return above is not None and lines[above].strip()[:4] in {"----", "____", "====", "****", "————"}


def _last_full_line(lines: list[str], position: int, blanks: int) -> int | None:
    """The line with content that stands last above `position`, with no more than so many blank ones between."""
    for at in range(position - 1, max(-1, position - 2 - blanks), -1):
        if lines[at].strip():
            return at
    return None


def _dated_line_above(lines: list[str], position: int) -> int | None:
    """The first of the lines `name / date and time` that Lotus Notes puts above its "To:"; None when there are none."""
    last = _last_full_line(lines, position, blanks=2)
    if last is None:
        return None
    first = last
    while first > max(0, last - 3) and lines[first - 1].strip():
        first -= 1
    dated = next((at for at in range(first, last + 1) if _NUMERIC_DATE_AND_TIME.search(lines[at])), None)
    return None if dated is None else max(first, dated - 2)


def _block_start(lines: list[str], position: int) -> int:
    """Where a header block begins: with the ruler, the forwarding line, or Lotus Notes' name and date above it."""
    start = position
    if _label(lines[position]) != "from":
        dated = _dated_line_above(lines, position)
        start = position if dated is None else dated
    above = _last_full_line(lines, start, blanks=2)
    while above is not None and (_is_ruler(lines[above]) or lines[above].startswith("\t")):
        start = above
        above = _last_full_line(lines, start, blanks=2)
    if above is not None and len(lines[above]) < _LONGEST_SEPARATOR:
        line = lines[above].strip()
        if (_FORWARDING.search(line) and line.endswith((":", "-"))) or _SUMMARY.search(line):
            start = above
    return start


_SUMMARY = re.compile(r"---\d{1,4}[./-]\d{1,2}[./-]\d{2,4} [\d:]{4,8}(?: [AP]M)?---")
"""`Nina Brandt ---01/05/2026 10:00:00 AM---Hi Alex, shall …`: Lotus Notes since release 8."""


def _is_ruler(line: str) -> bool:
    bare = line.strip()
    return len(bare) >= _SHORTEST_RULER and bare[0] in _DRAWN and not bare.strip(_DRAWN)


_SHORTEST_RULER = 4
"""Characters; three may be a pause in a text."""
_DRAWN = _RULES + "~# "


# Attributions: On …, Jane Doe <jane@…> wrote:

_LONGEST_ATTRIBUTION = 400
_VERBS = (
    "wrote|writes|said|schrieb|geschrieben|a [ée]crit|[ée]crivait|escribi[óo]|escreveu|ha scritto|scrive|schreef"
    "|skrev|kirjoitti|napisał(?:\\(a\\))?|napsal|пишет|писал|написал|yazd[\u0131i]|írta|写道|寫道|書きました|작성|כתב|كتب"
)
_VERB = re.compile(_VERBS, re.IGNORECASE)
_LAST_VERB = re.compile(rf"(?:{_VERBS})\W{{0,3}}$", re.IGNORECASE)
_LONGEST_VERB = 40
"""Characters at the end of a line in which the verb and a short name have room."""
_STARTER = re.compile(
    r"(?:on|am|le|el|il|em|op|den|dnia|dne|in data)\s|[\d(<\"'\u201c]"
    # A weekday, abbreviated or not, before the day of the month.
    r"|(?:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|mié|jeu|jue|gio|ven|vie|sam|sáb|sab|dim|dom"
    r"|seg|ter|qua|qui|sex|ma|wo|vr|za|zo|mån|tis|ons|tors|lör|sön|pon|wt|śr|czw|pt|sob|nie)\w{0,8}[,.]{0,2}\s{1,2}\d",
    re.IGNORECASE,
)


def _mark_attribution_above(lines: list[str], roles: bytearray, position: int) -> None:
    """Marks the lines that announce the marked quotation beginning at `position`."""
    last = _last_full_line(lines, position, blanks=2)
    if last is None or roles[last] != _OWN:
        return
    start = _attribution_start(lines, last)
    if start is not None:
        _set(roles, start, position, _QUOTED)


def _attribution_start(lines: list[str], last: int) -> int | None:
    """The first of up to four lines, ending with `last`, that say who wrote when; None when they do not."""
    ending = lines[last].rstrip()
    if not ending.endswith(_COLONS) and not _LAST_VERB.search(ending[-_LONGEST_VERB:]):
        return None
    for start in range(last, max(-1, last - 4), -1):
        if not lines[start].strip():
            return None
        joined = _joined(lines, start, last + 1)
        if len(joined) > _LONGEST_ATTRIBUTION:
            return None
        if "@" in joined or _DATE_LIKE.search(joined) or _says_who(joined):
            return _extended(lines, start, last)
    return None


def _says_who(line: str) -> bool:
    """`Nina Brandt writes:`, without date and address."""
    return line.endswith(_COLONS) and len(line.split()) > 1 and _VERB.search(line[-_LONGEST_VERB:]) is not None


def _extended(lines: list[str], start: int, last: int) -> int:
    """`start`, or a line above it where the attribution was wrapped."""
    for at in range(start - 1, max(-1, last - 4), -1):
        line = lines[at].strip()
        if not line or line[-1] in ".!?:;" or len(line) > _LONGEST_ATTRIBUTION:
            break
        if _STARTER.match(line) and _DATE_LIKE.search(line):
            return at
    return start


def _announces(line: str) -> bool:
    """Whether an attribution is beyond doubt, so that it needs no marked quotation below it."""
    if not _DATE_LIKE.search(line) or not _STARTER.match(line):
        return False
    timed, addressed = _TIME_LIKE.search(line) is not None, "@" in line
    return (timed and addressed) or ((timed or addressed) and _VERB.search(line) is not None)


# Quoted lines that were wrapped: the rest stands without a mark

_FULL_LINE = 60


def _mark_wrapped_quotations(lines: list[str], roles: bytearray) -> None:
    for lone in _LONE_LINE.finditer(roles):
        at = lone.end()
        if _is_rest(lines[at - 1], lines[at]):
            roles[at] = _QUOTED


_LONE_LINE = re.compile(rb"\x01(?=\x00\x01)")


def _is_rest(line: str, rest: str) -> bool:
    """Whether `rest` was cut off the quoted line above it. An answer begins with a capital or follows a full stop."""
    if len(line) < _FULL_LINE or line.rstrip().endswith((".", "?", "!", ":", ";", ")")):
        return False
    return len(rest) < len(line) and (rest[:1].islower() or len(rest.split()) == 1)


# Armour of OpenPGP (RFC 9580 section 7), around a text that is signed in the clear


def _mark_armour(lines: list[str], roles: bytearray) -> None:
    inside = False
    for at, line in enumerate(lines):
        if line.startswith("-----BEGIN PGP"):
            inside = True
        if inside and roles[at] == _OWN:
            roles[at] = _SIGNATURE
        # The header of a signed text ends with a blank line, a signature with its own last line.
        if line.startswith("-----END PGP") or (not line.strip() and "SIGNED" in _armour_above(lines, at)):
            inside = False


def _armour_above(lines: list[str], position: int) -> str:
    """The opening line of armour among the three lines above; empty when there is none."""
    return next((line for line in lines[max(0, position - 3) : position] if line.startswith("-----BEGIN PGP")), "")


# Signatures -----------------------------------------------------------------------------------------------------------

_LONGEST_DELIMITER = 5
_LONGEST_SIGNATURE = 30
_LONGEST_LOOSE_SIGNATURE = 12
"""Lines with content below "--" without the space of the standard, or below a dash."""


def _mark_signatures(lines: list[str], roles: bytearray) -> None:
    """From "-- " (RFC 3676 section 4.3) to the next quotation; what is too long for a signature is none."""
    for start, end in _own_runs(roles):
        below, delimiter = 0, None
        for at in range(end - 1, start - 1, -1):
            if below > _LONGEST_SIGNATURE:
                break
            if _is_delimiter(lines[at]) and (below <= _LONGEST_LOOSE_SIGNATURE or lines[at] == "-- "):
                delimiter = at
            below += bool(lines[at].strip())
        if delimiter is not None:
            _set(roles, delimiter, end, _SIGNATURE)


def _is_delimiter(line: str) -> bool:
    return len(line) <= _LONGEST_DELIMITER and line.strip() in {"--", "\u2014", "- --"}


def _own_runs(roles: bytearray) -> list[tuple[int, int]]:
    """The stretches of own lines as (first, one after the last)."""
    return [run.span() for run in _OWN_RUN.finditer(roles)]


# Banners and footers --------------------------------------------------------------------------------------------------

_MOST_BANNERS = 3
_MOST_FOOTERS = 12
_BANNER_HEIGHT = 6


def _mark_banners(lines: list[str], roles: bytearray) -> None:
    """The warnings that mail gateways put on top."""
    runs = _own_runs(roles)
    if not runs:
        return
    for start, end in _first_paragraphs(lines, *runs[0], most=_MOST_BANNERS):
        if end - start > _BANNER_HEIGHT or not _is_banner(_joined(lines, start, end)):
            return
        _set(roles, start, end, _SIGNATURE)


_OUTSIDE = (
    *(
        "external",
        "outside of",
        "outside the",
        "outside your",
        "extern",
        "außerhalb",
        "extérieur",
        "fuera de",
        "esterno",
    ),
    *("esterna", "fora da", "fora do", "buiten de", "buiten uw"),
)
_ADVICE = (
    *("click", "recognize the sender", "recognise the sender", "klick", "cliquez", "cliquer", "clic en", "cliccare"),
    *("clicar", "clique", "klik ", "open attachments", "opening attachments"),
)
_WARNINGS = (
    *("caution", "warning", "external", "vorsicht", "achtung", "warnung", "attention", "precaución", "advertencia"),
    *("attenzione", "atenção", "cuidado", "let op", "waarschuwing", "extern", "atención", "this email originated"),
)
_BANNER_LINE = re.compile(
    r"\W{0,8}(?:external|extern|externe|externo|externa|esterno|esterna)\W{0,4}"
    r"(?:e-?mail|sender|message|mail|absender|nachricht|expéditeur|correo|mittente|remetente|afzender)?\W{0,8}"
    r"|(?:some people who received this message )?(?:you )?don['\u2019]t often get email from.{0,200}",
    re.IGNORECASE,
)


def _is_banner(paragraph: str) -> bool:
    """Whether it says that the mail is from outside, and warns or advises what not to do with it."""
    lowered = paragraph.lower()
    if not any(word in lowered for word in _OUTSIDE):
        return lowered.endswith("important") and _BANNER_LINE.fullmatch(paragraph) is not None
    advises = any(word in lowered for word in _ADVICE) or lowered.lstrip("*[(<! \u26a0\ufe0f").startswith(_WARNINGS)
    return advises or _BANNER_LINE.fullmatch(paragraph) is not None


def _mark_footers(lines: list[str], roles: bytearray) -> None:
    """Below each stretch of own text: taglines, disclaimers, list footers, and the rulers between them."""
    for start, end in _own_runs(roles):
        _mark_footers_of(lines, roles, start, end)


def _mark_footers_of(lines: list[str], roles: bytearray, start: int, end: int) -> None:
    paragraphs = list(islice(_last_paragraphs(lines, start, end), _MOST_FOOTERS))
    for first, last in paragraphs[_below_disclaimer(lines, paragraphs) :]:
        cut = _footer_start(lines, first, last)
        if cut is None:
            return
        _set(roles, cut, end, _SIGNATURE)
        if cut > first:
            return


def _below_disclaimer(lines: list[str], paragraphs: list[tuple[int, int]]) -> int:
    """How many of the last paragraphs, few and short, stand below a disclaimer; 0 without one."""
    lowest = paragraphs[:_MOST_ADDITIONS]
    if not lowest or not _is_disclaimer(_joined(lines, lowest[-1][0], lowest[0][1])):
        return 0
    for count, (first, last) in enumerate(lowest):
        text = _joined(lines, first, last)
        if _is_disclaimer(text):
            return count
        if len(text) > _LONGEST_ADDITION:
            break
    return 0


def _first_paragraphs(lines: list[str], start: int, end: int, most: int) -> list[tuple[int, int]]:
    """Paragraphs from the top as (first line, one after the last)."""
    found: list[tuple[int, int]] = []
    first = None
    for at in range(start, end + 1):
        full = at < end and bool(lines[at].strip())
        if full and first is None:
            first = at
        elif not full and first is not None:
            found.append((first, at))
            first = None
            if len(found) == most:
                break
    return found


def _last_paragraphs(lines: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Paragraphs from the bottom as (first line, one after the last)."""
    last = None
    for at in range(end - 1, start - 2, -1):
        full = at >= start and bool(lines[at].strip())
        if full and last is None:
            last = at + 1
        elif not full and last is not None:
            yield at + 1, last
            last = None


_TALLEST_FOOTER = 40


def _footer_start(lines: list[str], first: int, last: int) -> int | None:
    """Where in the paragraph a footer begins; None when it holds none."""
    first = max(first, last - _TALLEST_FOOTER)
    for at in range(first, last):
        if _is_ruler(lines[at]) and (at + 1 == last or _is_advertised(lines, at + 1, last)):
            return at
    text = _joined(lines, first, last)
    if _is_disclaimer(text):
        return _disclaimer_start(lines, first, last)
    if _is_list_footer(text):
        return next((at for at in range(first, last) if _is_list_footer(lines[at])), first)
    return next((at for at in range(max(first, last - 2), last) if _is_tagline(lines[at].strip())), None)


def _is_advertised(lines: list[str], first: int, last: int) -> bool:
    """Whether what stands below a ruler is a footer: known as one, or a few lines with an address of the web."""
    text = _joined(lines, first, last)
    if last - first <= _LONGEST_ADVERTISEMENT and ("://" in text or "www." in text):
        return True
    return _is_disclaimer(text) or _is_list_footer(text) or _is_tagline(text)


_LONGEST_ADVERTISEMENT = 8


_LONGEST_TAGLINE = 120
_TAGLINE = re.compile(
    r"\W{0,3}(?:sent from my \w|sent (?:from|via|with|using) (?:the |a )?(?-i:[A-Z0-9\"i])"
    r"|(?:get|download) (?:the )?(?:outlook|yahoo)\b"
    r"|von meinem .{0,60}gesendet|gesendet (?:von|mit|über)|diese nachricht wurde von mein"
    r"|envoy[ée]e? (?:de|depuis|à partir|avec)|t[ée]l[ée]charge[rz]? outlook"
    r"|enviado (?:desde|con|do|de|pelo|via|a partir)|obtener outlook|obter o outlook"
    r"|inviato (?:da|dal|con|tramite)|scarica outlook|outlook (?:für|pour|para|per|voor) "
    r"|(?:verzonden|verstuurd) (?:vanaf|vanuit|met|via)"
    r"|skickat från|sendt fra|lähetetty|wys[łl]an[eo] z|odesláno z|отправлено|iphoneから送信|发自我的|從我的)",
    re.IGNORECASE,
)


def _is_tagline(line: str) -> bool:
    return len(line) <= _LONGEST_TAGLINE and _TAGLINE.match(line) is not None


_DISCLAIMING = (
    *("confiden", "privileg", "intended", "addressee", "unauthori", "in error", "disclos", "disclaim", "notify"),
    *("prohibited", "virus", "dissemin", "legally binding", "registered office", "consider the environment"),
    *("vertraulich", "rechtlich geschützt", "irrtümlich", "unbefugt", "vernichten", "weitergabe", "nicht gestattet"),
    *("destinatair", "par erreur", "divulg", "interdit", "détruire", "destinatari", "destinatário", "por error"),
    *("por engano", "prohibid", "proibid", "riservat", "per errore", "vietat", "vertrouwelijk", "geadresseerde"),
    *("abusievelijk", "verboden", "uitsluitend bestemd", "geltend", "handelsregister", "geschäftsführer"),
)
_ENOUGH_DISCLAIMING = 3
_MOST_ADDITIONS = 4
_LONGEST_ADDITION = 600
"""Paragraphs, and characters of each, that may stand below a disclaimer and belong to it."""
_SHORTEST_DISCLAIMER = 60
_LONGEST_DISCLAIMER = 3_000


def _is_disclaimer(paragraph: str) -> bool:
    if len(paragraph) < _SHORTEST_DISCLAIMER:
        return False
    lowered = paragraph[-_LONGEST_DISCLAIMER:].lower()
    return sum(word in lowered for word in _DISCLAIMING) >= _ENOUGH_DISCLAIMING


def _disclaimer_start(lines: list[str], first: int, last: int) -> int:
    """The line of the paragraph on which its disclaimer begins; the author's words may stand right above it."""
    at = next((at for at in range(first, last) if any(word in lines[at].lower() for word in _DISCLAIMING)), first)
    for start in (at, at - 1, at - 2):
        if start >= first and _DISCLAIMER_START.match(lines[start]):
            return start
    return first if at - first <= _FEW_LINES else at


_FEW_LINES = 2
_DISCLAIMER_START = re.compile(
    r"\W{0,60}(?:confiden|privileg|disclaimer|notice|important|legal|this |the information|the content|any views"
    r"|diese |der inhalt|vertraul|ce (?:message|courriel|mail)|le contenu|est[ea] |questo|questa|il contenuto"
    r"|dit |deze )",
    re.IGNORECASE,
)

_LIST_FOOTERS = (
    *("to unsubscribe", "unsubscribe from", "unsubscribe at", "unsubscribe here", "unsubscribe:", "-unsubscribe@"),
    *("you received this message because", "you are receiving this", "you received this email because"),
    *(
        "/mailman/",
        "/listinfo",
        "groups.google.com",
        "to post to this",
        "do you yahoo",
        "msn hotmail",
        "mailing list\n",
    ),
    *("abbestellen", "désabonner", "darse de baja", "cancellarti", "afmelden", "descadastr", "austragen"),
)


def _is_list_footer(paragraph: str) -> bool:
    lowered = paragraph[:400].lower()
    return any(word in lowered for word in _LIST_FOOTERS)
