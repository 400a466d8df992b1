"""What drafting puts on the record."""

from __future__ import annotations

from collections.abc import Mapping

from levelhead.accounts.models import User
from levelhead.kernel import clock
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def record(
    *, agency_id: int, subject: str, action: str, by: User | None, payload: Mapping[str, object]
) -> None:
    """One event, in the caller's transaction."""
    append_events(
        agency_id=agency_id,
        chain=DESK_CHAIN,
        at=clock.now(),
        events=[
            EventToRecord(
                subject=subject,
                action=action,
                actor=f"user:{by.pk}" if by is not None else "system",
                payload=payload,
            )
        ],
    )
