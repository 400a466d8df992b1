"""What is new for the account: mentions, replies, quotes, its own posts, threads, deletions.

Direct replies, mentions and quotes come with every pull. The rest is asked for in turn, so that a
pull stays at one or two small requests: the account's own posts every 5th pull, one of their
threads every 10th (at once where its count of replies changed), deletions every 10th.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from levelhead.channels.domain import FetchedPage, IncomingPost
from levelhead.connectors.bluesky import mapping
from levelhead.connectors.bluesky.client import BlueskyClient
from levelhead.connectors.bluesky.cursor import Progress, ThreadMark, Walk, dump, load
from levelhead.kernel import clock
from levelhead.kernel.errors import (
    ChannelBusy,
    ChannelError,
    ChannelGarbled,
    ChannelRefused,
    ChannelSignedOut,
)

REASONS = ("mention", "reply", "quote")
OWN_POSTS_EVERY = 5
THREAD_EVERY = 10
DELETIONS_EVERY = 10

# The platform's own limits.
_PAGE = 100
_POSTS_PER_CALL = 25

_OWN_POSTS_PAGE = 50
_MOST_PAGES_AT_FIRST = 10
_MOST_PAGES = 100
_THREADS = 30
_CHANGED_THREADS_PER_PULL = 3
_THREAD_DEPTHS = (100, 3)  # the second where the first is more than we read
_THREAD_POSTS = 2_000
_LOOKUPS_PER_PASS = 10
_LOOK_AGAIN_AFTER_PASSES = 30
_REST_SECONDS = 10.0

log = logging.getLogger(__name__)


class Reader:
    """Pulls for one account. What is kept here besides the cursor may be lost at any time."""

    def __init__(self, client: BlueskyClient, *, channel_id: int) -> None:
        self._client = client
        self._channel_id = channel_id
        self._pull = -1
        # Counts of replies below the account's own newest posts, by record key.
        self._replies: dict[str, int] = {}
        self._thread_turn = 0
        self._deletion_pass = 0
        # Hidden from us but not gone (blocks): address -> pass of the last look.
        self._hidden: dict[str, int] = {}
        self._rest_until: datetime | None = None
        self._own_posts_due = True

    def expect_own_post(self) -> None:
        """Something was sent: look for it at the next pull."""
        self._own_posts_due = True

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What has come since `cursor`. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        self._pull += 1
        page = _Page(load(cursor), channel_id=self._channel_id, own_did=self._client.did)
        self._pull_mentions(page)
        behind = page.progress.mentions.page is not None
        if not behind and self._may_ask_for_more():
            self._pull_the_rest(page)
        return FetchedPage(
            posts=tuple(page.posts),
            cursor=dump(page.progress),
            more=behind or page.progress.own_posts.page is not None,
            rejected=tuple(page.rejected),
        )

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        """Those of the posts that exist and are visible."""
        uris = [uri for uri in dict.fromkeys(external_ids) if mapping.is_post_uri(uri)]
        posts = []
        for view in self._views(uris).values():
            try:
                posts.append(
                    mapping.read_post(view, channel_id=self._channel_id, own_did=self._client.did)
                )
            except mapping.UnreadablePostError as error:
                log.warning("Bluesky gave a post that cannot be read: %s", error)
        return tuple(posts)

    def _pull_mentions(self, page: _Page) -> None:
        walk = page.progress.mentions
        answer = self._client.query(
            "app.bsky.notification.listNotifications",
            {"limit": _PAGE, "reasons": REASONS, **_page_param(walk)},
        )
        items = _items(answer, "notifications")
        fresh = page.unseen(
            # A server that does not know the filter gives likes and follows too.
            [item for item in items if not isinstance(item, dict) or item.get("reason") in REASONS],
            since=walk.floor(),
        )
        views = self._fuller_views(fresh)
        page.add(self._fuller(item, views) for item in fresh)
        page.progress = replace(
            page.progress,
            mentions=walk.after(
                [mapping.indexed_at(item) for item in items],
                _next_page(answer),
                most_pages=_MOST_PAGES if walk.known else _MOST_PAGES_AT_FIRST,
            ),
        )

    def _fuller_views(self, notifications: Sequence[object]) -> dict[str, object]:
        uris = [item["uri"] for item in notifications if isinstance(item, dict) and "uri" in item]
        try:
            return self._views([uri for uri in uris if mapping.is_post_uri(uri)])
        except ChannelSignedOut:
            raise
        except ChannelError as error:
            # The notification says enough to file the post.
            log.warning("Bluesky gave no full posts: %s", error.message)
            return {}

    @staticmethod
    def _fuller(notification: object, views: dict[str, object]) -> object:
        if not isinstance(notification, dict):
            return notification
        return views.get(str(notification.get("uri")), notification)

    def _pull_the_rest(self, page: _Page) -> None:
        unfinished = page.progress.own_posts.page is not None
        if self._own_posts_due or unfinished or self._pull % OWN_POSTS_EVERY == 0:
            self._own_posts_due = False
            self._attempt(lambda: self._pull_own_posts(page))
        for rkey in self._threads_to_visit(page.progress):
            self._attempt(lambda rkey=rkey: self._visit_thread(page, rkey))  # type: ignore[misc]
        if self._pull % DELETIONS_EVERY == DELETIONS_EVERY - 1:
            self._attempt(lambda: self._look_for_deletions(page))

    def _may_ask_for_more(self) -> bool:
        return self._rest_until is None or clock.now() >= self._rest_until

    def _attempt(self, work: Callable[[], None]) -> None:
        """What fails here is tried again in its turn and does not hold up mentions and replies."""
        if not self._may_ask_for_more():
            return
        try:
            work()
        except ChannelSignedOut:
            raise
        except ChannelBusy as error:
            seconds = error.retry_after_seconds or _REST_SECONDS
            self._rest_until = clock.now() + timedelta(seconds=seconds)
            log.warning("Bluesky: %s Asked again after %.0f s.", error.message, seconds)
        except ChannelError as error:
            log.warning("Bluesky: %s", error.message)

    def _pull_own_posts(self, page: _Page) -> None:
        walk = page.progress.own_posts
        answer = self._client.query(
            "app.bsky.feed.getAuthorFeed",
            {
                "actor": self._client.did,
                "filter": "posts_with_replies",
                "limit": _OWN_POSTS_PAGE,
                **_page_param(walk),
            },
        )
        views = [
            item.get("post") if isinstance(item, dict) else item
            for item in _items(answer, "feed")
            # Reposts carry a reason, and are posts of others.
            if not (isinstance(item, dict) and item.get("reason"))
        ]
        page.add(page.unseen(views, since=walk.floor()))
        if walk.page is None:
            self._replies = dict(_reply_counts(views)[:_THREADS])
        page.progress = replace(
            page.progress,
            own_posts=walk.after(
                [mapping.indexed_at(view) for view in views],
                _next_page(answer),
                most_pages=_MOST_PAGES if walk.known else 1,
            ),
            threads={
                rkey: mark for rkey, mark in page.progress.threads.items() if rkey in self._replies
            },
        )

    def _threads_to_visit(self, progress: Progress) -> list[str]:
        changed = [
            rkey
            for rkey, replies in self._replies.items()
            if replies != progress.threads.get(rkey, ThreadMark()).replies
        ][:_CHANGED_THREADS_PER_PULL]
        if changed or not self._replies or self._pull % THREAD_EVERY:
            return changed
        # The count tells of direct replies only: deeper ones are found by looking.
        self._thread_turn += 1
        return [list(self._replies)[self._thread_turn % len(self._replies)]]

    def _visit_thread(self, page: _Page, rkey: str) -> None:
        mark = page.progress.threads.get(rkey, ThreadMark())
        views = mapping.flatten_thread(self._thread(rkey), limit=_THREAD_POSTS)
        since = Walk(known=mark.newest).floor()
        page.add(page.unseen(views, since=since))
        newest = max([mark.newest, *map(mapping.indexed_at, views)])
        page.progress = replace(
            page.progress,
            threads={
                **page.progress.threads,
                rkey: ThreadMark(replies=self._replies[rkey], newest=newest),
            },
        )

    def _thread(self, rkey: str) -> object:
        """The thread below the account's own post; a shallower one where it is too big."""
        uri = mapping.post_uri(self._client.did, rkey)
        for depth in _THREAD_DEPTHS:
            try:
                answer = self._client.query(
                    "app.bsky.feed.getPostThread", {"uri": uri, "depth": depth, "parentHeight": 0}
                )
            except ChannelGarbled:
                if depth == _THREAD_DEPTHS[-1]:
                    raise
            except ChannelRefused as error:
                if error.data.get("error") != "NotFound":
                    raise
                return None  # deleted in the meantime; the deletions tell of it
            else:
                return answer.get("thread")
        return None

    def _look_for_deletions(self, page: _Page) -> None:
        """The newest batch of the posts seen last, and one older batch in its turn."""
        newest_first = page.progress.recent[::-1]
        older = newest_first[_POSTS_PER_CALL:]
        turns = max(1, -(-len(older) // _POSTS_PER_CALL))
        start = self._deletion_pass % turns * _POSTS_PER_CALL
        self._deletion_pass += 1
        watched = [*newest_first[:_POSTS_PER_CALL], *older[start : start + _POSTS_PER_CALL]]
        visible = self._views(watched)
        missing = [uri for uri in watched if uri not in visible and not self._looked_lately(uri)]
        gone = []
        for uri in missing[:_LOOKUPS_PER_PASS]:
            if self._is_gone(uri):
                gone.append(uri)
                self._hidden.pop(uri, None)
            else:
                self._hidden[uri] = self._deletion_pass
        page.posts += [mapping.read_deletion(uri, channel_id=self._channel_id) for uri in gone]
        page.progress = page.progress.with_gone(gone)

    def _looked_lately(self, uri: str) -> bool:
        looked = self._hidden.get(uri)
        if looked is None:
            return False
        if self._deletion_pass - looked > _LOOK_AGAIN_AFTER_PASSES:
            del self._hidden[uri]
            return False
        return True

    def _is_gone(self, uri: str) -> bool:
        """Ask for the record itself: a post can also be hidden from us by a block."""
        did, rkey = mapping.split_uri(uri)
        try:
            self._client.query(
                "com.atproto.repo.getRecord",
                {"repo": did, "collection": mapping.POST_COLLECTION, "rkey": rkey},
            )
        except ChannelRefused as error:
            if isinstance(error, ChannelSignedOut):
                raise
            return is_not_there(error)
        return False

    def _views(self, uris: Sequence[str]) -> dict[str, object]:
        """Full views by address; those that are deleted or hidden from us are missing."""
        views: dict[str, object] = {}
        for start in range(0, len(uris), _POSTS_PER_CALL):
            batch = uris[start : start + _POSTS_PER_CALL]
            answer = self._client.query("app.bsky.feed.getPosts", {"uris": batch})
            for view in _items(answer, "posts"):
                uri = view.get("uri") if isinstance(view, dict) else None
                if isinstance(uri, str) and uri in batch:
                    views[uri] = view
        return views


class _Page:
    """One pull in the making."""

    def __init__(self, progress: Progress, *, channel_id: int, own_did: str) -> None:
        self.progress = progress
        self.posts: list[IncomingPost] = []
        self.rejected: list[tuple[str, str]] = []
        self._channel_id = channel_id
        self._own_did = own_did

    def unseen(self, views: Iterable[object], *, since: str) -> list[object]:
        """Those that are not older than `since` and were not handed over lately, oldest first."""
        seen = {*self.progress.recent, *self.progress.gone}
        fresh = []
        for view in views:
            uri = view.get("uri") if isinstance(view, dict) else None
            stamp = mapping.indexed_at(view)
            if (isinstance(uri, str) and uri in seen) or (stamp and stamp < since):
                continue
            if isinstance(uri, str):
                seen.add(uri)
            fresh.append(view)
        return sorted(fresh, key=mapping.indexed_at)

    def add(self, views: Iterable[object]) -> None:
        """Hand these over; one that cannot be read is kept aside."""
        posts = []
        for view in views:
            try:
                posts.append(
                    mapping.read_post(view, channel_id=self._channel_id, own_did=self._own_did)
                )
            except mapping.UnreadablePostError as error:
                self.rejected.append(mapping.as_rejected(view, error))
        self.posts += posts
        self.progress = self.progress.with_seen(post.external_id for post in posts)


def is_not_there(error: ChannelRefused) -> bool:
    """True where the platform says for certain that there is no such record."""
    return error.data.get("error") == "RecordNotFound" or "Could not find repo" in error.message


def _items(answer: dict[str, object], name: str) -> list[object]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise ChannelGarbled(f"Bluesky's answer has no list of {name}; it is asked again later.")
    return items


def _page_param(walk: Walk) -> dict[str, str]:
    return {} if walk.page is None else {"cursor": walk.page}


def _next_page(answer: dict[str, object]) -> str | None:
    mark = answer.get("cursor")
    return mark if isinstance(mark, str) and mark else None


def _reply_counts(views: Iterable[object]) -> list[tuple[str, int]]:
    counts = []
    for view in views:
        if not isinstance(view, dict) or not mapping.is_post_uri(view.get("uri")):
            continue
        replies = view.get("replyCount")
        if isinstance(replies, int) and replies > 0:
            counts.append((mapping.split_uri(view["uri"])[1], replies))
    return counts
