"""The words of the silence clock's calls. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from levelhead.incidents.domain import IncidentKind

# A life may be at stake: people are called in their quiet hours too.
TO_LIFE: Final = frozenset(
    {
        IncidentKind.ACTIVE_THREAT, IncidentKind.MISSING_PERSON, IncidentKind.FIRE,
        IncidentKind.FLOOD,
    }
)  # fmt: skip
CRISIS: Final = 4


class Stage(StrEnum):
    """How far the promised time has gone."""

    SOON = "soon"  # 80%
    OUT = "out"  # 100%


def threatens_life(kind: str, level: int) -> bool:
    """Whether quiet hours do not hold for it."""
    return level >= CRISIS and kind in {one.value for one in TO_LIFE}
