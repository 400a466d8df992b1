"""How the cheap heads and the encoder add up: fitted on posts that neither was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize  # type: ignore[import-untyped]

from levelhead.analysis import heads as head_table
from levelhead.analysis import safety, scoring
from levelhead.analysis.encoder import COLUMNS, Encoder
from levelhead.analysis.heads import SAFETY_HEADS, Heads
from levelhead.analysis.rereading import BLENDED_HEADS, PLACES
from training.finetune import TARGETS
from training.sources import Example

Floats = npt.NDArray[np.float64]
Weights = tuple[float, float, float]


def score_cheaply(heads: Heads, examples: Sequence[Example]) -> npt.NDArray[np.float32]:
    """(n, HEAD_COUNT) logits of the cheap heads."""
    found = []
    triggers = safety.load_rules().triggers
    for start in range(0, len(examples), 1024):
        part = examples[start : start + 1024]
        sums = scoring.score(
            [scoring.encode(e.text) for e in part],
            [scoring.encode_parent(e.parent) for e in part],
            heads.weights,
            triggers,
        )
        found.append(head_table.logits(heads, sums.totals, sums.squares))
    return np.concatenate(found)


def fit_blends(
    heads: Heads, encoder: Encoder, examples: Sequence[Example]
) -> dict[str, list[float]]:
    """Head to [a, b, c] of a * cheap + b * encoder + c, from the dev part of `examples`."""
    held = [e for e in examples if e.split == "dev" and e.source in ("corpus", "labelled")]
    cheap = score_cheaply(heads, held)
    logits, _ = encoder.read([e.text for e in held], [e.parent for e in held])
    blends = {}
    for head in BLENDED_HEADS:
        targets = np.array([TARGETS[head](e) for e in held])
        known = np.flatnonzero(targets >= 0)
        counts = np.array([held[n].weight for n in known])
        if head in SAFETY_HEADS:
            counts = np.where(targets[known] > 0, 4.0, 1.0)
        a, b, c = fit_blend(
            cheap[known][:, PLACES[head]].astype(np.float64),
            logits[known][:, COLUMNS[head]].astype(np.float64),
            targets[known],
            counts,
        )
        if head in SAFETY_HEADS:
            mixed = (
                a * cheap[known][:, PLACES[head]][:, 0] + b * logits[known][:, COLUMNS[head]][:, 0]
            )
            c = -find_recall_point(mixed.astype(np.float64), targets[known] > 0)
        blends[head] = [round(value, 4) for value in (a, b, c)]
    return blends


def fit_blend(
    cheap: Floats, encoder: Floats, targets: npt.NDArray[np.int64], counts: Floats
) -> Weights:
    """Weights, not negative, under which `targets` are most likely; c only for yes or no."""
    single = cheap.shape[1] == 1
    if len(np.unique(targets)) < 2:
        return (0.5, 0.5, 0.0)

    def loss(weights: Floats) -> float:
        mixed = weights[0] * cheap + weights[1] * encoder + weights[2]
        if single:
            z = mixed[:, 0]
            each = np.logaddexp(0, z) - targets * z
        else:
            top = mixed.max(axis=1)
            total = top + np.log(np.exp(mixed - top[:, None]).sum(axis=1))
            each = total - mixed[np.arange(len(targets)), targets]
        # A little pull towards equal parts steadies a head with few finds.
        pull = 0.002 * ((weights[0] - 0.5) ** 2 + (weights[1] - 0.5) ** 2)
        return float(np.average(each, weights=counts) + pull)

    limits = [(0.0, 3.0), (0.0, 3.0), (-6.0, 6.0) if single else (0.0, 0.0)]
    found = minimize(loss, np.array([0.5, 0.5, 0.0]), bounds=limits, method="L-BFGS-B")
    return (float(found.x[0]), float(found.x[1]), float(found.x[2]))


def find_recall_point(mixed: Floats, truth: npt.NDArray[np.bool_]) -> float:
    """The logit from which F2 (recall counts twice) is best; midway to the next one below."""
    order = np.argsort(-mixed, kind="stable")
    hits = np.cumsum(truth[order])
    fired = np.arange(1, len(order) + 1)
    best = int((5 * hits / (4 * max(1, truth.sum()) + fired)).argmax())
    below = mixed[order][min(best + 1, len(order) - 1)]
    return float((mixed[order][best] + below) / 2)
