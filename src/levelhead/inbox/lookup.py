"""What is already known of the posts that come in: one bounded set of reads per batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from django.db.models.functions import Coalesce

from levelhead.inbox.domain import CleanPost
from levelhead.inbox.models import Author, Conversation, Post
from levelhead.inbox.store import by_channel

Key = tuple[int, str]


@dataclass(slots=True)
class KnownPost:
    """A post that is already filed."""

    id: int
    conversation_id: int
    content_hash: str
    revision: int
    visibility: str
    edited_at: datetime | None
    text: str
    # The platform's own thread; another than the conversation where people joined or split.
    thread_id: int


@dataclass(frozen=True, slots=True)
class KnownAuthor:
    """An author that is already filed."""

    id: int
    handle: str
    name: str
    followers: int | None


@dataclass(slots=True)
class Known:
    """What the database holds that matters for a batch."""

    posts: dict[Key, KnownPost] = field(default_factory=dict)
    # Thread by the platform's id of its first post; merged ones lead to their target.
    conversations: dict[Key, int] = field(default_factory=dict)
    # Where a thread shows, if a person joined it with another.
    shown: dict[int, int] = field(default_factory=dict)
    authors: dict[Key, KnownAuthor] = field(default_factory=dict)
    # Parents' ids for which posts wait: key of the parent -> threads of those who wait.
    waiting: dict[Key, set[int]] = field(default_factory=dict)


class AuthorMemory:
    """The authors seen last, so that a surge does not ask for each again. Bounded."""

    def __init__(self, limit: int = 50_000) -> None:
        self._limit = limit
        self._lock = Lock()
        self._known: OrderedDict[Key, KnownAuthor] = OrderedDict()

    def get(self, key: Key) -> KnownAuthor | None:
        """What is remembered of an author."""
        return self._known.get(key)

    def keep(self, authors: dict[Key, KnownAuthor]) -> None:
        """Remember authors that are committed."""
        with self._lock:
            for key, author in authors.items():
                self._known[key] = author
                self._known.move_to_end(key)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget all, as after a failed write or in tests."""
        with self._lock:
            self._known.clear()


author_memory = AuthorMemory()


def look_up_posts(posts: Sequence[CleanPost]) -> dict[Key, KnownPost]:
    """The posts of the batch and their parents, as far as they are filed."""
    keys: list[Key] = [post.key for post in posts]
    keys += [(p.channel_id, p.parent_external_id) for p in posts if p.parent_external_id]
    found: dict[Key, KnownPost] = {}
    for channel_id, ids in by_channel(keys):
        rows = Post.objects.filter(channel_id=channel_id, external_id__in=ids).values_list(
            "external_id", "id", "conversation_id", "content_hash", "revision", "visibility",
            "edited_at", "text", "thread_id",
        )  # fmt: skip
        for row in rows:
            found[(channel_id, row[0])] = KnownPost(*row[1:-1], row[-1] or row[2])
    return found


def look_up_rest(new: Sequence[CleanPost], known: Known) -> None:
    """Conversations, authors and waiting posts that matter for the new posts of a batch."""
    known.conversations = _conversations(_conversation_keys(new), known.shown)
    known.authors = _authors(new)
    for channel_id, ids in by_channel(post.key for post in new):
        rows = Post.objects.filter(
            channel_id=channel_id, parent__isnull=True, parent_external_id__in=ids
        ).exclude(parent_external_id="")
        for parent, thread_id in rows.values_list(
            "parent_external_id", Coalesce("thread_id", "conversation_id")
        ).distinct():
            known.waiting.setdefault((channel_id, parent), set()).add(thread_id)


def _conversation_keys(new: Sequence[CleanPost]) -> Iterable[Key]:
    for post in new:
        yield post.key
        if post.thread_external_id:
            yield (post.channel_id, post.thread_external_id)
        if post.parent_external_id:
            yield (post.channel_id, post.parent_external_id)


def _conversations(keys: Iterable[Key], shown: dict[int, int]) -> dict[Key, int]:
    found: dict[Key, int] = {}
    for channel_id, ids in by_channel(keys):
        rows = Conversation.objects.filter(channel_id=channel_id, key__in=ids)
        for key, own_id, merged_into, joined_into in rows.values_list(
            "key", "id", "merged_into_id", "joined_into_id"
        ):
            found[(channel_id, key)] = merged_into or own_id
            if joined_into:
                shown[merged_into or own_id] = joined_into
    return found


def _authors(new: Sequence[CleanPost]) -> dict[Key, KnownAuthor]:
    found: dict[Key, KnownAuthor] = {}
    unknown: list[Key] = []
    for post in new:
        if not post.author_external_id:
            continue
        key = (post.channel_id, post.author_external_id)
        remembered = author_memory.get(key)
        if remembered is not None:
            found[key] = remembered
        else:
            unknown.append(key)
    for channel_id, ids in by_channel(unknown):
        rows = Author.objects.filter(channel_id=channel_id, external_id__in=ids)
        for row in rows.values_list("external_id", "id", "handle", "name", "followers"):
            found[(channel_id, row[0])] = KnownAuthor(*row[1:])
    return found
