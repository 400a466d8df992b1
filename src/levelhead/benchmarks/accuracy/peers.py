"""What a user would pick instead, run on the same posts; each only where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

from levelhead.benchmarks.accuracy.estimates import Values

# Module that is imported -> package that brings it.
PACKAGES: Final = {
    "sklearn": "scikit-learn",
    "vaderSentiment": "vaderSentiment",
    "profanity_check": "alt-profanity-check",
}
# What the table calls them.
TFIDF: Final = "TF-IDF + LR"
KEYWORDS: Final = "keywords"
PROFANITY: Final = "alt-profanity-check"
VADER: Final = "VADER"
# VADER's own advice: a text is negative from here on.
_VADER_NEGATIVE: Final = -0.05


class TextModel:
    """TF-IDF of words and word pairs with logistic regression, fitted.

    With `characters` also of 3 to 5 characters, which is what our cheap heads look at.
    """

    def __init__(
        self,
        texts: Sequence[str],
        names: Sequence[object],
        *,
        balanced: bool = False,
        characters: bool = False,
    ) -> None:
        text_features: Any = importlib.import_module("sklearn.feature_extraction.text")
        linear: Any = importlib.import_module("sklearn.linear_model")
        multiclass: Any = importlib.import_module("sklearn.multiclass")
        rare = 2 if len(texts) >= 200 else 1
        self._vectoriser = text_features.TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=rare
        )
        if characters:
            pipeline: Any = importlib.import_module("sklearn.pipeline")
            grams = text_features.TfidfVectorizer(
                analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=rare
            )
            self._vectoriser = pipeline.make_union(self._vectoriser, grams)
        features = self._vectoriser.fit_transform(texts)
        model = linear.LogisticRegression(
            C=10,
            max_iter=300,
            solver="liblinear",
            class_weight="balanced" if balanced else None,
            random_state=0,
        )
        # One model a class is as right as one over all, and fitted ten times as fast.
        many = len(set(names)) > 2
        self._model = multiclass.OneVsRestClassifier(model) if many else model
        self._model.fit(features, names)

    def name(self, texts: Sequence[str]) -> Values:
        """The likeliest class of each text."""
        return np.asarray(self._model.predict(self._vectoriser.transform(texts)))

    def score(self, texts: Sequence[str]) -> Values:
        """The chance of the higher of two classes."""
        chances = self._model.predict_proba(self._vectoriser.transform(texts))
        return np.asarray(chances[:, 1])


class Peers:
    """The installed alternatives."""

    def __init__(self, installed: Collection[str] | None = None) -> None:
        self.installed = (
            {module for module in PACKAGES if importlib.util.find_spec(module) is not None}
            if installed is None
            else set(installed)
        )

    @property
    def lack(self) -> list[str]:
        """Packages that are not installed."""
        return [name for module, name in PACKAGES.items() if module not in self.installed]

    def fit(
        self, texts: Sequence[str], names: Sequence[object], *, balanced: bool = False
    ) -> TextModel | None:
        """A fitted model; None without scikit-learn or without at least two classes."""
        if "sklearn" not in self.installed or len(set(names)) < 2:
            return None
        return TextModel(texts, names, balanced=balanced)

    def score_folds(
        self, texts: Sequence[str], truth: Values, *, folds: int = 3, seed: int = 7
    ) -> Values | None:
        """Chances from models that were fitted on the other folds of the same set."""
        places = np.random.default_rng(seed).permutation(len(texts)) % folds
        scores = np.zeros(len(texts))
        for fold in range(folds):
            learn = np.flatnonzero(places != fold).tolist()
            ask = np.flatnonzero(places == fold).tolist()
            model = self.fit([texts[n] for n in learn], truth[learn].tolist())
            if model is None or not len(ask):
                return None
            scores[ask] = model.score([texts[n] for n in ask])
        return scores

    def score_profanity(self, texts: Sequence[str]) -> Values | None:
        """alt-profanity-check's chance that a text is offensive."""
        if "profanity_check" not in self.installed:
            return None
        if not texts:
            return np.zeros(0)
        return np.asarray(importlib.import_module("profanity_check").predict_prob(list(texts)))

    @cached_property
    def _vader(self) -> Any:
        return importlib.import_module("vaderSentiment.vaderSentiment").SentimentIntensityAnalyzer()

    def feel(self, texts: Sequence[str]) -> Values | None:
        """VADER's compound sentiment, -1 .. 1."""
        if "vaderSentiment" not in self.installed:
            return None
        return np.array([self._vader.polarity_scores(text)["compound"] for text in texts])

    def score_negative(self, texts: Sequence[str]) -> Values | None:
        """VADER as a score of trouble: 1/2 where it begins to call a text negative."""
        feelings = self.feel(texts)
        return None if feelings is None else 0.5 + (_VADER_NEGATIVE - feelings) / 2

    def score_offence(self, texts: Sequence[str]) -> dict[str, Values | None]:
        """What is at hand for offensive language, by name."""
        return {PROFANITY: self.score_profanity(texts), VADER: self.score_negative(texts)}
