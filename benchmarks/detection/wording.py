"""Pure. The words by which everybody knows an offer: the naive search for them, and whether a mail has none of them."""

import re

from agent.sentences import fold

# What one would search a mailbox for first, in the spelling of `agent.sentences.fold`.
_PHRASES = {
    "en": r"introduc|\bintros?\b|connect (you|us)|put (you|the two of you|us)( two| both)? in (touch|contact)",
    "es": r"presentart|presentar[ltmno]|presento a|poner(te|le|os|los|nos) en contacto|te pongo en contacto|conectart",
    "fr": r"(te|vous) presente|(te|vous) mettr?e? en (contact|relation)|faire les presentations|introduire",
    "de": r"vorstell|bekannt ?(zu)?mach|in (kontakt|verbindung) (bring|setz|zu)|vernetz|zusammenbring",
    "pt": r"apresent|(por|colocar|ponho|coloco|pondo)(te|lo|vos)?.{0,12} em conta[ct]|conectar",
    "it": r"presentart|presentar[eltvi]|ti presento|mett(ere|erti|ervi|erla|o) in (contatto|comunicazione)",
    "nl": r"voorstel|voor te stellen|introduc|in contact (te )?(breng|kom)|in verbinding (te )?(breng|stel)|koppel",
}
# Any form of those words, whatever it means where it stands.
_STEMS = {
    "en": r"introduc|\bintros?\b|\b(re)?connect|\btouch\b",
    "es": r"\b(re)?presenta|\bpresent[eo]\b|introdu[cz]|\bconect|\ben contacto\b",
    "fr": r"\bpresente[rz]?\b|\bpresentation|introdui|\bconnect|\ben (contact|relation)\b",
    "de": r"vorstell|vorgestellt|vorzustell|bekannt ?(zu|ge)?mach|\bkontakt|verbindung|vernetz|introduz",
    "pt": r"apresent|introdu[zct]|\bconect|\bem conta[ct]",
    "it": r"\bpresent(are|arti|arvi|arla|arlo|o|a|ato|azione)\b|introdu[crs]|\bconn(ett|ess)|\bin contatto\b",
    "nl": r"voorstel|voorgesteld|voor te stellen|introduc|\bin (contact|verbinding)\b|\bkoppel",
}
_NAIVE = re.compile("|".join(_PHRASES.values()))
_KNOWN = {language: re.compile(f"{_STEMS['en']}|{stems}") for language, stems in _STEMS.items()}


def folded(text: str) -> str:
    """Return the text in one line, without regard to case and accents."""
    return " ".join(fold(word) for word in text.split())


def is_found_naively(text: str) -> bool:
    """Whether a search for the usual phrases of all languages finds one."""
    return _NAIVE.search(folded(text)) is not None


def has_known_words(text: str, language: str) -> bool:
    """Whether any form of introduce, connect or put in touch stands in it, in that language or in English."""
    return _KNOWN.get(language, _KNOWN["en"]).search(folded(text)) is not None
