"""How often each term comes now and usually: a table that forgets, of bounded size."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

# Time constants in seconds: what is "now", and what is "usual".
FAST: Final = 20 * 60.0
SLOW: Final = 3 * 86_400.0
CAPACITY: Final = 60_000
# Before anything is known a term is in one post of 400, a hazard in one of 100; believed like 400
# posts of history.
PRIOR_SHARE: Final = 1 / 400
PRIOR_SHARE_HAZARD: Final = 1 / 100
PRIOR_POSTS: Final = 400.0
# How many posts of a term are warm before anything is known: of a hazard's name, and of others.
PRIOR_WARM_HAZARD: Final = 0.4
PRIOR_WARM: Final = 0.06
PRIOR_WARM_POSTS: Final = 8.0
# A hazard's own name links posts across words; written so that no word of a post is the same.
HAZARD_MARK: Final = "~"


class Cell:
    """Decaying counts of one term."""

    __slots__ = ("checked", "fast", "fast_warm", "last", "slow", "slow_warm")

    def __init__(self, at: float) -> None:
        self.last = at
        self.fast = self.fast_warm = self.slow = self.slow_warm = 0.0
        # `fast` when a burst of this term was last looked at.
        self.checked = 0.0

    def age_to(self, at: float) -> None:
        """Decay to `at`; never back."""
        passed = at - self.last
        if passed > 0:
            quick, slowly = math.exp(-passed / FAST), math.exp(-passed / SLOW)
            self.fast *= quick
            self.fast_warm *= quick
            self.checked *= quick
            self.slow *= slowly
            self.slow_warm *= slowly
            self.last = at


class TermTable:
    """Cells of the terms met lately, at most CAPACITY; the rest is forgotten, least first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.cells: dict[str, Cell] = {}
        # Every post counts here.
        self.total = Cell(0.0)

    def count(self, terms: Iterable[str], at: float, *, warm: bool) -> None:
        """Count one post with these terms."""
        for cell in (self.total, *(self._cell(term, at) for term in terms)):
            cell.age_to(at)
            cell.fast += 1.0
            cell.slow += 1.0
            if warm:
                cell.fast_warm += 1.0
                cell.slow_warm += 1.0
        if len(self.cells) > self.capacity:
            self._forget(at)

    def _cell(self, term: str, at: float) -> Cell:
        cell = self.cells.get(term)
        if cell is None:
            cell = self.cells[term] = Cell(at)
        return cell

    def _forget(self, at: float) -> None:
        # Half at once, so that the cost of a post stays flat.
        def worth(item: tuple[str, Cell]) -> float:
            passed = max(0.0, at - item[1].last)
            return item[1].fast * math.exp(-passed / FAST) + 0.2 * item[1].slow * math.exp(
                -passed / SLOW
            )

        kept = sorted(self.cells.items(), key=worth, reverse=True)[: self.capacity // 2]
        self.cells = dict(kept)

    def expect(self, term: str, at: float) -> tuple[float, float]:
        """(posts, warm posts) of `term` usual among as many posts as came lately.

        By share of the stream, so that nights and busy hours need no table of their own.
        """
        cell = self.cells.get(term)
        total = self.total
        total.age_to(at)
        old = old_warm = 0.0
        if cell is not None:
            cell.age_to(at)
            # What came just now is what is asked about, not what is usual.
            old = max(0.0, cell.slow - cell.fast)
            old_warm = max(0.0, min(old, cell.slow_warm - cell.fast_warm))
        old_total = max(0.0, total.slow - total.fast)
        hazard = term.startswith(HAZARD_MARK)
        prior_share = PRIOR_SHARE_HAZARD if hazard else PRIOR_SHARE
        prior = PRIOR_WARM_HAZARD if hazard else PRIOR_WARM
        share = (old + prior_share * PRIOR_POSTS) / (old_total + PRIOR_POSTS)
        warm = (old_warm + prior * PRIOR_WARM_POSTS) / (old + PRIOR_WARM_POSTS)
        expected = share * total.fast
        return expected, expected * warm
