"""Times as platforms write them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment_of(value: object) -> datetime | None:
    """An aware moment; None for anything else."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
