"""The worker's chore: filed posts are watched in order, from a cursor that is kept on a row.

It runs beside the intake and never in it: it reads what was filed, with the scores that were made
then, and rests as long as it worked, so that in a flood it is the watch that comes late.
"""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import connection, transaction
from django.db.models import Q

from levelhead.accounts.models import Agency
from levelhead.inbox.domain import CaseState, Queue, Visibility
from levelhead.inbox.models import Post
from levelhead.inbox.newest import newest_case_ids
from levelhead.kernel import clock
from levelhead.kernel.ids import EPOCH_MILLISECONDS, NODE_BITS, SEQUENCE_BITS
from levelhead.topics.following import FiledPost, Follower
from levelhead.topics.listening import listeners
from levelhead.topics.models import StreamCursor
from levelhead.topics.noting import note_heard, recall

log = structlog.get_logger(__name__)

# Posts of one round, of all agencies together.
BATCH: Final = 256
# Posts from which an agency's state is made again after a restart.
REBUILD: Final = 3_000
REBUILD_CHUNK: Final = 512
# Agencies whose streams are kept in memory; one that is put away is made again when it is needed.
IN_MEMORY: Final = 32
CLAIM: Final = timedelta(seconds=60)
RENEW: Final = timedelta(seconds=30)
# So old are the first posts that an agency's watch begins with.
FIRST_LOOK: Final = timedelta(days=2)
# With several writers ids become visible a little out of order; so long is waited for them.
SETTLE_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 1.0
# Rests so many times as long as it worked while posts wait.
REST: Final = 2.0

_COLUMNS: Final = (
    "id", "agency_id", "text", "created_at", "author_id", "author__followers", "from_agency",
    "visibility", "assessment__scores",
)  # fmt: skip


class _OvertakenError(Exception):
    """Another worker has taken the agency over; nothing was written."""


def lowest_id_at(moment: datetime) -> int:
    """The lowest id that can be given at that time."""
    milliseconds = int(moment.timestamp() * 1000) - EPOCH_MILLISECONDS
    return max(0, milliseconds) << (NODE_BITS + SEQUENCE_BITS)


class TopicWatch:
    """Follows the streams of all agencies that no other worker follows."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(8)
        self._followers: OrderedDict[int, Follower] = OrderedDict()

    def run_round(self) -> float:
        """Watch the next posts; gives the seconds until the next round is worth while."""
        started = time.monotonic()
        cursors = self._claim()
        if not cursors:
            return 5 * IDLE_SECONDS
        beginning = min(cursor.position for cursor in cursors.values())
        rows = _read_after(beginning)
        if not rows:
            return IDLE_SECONDS
        end = rows[-1]["id"]
        by_agency: dict[int, list[FiledPost]] = {}
        for row in rows:
            cursor = cursors.get(row["agency_id"])
            if cursor is not None and row["id"] > cursor.position and _counts(row):
                by_agency.setdefault(cursor.agency_id, []).append(_filed(row))
        for agency_id, posts in by_agency.items():
            self._watch(cursors[agency_id], posts, end)
        others = [
            cursor.pk
            for cursor in cursors.values()
            if cursor.agency_id not in by_agency and cursor.position < end
        ]
        if others:
            StreamCursor.objects.filter(
                pk__in=others, claimed_by=self._name, position__lt=end
            ).update(position=end)
        worked = time.monotonic() - started
        return min(worked * REST, 5.0) if len(rows) == BATCH else IDLE_SECONDS

    def _claim(self) -> dict[int, StreamCursor]:
        """The cursors that are ours, by agency; new agencies get theirs."""
        now = clock.now()
        cursors = list(StreamCursor.objects.all())
        known = {cursor.agency_id for cursor in cursors}
        agencies = Agency.objects.values_list("pk", "created_at")
        missing = [
            StreamCursor(agency_id=pk, position=lowest_id_at(max(created_at, now - FIRST_LOOK)))
            for pk, created_at in agencies
            if pk not in known
        ]
        if missing:
            StreamCursor.objects.bulk_create(missing, ignore_conflicts=True)
            cursors = list(StreamCursor.objects.all())
        due = [
            cursor.pk
            for cursor in cursors
            if cursor.claimed_until is None
            or cursor.claimed_until < now
            or (cursor.claimed_by == self._name and cursor.claimed_until < now + RENEW)
        ]
        if due:
            free = Q(claimed_until=None) | Q(claimed_until__lt=now) | Q(claimed_by=self._name)
            StreamCursor.objects.filter(free, pk__in=due).update(
                claimed_by=self._name, claimed_until=now + CLAIM
            )
            cursors = list(StreamCursor.objects.all())
        ours = {c.agency_id: c for c in cursors if c.claimed_by == self._name}
        for agency_id in [pk for pk in self._followers if pk not in ours]:
            # Another goes on with it: what we know is soon out of date.
            del self._followers[agency_id]
        return ours

    def _watch(self, cursor: StreamCursor, posts: Sequence[FiledPost], end: int) -> None:
        agency_id = cursor.agency_id
        try:
            follower = self._follower(cursor)
            heard = follower.take(posts)
            ids = [post.id for post in posts]
            writes = [write for listener in listeners if (write := listener(agency_id, ids))]
            with transaction.atomic():
                moved = StreamCursor.objects.filter(
                    pk=cursor.pk, position=cursor.position, claimed_by=self._name
                ).update(position=end)
                if moved != 1:
                    raise _OvertakenError
                for write in writes:
                    write()
                told = note_heard(agency_id=agency_id, heard=heard, follower=follower)
        except _OvertakenError:
            self._followers.pop(agency_id, None)
            log.info("another worker watches the posts of an agency now", agency=agency_id)
        except Exception:
            # It has read posts that the cursor does not know of; made again, it reads them once.
            self._followers.pop(agency_id, None)
            raise
        else:
            for topic in told:
                log.info("a topic is told of", agency=agency_id, topic=topic.pk, level=topic.level)

    def _follower(self, cursor: StreamCursor) -> Follower:
        follower = self._followers.get(cursor.agency_id)
        if follower is None:
            follower = rebuild(cursor)
            self._followers[cursor.agency_id] = follower
            while len(self._followers) > IN_MEMORY:
                self._followers.popitem(last=False)
        self._followers.move_to_end(cursor.agency_id)
        return follower


def rebuild(cursor: StreamCursor) -> Follower:
    """An agency's stream as it was at the cursor, made from the last posts before it."""
    follower = Follower()
    ids = newest_case_ids(
        agency_id=cursor.agency_id,
        states=list(CaseState),
        queues=list(Queue),
        before=cursor.position + 1,
        limit=REBUILD,
    )
    ids.reverse()
    for start in range(0, len(ids), REBUILD_CHUNK):
        chunk = Post.objects.filter(pk__in=ids[start : start + REBUILD_CHUNK])
        rows = chunk.order_by("pk").values(*_COLUMNS)
        posts = [_filed(row) for row in rows if _counts(row)]
        recall(agency_id=cursor.agency_id, heard=follower.take(posts), follower=follower)
    return follower


def _read_after(position: int) -> list[dict[str, Any]]:
    """The next posts of all agencies, in the order of their ids."""
    posts = Post.objects.filter(pk__gt=position)
    if connection.vendor != "sqlite":
        # Not the kernel's clock: ids are drawn from the wall's, whatever an exercise plays.
        settled = int((time.time() - SETTLE_SECONDS) * 1000) - EPOCH_MILLISECONDS
        posts = posts.filter(pk__lt=settled << (NODE_BITS + SEQUENCE_BITS))
    return list(posts.order_by("pk").values(*_COLUMNS)[:BATCH])


def _counts(row: Mapping[str, Any]) -> bool:
    """Whether a post is the public's, and there."""
    return not row["from_agency"] and row["visibility"] == Visibility.VISIBLE


def _filed(row: Mapping[str, Any]) -> FiledPost:
    return FiledPost(
        id=row["id"],
        # The label of an e-mail's subject is nothing that people say.
        text=row["text"].removeprefix("Subject: "),
        created_at=row["created_at"],
        author=str(row["author_id"]) if row["author_id"] else None,
        followers=row["author__followers"],
        scores=row["assessment__scores"] or "",
    )
