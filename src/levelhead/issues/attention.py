"""The agency's level of attention, as the strip on top of every page says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Attention:
    """How grave things are now: what a person decided, or what is proposed and still waits."""

    level: int
    # Whether nobody has decided on it yet.
    proposed: bool
    topic: int | None
    issue: int | None


def attention_of(row: Mapping[str, int | None]) -> Attention:
    """From the columns of `issues.queries.attention_columns`."""
    set_level, proposed = row["issue_level"] or 0, row["topic_level"] or 0
    if proposed > set_level:
        return Attention(level=proposed, proposed=True, topic=row["topic"], issue=None)
    return Attention(level=set_level, proposed=False, topic=None, issue=row["issue"])
