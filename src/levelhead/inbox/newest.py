"""The newest cases of some places, without sorting an archive: a merge of index walks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from levelhead.inbox.domain import CaseState, Queue

NO_ID: Final = (1 << 63) - 1
# Each walk ends after `limit` rows, so that the cost does not grow with the archive. The planner
# cannot do this by itself: over several states it reads them all and sorts.
_BY_QUEUE: Final = (
    "SELECT post_id FROM inbox_case WHERE agency_id = %s AND state = %s AND queue = %s "
    "AND post_id < %s ORDER BY post_id DESC LIMIT %s"
)
_BY_LABEL: Final = _BY_QUEUE.replace("queue = %s", "label = %s")
_BY_OWNER: Final = _BY_QUEUE.replace("queue = %s", "owner_id = %s")


def newest_case_ids(
    *,
    agency_id: int,
    states: Sequence[CaseState],
    queues: Sequence[Queue],
    label: str = "",
    owner_id: int | None = None,
    before: int | None = None,
    since: int = 0,
    limit: int,
) -> list[int]:
    """Ids of cases in one of `states`, newest first, at most `limit`, from `since` below `before`.

    With `owner_id` only that person's, else with `label` only those of that label, in any queue;
    else those in one of `queues`.
    """
    seconds: list[str | int]
    if owner_id is not None:
        statement, seconds = _BY_OWNER, [owner_id]
    elif label:
        statement, seconds = _BY_LABEL, [label]
    else:
        statement, seconds = _BY_QUEUE, [queue.value for queue in queues]
    lower: list[int] = []
    if since:
        # Only where it is asked for: without a reason PostgreSQL may walk the key instead.
        statement = statement.replace("post_id < %s", "post_id < %s AND post_id >= %s")
        lower = [since]
    walks: list[str] = []
    values: list[int | str] = []
    for state in states:
        for second in seconds:
            walks.append(f"SELECT post_id FROM ({statement}) AS walk{len(walks)}")  # noqa: S608
            values += [agency_id, state.value, second, before or NO_ID, *lower, limit]
    if not walks:
        return []
    merged = " UNION ALL ".join(walks)
    with connection.cursor() as cursor:
        # Only the number of walks comes from outside; what they look for goes in as values.
        cursor.execute(
            f"SELECT post_id FROM ({merged}) AS merged ORDER BY post_id DESC LIMIT %s",  # noqa: S608
            [*values, limit],
        )
        return [row[0] for row in cursor.fetchall()]
