"""Where a narrowed list looks for its rows: the index that leaves the fewest, newest first.

Each walk gives ids in windows, so that one page costs the same however long the archive is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from django.db import connection

from levelhead.accounts.models import Agency, User
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.choice import QUEUE_OF_VIEW, WORKING, Choice
from levelhead.inbox.domain import QUEUE_OF, CaseState, Queue
from levelhead.inbox.models import Post
from levelhead.inbox.newest import NO_ID, newest_case_ids
from levelhead.inbox.search import find_post_ids
from levelhead.kernel.ids import NODE_BITS, SEQUENCE_BITS

# (below this id, at most so many) -> ids, newest first.
Walk = Callable[[int, int], list[int]]

# People whose names fit; more of them need more of the name.
MOST_AUTHORS: Final = 20
# Two channels that file at the same moment draw ids in another order than they received.
_MARGIN: Final = (10 * 60 * 1000) << (NODE_BITS + SEQUENCE_BITS)
# Above every letter that a name can begin with.
_LAST_LETTER: Final = chr(0x10FFFF)
_CLAUSE: Final = (
    "SELECT post_id FROM inbox_case WHERE agency_id = %s AND may_break "
    "AND post_id < %s AND post_id >= %s ORDER BY post_id DESC LIMIT %s"
)
_LIKE: Final = (
    "SELECT post_id FROM inbox_case WHERE agency_id = %s AND cluster = %s "
    "AND post_id < %s AND post_id >= %s ORDER BY post_id DESC LIMIT %s"
)
_OF_AUTHOR: Final = (
    "SELECT id FROM inbox_post WHERE author_id = %s AND id < %s AND id >= %s "
    "ORDER BY id DESC LIMIT %s"
)


def _ids(statement: str, values: Sequence[int | str]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [row[0] for row in cursor.fetchall()]


def find_author_ids(agency: Agency, who: str) -> list[int]:
    """People whose name or handle begins so, one more than MOST_AUTHORS at most."""
    start = who.removeprefix("@")
    collation = "" if connection.vendor == "sqlite" else ' COLLATE "C"'
    walks: list[str] = []
    values: list[int | str] = []
    for column in ("handle", "name"):
        folded = f"lower({column}){collation}"
        walks.append(
            "SELECT id FROM (SELECT id FROM inbox_author WHERE agency_id = %s "  # noqa: S608  # ours
            f"AND {folded} >= lower(%s) AND {folded} < lower(%s) "
            f"ORDER BY {folded} LIMIT %s) AS by_{column}"
        )
        values += [agency.pk, start, start + _LAST_LETTER, MOST_AUTHORS + 1]
    return _ids(f"{' UNION '.join(walks)} LIMIT %s", [*values, MOST_AUTHORS + 1])


def bounds_of(
    agency: Agency, span: tuple[datetime | None, datetime | None]
) -> tuple[int, int] | None:
    """Ids between which posts lie that came in then; None where there are none.

    A little wide: who uses them looks at the times themselves too.
    """
    posts = Post.objects.filter(agency=agency).values_list("id", flat=True)
    low, high = 0, NO_ID
    since, until = span
    if since is not None:
        first = posts.filter(received_at__gte=since).order_by("received_at", "id").first()
        if first is None:
            return None
        low = max(0, first - _MARGIN)
    if until is not None:
        last = posts.filter(received_at__lt=until).order_by("-received_at", "-id").first()
        if last is None:
            return None
        high = min(NO_ID, last + _MARGIN)
    return low, high


def states_of(choice: Choice) -> tuple[CaseState, ...]:
    """The states that the view and the filter leave."""
    if choice.view in QUEUE_OF_VIEW:
        of_view: tuple[CaseState, ...] = (CaseState.OPEN,)
    elif choice.view == "mine":
        of_view = tuple(CaseState(state) for state in WORKING)
    elif choice.view == "answered":
        of_view = (CaseState.ANSWERED,)
    elif choice.view == "snoozed":
        of_view = (CaseState.SNOOZED,)
    else:
        of_view = tuple(CaseState)
    return tuple(state for state in of_view if choice.state in ("", state.value))


def owner_of(choice: Choice, person: User) -> int | None:
    """The person whose cases are asked for; None where it is not said, or nobody's."""
    if choice.view == "mine" or choice.owner == "me":
        return person.pk
    return int(choice.owner) if choice.owner.isdigit() else None


def find_walk(
    agency: Agency, person: User, choice: Choice, authors: Sequence[int], since: int
) -> Walk:
    """The walk for what was chosen, over ids from `since` on."""
    if choice.query:
        return lambda before, limit: find_post_ids(
            agency_id=agency.pk, query=choice.query, before=before, since=since, limit=limit
        )
    if choice.like:
        like = choice.like
        return lambda before, limit: _ids(_LIKE, [agency.pk, like, before, since, limit])
    if choice.who:
        return partial(walk_authors, authors, since)
    if choice.clause:
        return lambda before, limit: _ids(_CLAUSE, [agency.pk, before, since, limit])
    states = states_of(choice)
    return lambda before, limit: newest_case_ids(
        agency_id=agency.pk,
        states=states,
        queues=_queues_of(choice, states),
        label=choice.label,
        owner_id=owner_of(choice, person),
        before=before,
        since=since,
        limit=limit,
    )


def walk_authors(authors: Sequence[int], since: int, before: int, limit: int) -> list[int]:
    """Posts of these people between two ids, newest first."""
    if not authors:
        return []
    walks = [f"SELECT id FROM ({_OF_AUTHOR}) AS walk{n}" for n in range(len(authors))]  # noqa: S608
    values = [value for author in authors for value in (author, before, since, limit)]
    return _ids(f"{' UNION ALL '.join(walks)} ORDER BY id DESC LIMIT %s", [*values, limit])


def _queues_of(choice: Choice, states: Sequence[CaseState]) -> tuple[Queue, ...]:
    if choice.view in QUEUE_OF_VIEW:
        return (QUEUE_OF_VIEW[choice.view],)
    if not choice.disposition:
        return tuple(Queue)
    queue = QUEUE_OF[Disposition(choice.disposition)]
    # What was done before anybody saw it waits in the last queue, whatever was proposed.
    done = set(states) != {CaseState.OPEN}
    return tuple({queue, Queue.STAND} if done else {queue})
