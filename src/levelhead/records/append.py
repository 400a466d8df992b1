"""Adding to the record: the only way in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from levelhead.kernel.ids import new_ids
from levelhead.records.domain import (
    FIRST_HASH,
    EventToRecord,
    canonical_payload,
    link_hash,
    time_text,
)
from levelhead.records.through import program_at_work

_INSERT = (
    "INSERT INTO records_recordevent "
    "(id, agency_id, chain_id, seq, subject, action, actor, at, payload, previous_hash, hash) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
# Makes the chain where it is missing and takes its lock where it is there, in one statement.
_LOCK_HEAD = (
    "INSERT INTO records_recordchain (agency_id, name, seq, head_hash) VALUES (%s, %s, 0, %s) "
    "ON CONFLICT (agency_id, name) DO UPDATE SET seq = records_recordchain.seq "
    "RETURNING id, seq, head_hash"
)


def append_events(
    *, agency_id: int, chain: str, events: Sequence[EventToRecord], at: datetime
) -> None:
    """Put `events` on the record, in their order. Must run inside the caller's transaction."""
    if not connection.in_atomic_block:
        raise RuntimeError("An event goes on the record only together with what it records.")
    if not events:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_HEAD, [agency_id, chain, FIRST_HASH])
        chain_id, seq, head = cursor.fetchone()
        when = time_text(at)
        program = program_at_work()
        rows = []
        for event_id, event in zip(new_ids(len(events)), events, strict=True):
            seq += 1
            told = {**event.payload, "through": program} if program else event.payload
            payload = canonical_payload(told)
            linked = link_hash(
                chain=chain,
                agency_id=agency_id,
                seq=seq,
                subject=event.subject,
                action=event.action,
                actor=event.actor,
                at=when,
                payload=payload,
                previous_hash=head,
            )
            rows.append(
                (
                    event_id, agency_id, chain_id, seq, event.subject, event.action,
                    event.actor, when, payload, head, linked,
                )
            )  # fmt: skip
            head = linked
        cursor.executemany(_INSERT, rows)
        cursor.execute(
            "UPDATE records_recordchain SET seq = %s, head_hash = %s WHERE id = %s",
            [seq, head, chain_id],
        )
