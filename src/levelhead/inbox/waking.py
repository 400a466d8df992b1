"""What wakes a case that was put aside: a new post in its conversation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from levelhead.inbox.models import Case
from levelhead.inbox.store import CHUNK


def wake_in(conversation_ids: Iterable[int], *, at: datetime) -> None:
    """Somebody wrote there: what sleeps in these conversations wakes in the worker's next round."""
    ids = sorted(set(conversation_ids))
    for start in range(0, len(ids), CHUNK):
        Case.objects.filter(
            conversation_id__in=ids[start : start + CHUNK], wake_at__isnull=False, wake_at__gt=at
        ).update(wake_at=at)
