"""One line for everything that happens in an incident: its log, the record, the open screens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from levelhead.accounts.models import User
from levelhead.incidents.models import Guest, Incident, LogEntry
from levelhead.kernel import clock
from levelhead.live.actions import announce
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord

# Called in the transaction in which something happened, with its line of the log.
Listener = Callable[[Incident, LogEntry], None]
_listeners: Final[list[Listener]] = []


def on_told(listener: Listener) -> Listener:
    """Have `listener` called with everything that happens in an incident."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def tell(
    incident: Incident,
    action: str,
    *,
    by: User | None,
    text: str = "",
    payload: Mapping[str, object] | None = None,
    screens: Iterable[int] = (),
) -> LogEntry:
    """Write it into the log and onto the record. In the caller's transaction, and last in it.

    The screens of the agencies in `screens` hear of it besides those in the room.
    """
    now = clock.now()
    told = dict(payload or {})
    entry = LogEntry.objects.create(
        agency_id=incident.agency_id, incident=incident, at=now, by=by, action=action, text=text,
        details=json.dumps(told, sort_keys=True),
    )  # fmt: skip
    append_events(
        agency_id=incident.agency_id,
        chain=DESK_CHAIN,
        at=now,
        events=[
            EventToRecord(
                subject=f"incident:{incident.pk}",
                action=action,
                actor=f"user:{by.pk}" if by is not None else "system",
                payload={**told, "text": text} if text else told,
            )
        ],
    )
    _announce(incident, screens)
    for listener in _listeners:
        listener(incident, entry)
    return entry


def _announce(incident: Incident, screens: Iterable[int]) -> None:
    """The open screens of the agency, and of those that sit in the room, ask again."""
    guests = Guest.objects.filter(
        incident=incident, accepted_at__isnull=False, until__isnull=True
    ).values_list("guest_id", flat=True)
    # By their numbers: two acts that lock the same agencies' streams never wait for each other.
    for agency_id in sorted({incident.agency_id, *guests, *screens}):
        announce(
            agency_id=agency_id, kind="incident.changed", payload={"incident": str(incident.pk)}
        )
