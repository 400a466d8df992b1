"""Working out anew which post shows in which conversation, after people or late parents changed it.

What is kept is what people said: that two conversations are one matter (Joining), that from a post
on it is another (Splitting). Where a post shows follows from that and from the platform's threads,
in whatever order they came, so that taking something back restores what was there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case, Conversation, Joining, Note, Post, SplitMark, Splitting
from levelhead.inbox.placing import Mark, components, place_posts
from levelhead.inbox.store import CHUNK

# Threads that may hang together; more is a slip.
MOST_JOINED: Final = 200
# (merged into, joined into, shape) of a conversation.
Standing = tuple[int | None, int | None, int]

_HOLD: Final = (
    "SELECT id, merged_into_id, joined_into_id, shape FROM inbox_conversation "
    "WHERE id IN ({places}) ORDER BY id"
)


def lock_agency(agency_id: int) -> None:
    """One person or late parent at a time changes how an agency's conversations hang together."""
    rows = Agency.objects.select_for_update(no_key=True).filter(pk=agency_id)
    list(rows.values_list("pk", flat=True))


def hold(ids: Iterable[int], *, to_change: bool = False) -> dict[int, Standing]:
    """Conversations as they stand now, which stay so until the transaction ends.

    Any number of writers may hold one while they file posts in it; who changes it waits for them.
    """
    lock = "" if connection.vendor == "sqlite" else " FOR UPDATE" if to_change else " FOR KEY SHARE"
    wanted = sorted(set(ids))
    found: dict[int, Standing] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            cursor.execute(_HOLD.format(places=", ".join(["%s"] * len(part))) + lock, part)
            found.update({row[0]: (row[1], row[2], row[3]) for row in cursor.fetchall()})
    return found


def joined_with(ids: Iterable[int]) -> tuple[set[int], list[tuple[int, int]]]:
    """Everything that hangs together with these conversations, and what holds it together."""
    nodes = set(ids)
    edges: dict[int, tuple[int, int]] = {}
    frontier = nodes
    while frontier:
        rows = Joining.objects.filter(undone_at=None).filter(
            Q(part__in=frontier) | Q(whole__in=frontier)
        )
        edges.update({pk: (part, whole) for pk, part, whole in rows.values_list(
            "pk", "part_id", "whole_id"
        )})  # fmt: skip
        frontier = {node for edge in edges.values() for node in edge} - nodes
        nodes |= frontier
    return nodes, list(edges.values())


def lock_joined(ids: Iterable[int]) -> dict[int, Standing]:
    """Lock conversations and all that hangs together with them; the agency is locked already."""
    nodes, _ = joined_with(ids)
    return hold(nodes, to_change=True)


def in_threads(threads: Iterable[int]) -> Q:
    """Posts of threads of the platform, wherever they show."""
    wanted = list(threads)
    return Q(thread__in=wanted) | Q(thread=None, conversation__in=wanted)


def threads_of(rows: QuerySet[Post]) -> set[int]:
    """The platform's threads that posts belong to."""
    return set(rows.annotate(own=Coalesce("thread_id", "conversation_id")).order_by()
               .values_list("own", flat=True).distinct())  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reshaped:
    """What became of the posts that were looked at."""

    moved: list[int]
    # Each post's conversation before joinings.
    placed: dict[int, int]


def reshape(
    seeds: Iterable[int], *, prefer: int | None = None, instead: Sequence[int] = ()
) -> Reshaped:
    """Put every post that hangs together with `seeds` where it shows now.

    What hangs together shows under `prefer` where that is among it, else under what it showed
    under before, else under the first of `instead`. The caller holds the agency and has locked
    the conversations.
    """
    nodes, edges = joined_with(seeds)
    rows = {
        row.pk: row
        for row in Conversation.objects.filter(Q(pk__in=nodes) | Q(merged_into__in=nodes))
    }
    shows: dict[int, int] = {}
    for together in components(nodes, edges):
        standing = sorted(pk for pk in together if rows[pk].joined_into_id is None)
        wanted = (prefer, *standing, *instead, min(together))
        shows.update(dict.fromkeys(together, next(pk for pk in wanted if pk in together)))
    shown_before = {row.joined_into_id or row.pk for row in rows.values()} | rows.keys()
    for row in rows.values():
        own = row.merged_into_id or row.pk
        row.joined_into_id = shows[own] if shows[own] != own else None
        row.shape += 1
    Conversation.objects.bulk_update(rows.values(), ["joined_into", "shape"], batch_size=CHUNK)
    return _move_posts(shown_before, shows)


def _move_posts(shown_before: set[int], shows: dict[int, int]) -> Reshaped:
    threads = threads_of(Post.objects.filter(conversation__in=shown_before)) | shows.keys()
    posts = list(
        Post.objects.filter(in_threads(threads)).values_list(
            "pk", "parent_id", "thread_id", "conversation_id"
        )
    )
    own = {pk: thread or conversation for pk, _, thread, conversation in posts}
    placed = place_posts({pk: parent for pk, parent, _, _ in posts}, own, _marks_in(threads))
    shown = shows | {
        pk: joined or pk
        for pk, joined in Conversation.objects.filter(
            pk__in=set(placed.values()) - shows.keys()
        ).values_list("pk", "joined_into_id")
    }
    moves: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    moved = []
    for pk, _, thread, conversation in posts:
        target = shown[placed[pk]]
        kept_thread = own[pk] if own[pk] != target else None
        if (target, kept_thread) != (conversation, thread):
            moves[(target, kept_thread)].append(pk)
            if target != conversation:
                moved.append(pk)
    for (target, kept_thread), ids in moves.items():
        for start in range(0, len(ids), CHUNK):
            chunk = ids[start : start + CHUNK]
            Post.objects.filter(pk__in=chunk).update(conversation_id=target, thread_id=kept_thread)
            Case.objects.filter(pk__in=chunk).update(conversation_id=target)
    return Reshaped(moved, placed)


def _marks_in(threads: Iterable[int]) -> dict[int, list[Mark]]:
    """What people split off in these threads: by post, newest first."""
    wanted = list(threads)
    rows = SplitMark.objects.filter(splitting__undone_at=None).filter(
        Q(post__thread__in=wanted) | Q(post__thread=None, post__conversation__in=wanted)
    )
    marks: dict[int, list[Mark]] = defaultdict(list)
    for post_id, splitting, made, goes in rows.order_by("-splitting_id").values_list(
        "post_id", "splitting_id", "splitting__made_id", "goes"
    ):
        marks[post_id].append(Mark(splitting, made, goes))
    return marks


def merge_threads(part: int, whole: int) -> None:
    """The platform showed that a thread is part of another, and people had joined or split either.

    What was said of the part is said of the whole from now on; `reshape` follows.
    """
    Post.objects.filter(thread_id=part).update(thread_id=whole)
    Post.objects.filter(thread_id=None, conversation_id=part).update(thread_id=whole)
    Note.objects.filter(conversation_id=part).update(conversation_id=whole)
    Joining.objects.filter(part_id=part).update(part_id=whole)
    Joining.objects.filter(whole_id=part).update(whole_id=whole)
    Splitting.objects.filter(source_id=part).update(source_id=whole)
    lead_on(part, whole)


def lead_on(part: int, whole: int) -> None:
    """Whoever knows a conversation that is no more finds the one that it is part of."""
    Conversation.objects.filter(merged_into_id=part).update(merged_into_id=whole)
    Conversation.objects.filter(pk=part).update(merged_into_id=whole, shape=F("shape") + 1)
