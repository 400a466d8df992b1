"""Fit the linear heads on hashed features, quantise them, and set their temperatures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from levelhead.analysis import scoring

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


# Chosen on the corpus's dev part among 0, 0.5 and 1.
RARITY_POWER = 0.7


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """Weights (rows, classes) and bias (classes,) of one head; one class for yes or no."""

    weights: Floats
    bias: Floats


def make_matrix(texts: Sequence[str], parents: Sequence[str | None], rows: int) -> csr_matrix:
    """(n, rows) float32: the features that the program computes, each row of length about 1."""
    ends, columns, counts = scoring.gather_features(
        [scoring.encode(text) for text in texts],
        [scoring.encode_parent(parent) for parent in parents],
        rows,
    )
    values = counts.astype(np.float32)
    squares = np.add.reduceat(values * values, ends[:-1]) if len(values) else values
    lengths = np.sqrt(np.maximum(squares, 1.0)).astype(np.float32)
    values /= np.repeat(lengths, np.diff(ends))
    matrix = csr_matrix((values, columns, ends), shape=(len(texts), rows))
    matrix.sum_duplicates()
    return matrix


def fit_head(
    matrix: csr_matrix, targets: Ints, weights: Floats, *, classes: int, strength: float
) -> Fitted:
    """Logistic or softmax regression; features of a single text are left at zero.

    Rare features are scaled up for the fit, so that the penalty falls on the common ones, and
    their weights back afterwards: the program needs no inverse frequencies. A class that is
    absent from `targets` gets a bias so low that it is never chosen.
    """
    seen = np.bincount(matrix.indices, minlength=matrix.shape[1])
    active = np.flatnonzero(seen >= 2)
    rarity = np.log(1.0 + matrix.shape[0] / seen[active])
    rarity = (rarity / max(1e-9, float(rarity.mean()))) ** RARITY_POWER
    present = np.unique(targets)
    out = np.zeros((matrix.shape[1], classes))
    bias = np.full(classes, -12.0)
    if len(present) < 2:
        if classes > 1 and len(present):
            bias[present[0]] = 0.0
        return Fitted(weights=out, bias=bias)
    model = LogisticRegression(C=strength, solver="lbfgs", max_iter=150, tol=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scaled = matrix[:, active] @ diags(rarity.astype(np.float32))
        model.fit(scaled, targets, sample_weight=weights)
    if classes == 1:
        out[active, 0] = model.coef_[0] * rarity
        bias[0] = model.intercept_[0]
    elif len(present) == 2:
        # scikit-learn keeps one column for two classes; softmax needs both.
        for sign, column in ((-0.5, present[0]), (0.5, present[1])):
            out[active, column] = sign * model.coef_[0] * rarity
            bias[column] = sign * model.intercept_[0]
    else:
        out[np.ix_(active, present)] = (model.coef_ * rarity).T
        bias[present] = model.intercept_
    return Fitted(weights=out, bias=bias)


def predict(fitted: Fitted, matrix: csr_matrix) -> Floats:
    """(n, classes) logits."""
    return np.asarray(matrix @ fitted.weights + fitted.bias)


def find_temperature(logits: Floats, targets: Ints, weights: Floats) -> float:
    """What to divide logits by so that their probabilities fit `targets` best."""
    if len(targets) < 30 or len(np.unique(targets)) < 2:
        return 1.0

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        if scaled.shape[1] == 1:
            z = scaled[:, 0]
            each = np.logaddexp(0, z) - targets * z
        else:
            top = scaled.max(axis=1)
            total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
            each = total - scaled[np.arange(len(targets)), targets]
        return float(np.average(each, weights=weights))

    found = minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded")
    return float(np.exp(found.x))


def find_recall_shift(
    matrix: csr_matrix,
    targets: Ints,
    weights: Floats,
    judged: npt.NDArray[np.bool_],
    groups: Ints,
    *,
    strength: float,
    folds: int = 5,
) -> float:
    """What to add to a yes-or-no head's logit so that half is where F2 is best.

    F2 counts recall twice: what the net misses nobody sees. Judged on rows of `judged` that the
    fit has not seen; rows of one group are never torn apart.
    """
    found = np.full(len(targets), np.nan)
    fold_of = groups % folds
    for fold in range(folds):
        held = (fold_of == fold) & judged
        learn = fold_of != fold
        if not held.any() or len(np.unique(targets[learn])) < 2:
            continue
        fitted = fit_head(
            matrix[np.flatnonzero(learn)], targets[learn], weights[learn],
            classes=1, strength=strength,
        )  # fmt: skip
        found[held] = predict(fitted, matrix[np.flatnonzero(held)])[:, 0]
    known = ~np.isnan(found)
    logits, truth = found[known], targets[known]
    if truth.sum() < 5:
        return 0.0
    order = np.argsort(-logits, kind="stable")
    hits = np.cumsum(truth[order])
    fired = np.arange(1, len(order) + 1)
    score = 5 * hits / (4 * truth.sum() + fired)
    return -float(logits[order][int(score.argmax())])


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """int8 columns and what one step of each is worth; the widest 0.01% are cut off."""
    scale = np.ones(weights.shape[1], dtype=np.float32)
    table = np.zeros(weights.shape, dtype=np.int8)
    for column in range(weights.shape[1]):
        size = np.abs(weights[:, column])
        if not size.any():
            continue
        top = float(np.quantile(size[size > 0], 0.9999))
        scale[column] = top / 127.0
        table[:, column] = np.clip(np.rint(weights[:, column] / scale[column]), -127, 127)
    return table, scale
