"""Which approved answers fit a post, by meaning; and whether any does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from levelhead.analysis.encoder import MEANING_WIDTH, Encoder

Floats = NDArray[np.float32]

# An answer's score is the mean over so many of its texts that are nearest to the post.
NEAREST: Final = 3
# From this score on an answer is offered.
FITS_FROM: Final = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerTexts:
    """What an approved answer is found by."""

    id: str
    # Its title, questions that it answers, and the answer itself; at least one.
    texts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """An answer and how well it fits."""

    id: str
    # Probability that the answer fits the post.
    score: float
    # The text of the answer that is nearest to the post.
    nearest: str

    @property
    def fits(self) -> bool:
        """Whether it may be offered."""
        return self.score >= FITS_FROM


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """Nearness to probability: closeness, its lead over the next answer, and a shift."""

    closeness: float
    lead: float
    shift: float

    @classmethod
    def read(cls, notes: Mapping[str, Any]) -> Calibration:
        """From the encoder's notes."""
        closeness, lead, shift = notes["retrieval"]
        return cls(closeness=closeness, lead=lead, shift=shift)


class AnswerIndex:
    """Approved answers by meaning. Finding costs one reading and one product of matrices."""

    def __init__(
        self,
        answers: Sequence[AnswerTexts],
        encoder: Encoder,
        calibration: Calibration | None = None,
    ) -> None:
        self._encoder = encoder
        self._answers = list(answers)
        self._calibration = calibration or Calibration.read(encoder.notes)
        self._texts = [text for answer in answers for text in answer.texts]
        owners = [n for n, answer in enumerate(answers) for _ in answer.texts]
        self._rows = [np.flatnonzero(np.array(owners) == n) for n in range(len(self._answers))]
        if not all(len(rows) for rows in self._rows):
            raise ValueError("an answer without texts cannot be found")
        self._meanings = (
            encoder.find_meanings(self._texts)
            if self._texts
            else np.zeros((0, MEANING_WIDTH), dtype=np.float32)
        )

    def find(self, posts: Sequence[str], *, limit: int = 3) -> list[list[Match]]:
        """For each post at most `limit` answers, the best first; look at `Match.fits`."""
        if not self._answers or not posts:
            return [[] for _ in posts]
        near = self._encoder.find_meanings(posts) @ self._meanings.T
        return [self._rank(row, limit) for row in near]

    def _rank(self, near: Floats, limit: int) -> list[Match]:
        closeness = measure_closeness(near, self._rows)
        order = np.argsort(-closeness, kind="stable")
        matches = []
        for place, n in enumerate(order[:limit].tolist()):
            others = [order[0]] if place else order[1:2]
            lead = float(closeness[n] - closeness[others[0]]) if len(others) else 0.0
            best = self._rows[n][int(near[self._rows[n]].argmax())]
            matches.append(
                Match(
                    id=self._answers[n].id,
                    score=self._calibrate(float(closeness[n]), lead),
                    nearest=self._texts[int(best)],
                )
            )
        return matches

    def _calibrate(self, closeness: float, lead: float) -> float:
        c = self._calibration
        value = c.closeness * closeness + c.lead * lead + c.shift
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, value))))


def measure_closeness(near: Floats, rows: Sequence[NDArray[np.intp]]) -> Floats:
    """(answers,) from (texts,) cosines: the mean over each answer's nearest texts."""
    out = np.empty(len(rows), dtype=np.float32)
    for n, places in enumerate(rows):
        values = near[places]
        if len(values) > NEAREST:
            values = np.partition(values, -NEAREST)[-NEAREST:]
        out[n] = values.mean()
    return out
