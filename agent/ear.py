"""Pure. Tells the language of a text by its small words, which every phrase table lists."""

from collections import Counter
from collections.abc import Sequence

from agent.phrasebook import Phrasebook
from agent.sentences import Sentence

_FEW_WORDS = 4
_SHARE = 0.12
"""Of all words, that the small words of a language make up at least in it."""
_RIVAL = 0.8
"""Share of the best language's small words from which another is read as well: Spanish and Portuguese share many."""
_UNSURE_RIVAL = 0.5
"""The same where there are too few small words to be sure; without any, every language is read."""
_MOST_WORDS = 600


class Ear:
    """Tells the language of a text by its small words."""

    def __init__(self, books: Sequence[Phrasebook]) -> None:
        self._languages = tuple(book.language for book in books)
        self._spoken: dict[str, list[str]] = {}
        for book in books:
            for word in book.words("function"):
                self._spoken.setdefault(word, []).append(book.language)

    def languages(self, split: Sequence[Sentence]) -> tuple[tuple[str, ...], bool]:
        """The languages a text may be in, likeliest first, and whether the first one is sure; else all of them."""
        heard = [token.word for sentence in split for token in sentence.tokens][:_MOST_WORDS]
        counts = Counter(language for word in heard for language in self._spoken.get(word, ()))
        ranked = tuple(sorted(self._languages, key=lambda language: -counts[language]))
        most = counts[ranked[0]] if ranked else 0
        is_sure = most >= max(_FEW_WORDS, _SHARE * len(heard))
        share = _RIVAL if is_sure else _UNSURE_RIVAL
        return tuple(one for one in ranked if counts[one] >= share * most), is_sure
