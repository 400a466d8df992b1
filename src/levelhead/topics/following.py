"""An agency's stream in memory: filed posts in, what they say of topics out. No database."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from levelhead.analysis.streams.domain import Reading, StreamPost
from levelhead.analysis.streams.signs import WITHOUT_MODEL
from levelhead.analysis.streams.watching import StreamWatch
from levelhead.doctrine.levels import Alert, AlertBook

LANGUAGES: Final = ("en", "es")
# Posts among which near-copies are looked for; a whole installation's memory is many of these.
RING: Final = 1 << 13
# Posts of which it is remembered when they were written and what they were counted for.
REMEMBERED: Final = 1 << 14
# Bursts and topics of which it is remembered which row they are.
MAX_NAMES: Final = 1_000
# Against the agency where these together are likelier than not.
_NEGATIVE: Final = ("complaint", "dissent", "abuse")

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, kw_only=True, slots=True)
class FiledPost:
    """A filed post as the watch sees it."""

    id: int
    text: str
    created_at: datetime
    author: str | None
    followers: int | None
    # JSON text of the assessment that was made when it was filed; empty where there is none.
    scores: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """An alert, in each language, with the posts behind it."""

    alert: Alert
    reasons: dict[str, tuple[str, ...]]
    # The watch's own number for what belongs together; 0 where nothing is known.
    key: int
    whole_stream: bool
    posts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What some posts brought."""

    told: list[Told]
    # Post and the key of the topic under way that it belongs to.
    joined: list[tuple[int, int]]


class _Readings:
    """What the models said when the posts were filed: nothing is assessed a second time."""

    def __init__(self) -> None:
        self.next: list[Reading] = []

    def __call__(self, texts: Sequence[str]) -> Sequence[Reading]:
        if len(texts) != len(self.next):
            raise ValueError("There must be one reading for each text.")
        return self.next


class Follower:
    """Reads one agency's posts in order. Memory is bounded; not safe between threads."""

    def __init__(self) -> None:
        self._readings = _Readings()
        self._watch = StreamWatch(self._readings, ring=RING)
        # Each says the same at the same time, in its own language.
        self._books = {lang: AlertBook(lang=lang) for lang in LANGUAGES}
        self._written: OrderedDict[int, datetime] = OrderedDict()
        self._counted: OrderedDict[tuple[int, int], None] = OrderedDict()
        # The row of a burst that was told, and of a key of the watch.
        self.row_of_burst: OrderedDict[int, int] = OrderedDict()
        self.row_of_key: OrderedDict[int, int] = OrderedDict()

    def take(self, posts: Sequence[FiledPost]) -> Heard:
        """What these posts bring, in order."""
        self._readings.next = [read_scores(post.scores) for post in posts]
        for post in posts:
            _remember(self._written, post.id, post.created_at, REMEMBERED)
        bursts = self._watch.take(
            [
                StreamPost(
                    id=post.id, text=post.text, created_at=post.created_at, author=post.author,
                    author_followers=post.followers,
                )
                for post in posts
            ]
        )  # fmt: skip
        told = []
        for burst in bursts:
            alerts = {lang: book.consider(burst) for lang, book in self._books.items()}
            alert = alerts["en"]
            if alert is None:
                continue
            told.append(
                Told(
                    alert=alert,
                    reasons={lang: each.reasons for lang, each in alerts.items() if each},
                    key=burst.key,
                    whole_stream=burst.whole_stream,
                    posts=_ids(burst.list_ids()),
                )
            )
        joined = [(post_id, key) for post_id, key in self._watch.joined if isinstance(post_id, int)]
        return Heard(told=told, joined=joined)

    def bind(self, told: Told, row: int) -> None:
        """Remember which row a burst is."""
        _remember(self.row_of_burst, told.alert.burst, row, MAX_NAMES)
        if told.key:
            _remember(self.row_of_key, told.key, row, MAX_NAMES)

    def count_once(self, row: int, posts: Sequence[int]) -> dict[int, datetime]:
        """Those posts that were not counted for the row yet, with when they were written."""
        fresh: dict[int, datetime] = {}
        for post_id in posts:
            written = self._written.get(post_id)
            if written is None or (row, post_id) in self._counted:
                continue
            _remember(self._counted, (row, post_id), None, REMEMBERED)
            fresh[post_id] = written
        return fresh


def read_scores(scores: str) -> Reading:
    """What the models said of a post, as its assessment keeps it."""
    try:
        kept = json.loads(scores)
        labels = kept["label_scores"]
        return Reading(
            crisis=float(kept["crisis"]),
            emergency=float(labels.get("emergency", 0.0)),
            negative=sum(float(labels.get(label, 0.0)) for label in _NEGATIVE),
            press=float(labels.get("press", 0.0)),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return WITHOUT_MODEL


def _ids(given: Sequence[object]) -> tuple[int, ...]:
    return tuple(post_id for post_id in given if isinstance(post_id, int))


def _remember(kept: OrderedDict[K, V], key: K, value: V, limit: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > limit:
        kept.popitem(last=False)
