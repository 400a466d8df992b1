"""How far the reading has come: what the opaque cursor holds. Stays within about 25 kB."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from levelhead.connectors.bluesky.mapping import is_post_uri
from levelhead.kernel import clock

# Posts whose deletion is looked for, and by which doubles at the seams are dropped.
RECENT_POSTS = 200
GONE_POSTS = 50
# The platform's index is not written strictly in the order of its time stamps.
OVERLAP = timedelta(seconds=30)
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
_VERSION = 1
_MAX_PAGE_MARK = 1_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Walk:
    """Going down a list that is newest first, page by page, to where the last walk began.

    Time stamps are the platform's, as text that sorts.
    """

    # Everything up to here was seen by an earlier walk; empty at the very first.
    known: str = ""
    # The platform's mark of the page to ask for next; None for the first page.
    page: str | None = None
    # Newest and oldest seen in the walk under way.
    newest: str = ""
    oldest: str = ""
    pages: int = 0

    def floor(self) -> str:
        """Nothing older than this is of interest."""
        return _shift(self.known, -OVERLAP) if self.known else ""

    def after(self, stamps: Sequence[str], next_page: str | None, *, most_pages: int) -> Walk:
        """The walk after a page with these stamps; one that is at its end starts anew.

        A platform that gives the same page for ever, or does not go back in time, is at its end.
        """
        told = [stamp for stamp in stamps if stamp]
        newest = max([self.newest, *told])
        oldest = min(told, default="")
        goes_on = (
            next_page is not None
            and len(next_page) <= _MAX_PAGE_MARK
            and next_page != self.page
            and oldest > self.floor()
            and (not self.oldest or oldest < self.oldest)
            and self.pages + 1 < most_pages
        )
        if goes_on:
            return replace(self, page=next_page, newest=newest, oldest=oldest, pages=self.pages + 1)
        # A stamp from the future would hide everything that comes before it.
        return Walk(known=max(self.known, min(newest, clock.now().strftime(_FORMAT))))


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadMark:
    """One of the agency's own posts, as of the last look at what is below it."""

    replies: int = -1
    newest: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """Everything that must survive a restart."""

    mentions: Walk = field(default_factory=Walk)
    own_posts: Walk = field(default_factory=Walk)
    # Addresses, oldest first.
    recent: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    # By record key of the agency's own post.
    threads: dict[str, ThreadMark] = field(default_factory=dict)

    def with_seen(self, uris: Iterable[str]) -> Progress:
        """After these posts were handed over."""
        recent = list(dict.fromkeys([*self.recent, *uris]))
        return replace(self, recent=tuple(recent[-RECENT_POSTS:]))

    def with_gone(self, uris: Iterable[str]) -> Progress:
        """After the deletion of these posts was handed over."""
        lost = tuple(uris)
        return replace(
            self,
            recent=tuple(uri for uri in self.recent if uri not in lost),
            gone=tuple(dict.fromkeys([*self.gone, *lost]))[-GONE_POSTS:],
        )


def dump(progress: Progress) -> str:
    """As a cursor."""
    return json.dumps({"version": _VERSION, **asdict(progress)}, separators=(",", ":"))


def load(cursor: str | None) -> Progress:
    """From a cursor; one that cannot be read starts from the beginning, as posts may come twice."""
    if cursor is None:
        return Progress()
    try:
        kept = json.loads(cursor)
        if kept.pop("version") != _VERSION:
            raise ValueError("another version")
        return Progress(
            mentions=_walk(kept["mentions"]),
            own_posts=_walk(kept["own_posts"]),
            recent=tuple(filter(is_post_uri, kept["recent"]))[-RECENT_POSTS:],
            gone=tuple(filter(is_post_uri, kept["gone"]))[-GONE_POSTS:],
            threads={
                str(rkey): ThreadMark(replies=int(mark["replies"]), newest=_stamp(mark["newest"]))
                for rkey, mark in kept["threads"].items()
            },
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.warning("The Bluesky cursor cannot be read (%s); reading starts anew.", error)
        return Progress()


def _walk(kept: dict[str, object]) -> Walk:
    page, pages = kept["page"], kept["pages"]
    if not (page is None or isinstance(page, str)) or not isinstance(pages, int):
        raise ValueError("no page")
    return Walk(
        known=_stamp(kept["known"]),
        page=page,
        newest=_stamp(kept["newest"]),
        oldest=_stamp(kept["oldest"]),
        pages=pages,
    )


def _stamp(value: object) -> str:
    text = str(value)
    if text:
        datetime.strptime(text, _FORMAT)  # noqa: DTZ007  only whether it is one
    return text


def _shift(stamp: str, by: timedelta) -> str:
    try:
        return (datetime.strptime(stamp, _FORMAT) + by).strftime(_FORMAT)  # noqa: DTZ007  text in, text out
    except OverflowError:
        return stamp
