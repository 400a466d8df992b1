"""Telling the open screens that something changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection

from levelhead.kernel import clock
from levelhead.live.models import LiveEvent

KEEP = timedelta(days=1)
_NEXT_NUMBER = (
    "INSERT INTO live_livehead (agency_id, seq) VALUES (%s, 1) "
    "ON CONFLICT (agency_id) DO UPDATE SET seq = live_livehead.seq + 1 RETURNING seq"
)


def announce(*, agency_id: int, kind: str, payload: Mapping[str, object]) -> int:
    """Write one live event, visible when the caller's transaction commits; gives its number.

    Call it last in the transaction: until the commit it holds the agency's log.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A live event is written only together with what it tells of.")
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBER, [agency_id])
        seq: int = cursor.fetchone()[0]
    LiveEvent.objects.create(
        agency_id=agency_id, seq=seq, kind=kind, payload=json.dumps(payload), at=clock.now()
    )
    return seq


def forget_old() -> int:
    """Remove live events older than a day; gives how many."""
    removed, _ = LiveEvent.objects.filter(at__lt=clock.now() - KEEP).delete()
    return removed
