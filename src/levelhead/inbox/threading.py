"""Finding each post's conversation, whatever order its thread arrives in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from levelhead.inbox.domain import CleanPost
from levelhead.inbox.lookup import Key, Known
from levelhead.inbox.store import insert_rows, time_value
from levelhead.kernel.ids import new_id

if TYPE_CHECKING:
    from levelhead.inbox.filing import ChannelFacts


@dataclass(kw_only=True)
class ThreadPlan:
    """Which thread and parent each new post gets, where it shows, and what must be joined."""

    # The platform's own thread.
    conversation: dict[Key, int] = field(default_factory=dict)
    # Where the post shows: elsewhere only where people joined or split.
    shown: dict[Key, int] = field(default_factory=dict)
    parent: dict[Key, int] = field(default_factory=dict)
    # Rows of conversations that do not exist yet.
    new_rows: list[tuple[object, ...]] = field(default_factory=list)
    # New post -> its id, where older posts wait for it as their parent.
    arrived: dict[Key, int] = field(default_factory=dict)
    # Conversation -> the one it turned out to be a part of.
    merges: dict[int, int] = field(default_factory=dict)

    def store_conversations(self) -> None:
        """Insert the new conversations."""
        insert_rows(
            "inbox_conversation", ("id", "agency_id", "channel_id", "key", "created_at"),
            self.new_rows,
        )  # fmt: skip

    def target(self, conversation_id: int) -> int:
        """Where a conversation ends up after all merges of this plan."""
        while conversation_id in self.merges:
            conversation_id = self.merges[conversation_id]
        return conversation_id


def plan_threads(
    new: Sequence[CleanPost],
    ids: Mapping[Key, int],
    known: Known,
    facts: Mapping[int, ChannelFacts],
    at: datetime,
) -> ThreadPlan:
    """Give each new post its conversation.

    A post joins its parent's conversation. Where the parent is not here yet, the conversation is
    named after the thread's first post, or else after the missing parent, which will find it by
    that name when it comes.
    """
    plan = ThreadPlan()
    posts = {post.key: post for post in new}
    by_key = dict(known.conversations)

    def named(key: Key, agency_id: int) -> int:
        if key not in by_key:
            by_key[key] = new_id()
            plan.new_rows.append((by_key[key], agency_id, key[0], key[1], time_value(at)))
        return by_key[key]

    for first in new:
        # Walk up through parents that came in the same batch; a circle ends where it began.
        way: list[CleanPost] = []
        seen: set[Key] = set()
        post = first
        while post.key not in plan.conversation and post.key not in seen:
            seen.add(post.key)
            way.append(post)
            parent = posts.get((post.channel_id, post.parent_external_id))
            if parent is None:
                break
            post = parent
        if not way:
            continue
        top = way[-1]
        if post.key in plan.conversation:
            found = plan.conversation[post.key]
        else:
            found = _conversation_of_top(top, known, facts, named)
        for post in reversed(way):
            plan.conversation[post.key] = found
            _join_by_name(post, found, by_key, plan)

    for post in new:
        parent_key = (post.channel_id, post.parent_external_id)
        filed = known.posts.get(parent_key)
        if filed is not None:
            plan.parent[post.key] = filed.id
        elif parent_key in ids and parent_key != post.key:
            plan.parent[post.key] = ids[parent_key]
        if post.key in known.waiting:
            plan.arrived[post.key] = ids[post.key]
            for waiting in known.waiting[post.key]:
                _merge(plan, waiting, plan.conversation[post.key])
    for key, conversation_id in plan.conversation.items():
        plan.conversation[key] = plan.target(conversation_id)
    _show(plan, new, known)
    return plan


def _show(plan: ThreadPlan, new: Sequence[CleanPost], known: Known) -> None:
    """Each new post shows beside its parent; without one, where its thread shows."""
    if not known.shown and all(p.conversation_id == p.thread_id for p in known.posts.values()):
        plan.shown = plan.conversation
        return
    posts = {post.key: post for post in new}
    for post in new:
        way: list[Key] = []
        # A circle of parents ends where it began.
        seen = {post.key}
        found = plan.shown.get(post.key)
        while found is None:
            way.append(post.key)
            parent_key = (post.channel_id, post.parent_external_id)
            filed = known.posts.get(parent_key)
            if filed is not None:
                found = plan.target(filed.conversation_id)
            elif parent_key in posts and parent_key not in seen:
                seen.add(parent_key)
                post = posts[parent_key]
                found = plan.shown.get(post.key)
            else:
                thread = plan.conversation[post.key]
                found = known.shown.get(thread, thread)
        plan.shown.update(dict.fromkeys(way, found))


def _conversation_of_top(
    top: CleanPost, known: Known, facts: Mapping[int, ChannelFacts], named: _Named
) -> int:
    agency_id = facts[top.channel_id].agency.pk
    if top.parent_external_id:
        filed = known.posts.get((top.channel_id, top.parent_external_id))
        if filed is not None:
            return filed.thread_id
    name = top.thread_external_id or top.parent_external_id or top.external_id
    return named((top.channel_id, name), agency_id)


def _join_by_name(
    post: CleanPost, conversation_id: int, by_key: dict[Key, int], plan: ThreadPlan
) -> None:
    """A conversation that was named after this post is part of the one the post stands in."""
    other = by_key.get(post.key)
    if other is not None and other != conversation_id:
        _merge(plan, other, conversation_id)


def _merge(plan: ThreadPlan, part: int, whole: int) -> None:
    part, whole = plan.target(part), plan.target(whole)
    if part != whole:
        plan.merges[part] = whole


if TYPE_CHECKING:
    from collections.abc import Callable

    _Named = Callable[[Key, int], int]
