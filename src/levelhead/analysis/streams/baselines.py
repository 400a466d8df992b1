"""What is usual: robust by hour of the week, and without any history from the first minute."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

HOUR: Final = 3600.0
HOURS: Final = 168
WEEKS: Final = 8
# Hours of history in a place before its median is believed.
ENOUGH: Final = 3
# So few posts are nothing to compare with.
LEAST: Final = 1.0


def surprise(seen: float, expected: float) -> float:
    """How unlikely `seen` or more is where `expected` is usual: nats, 0 at or below it.

    The log-likelihood ratio of a Poisson count; exp(-surprise) bounds the tail (Chernoff).
    """
    if seen <= expected or seen <= 0:
        return 0.0
    expected = max(expected, 1e-6)
    return seen * math.log(seen / expected) - seen + expected


class WeekBaseline:
    """Posts an hour: median and MAD of the last eight weeks by hour of the week.

    Where an hour of the week has too little history, all hours of that time of day are taken,
    then all hours, then a running mean that needs no history. Memory is fixed. A week in which
    the same hour burst does not move a median.
    """

    def __init__(self) -> None:
        self._counts = np.full((HOURS, WEEKS), np.nan)
        self._filled = np.zeros(HOURS, np.int64)
        self._hour: int | None = None
        self._count = 0.0
        # Running mean of whole hours, each held to three times what was usual.
        self._mean = 0.0
        self._known = 0

    def add(self, at: float, posts: float = 1.0) -> None:
        """Count `posts` at `at` (seconds, never going back)."""
        hour = int(at // HOUR)
        if self._hour is None:
            self._hour = hour
        elif hour > self._hour:
            self._close(self._hour, hour)
        self._count += posts

    def _close(self, begun: int, hour: int) -> None:
        # Hours in which nothing came are history too; more than the table holds need no writing.
        for passed in range(max(begun, hour - HOURS * WEEKS), hour):
            count = self._count if passed == begun else 0.0
            place = passed % HOURS
            self._counts[place, self._filled[place] % WEEKS] = count
            self._filled[place] += 1
            # An hour is one of few at first, and one of fifty later.
            self._known += 1
            held = count if self._known <= 2 else min(count, 3 * self._mean + 5)
            self._mean += (held - self._mean) / min(self._known, 50)
        self._hour, self._count = hour, 0.0

    def expect(self, at: float) -> tuple[float, float]:
        """(posts an hour usual at `at`, how far they usually stray); (0, 0) before any history."""
        place = int(at // HOUR) % HOURS
        if self._filled[place] >= ENOUGH:
            known = self._counts[place]
        else:
            known = self._counts[place % 24 :: 24].ravel()
        known = known[~np.isnan(known)]
        if len(known) < ENOUGH:
            known = self._counts[~np.isnan(self._counts)]
        if len(known) == 0:
            return 0.0, 0.0
        if len(known) < ENOUGH:
            return max(LEAST, self._mean), math.sqrt(max(LEAST, self._mean))
        middle = float(np.median(known))
        stray = 1.4826 * float(np.median(np.abs(known - middle)))
        return max(LEAST, middle), max(stray, math.sqrt(max(LEAST, middle)))


class Share:
    """How many of the posts have some property: a recent and a long-run share, with a prior."""

    def __init__(self, *, prior: float, weight: float, fast: float, slow: float) -> None:
        # `weight` posts' worth of belief in `prior`; `fast` and `slow` are numbers of posts.
        self.prior, self.weight = prior, weight
        self._fast, self._slow = 1 / fast, 1 / slow
        self.recent = prior
        self._mass, self._posts = 0.0, 0.0

    def add(self, value: float) -> None:
        """One more post, with the property (1) or without (0)."""
        self.recent += (value - self.recent) * self._fast
        self._mass += value - self._mass * self._slow
        self._posts += 1.0 - self._posts * self._slow

    @property
    def usual(self) -> float:
        """The long-run share."""
        return (self._mass + self.prior * self.weight) / (self._posts + self.weight)
