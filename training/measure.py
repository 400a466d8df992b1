"""How good the heads are, on posts that they were not trained on, beside a plain baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score  # type: ignore[import-untyped]

from levelhead.analysis.assess import Assessor
from levelhead.analysis.domain import Assessment, PostText
from levelhead.analysis.heads import SAFETY_HEADS
from training import fit
from training.sources import Example, Row, read_rows

Measures = dict[str, Any]
Assess = Callable[[Sequence[PostText]], list[Assessment]]

# Left out one at a time; neither occurs in another set.
UNSEEN_EVENTS = ("2012_Sandy_Hurricane", "2013_Oklahoma_Tornado")


def measure(
    assessor: Assessor, examples: Sequence[Example], data: Path, *, reread: float
) -> Measures:
    """Measures on the corpus's test part, on desk_dev and on sets kept for validation."""

    def assess(posts: Sequence[PostText]) -> list[Assessment]:
        return assessor.assess(posts, reread=reread)

    report: Measures = {}
    for split in ("dev", "test"):
        held = [e for e in examples if e.source == "corpus" and e.split == split]
        if held:
            report[f"corpus_{split}"] = _measure_corpus(assess, held)
    desk = read_rows(data, "desk_dev")
    if desk:
        report["desk_dev"] = _measure_desk(assess, desk, examples)
    report.update(_measure_validation_sets(assess, data))
    return report


def _assess(assess: Assess, rows: Sequence[Row]) -> list[Assessment]:
    return assess([PostText(text=row["text"]) for row in rows])


def _measure_corpus(assess: Assess, held: Sequence[Example]) -> Measures:
    found = assess([PostText(text=e.text, parent_text=e.parent) for e in held])
    label = [a.label.value == e.label for a, e in zip(found, held, strict=True)]
    reply = [(a.reply >= 0.5) == e.reply for a, e in zip(found, held, strict=True)]
    measures: Measures = {
        "n": len(held),
        "label_accuracy": share(label),
        "label_macro_f1": round(
            float(
                f1_score(
                    [e.label for e in held],
                    [a.label.value for a in found],
                    average="macro",
                    labels=sorted({e.label for e in held if e.label}),
                    zero_division=0.0,
                )
            ),
            3,
        ),
        "reply_accuracy": share(reply),
        "urgency_exact": share([a.urgency == e.urgency for a, e in zip(found, held, strict=True)]),
        "language": share([a.lang == e.lang for a, e in zip(found, held, strict=True)]),
    }
    for head in SAFETY_HEADS:
        truth = np.array([head in (e.safety or ()) for e in held])
        fired = np.array([a.safety[head] >= 0.5 for a in found])
        if truth.any():
            measures[head] = {
                "n": int(truth.sum()),
                "recall": round(float((fired & truth).sum() / truth.sum()), 3),
                "precision": round(float((fired & truth).sum() / max(1, fired.sum())), 3),
            }
    return measures


def _measure_desk(assess: Assess, desk: Sequence[Row], examples: Sequence[Example]) -> Measures:
    found = _assess(assess, desk)
    label = [a.label.value in row["labels"] for a, row in zip(found, desk, strict=True)]
    reply = [_word(a.reply >= 0.5) in row["reply"] for a, row in zip(found, desk, strict=True)]
    measures: Measures = {"n": len(desk), "label": share(label), "reply": share(reply)}
    learn = [e for e in examples if e.split == "train" and e.label is not None]
    baseline = _predict_baseline(
        [e.text for e in learn],
        [e.label or "" for e in learn],
        [e.weight for e in learn],
        [row["text"] for row in desk],
    )
    measures["label_tfidf"] = share(
        [name in row["labels"] for name, row in zip(baseline, desk, strict=True)]
    )
    learn = [e for e in examples if e.split == "train" and e.reply is not None]
    baseline = _predict_baseline(
        [e.text for e in learn],
        [_word(bool(e.reply)) for e in learn],
        [e.weight for e in learn],
        [row["text"] for row in desk],
    )
    measures["reply_tfidf"] = share(
        [name in row["reply"] for name, row in zip(baseline, desk, strict=True)]
    )
    confusion: dict[str, dict[str, int]] = {}
    for a, row in zip(found, desk, strict=True):
        if a.label.value not in row["labels"]:
            wrong = confusion.setdefault(row["labels"][0], {})
            wrong[a.label.value] = wrong.get(a.label.value, 0) + 1
    measures["label_errors"] = confusion
    return measures


def _predict_baseline(
    texts: list[str], names: list[str], weights: list[float], ask: list[str]
) -> list[str]:
    """TF-IDF of words and word pairs with logistic regression, on the same examples."""
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = LogisticRegression(C=10, max_iter=300)
    model.fit(vectoriser.fit_transform(texts), names, sample_weight=weights)
    return [str(name) for name in model.predict(vectoriser.transform(ask))]


def _measure_validation_sets(assess: Assess, data: Path) -> Measures:
    """Sets that no head is trained on: how far the heads carry."""
    report: Measures = {}
    rows = read_rows(data, "olid")
    if rows:
        truth = np.array([row["subtask_a"] == "OFF" for row in rows])
        report["olid_hostility"] = _rank(truth, [a.hostility for a in _assess(assess, rows)])
    rows = read_rows(data, "complaints_acl19")
    if rows:
        truth = np.array([int(row["complaint"]) == 1 for row in rows])
        scores = [
            a.label_scores["complaint"] + a.label_scores["service"] for a in _assess(assess, rows)
        ]
        report["complaints_acl19"] = _rank(truth, scores)
    rows = read_rows(data, "youtube_spam")
    if rows:
        truth = np.array([row["label"] == "spam" for row in rows])
        report["youtube_spam"] = _rank(truth, [a.safety["spam"] for a in _assess(assess, rows)])
    rows = [row for row in read_rows(data, "disaster_response") if row["split"] == "validation"]
    rows = [row for row in rows if row["related"] != 2]
    if rows:
        truth = np.array([row["related"] == 1 for row in rows])
        report["disaster_response_validation"] = _rank(
            truth, [a.crisis for a in _assess(assess, rows)]
        )
    return report


def measure_unseen_events(examples: Sequence[Example], *, strength: float) -> Measures:
    """The crisis head on whole events that it was fitted without (not the shipped weights)."""
    report: Measures = {}
    known = [e for e in examples if e.crisis is not None and e.split == "train"]
    events = {e.event for e in known}
    for event in UNSEEN_EVENTS:
        if event not in events:
            continue
        held = np.array([e.event == event for e in known])
        matrix = fit.make_matrix([e.text for e in known], [e.parent for e in known], 1 << 18)
        truth = np.array([int(bool(e.crisis)) for e in known])
        weights = np.array([1.0 if e.source == "corpus" else 0.3 for e in known])
        learn, ask = np.flatnonzero(~held), np.flatnonzero(held)
        fitted = fit.fit_head(
            matrix[learn], truth[learn], weights[learn], classes=1, strength=strength
        )
        scores = 1.0 / (1.0 + np.exp(-fit.predict(fitted, matrix[ask])[:, 0]))
        report[event] = _rank(truth[ask] > 0, scores.tolist())
    return report


def _rank(truth: npt.NDArray[np.bool_], scores: Sequence[float]) -> Measures:
    values = np.array(scores)
    at_half = f1_score(truth, values >= 0.5, average="macro", zero_division=0.0)
    return {
        "n": len(truth),
        "auc": round(float(roc_auc_score(truth, values)), 3),
        "average_precision": round(float(average_precision_score(truth, values)), 3),
        "macro_f1_at_half": round(float(at_half), 3),
    }


def _word(yes: bool) -> str:
    return "yes" if yes else "no"


def share(right: Sequence[bool]) -> float:
    """Part of `right` that is true."""
    return round(sum(right) / max(1, len(right)), 3)
