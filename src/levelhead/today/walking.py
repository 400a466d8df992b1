"""Which posts a part of Today lists, in its order: index walks that end after a few rows.

Statements with their conditions written out, because both databases use a partial index only where
they can see that it holds all the rows that are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection
from django.utils.dateparse import parse_datetime

from levelhead.inbox.newest import NO_ID
from levelhead.inbox.store import time_value
from levelhead.today.domain import Section

_NOW: Final = (
    "SELECT post_id, due_at FROM inbox_case WHERE agency_id = %s AND state = 'open' "
    "AND queue = 'now' AND post_id > %s ORDER BY post_id LIMIT %s"
)
_NEWEST: Final = (
    "SELECT post_id, due_at FROM inbox_case WHERE agency_id = %s AND state = 'open' "
    "AND queue = '{queue}' AND post_id < %s ORDER BY post_id DESC LIMIT %s"
)
_DUE: Final = (
    "SELECT post_id, due_at FROM inbox_case {index}WHERE agency_id = %s AND state = 'open' "
    "AND queue = 'needs' AND answer_id IS {answer} AND due_at IS NOT NULL "
    "AND (due_at, post_id) > (%s, %s) ORDER BY due_at, post_id LIMIT %s"
)
_WITHOUT_CLOCK: Final = (
    "SELECT post_id, due_at FROM inbox_case {index}WHERE agency_id = %s AND state = 'open' "
    "AND queue = 'needs' AND answer_id IS {answer} AND due_at IS NULL AND post_id > %s "
    "ORDER BY post_id LIMIT %s"
)
_COUNT: Final = (
    "SELECT COUNT(*) FROM (SELECT post_id FROM inbox_case {index}WHERE agency_id = %s "
    "AND state = 'open' AND queue = 'needs' AND answer_id IS {answer} LIMIT %s) AS counted"
)
_LONG_AGO: Final = "0001-01-01T00:00:00+00:00"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A post in a part, and the key behind which the next begin."""

    case_id: int
    key: str


def walk(agency_id: int, section: Section, *, after: str, limit: int) -> list[Place]:
    """At most one more than `limit` posts of a part, behind the key `after`."""
    stage, due, last = _read_key(after)
    wanted = limit + 1
    if section in (Section.CLAUSE, Section.STAND):
        statement = _NEWEST.format(queue=section.value)
        return _places("n", statement, [agency_id, last or NO_ID, wanted])
    found: list[Place] = []
    fits = section is Section.FITS
    if section is Section.NEEDS and stage in ("", "a"):
        found += _places("a", _NOW, [agency_id, last if stage else 0, wanted])
        stage = ""
    if stage in ("", "b") and len(found) < wanted:
        begin = (due, last) if stage else (parse_datetime(_LONG_AGO), 0)
        found += _places(
            "b", _with_index(_DUE, fits=fits),
            [agency_id, time_value(begin[0]), begin[1], wanted - len(found)],
        )  # fmt: skip
        stage = ""
    if len(found) < wanted:
        found += _places(
            "c", _with_index(_WITHOUT_CLOCK, fits=fits),
            [agency_id, last if stage else 0, wanted - len(found)],
        )  # fmt: skip
    return found


def count_needing(agency_id: int, *, fits: bool, most: int) -> int:
    """How many need a person and have an answer that fits (or have none), counted up to `most`."""
    with connection.cursor() as cursor:
        cursor.execute(_with_index(_COUNT, fits=fits), [agency_id, most])
        found: int = cursor.fetchone()[0]
    return found


def _with_index(statement: str, *, fits: bool) -> str:
    # SQLite takes the index with more equal columns, which holds both kinds, unless it is told.
    index = "case_fits_by_clock" if fits else "case_needs_by_clock"
    return statement.format(
        index=f"INDEXED BY {index} " if connection.vendor == "sqlite" else "",
        answer="NOT NULL" if fits else "NULL",
    )


def _places(stage: str, statement: str, values: list[Any]) -> list[Place]:
    with connection.cursor() as cursor:
        # What is put into a statement is ours; what comes from outside goes in as values.
        cursor.execute(statement, values)
        rows = cursor.fetchall()
    return [Place(case_id=pk, key=_key(stage, due, pk)) for pk, due in rows]


def _key(stage: str, due: object, pk: int) -> str:
    if stage != "b":
        return f"{stage}_{pk}"
    moment = due if isinstance(due, datetime) else parse_datetime(str(due))
    return f"{stage}_{_aware(moment).isoformat()}_{pk}"


def _aware(moment: datetime | None) -> datetime:
    """SQLite gives times as text without their zone, which is UTC."""
    if moment is None:
        raise ValueError("a due time cannot be read")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read_key(key: str) -> tuple[str, datetime | None, int]:
    """Stage, due time and id of a key; the beginning where it makes no sense."""
    parts = key[:80].split("_")
    stage = parts[0] if parts[0] in ("a", "b", "c", "n") else ""
    last = parts[-1]
    if not stage or not (last.isascii() and last.isdigit() and len(last) <= 19):
        return "", None, 0
    if int(last) > NO_ID:
        return "", None, 0
    if stage != "b":
        return stage, None, int(last)
    try:
        due = parse_datetime(parts[1])
    except ValueError:
        due = None
    if due is None or due.tzinfo is None or len(parts) != 3:
        return "", None, 0
    return stage, due, int(last)
