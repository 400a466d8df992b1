"""What an agency's own corrections teach: a small shift of the label scores, fitted and measured.

The shift is linear in the encoder's view of a text and is added to the label logits of the
cascade. Nothing of the shipped models changes, the safety net's rules come after it, and no text
can be read out of it but by guessing: it holds 12 by 385 numbers.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.encoder import MEANING_WIDTH
from levelhead.analysis.examples import Examples
from levelhead.analysis.heads import LABELS, softmax
from levelhead.analysis.shipped import FEWEST
from levelhead.kernel.errors import Invalid

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

FOLDS: Final = 5
# How strongly a shift is held near none; tried from the most careful to the boldest.
STRENGTHS: Final = (100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
# What a post that is to stay as it is weighs against a correction.
_STAY: Final = 0.5
_ROUNDS: Final = 60
# A fit is done where no weight moves more than this; views have norm 1, labels turn at tenths.
_SETTLED: Final = 2e-3
# Nobody is helped by a shift that no longer sees an emergency for what it is.
_GRAVE: Final = (LABELS.index("emergency"), LABELS.index("removable"))
# So it weighs as so many others, in the fit and in the choice of its strength.
_GRAVE_WEIGHT: Final = 5.0
_SEED: Final = 11


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """A shift of the label logits, for posts that the encoder has read."""

    # Such as "riverton-3"; `Assessment.model` names it.
    name: str
    # Which models it was fitted on, as `shipped.base_of` says; on others it means nothing.
    base: str
    # (12, MEANING_WIDTH)
    weights: Floats
    # (12,)
    bias: Floats

    def shift(self, views: Floats) -> Floats:
        """(n, 12) to add to the label logits of texts with these views."""
        return np.asarray(views @ self.weights.T + self.bias, dtype=np.float32)

    def to_bytes(self) -> bytes:
        """Plain arrays, never a pickle; the same bytes for the same adapter."""
        out = io.BytesIO()
        meta = json.dumps({"name": self.name, "base": self.base, "labels": LABELS}).encode()
        np.savez(
            out, weights=self.weights, bias=self.bias, meta=np.frombuffer(meta, dtype=np.uint8)
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Adapter:
        """Raises Invalid for anything that `to_bytes` did not write."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                meta = json.loads(file["meta"].tobytes())
                weights, bias = file["weights"], file["bias"]
            fits = (
                tuple(meta["labels"]) == LABELS
                and weights.shape == (len(LABELS), MEANING_WIDTH)
                and bias.shape == (len(LABELS),)
                and weights.dtype == bias.dtype == np.float32
                and bool(np.isfinite(weights).all() and np.isfinite(bias).all())
            )
            name, base = str(meta["name"]), str(meta["base"])
        except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile) as error:
            raise Invalid("The adapter cannot be read; it is damaged.") from error
        if not fits:
            raise Invalid("The adapter is of another version of the program.")
        return cls(name=name, base=base, weights=weights, bias=bias)


@dataclass(frozen=True, kw_only=True, slots=True)
class Posts:
    """Posts with what the cascade makes of them and what people say they are."""

    texts: tuple[str, ...]
    # (n, MEANING_WIDTH) of norm 1.
    views: Floats
    # (n, 12) label logits, both stages together.
    values: Floats
    # (n,) places in LABELS.
    labels: Ints

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """Of `count` posts so many right without the adapter, and with it."""

    count: int
    before: int
    after: int
    # Wrong before and right after; the other way round.
    gained: int
    lost: int

    @classmethod
    def of(cls, labels: Ints, before: Ints, after: Ints) -> Share:
        """Compare two readings with what people say."""
        was, now = before == labels, after == labels
        return cls(
            count=len(labels),
            before=int(was.sum()),
            after=int(now.sum()),
            gained=int((now & ~was).sum()),
            lost=int((was & ~now).sum()),
        )

    def as_json(self) -> dict[str, int]:
        """For files and records."""
        return {
            "count": self.count, "before": self.before, "after": self.after,
            "gained": self.gained, "lost": self.lost,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What a shift would change; each post was judged by a fit that had not seen it."""

    # Posts that people relabelled, held out in turn.
    corrections: Share
    # The same by the label that people gave.
    by_label: Mapping[str, Share]
    # Posts that people dealt with and left as they were labelled, held out in turn.
    kept: Share
    # The built-in suite, on which nothing is ever fitted; and its emergencies and removables.
    suite: Share
    grave: Share
    # The one of STRENGTHS that the fit uses.
    strength: float

    def as_json(self) -> dict[str, object]:
        """For files and records."""
        return {
            "corrections": self.corrections.as_json(),
            "by_label": {name: share.as_json() for name, share in self.by_label.items()},
            "kept": self.kept.as_json(),
            "suite": self.suite.as_json(),
            "grave": self.grave.as_json(),
            "strength": self.strength,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a try: a shift worth proposing, or why there is none."""

    # None where no strength made more right than wrong.
    shift: tuple[Floats, Floats] | None
    figures: Figures | None
    # "" or "few" or "alike" or "no_gain".
    why_not: str = ""


def fit(
    views: Floats,
    values: Floats,
    targets: Floats,
    weights: Floats,
    strength: float,
    start: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, Floats]:
    """(12, d) and (12,): the ridge-regularised softmax regression with `values` as its offset.

    Accelerated full-batch steps under a fixed bound of the curvature (Böhning 1992), so that one
    inverse serves all of them. Deterministic; `start` only saves steps.
    """
    x = np.hstack([views, np.ones((len(views), 1), dtype=np.float32)])
    bound = 0.5 * (x.T * weights) @ x + strength * np.eye(x.shape[1], dtype=np.float32)
    step = np.linalg.inv(bound.astype(np.float64)).astype(np.float32)
    now = np.zeros((x.shape[1], values.shape[1]), dtype=np.float32)
    if start is not None:
        now = np.vstack([start[0].T, start[1]])
    ahead = now
    momentum = 1.0
    for _ in range(_ROUNDS):
        error = (softmax(values + x @ ahead) - targets) * weights[:, None]
        change = step @ (x.T @ error + strength * ahead)
        then = ahead - change
        following = (1.0 + sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0
        if float((change * (then - now)).sum()) > 0.0:
            # Overshot: begin the acceleration again.
            following = 1.0
        ahead = then + np.float32((momentum - 1.0) / following) * (then - now)
        settled = float(np.abs(then - now).max()) < _SETTLED
        now, momentum = then, following
        if settled:
            break
    return np.ascontiguousarray(now[:-1].T), np.ascontiguousarray(now[-1])


def group_alike(texts: Sequence[str]) -> Ints:
    """(n,) a number for each text; nearly the same texts have the same."""
    # Compiled code, which only a try needs.
    from levelhead.analysis.streams.near_duplicates import NearDuplicates

    found = NearDuplicates(capacity=max(1, len(texts))).add(list(texts))
    same: dict[str, int] = {}
    # A text without a word is alone for the search; its copies are copies all the same.
    return np.array(
        [same.setdefault(text.strip(), int(n)) for text, n in zip(texts, found, strict=True)],
        dtype=np.int64,
    )


def _folds(groups: Ints) -> Ints:
    """(n,) the fold of each post; a group stays together, folds are of like size."""
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(_SEED).permutation(len(names))
    sizes, fold_of = [0] * FOLDS, {}
    # The large groups first, so that the small ones even them out.
    for n in sorted(order.tolist(), key=lambda n: -int(counts[n])):
        smallest = sizes.index(min(sizes))
        fold_of[int(names[n])] = smallest
        sizes[smallest] += int(counts[n])
    return np.array([fold_of[int(group)] for group in groups], dtype=np.int64)


def try_out(corrections: Posts, kept: Posts, examples: Examples) -> Outcome:
    """Fit what `corrections` teach, measure it on posts held out, and say what would change.

    `kept` are posts that people left as they were; the practice part of `examples` is fitted to
    stay as the cascade reads it, and the rest of them is the built-in suite.
    """
    if len(corrections) < FEWEST:
        return Outcome(shift=None, figures=None, why_not="few")
    groups = group_alike([*corrections.texts, *kept.texts])
    if len(np.unique(groups[: len(corrections)])) < FOLDS:
        return Outcome(shift=None, figures=None, why_not="alike")
    practice = _select(examples, ~examples.held)
    suite = _select(examples, examples.held)
    teach = _Teach(corrections, kept, practice, _folds(groups))
    scores, held_out = teach.cross_validate()
    best = int(scores.sum(axis=1).argmax())
    figures, shift = teach.measure(scores, held_out, best, suite)
    gain = figures.corrections.after + figures.kept.after
    if scores[best].sum() <= 0 or gain <= figures.corrections.before + figures.kept.before:
        return Outcome(shift=None, figures=figures, why_not="no_gain")
    return Outcome(shift=shift, figures=figures)


def _select(examples: Examples, rows: NDArray[np.bool_]) -> Posts:
    places = np.flatnonzero(rows)
    return Posts(
        texts=tuple(examples.texts[n] for n in places.tolist()),
        views=examples.views[places],
        values=examples.label_values[places],
        labels=examples.labels[places],
    )


class _Teach:
    """The fits of one try: corrections first, then kept posts, then practice."""

    def __init__(self, corrections: Posts, kept: Posts, practice: Posts, folds: Ints) -> None:
        parts = (corrections, kept, practice)
        self.views = np.concatenate([part.views for part in parts]).astype(np.float32)
        self.values = np.concatenate([part.values for part in parts]).astype(np.float32)
        self.labels = np.concatenate([part.labels for part in parts])
        self.before = self.values.argmax(axis=1)
        # What nobody corrected is to be read as it is read today.
        self.targets = softmax(self.values)
        corrected = np.arange(len(corrections))
        self.targets[corrected] = 0.0
        self.targets[corrected, corrections.labels] = 1.0
        self.weights = np.full(len(self.labels), _STAY, dtype=np.float32)
        self.weights[np.isin(self.labels, _GRAVE)] *= _GRAVE_WEIGHT
        self.weights[corrected] = 1.0
        self.corrections, self.own = len(corrections), len(corrections) + len(kept)
        # Practice is in every fit.
        self.folds = np.concatenate([folds, np.full(len(practice), -1)])

    def _fit(
        self,
        rows: NDArray[np.bool_],
        strength: float,
        start: tuple[Floats, Floats] | None = None,
    ) -> tuple[Floats, Floats]:
        views, values, targets = self.views[rows], self.values[rows], self.targets[rows]
        return fit(views, values, targets, self.weights[rows], strength, start)

    def cross_validate(self) -> tuple[Doubles, Ints]:
        """What each strength gains in each fold, and the labels it gives to held-out posts.

        (strengths, FOLDS) posts more right than before, of the agency's own and of practice;
        (strengths, own posts) places in LABELS.
        """
        gains = np.zeros((len(STRENGTHS), FOLDS))
        read = np.zeros((len(STRENGTHS), self.own), dtype=np.int64)
        for fold in range(FOLDS):
            rows = np.flatnonzero(self.folds == fold)
            shift = None
            for s, strength in enumerate(STRENGTHS):
                shift = self._fit(self.folds != fold, strength, shift)
                after = self._read(self.views, self.values, shift)
                read[s, rows] = after[rows]
                gains[s, fold] = self._gain(rows, after) + self._gain_in_practice(after)
        return gains, read

    def _gain(self, rows: Ints, after: Ints) -> int:
        share = Share.of(self.labels[rows], self.before[rows], after[rows])
        return share.gained - share.lost

    def _gain_in_practice(self, after: Ints) -> float:
        """What practice loses counts, what it gains does not: it is there to stay as it is."""
        rows = np.arange(self.own, len(self.labels))
        was = self.before[rows] == self.labels[rows]
        lost = was & (after[rows] != self.labels[rows])
        # Each fold sees all of it.
        cost = np.where(np.isin(self.labels[rows], _GRAVE), _GRAVE_WEIGHT, 1.0)
        return -float(cost[lost].sum()) / FOLDS

    @staticmethod
    def _read(views: Floats, values: Floats, shift: tuple[Floats, Floats]) -> Ints:
        found: Ints = (values + views @ shift[0].T + shift[1]).argmax(axis=1)
        return found

    def measure(
        self, gains: Doubles, held_out: Ints, best: int, suite: Posts
    ) -> tuple[Figures, tuple[Floats, Floats]]:
        """The figures of the strength that was chosen, and the fit on everything."""
        after = np.zeros(self.own, dtype=np.int64)
        for fold in range(FOLDS):
            # Chosen without this fold, so that the choice does not flatter the figure.
            others = int(np.delete(gains, fold, axis=1).sum(axis=1).argmax())
            rows = np.flatnonzero(self.folds == fold)
            after[rows] = held_out[others, rows]
        shift = self._fit(np.ones(len(self.labels), dtype=np.bool_), STRENGTHS[best])
        read = self._read(suite.views, suite.values, shift)
        was = suite.values.argmax(axis=1)
        grave = np.isin(suite.labels, _GRAVE)
        taught = slice(0, self.corrections)
        left = slice(self.corrections, self.own)
        given = self.labels[taught]
        return Figures(
            corrections=Share.of(given, self.before[taught], after[taught]),
            by_label={
                LABELS[n]: Share.of(
                    given[given == n], self.before[taught][given == n], after[taught][given == n]
                )
                for n in sorted(set(given.tolist()))
            },
            kept=Share.of(self.labels[left], self.before[left], after[left]),
            suite=Share.of(suite.labels, was, read),
            grave=Share.of(suite.labels[grave], was[grave], read[grave]),
            strength=STRENGTHS[best],
        ), shift
