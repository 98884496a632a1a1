"""Pure. The addresses and names of an offer: who wrote it, how a friend would greet them, where an answer goes.

None wherever there is a doubt: a wrong name in a letter is worse than none.
"""

from agent.letter import Letter
from agent.model import Address, Introducer, Message, Owner
from agent.people import Lexicon
from agent.sentences import fold, words

_LONGEST_GIVEN = 24
_DISPLAY_CUTS = (" via ", " on behalf of ", " - ", " | ", " @ ", " / ")


def sent_to(message: Message, owner: Owner) -> str:
    """The owner's address that the message came to, sub-address included; the first one when none is found."""
    reached = (*message.delivered_to, *(address.email for address in (*message.to, *message.cc)))
    for email in reached:
        if owner.recognises(email):
            return next((own for own in owner.addresses if own.casefold() == email.casefold()), email)
    return owner.address


def reply_addresses(message: Message) -> tuple[Address, ...]:
    """Where an answer goes: Reply-To, else From (RFC 5322 section 3.6.2); empty when there is neither."""
    return message.reply_to or ((message.author,) if message.author else ())


def introducer(message: Message, letter: Letter, lexicon: Lexicon) -> Introducer | None:
    """The author; None for a message without one. The greeting is the given name, or what the letter is signed with."""
    if message.author is None:
        return None
    signed = _signed(letter, message, lexicon)
    name = display_name(message.author, lexicon) or _name_in_address(message.author.email, signed, lexicon)
    greeting = _greeting(name, signed, lexicon)
    return Introducer(name or signed, greeting, message.author.email)


def display_name(address: Address, lexicon: Lexicon) -> str | None:
    """The person in a display name: "KAUR, Jas (ACME)" → Jas Kaur; None for an office or a mere address."""
    name = _uncommented(address.name)
    spelled = words(name)
    if not spelled or "@" in name or any(char.isdigit() for char in name):
        return None
    if any(word in lexicon["mailboxes"] or word in lexicon["organisations"] for word in spelled):
        return None
    return _in_small_letters(_in_order(name, lexicon))


def _uncommented(name: str) -> str:
    """Without what follows or brackets the name: a company, a department, pronouns, the site it was sent by."""
    for opening, closing in ("()", "[]", "<>"):
        while opening in name and closing in name.partition(opening)[2]:
            before, _, rest = name.partition(opening)
            name = f"{before} {rest.partition(closing)[2]}"
    for cut in _DISPLAY_CUTS:
        name = name.partition(cut)[0]
    return " ".join(name.strip(" \"'\t").split())


def _in_order(name: str, lexicon: Lexicon) -> str:
    """The given name first, as in "First Last" of "Last, First"; a degree or suffix behind a comma dropped."""
    last, comma, first = (part.strip() for part in name.partition(","))
    if not comma or not first:
        return last
    if any(word in lexicon["suffixes"] for word in words(first)):
        return last
    return f"{first.partition(',')[0].strip()} {last}"


def _in_small_letters(name: str) -> str:
    """SHOUTED or whispered names as they are usually written; short capitals in a mixed name are initials and stay."""
    if name.isupper() or name.islower():
        return " ".join(
            "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-")) for word in name.split()
        )
    return " ".join(word.title() if word.isupper() and len(word) > 3 else word for word in name.split())  # noqa: PLR2004


def _name_in_address(email: str, signed: str | None, lexicon: Lexicon) -> str | None:
    """jas.kaur@… is Jas Kaur when the letter is signed so or the first part is a given name; else nobody knows."""
    parts = [part for part in email.partition("@")[0].replace("_", ".").split(".") if part]
    spelled = [fold(part) for part in parts if part.isalpha() and len(part) > 1]
    if len(parts) < 2 or len(parts) > 3 or not spelled or spelled[0] in lexicon["mailboxes"]:  # noqa: PLR2004
        return None
    is_known = spelled[0] in lexicon["given_names"] or (signed is not None and words(signed)[:1] == spelled[:1])
    return " ".join(part.capitalize() for part in parts if len(part) > 1) if is_known and len(spelled) > 1 else None


def _signed(letter: Letter, message: Message, lexicon: Lexicon) -> str | None:
    """The name below the letter, when it can be the author's."""
    if not letter.signed:
        return None
    line = _uncommented(letter.signed.partition(",")[0]).rstrip(".")
    spelled = words(line)
    if not spelled or any(word in lexicon["mailboxes"] or word in lexicon["organisations"] for word in spelled):
        return None
    author = message.author or Address("", "")
    known = set(words(author.name)) | set(words(author.email.partition("@")[0]))
    is_known = bool(set(spelled) & known) or spelled[0] in lexicon["given_names"] or _starts_one(spelled[0], known)
    return _in_small_letters(line) if is_known and len(line) <= 2 * _LONGEST_GIVEN else None


def _starts_one(word: str, known: set[str]) -> bool:
    """Whether `word` is a short form of one of these: Ros of Rosalind."""
    return len(word) > 1 and any(name.startswith(word) for name in known)


def _greeting(name: str | None, signed: str | None, lexicon: Lexicon) -> str | None:
    formal = given_name(name, lexicon) if name else None
    informal = given_name(signed, lexicon) if signed else None
    is_titled = words(signed or "")[:1] and words(signed or "")[0] in lexicon["titles"]
    if formal is None or informal is None or is_titled:
        return formal or informal
    if _is_compound(name or "", signed or "", lexicon):
        return signed
    if fold(informal) in words(name or ""):
        same = next((part for part in (name or "").split() if fold(part) == fold(informal)), informal)
        return informal if same.isascii() and not informal.isascii() else same
    if _is_short_for(informal, formal, lexicon):
        return informal
    return formal


def _is_compound(name: str, signed: str, lexicon: Lexicon) -> bool:
    """Whether somebody signs with two given names before the surname: "Wei Ling" of Wei Ling Tan."""
    spelled, whole = words(signed), words(name)
    is_titled = bool(spelled) and spelled[0] in lexicon["titles"] | lexicon["kin"]
    return 1 < len(spelled) < len(whole) and whole[: len(spelled)] == spelled and not is_titled


def _is_short_for(informal: str, formal: str, lexicon: Lexicon) -> bool:
    """Whether the signature is another, familiar given name: "Bob" below a letter of Robert's.

    A mere beginning of the given name ("Ros") is for those who were told so.
    """
    return fold(informal) in lexicon["given_names"] and not fold(formal).startswith(fold(informal))


def given_name(name: str, lexicon: Lexicon) -> str | None:
    """What a friend calls somebody of this name; None when only initials or a title are left."""
    nickname = _nickname(name)
    if nickname:
        return nickname
    parts = [part.strip("\"'“”.,") for part in name.split()]
    bare = [part for number, part in enumerate(parts) if not _is_no_name(part, lexicon, is_first=not number)]
    if not bare:
        return None
    if len(bare) > 1 and fold(bare[0]) in lexicon["surnames_first"] and fold(bare[0]) not in lexicon["given_names"]:
        return " ".join(bare)
    usable = [part for part in bare[: max(1, len(bare) - 1)] if not _is_initial_or_particle(part, lexicon)]
    if not usable or len(usable[0]) > _LONGEST_GIVEN:
        return None
    is_double = len(bare) > 2 and usable[1:2] == bare[1:2] and fold(bare[1]) in lexicon["second_names"]  # noqa: PLR2004
    return " ".join(bare[:2]) if is_double and usable[0] == bare[0] else usable[0]


def _is_no_name(part: str, lexicon: Lexicon, *, is_first: bool) -> bool:
    """Whether a part is a title, a relation or a suffix; no initial is; a suffix stands behind (Jun Santos)."""
    if len(part) == 1:
        return False
    return fold(part) in lexicon["titles"] | lexicon["kin"] or (not is_first and fold(part) in lexicon["suffixes"])


def _is_initial_or_particle(part: str, lexicon: Lexicon) -> bool:
    """Whether nobody can be greeted so: "J", "H.J", "de"."""
    return (len(part) == 1 and part.isascii()) or "." in part or (part.islower() and fold(part) in lexicon["particles"])


def _nickname(name: str) -> str | None:
    """What stands in quotation marks within a name: Robert "Bob" Stearns."""
    for opening, closing in ('""', "“”", "''", "‘’", "«»"):
        inside, found, _ = name.partition(opening)[2].partition(closing)
        if found and inside.isalpha() and name.strip()[0] != opening:
            return inside
    return None
