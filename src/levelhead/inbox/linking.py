"""Filing into threads that others may be changing: held first, and linked once the posts are in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from levelhead.inbox.domain import CleanPost
from levelhead.inbox.lookup import Key, Known, KnownPost
from levelhead.inbox.models import Case, Conversation, Note, Post
from levelhead.inbox.shaping import (
    Standing,
    hold,
    lock_agency,
    lock_joined,
    merge_threads,
    reshape,
)
from levelhead.inbox.store import CHUNK
from levelhead.inbox.threading import ThreadPlan
from levelhead.kernel.errors import Conflict


class ThreadsMoved(Conflict):
    """A thread was joined, split or merged since it was looked up; the batch is filed again."""


def hold_threads(
    plan: ThreadPlan, new: Sequence[CleanPost], known: Known, agency_of: Mapping[int, int]
) -> bool:
    """Keep the threads of a batch as they were looked up until it is committed.

    Gives whether where posts show must be worked out anew after they are stored. Raises
    ThreadsMoved where a thread changed since it was looked up.
    """
    made = {row[0] for row in plan.new_rows}
    merging = ({*plan.merges} | {*plan.merges.values()}) - made
    # What a late parent may connect with what people split off.
    linking = merging | ({plan.conversation[key] for key in plan.arrived} - made)
    shaped = _any_shaped(linking)
    standing: dict[int, Standing] = {}
    if shaped:
        channels = {post.channel_id for post in new}
        for agency_id in sorted({agency_of[channel_id] for channel_id in channels}):
            lock_agency(agency_id)
        standing.update(lock_joined(linking))
    elif plan.merges:
        standing.update(hold(set(plan.merges) - made, to_change=True))
    used = {*plan.conversation.values(), *plan.shown.values(), *merging, *linking} - made
    standing.update(hold(used - standing.keys()))
    _check(plan, new, known, standing)
    if not shaped and any(_is_shaped(standing[pk]) for pk in linking):
        raise ThreadsMoved("Somebody joined or split a thread at this moment.")
    return shaped


def _is_shaped(standing: Standing) -> bool:
    return standing[2] > 0 or standing[1] is not None


def _any_shaped(ids: set[int]) -> bool:
    if not ids:
        return False
    rows = Conversation.objects.filter(pk__in=ids).values_list(
        "merged_into_id", "joined_into_id", "shape"
    )
    return any(_is_shaped(row) for row in rows)


def _check(
    plan: ThreadPlan, new: Sequence[CleanPost], known: Known, standing: Mapping[int, Standing]
) -> None:
    """Raise ThreadsMoved where what was looked up does not hold any more."""
    moved = ThreadsMoved("A thread changed at this moment.")
    if any(merged is not None for merged, _, _ in standing.values()):
        raise moved
    beside: dict[int, KnownPost] = {}
    for post in new:
        filed = known.posts.get((post.channel_id, post.parent_external_id))
        thread, shown = plan.conversation[post.key], plan.shown[post.key]
        if filed is not None:
            if shown in standing and standing[shown][2] > 0:
                beside[filed.id] = filed
        elif thread in standing and thread not in plan.merges.values():
            joined = standing[thread][1]
            if joined != known.shown.get(thread) and shown in (thread, known.shown.get(thread)):
                raise moved
    ids = sorted(beside)
    for start in range(0, len(ids), CHUNK):
        rows = Post.objects.filter(pk__in=ids[start : start + CHUNK])
        for pk, thread_id, conversation_id in rows.values_list(
            "pk", "thread_id", "conversation_id"
        ):
            filed = beside[pk]
            if (conversation_id, thread_id or conversation_id) != (
                filed.conversation_id, filed.thread_id
            ):  # fmt: skip
                raise moved


def link_waiting(plan: ThreadPlan, *, shaped: bool) -> None:
    """Join what waited: children get their parent, parts become one conversation."""
    _keep_threads(plan)
    for (channel_id, external_id), post_id in plan.arrived.items():
        Post.objects.filter(
            channel_id=channel_id, parent__isnull=True, parent_external_id=external_id
        ).exclude(parent_external_id="").exclude(pk=post_id).update(parent_id=post_id)
    for part in plan.merges:
        whole = plan.target(part)
        if shaped:
            merge_threads(part, whole)
            continue
        Post.objects.filter(conversation_id=part).update(conversation_id=whole)
        Case.objects.filter(conversation_id=part).update(conversation_id=whole)
        Note.objects.filter(conversation_id=part).update(conversation_id=whole)
        Conversation.objects.filter(merged_into_id=part).update(merged_into_id=whole)
        Conversation.objects.filter(pk=part).update(merged_into_id=whole)
    if shaped:
        seeds = {plan.conversation[key] for key in plan.arrived}
        reshape(seeds | {plan.target(part) for part in plan.merges})


def _keep_threads(plan: ThreadPlan) -> None:
    """Posts that show elsewhere keep their thread."""
    if plan.shown is plan.conversation:
        return
    elsewhere: dict[int, list[Key]] = defaultdict(list)
    for key, shown in plan.shown.items():
        if shown != plan.conversation[key]:
            elsewhere[plan.conversation[key]].append(key)
    for thread_id, keys in elsewhere.items():
        for channel_id, external_id in keys:
            Post.objects.filter(channel_id=channel_id, external_id=external_id).update(
                thread_id=thread_id
            )


def conversations_of(plan: ThreadPlan, keys: Sequence[Key], *, shaped: bool) -> set[int]:
    """Where new posts show once all is linked."""
    if not shaped:
        return {plan.shown[key] for key in keys}
    found: set[int] = set()
    for channel_id, external_id in keys:
        rows = Post.objects.filter(channel_id=channel_id, external_id=external_id)
        found.update(rows.values_list("conversation_id", flat=True))
    return found
