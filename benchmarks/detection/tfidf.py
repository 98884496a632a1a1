"""Pure. A trained model: TF-IDF of words, pairs of words and characters, with logistic regression (scikit-learn)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from letters import Threshold, best_threshold
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_union

_FOLDS = 5
_STRENGTHS = (1.0, 10.0, 100.0)
_CLASS_WEIGHTS = (None, "balanced")


@dataclass(frozen=True)
class Trained:
    """What the model says about every text, and what its tuning led to."""

    is_offer: list[bool]
    note: str


@dataclass(frozen=True)
class _Candidate:
    model: Any
    scores: Any
    threshold: Threshold


def trained(texts: Sequence[str], known: Sequence[int], truths: Sequence[bool]) -> Trained:
    """Train on the texts at the places `known`, whose truths are told, and read all of them.

    C, the weight of the classes and the threshold are those that agree best with the truth in cross-validation.
    About a text that it learnt from, a model speaks that did not see it.
    """
    features = _vectorizer().fit([texts[place] for place in known]).transform(texts)
    learnt, wanted = features[list(known)], np.array(truths)
    best = max(
        (_candidate(learnt, wanted, *settings) for settings in product(_STRENGTHS, _CLASS_WEIGHTS)),
        key=lambda one: one.threshold.correlation,
    )
    scores = best.model.fit(learnt, wanted).decision_function(features)
    scores[list(known)] = best.scores
    note = (
        f"trained on {len(known)} mails with {sum(truths)} offers, {features.shape[1]} features, C = {best.model.C:g}, "
        f"class weight {best.model.class_weight}; correlation in cross-validation {best.threshold.correlation:.3f}"
    )
    return Trained([bool(score >= best.threshold.score) for score in scores], note)


def _vectorizer() -> Any:
    common = {"sublinear_tf": True, "strip_accents": "unicode", "dtype": np.float32}
    return make_union(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, **common),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, **common),
    )


def _candidate(features: Any, truths: Any, strength: float, class_weight: str | None) -> _Candidate:
    model = LogisticRegression(C=strength, class_weight=class_weight, solver="liblinear", random_state=1)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=1)
    scores = cross_val_predict(model, features, truths, cv=folds, method="decision_function")
    return _Candidate(model, scores, best_threshold(scores.tolist(), truths.tolist()))
