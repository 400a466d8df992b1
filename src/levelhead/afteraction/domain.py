"""What an after-action report counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LESSON_LIMIT: Final = 500
TOKEN_LIMIT: Final = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """A word that was promised for a moment, and when it came."""

    # Number of the update that promised it; 0 for the very first word.
    by_number: int
    since: datetime
    due: datetime
    # None where it never came.
    came: datetime | None
    # Whether its time was over when the incident ended, or now.
    settled: bool

    @property
    def kept(self) -> bool:
        """Whether it came in time."""
        return self.came is not None and self.came <= self.due

    @property
    def late_by(self) -> timedelta | None:
        """How late it came; None where it was in time or did not come."""
        return None if self.came is None or self.came <= self.due else self.came - self.due


def promises_of(
    *,
    noticed: datetime,
    first_due: datetime,
    updates: Sequence[tuple[int, datetime, datetime | None]],
    end: datetime,
) -> list[Promise]:
    """Every promise of a word in its order; `updates` are number, moment, next word promised.

    `end` is when the incident ended, or now: what was due later is not counted yet.
    """
    promises: list[Promise] = []
    number, since = 0, noticed
    due: datetime | None = first_due
    for next_number, at, next_due in updates:
        if due is not None:
            promises.append(Promise(by_number=number, since=since, due=due, came=at, settled=True))
        number, since, due = next_number, at, next_due
    if due is not None:
        promises.append(
            Promise(by_number=number, since=since, due=due, came=None, settled=due <= end)
        )
    return promises


def share_kept(promises: Sequence[Promise]) -> tuple[int, int]:
    """How many promises were kept, of how many whose time has come."""
    settled = [one for one in promises if one.settled]
    return sum(one.kept for one in settled), len(settled)
