"""Approved answers found by meaning, and knowing when none fits."""

from __future__ import annotations

import importlib
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from levelhead.analysis.encoder import Encoder
from levelhead.analysis.retrieval import AnswerIndex, AnswerTexts
from levelhead.benchmarks.accuracy.estimates import Values
from levelhead.benchmarks.accuracy.rows import CASCADE, Bench, Row
from levelhead.benchmarks.accuracy.sets import Row as Line
from levelhead.kernel.errors import ConfigurationError

# Questions an answer is found by: as on a desk, and as in the published figures.
FEW: Final = 8
_NONE: Final = "none fits"
_NEAREST: Final = "TF-IDF, nearest"
_READ: Final = "training read some texts, not their intents"


def measure_answers(bench: Bench) -> Iterator[Row]:
    """clinc150 with its out-of-scope part, and banking77."""
    assistant, bank = bench.read("clinc150"), bench.read("banking77")
    if not assistant and not bank:
        return
    if bench.encoder is None:
        bench.skip("Answers are found by the encoder: clinc150 and banking77 are left out.")
        return
    try:
        AnswerIndex([], bench.encoder)
    except (ConfigurationError, KeyError):
        bench.skip(
            "The encoder's notes say nothing of answers: clinc150 and banking77 are left out."
        )
        return
    for name, rows, kind, published in (
        ("clinc150", assistant, "intent",
         "in scope .97 BERT; 151 classes .920 mpnet + SVC (all texts)"),
        ("banking77", bank, "category", "about .93 USE + ConveRT (all texts)"),
    ):  # fmt: skip
        for each in (FEW,) if bench.quick else (FEW, None):
            if rows:
                yield from _measure_set(bench, bench.encoder, name, rows, kind, each, published)


def _measure_set(
    bench: Bench,
    encoder: Encoder,
    name: str,
    rows: Sequence[Line],
    kind: str,
    each: int | None,
    published: str,
) -> Iterator[Row]:
    known: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["split"] == "train":
            known[row[kind]].append(row["text"])
    choose = random.Random(f"{bench.seed} {name} answers")  # noqa: S311 - not for secrets
    answers = {
        answer: texts if each is None else choose.sample(texts, min(each, len(texts)))
        for answer, texts in sorted(known.items())
    }
    asked = bench.draw([r for r in rows if r["split"] == "test"], name, quick=200)
    none = bench.draw([r for r in rows if r["split"] == "oos_test"], f"{name} oos", quick=100)
    if not answers or not asked:
        return
    size = "all texts" if each is None else f"{each} texts"
    bench.say(f"{name}, {size} an answer: {len(asked) + len(none):,} questions")
    texts = [row["text"] for row in (*asked, *none)]
    truth = np.array([row[kind] for row in asked] + [_NONE] * len(none))
    found = _find_ours(encoder, answers, texts)
    plain = _find_plain(bench, answers, texts)
    inside = truth != _NONE
    picked: dict[str, Values | None] = {
        CASCADE: np.array([best for best, _, _ in found])[inside],
        _NEAREST: None if plain is None else plain[0][inside],
    }
    long = each is None
    task = f"answer found ({name}, {size} an answer)"
    yield bench.row(task, "accuracy", truth[inside], picked, published=published if long else "",
                    caveat=_READ)  # fmt: skip
    if not none:
        return
    scores: dict[str, Values | None] = {
        CASCADE: np.array([score for _, score, _ in found]),
        _NEAREST: None if plain is None else plain[1],
    }
    task = f"knows when none fits ({name}, {size} an answer)"
    yield bench.row(task, "AUC", inside, scores, caveat=_READ)
    fits = np.array([fit for *_, fit in found])
    whole: dict[str, Values | None] = {
        CASCADE: np.where(fits, [best for best, *_ in found], _NONE),
        "never says none": np.array([best for best, *_ in found]),
    }
    yield bench.row(task, "accuracy", truth, whole, published=published if long else "",
                    caveat=_READ)  # fmt: skip


def _find_ours(
    encoder: Encoder, answers: Mapping[str, Sequence[str]], texts: Sequence[str]
) -> list[tuple[str, float, bool]]:
    """For each text the best answer, its score, whether it may be offered."""
    index = AnswerIndex(
        [AnswerTexts(id=name, texts=tuple(some)) for name, some in answers.items()], encoder
    )
    found: list[tuple[str, float, bool]] = []
    for start in range(0, len(texts), 512):
        best = [matches[0] for matches in index.find(texts[start : start + 512], limit=1)]
        found += [(match.id, match.score, match.fits) for match in best]
    return found


def _find_plain(
    bench: Bench, answers: Mapping[str, Sequence[str]], texts: Sequence[str]
) -> tuple[Values, Values] | None:
    """The answer of the text that shares the most words, and how near it is."""
    if "sklearn" not in bench.peers.installed:
        return None
    text_features: Any = importlib.import_module("sklearn.feature_extraction.text")
    owners = [name for name, some in answers.items() for _ in some]
    vectoriser = text_features.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    kept = vectoriser.fit_transform([text for some in answers.values() for text in some])
    names, scores = [], []
    for start in range(0, len(texts), 512):
        near = (vectoriser.transform(texts[start : start + 512]) @ kept.T).toarray()
        best = near.argmax(axis=1)
        names += [owners[n] for n in best]
        scores += near[np.arange(len(best)), best].tolist()
    return np.array(names), np.array(scores)
