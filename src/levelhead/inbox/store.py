"""The statements of the hot path: many rows at once, the same on SQLite and PostgreSQL.

The ORM writes 17,000 rows a second here and plain statements 75,000; a surge needs them. They run
inside the caller's transaction like everything else.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

# Ids in one IN (...): SQLite takes 32,766 parameters, and shorter statements are prepared faster.
CHUNK = 500


def insert_rows(table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert `rows`; an existing row raises IntegrityError."""
    if not rows:
        return
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        # Table and columns are ours, never given from outside.
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)  # noqa: S608


def time_value(at: datetime | None) -> object:
    """A time as the database driver takes it."""
    return connection.ops.adapt_datetimefield_value(at)


def by_channel(keys: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Ids grouped by channel, in chunks that fit one statement."""
    grouped: dict[int, list[str]] = defaultdict(list)
    for channel_id, external_id in dict.fromkeys(keys):
        grouped[channel_id].append(external_id)
    for channel_id, ids in grouped.items():
        for start in range(0, len(ids), CHUNK):
            yield channel_id, ids[start : start + CHUNK]


def index_words(rows: Sequence[tuple[int, str]]) -> None:
    """Make new posts findable. (PostgreSQL keeps its own column; see the migration.)"""
    if connection.vendor == "sqlite" and rows:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO inbox_postwords (rowid, text) VALUES (%s, %s)", rows)


def reindex_words(post_id: int, old: str, new: str) -> None:
    """Make an edited post findable by its new words only."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_postwords (inbox_postwords, rowid, text) VALUES ('delete', %s, %s)",
            [post_id, old],
        )
        cursor.execute("INSERT INTO inbox_postwords (rowid, text) VALUES (%s, %s)", [post_id, new])


def change_tallies(changes: Counter[tuple[int, str, str, str]]) -> None:
    """Add to the counts per (agency, state, queue, label)."""
    # In one order for all writers, so that two never wait for each other.
    rows = [(*place, count) for place, count in sorted(changes.items()) if count]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO inbox_tally (agency_id, state, queue, label, cases) "
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (agency_id, state, queue, label) "
            "DO UPDATE SET cases = inbox_tally.cases + excluded.cases",
            rows,
        )
