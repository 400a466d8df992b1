"""What is new for the account: mentions and replies, its own posts, what is said below them.

Mentions come with every pull. The account's own posts are asked for every 5th pull, and after
something was sent; the threads below them where their count of replies changed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final

from levelhead.channels.domain import FetchedPage, IncomingPost
from levelhead.connectors.mastodon import mapping
from levelhead.connectors.mastodon.client import MastodonClient
from levelhead.kernel.errors import ChannelError, ChannelGarbled, ChannelRefused, ChannelSignedOut

OWN_POSTS_EVERY: Final = 5
# The platform's own limits.
_MENTIONS = 40
_OWN_POSTS = 40
_SEEN = 600
_THREADS_PER_PULL = 3
_READ_AT_ONCE = 20
_NOT_FOUND = 404
_VERSION = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Everything that must survive a restart."""

    # The newest notification that was read.
    mentions: str = ""
    # Statuses as they were handed over, oldest first.
    seen: tuple[str, ...] = ()
    # Replies below the account's own newest posts, as of the last look.
    threads: dict[str, int] = field(default_factory=dict)


class Reader:
    """Pulls for one account."""

    def __init__(self, client: MastodonClient, *, channel_id: int) -> None:
        self._client = client
        self._channel_id = channel_id
        self._pull = -1
        self._own_posts_due = True

    def expect_own_post(self) -> None:
        """Something was sent: look for it at the next pull."""
        self._own_posts_due = True

    def fetch(self, cursor: str | None) -> FetchedPage:
        """What has come since `cursor`. Raises ChannelBusy, ChannelGarbled, ChannelRefused."""
        self._pull += 1
        page = _Page(load(cursor), channel_id=self._channel_id, own_id=self._client.account_id)
        more = self._pull_mentions(page)
        if not more and (self._own_posts_due or self._pull % OWN_POSTS_EVERY == 0):
            self._own_posts_due = False
            try:
                self._pull_own_posts(page)
            except ChannelSignedOut:
                raise
            except ChannelError as error:
                # Asked again in its turn; it does not hold up mentions.
                log.warning("Mastodon: %s", error.message)
        return FetchedPage(
            posts=tuple(page.posts),
            cursor=dump(page.progress),
            more=more,
            rejected=tuple(page.rejected),
        )

    def read(self, external_ids: Sequence[str]) -> tuple[IncomingPost, ...]:
        """Those of the posts that exist and are public."""
        posts: list[IncomingPost] = []
        for status_id in [one for one in dict.fromkeys(external_ids) if mapping.is_id(one)]:
            if len(posts) == _READ_AT_ONCE:
                break
            try:
                status = self._client.get(f"api/v1/statuses/{status_id}")
                posts.append(
                    mapping.read_status(
                        status, channel_id=self._channel_id, own_id=self._client.account_id
                    )
                )
            except mapping.UnreadablePostError as error:
                log.warning("Mastodon gave a post that cannot be read: %s", error)
            except ChannelRefused as error:
                if error.data.get("status") != _NOT_FOUND:
                    raise
        return tuple(posts)

    def _pull_mentions(self, page: _Page) -> bool:
        """One page after the newest that is known; true where there may be more right now."""
        known = page.progress.mentions
        answer = self._client.list(
            "api/v1/notifications",
            {"types[]": ["mention"], "limit": _MENTIONS, **({"min_id": known} if known else {})},
        )
        # A server that does not know the filters gives likes and what was read before, too.
        fresh = [
            item for item in answer
            if not isinstance(item, dict)
            or (item.get("type") == "mention" and _is_after(item.get("id"), known))
        ]  # fmt: skip
        page.add(item.get("status") if isinstance(item, dict) else item for item in fresh[::-1])
        ids = [item.get("id") for item in fresh if isinstance(item, dict)]
        newest = max([known, *(str(one) for one in ids if mapping.is_id(one))], key=_rank)
        page.progress = replace(page.progress, mentions=newest)
        return bool(known) and len(answer) >= _MENTIONS and newest != known

    def _pull_own_posts(self, page: _Page) -> None:
        answer = self._client.list(
            f"api/v1/accounts/{self._client.account_id}/statuses",
            {"limit": _OWN_POSTS, "exclude_reblogs": "true"},
        )
        page.add(one for one in answer[::-1] if not (isinstance(one, dict) and one.get("reblog")))
        counts = {
            str(one["id"]): one["replies_count"]
            for one in answer
            if isinstance(one, dict) and mapping.is_id(one.get("id"))
            and isinstance(one.get("replies_count"), int)
        }  # fmt: skip
        known = {one: count for one, count in page.progress.threads.items() if one in counts}
        changed = [one for one, count in counts.items() if count != known.get(one, 0)]
        for one in changed[:_THREADS_PER_PULL]:
            self._visit_thread(page, one)
            known[one] = counts[one]
        page.progress = replace(page.progress, threads=known)

    def _visit_thread(self, page: _Page, status_id: str) -> None:
        try:
            below = self._client.get(f"api/v1/statuses/{status_id}/context").get("descendants")
        except ChannelRefused as error:
            if error.data.get("status") != _NOT_FOUND:
                raise
            return
        if not isinstance(below, list):
            raise ChannelGarbled("Mastodon's answer has no list of what is below a post.")
        page.add(below)


class _Page:
    """One pull in the making."""

    def __init__(self, progress: Progress, *, channel_id: int, own_id: str) -> None:
        self.progress = progress
        self.posts: list[IncomingPost] = []
        self.rejected: list[tuple[str, str]] = []
        self._channel_id = channel_id
        self._own_id = own_id

    def add(self, statuses: Iterable[object]) -> None:
        """Hand these over, unless they were as they are; one that cannot be read is kept aside."""
        seen = dict.fromkeys(self.progress.seen)
        for status in statuses:
            version = mapping.version_of(status)
            if version and version in seen:
                continue
            try:
                self.posts.append(
                    mapping.read_status(status, channel_id=self._channel_id, own_id=self._own_id)
                )
            except mapping.UnreadablePostError as error:
                self.rejected.append(mapping.as_rejected(status, error))
            if version:
                seen[version] = None
        self.progress = replace(self.progress, seen=tuple(seen)[-_SEEN:])


def dump(progress: Progress) -> str:
    """As a cursor."""
    return json.dumps({"version": _VERSION, **asdict(progress)}, separators=(",", ":"))


def load(cursor: str | None) -> Progress:
    """From a cursor; one that cannot be read starts from the beginning, as posts may come twice."""
    if cursor is None:
        return Progress()
    try:
        kept = json.loads(cursor)
        mentions, seen, threads = kept["mentions"], kept["seen"], kept["threads"]
        fits = (
            kept["version"] == _VERSION
            and (mentions == "" or mapping.is_id(mentions))
            and all(isinstance(one, str) for one in seen)
            and all(mapping.is_id(one) and type(count) is int for one, count in threads.items())
        )
    # RecursionError: a text that is nothing but brackets.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fits = False
    if not fits:
        log.warning("The Mastodon channel's place cannot be read; it begins anew.")
        return Progress()
    return Progress(mentions=mentions, seen=tuple(seen), threads=dict(threads))


def _rank(notification_id: str) -> tuple[int, str]:
    """Ids are numbers without leading noughts, too long for some programs: by length, then text."""
    return len(notification_id), notification_id


def _is_after(notification_id: object, known: str) -> bool:
    return isinstance(notification_id, str) and _rank(notification_id) > _rank(known)
