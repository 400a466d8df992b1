"""Near-copies in a list: the newest one shows, and says how many others are like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from levelhead.inbox.choice import QUEUE_OF_VIEW, Choice
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case

COUNTED_TO: Final = 99


def folds(choice: Choice) -> bool:
    """Whether a list shows copies as one row."""
    return not choice.like and not choice.copies and choice.sort == "newest"


def state_of_copies(choice: Choice) -> str:
    """The state that the others must be in to be counted with a row; empty for any."""
    return CaseState.OPEN.value if choice.view in QUEUE_OF_VIEW else choice.state


def count_copies(agency_id: int, choice: Choice, rows: Sequence[Case]) -> None:
    """Say on each row how many open ones are like it, itself included, up to COUNTED_TO."""
    clusters = sorted({row.cluster for row in rows if row.cluster is not None})
    counts = dict(_count_each(agency_id, choice, clusters))
    for row in rows:
        number = counts.get(row.cluster or 0, 0)
        row.like = "" if number < 2 else f"{COUNTED_TO}+" if number > COUNTED_TO else str(number)  # type: ignore[attr-defined]


def _count_each(agency_id: int, choice: Choice, clusters: Sequence[int]) -> list[tuple[int, int]]:
    """(cluster, how many of its cases, a little over COUNTED_TO at most) for each."""
    if not clusters:
        return []
    state = state_of_copies(choice)
    held = "cluster = %s AND agency_id = %s" + (" AND state = %s" if state else "")
    few = f"SELECT 1 AS one FROM inbox_case WHERE {held} LIMIT %s"  # noqa: S608  # the words are ours
    one = f"SELECT %s AS cluster, count(*) FROM ({few}) AS few"  # noqa: S608
    values: list[int | str] = []
    for cluster in clusters:
        values += [cluster, cluster, agency_id, *([state] if state else []), COUNTED_TO + 1]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(clusters)), values)
        return [(int(row[0]), int(row[1])) for row in cursor.fetchall()]
