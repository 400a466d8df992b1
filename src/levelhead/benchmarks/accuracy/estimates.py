"""Measures of right and wrong, each with its 95% confidence interval.

Written out here because the command must work where scikit-learn is missing; the tests hold them
against scikit-learn's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]

# Under so many cases a figure is given with its interval.
INTERVAL_BELOW: Final = 2_000
DRAWS: Final = 1_000
BINS: Final = 15
_Z: Final = 1.959964


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A measured value; `low` and `high` bound it at 95% where n is small."""

    value: float
    low: float | None = None
    high: float | None = None


def auc(truth: Values, scores: Values) -> float:
    """Chance that a true case scores above a false one, ties half; NaN without both kinds."""
    truth = np.asarray(truth, dtype=bool)
    yes = int(truth.sum())
    no = len(truth) - yes
    if not yes or not no:
        return math.nan
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def average_precision(truth: Values, scores: Values) -> float:
    """Precision averaged over the steps of recall; equal scores are one step."""
    truth = np.asarray(truth, dtype=bool)
    if not truth.any():
        return math.nan
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    ranked = np.asarray(scores, dtype=float)[order]
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    steps = np.diff(np.append(0, hits)) / truth.sum()
    return float((steps * hits / (ends + 1)).sum())


def macro_f1(truth: Values, given: Values) -> float:
    """Mean of the F1 of every class that occurs on either side."""
    names, codes = np.unique(np.concatenate([truth, given]), return_inverse=True)
    size = len(names)
    right, said = codes[: len(truth)], codes[len(truth) :]
    hits = np.bincount(right[right == said], minlength=size)
    both = np.bincount(right, minlength=size) + np.bincount(said, minlength=size)
    return float((2 * hits / both).mean())


def calibration_error(truth: Values, chances: Values) -> float:
    """Expected calibration error: |chance - share that came true|, over 15 equal bins."""
    chances = np.asarray(chances, dtype=float)
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    error = 0.0
    for place in np.unique(bins):
        inside = bins == place
        gap = float(chances[inside].mean()) - float(np.asarray(truth)[inside].mean())
        error += inside.mean() * abs(gap)
    return float(error)


def recall_at_precision(truth: Values, scores: Values, *, precision: float) -> float:
    """The best recall that some threshold reaches with at least this precision."""
    truth = np.asarray(truth, dtype=bool)
    order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
    ranked = np.asarray(scores, dtype=float)[order]
    ends = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
    hits = np.cumsum(truth[order])[ends]
    fits = hits / (ends + 1) >= precision
    return float(hits[fits].max() / max(1, truth.sum())) if fits.any() else 0.0


def _at_half(truth: Values, scores: Values) -> float:
    return macro_f1(np.asarray(truth, dtype=int), (np.asarray(scores) >= 0.5).astype(int))


# Measures that are a part of a whole: (how many, of how many).
_Part = Callable[[Values, Values], tuple[int, int]]
PARTS: Final[Mapping[str, _Part]] = {
    "accuracy": lambda truth, given: (int((truth == given).sum()), len(truth)),
    "errors": lambda truth, given: (int((truth != given).sum()), len(truth)),
    "recall": lambda truth, given: (int((given & truth).sum()), int(truth.sum())),
    "precision": lambda truth, given: (int((given & truth).sum()), int(given.sum())),
    "false alarms": lambda truth, given: (int((given & ~truth).sum()), int((~truth).sum())),
}
MEASURES: Final[Mapping[str, Callable[[Values, Values], float]]] = {
    "AUC": auc,
    "AP": average_precision,
    "macro-F1": macro_f1,
    "macro-F1 at 1/2": _at_half,
    "ECE": calibration_error,
    "recall at precision .60": lambda t, s: recall_at_precision(t, s, precision=0.6),
}
# The smaller the better.
LOWER_IS_BETTER: Final = frozenset({"ECE", "errors", "false alarms"})


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Bounds of a share at 95%."""
    if not total:
        return 0.0, 1.0
    share, square = hits / total, _Z * _Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    half /= 1 + square / total
    return max(0.0, middle - half), min(1.0, middle + half)


def draw_places(
    n: int, groups: Sequence[object] | None, *, draws: int, seed: int
) -> list[NDArray[np.intp]]:
    """For each draw, places of cases drawn with replacement; a group stays whole."""
    choose = np.random.default_rng(seed)
    if groups is None:
        return [choose.integers(0, n, n) for _ in range(draws)]
    together: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        together.setdefault(group, []).append(place)
    parts = [np.array(places, dtype=np.intp) for places in together.values()]
    return [
        np.concatenate([parts[k] for k in choose.integers(0, len(parts), len(parts))])
        for _ in range(draws)
    ]


def estimate(
    measure: str,
    truth: Values,
    given: Values,
    *,
    groups: Sequence[object] | None = None,
    draws: int = DRAWS,
    seed: int = 7,
) -> Figure:
    """The measure with its interval: where n is small, or where `groups` hang together.

    A share without groups gets Wilson's bounds, all else those of drawing again, whole groups at
    a time.
    """
    if measure == "macro-F1":
        # Numbers are sorted much faster than names.
        _, codes = np.unique(np.concatenate([truth, given]), return_inverse=True)
        truth, given = codes[: len(truth)], codes[len(truth) :]
    part = PARTS.get(measure)
    if part is not None:
        hits, total = part(truth, given)
        value = hits / total if total else math.nan
        if groups is None:
            low, high = wilson(hits, total)
            return _round(value, low, high) if total < INTERVAL_BELOW else _round(value)
    else:
        value = MEASURES[measure](truth, given)
    if groups is None and len(truth) >= INTERVAL_BELOW:
        return _round(value)
    found = []
    for places in draw_places(len(truth), groups, draws=draws, seed=seed):
        if part is None:
            found.append(MEASURES[measure](truth[places], given[places]))
            continue
        hits, total = part(truth[places], given[places])
        found.append(hits / total if total else math.nan)
    sound = [one for one in found if not math.isnan(one)]
    if not sound:
        return _round(value)
    low, high = np.percentile(sound, [2.5, 97.5]).tolist()
    if measure == "ECE":
        # Drawing again makes this one larger, so only the spread around the mean is used.
        shift = value - float(np.mean(sound))
        low, high = max(0.0, low + shift), high + shift
    return _round(value, low, high)


def _round(value: float, low: float | None = None, high: float | None = None) -> Figure:
    def cut(one: float | None) -> float | None:
        return None if one is None else round(one, 4)

    return Figure(value=round(value, 4), low=cut(low), high=cut(high))
