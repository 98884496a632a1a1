"""Pure. Who introduces whom: names, greetings and addresses. None wherever there is a doubt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.model import Address, Contact, Introducer, Message, Owner
from agent.people import Census, Lexicon, Mention
from agent.sentences import Sentence, fold, words

_LAST_LINES = 6
"""Lines of the own text among which a sign-off stands."""
_LONGEST_SIGN_OFF = 3


@dataclass(frozen=True)
class Scene:
    """Where a contact is looked for: the message, its sentences, and the number of the one that makes the offer."""

    message: Message
    owner: Owner
    sentences: Sequence[Sentence]
    census: Census
    offer: int


def sent_to(message: Message, owner: Owner) -> str:
    """The owner's address that the message came to, as the owner writes it; the first one when none is found."""
    reached = (*message.delivered_to, *(address.email for address in (*message.to, *message.cc)))
    for email in reached:
        if owner.recognises(email):
            return next((own for own in owner.addresses if own.casefold() == email.casefold()), email)
    return owner.address


def reply_addresses(message: Message) -> tuple[Address, ...]:
    """Where an answer goes: Reply-To, else From (RFC 5322 section 3.6.2); empty when there is neither."""
    return message.reply_to or ((message.author,) if message.author else ())


def introducer(message: Message, lexicon: Lexicon) -> Introducer | None:
    """The author, greeted as the author signs; None without an author."""
    if message.author is None:
        return None
    name = display_name(message.author, lexicon)
    signed = signed_name(message, lexicon)
    return Introducer(name or signed, signed or (given_name(name, lexicon) if name else None), message.author.email)


def display_name(address: Address, lexicon: Lexicon) -> str | None:
    """The person's name in a display name: "Kaur, Jas (ACME)" → Jas Kaur; None for an office or a mere address."""
    name = address.name.split("(")[0].split(" via ")[0].strip(" \"'")
    if not name or "@" in name:
        return None
    if name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        name = f"{first} {last}" if first and last else name
    spelled = words(name)
    if not spelled or any(word in lexicon.mailboxes for word in spelled):
        return None
    return _in_small_letters(" ".join(name.split()))


def _in_small_letters(name: str) -> str:
    return name.title() if name.isupper() or name.islower() else name


def given_name(name: str, lexicon: Lexicon) -> str | None:
    """What a friend calls somebody of this name."""
    parts = [part for part in name.split() if fold(part.strip(".")) not in lexicon.titles]
    return parts[0] if parts and len(parts[0].strip(".")) > 1 else None


def signed_name(message: Message, lexicon: Lexicon) -> str | None:
    """The name below the letter; None when the last lines hold none that agrees with From."""
    known = set(words(message.author.name)) if message.author else set()
    lines = [line.strip(" -–—,.\t") for line in message.own_text.rstrip().split("\n") if line.strip()]
    for line in reversed(lines[-_LAST_LINES:]):
        spelled = line.split()
        if 0 < len(spelled) <= _LONGEST_SIGN_OFF and set(words(line)) & known:
            return _in_small_letters(spelled[0])
    return None


def contacts(scene: Scene, lexicon: Lexicon) -> tuple[Contact, ...]:
    """The people offered, the main one first."""
    named = list(_others(scene, lexicon))
    if not named:
        return ()
    best = min(named, key=lambda mention: (abs(mention.sentence - scene.offer), -len(mention.text)))
    return (Contact(name=best.text, greeting=best.bare.split()[0]),)


def _others(scene: Scene, lexicon: Lexicon) -> Iterator[Mention]:
    author = scene.message.author
    parties = set(words(scene.owner.name)) | (set(words(author.name)) if author else set())
    signed = signed_name(scene.message, lexicon)
    parties |= set(words(signed or ""))
    for mention in scene.census.mentions:
        if not mention.is_organisation and not parties & set(words(mention.text)):
            yield mention
