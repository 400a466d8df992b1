"""Posts per second from receive to visible, and where the time goes."""

from __future__ import annotations

import itertools
import json
import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from levelhead.accounts.actions import create_agency
from levelhead.benchmarks.stages import timed, without
from levelhead.channels.actions import BATCH, add_channel, receive
from levelhead.channels.domain import IncomingPost
from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.kernel.ids import new_id

PLACES = {
    "levelhead.channels.actions:clean_post": "clean",
    "levelhead.inbox.filing:look_up_posts": "look up",
    "levelhead.inbox.filing:look_up_rest": "look up",
    "levelhead.inbox.filing:judge": "decide",
    "levelhead.inbox.judging:decide": "decide",
    "levelhead.analysis.assess:Assessor.assess": "assess",
    "levelhead.inbox.filing:plan_threads": "thread",
    "levelhead.inbox.filing:insert_rows": "store",
    "levelhead.inbox.filing:change_tallies": "store",
    "levelhead.inbox.filing:index_words": "index",
    "levelhead.inbox.filing:append_events": "record",
    "levelhead.inbox.filing:announce": "live event",
    "django.db.transaction:Atomic.__exit__": "commit",
}
# Left out of the bare pipeline that the whole product is compared with.
NOT_BARE = ["levelhead.inbox.filing:append_events", "levelhead.inbox.filing:announce"]
GROWTH_PARTS = 10


@dataclass(kw_only=True)
class IntakeFigures:
    """What one run measured."""

    posts: int
    seconds: float
    # Seconds from handing over a batch to its posts being visible to another reader, by batch.
    visible: list[float] = field(default_factory=list)
    # Seconds by stage; "other" is the rest.
    stages: dict[str, float] = field(default_factory=dict)
    # Posts per second in each tenth of the run.
    parts: list[float] = field(default_factory=list)

    @property
    def posts_per_second(self) -> float:
        """The rate over the whole run."""
        return self.posts / self.seconds

    @property
    def visible_p99(self) -> float:
        """99 of 100 batches are visible by then, in seconds."""
        ordered = sorted(self.visible)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]

    @property
    def growth(self) -> float:
        """Cost of a post in the last tenth over that in the first."""
        return self.parts[0] / self.parts[-1] if len(self.parts) > 1 else 1.0


def made_posts(channel_id: int, count: int, seed: int = 7) -> Iterator[IncomingPost]:
    """Invented posts as varied as a city's: lengths, authors, threads, some copies."""
    from levelhead.demo.streams import every_text

    draw = random.Random(seed)  # noqa: S311  # not for secrets
    texts = every_text()
    words = sorted({word for text in texts for word in text.split()})
    start = clock.now() - timedelta(days=1)
    run = new_id()
    for number in range(count):
        if draw.random() < 0.15:
            text = draw.choice(texts)
        else:
            text = " ".join(draw.choices(words, k=min(80, 3 + int(draw.expovariate(1 / 14)))))
        parent = number - draw.randint(1, 40) if number > 40 and draw.random() < 0.35 else None
        author = f"resident{int(draw.paretovariate(0.6)) % 20_000}"
        yield IncomingPost(
            channel_id=channel_id,
            external_id=f"{run}-{number}",
            text=text,
            created_at=start + timedelta(milliseconds=number),
            author_external_id=author,
            author_handle=author,
            author_followers=len(author),
            parent_external_id=None if parent is None else f"{run}-{parent}",
            raw=json.dumps({"id": f"{run}-{number}", "text": text, "author": author}),
        )


def run_intake(posts: int, *, stages: bool) -> IntakeFigures:
    """Receive `posts` made posts in batches, flat out."""
    agency = create_agency(name="Bench", slug=f"bench-{new_id()}")
    channel = add_channel(agency_id=agency.pk, platform="file", name="bench")
    figures = IntakeFigures(posts=posts, seconds=0.0)
    source = made_posts(channel.pk, posts)
    part_size, part_seconds, part_posts = max(1, posts // GROWTH_PARTS), 0.0, 0

    def work() -> None:
        nonlocal part_seconds, part_posts
        while batch := list(itertools.islice(source, BATCH)):
            begun = time.perf_counter()
            receive(batch)
            # Another look at the table: what it finds, a page finds.
            newest = Post.objects.filter(channel_id=channel.pk, external_id=batch[-1].external_id)
            if not newest.exists():
                raise LevelheadError("A post was received and is not to be seen.")
            took = time.perf_counter() - begun
            figures.visible.append(took)
            figures.seconds += took
            part_seconds, part_posts = part_seconds + took, part_posts + len(batch)
            if part_posts >= part_size:
                figures.parts.append(part_posts / part_seconds)
                part_seconds, part_posts = 0.0, 0

    if stages:
        with timed(PLACES) as times:
            work()
        figures.stages = dict(times.seconds)
        figures.stages["other"] = figures.seconds - sum(times.seconds.values())
    else:
        work()
    return figures


def compare_intake(posts: int, rounds: int) -> dict[str, Any]:
    """The whole product against the bare pipeline, in turn; medians of the rounds."""
    run_intake(2_000, stages=False)
    whole, bare = [], []
    for _ in range(rounds):
        whole.append(run_intake(posts, stages=False))
        with without(NOT_BARE):
            bare.append(run_intake(posts, stages=False))
    by_stage = run_intake(posts, stages=True)
    whole_rate = statistics.median(f.posts_per_second for f in whole)
    bare_rate = statistics.median(f.posts_per_second for f in bare)
    return {
        "posts": posts,
        "rounds": rounds,
        "posts_per_second": round(whole_rate),
        "bare_posts_per_second": round(bare_rate),
        "share_of_bare": round(whole_rate / bare_rate, 3),
        "visible_p99_seconds": round(statistics.median(f.visible_p99 for f in whole), 4),
        "growth": round(statistics.median(f.growth for f in whole), 3),
        "stages": {
            stage: round(seconds / by_stage.seconds, 3)
            for stage, seconds in sorted(by_stage.stages.items(), key=lambda s: -s[1])
        },
    }
