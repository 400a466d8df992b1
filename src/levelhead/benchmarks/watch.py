"""How soon `levelhead watch` speaks up, and how often for nothing, on streams built from data.

Each stream is ordinary traffic (posts that readers labelled off-topic, with a day's and a week's
rhythm, and bumps: matches, closures, disasters as figures of speech) with one real event mixed in:
times shaped by its tweets per minute, rescaled, texts its labelled posts in order of time. The
texts stay in the folder they are in.
"""

from __future__ import annotations

import math
import random
import statistics
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from levelhead.analysis.streams.domain import Reader, Reading, StreamPost
from levelhead.analysis.streams.watching import StreamWatch
from levelhead.benchmarks.event_streams import (
    ABOUT,
    EVENT_HOURS,
    EVENT_MARK,
    Event,
    make_ordinary,
    mix,
    read_events,
    read_ordinary,
    rescale,
)
from levelhead.doctrine.levels import Alert, AlertBook, Level

GOAL_SECONDS: Final = 60.0
GOAL_FALSE_A_WEEK: Final = 1.0
BATCH: Final = 256
WEEK: Final = 7 * 86_400.0


@dataclass(kw_only=True)
class Outcome:
    """What came of one stream."""

    event: str
    first_hour: int
    # Seconds of stream from the tenth post about the event; None where nothing was said.
    seconds: float | None
    # The same for the event's first post.
    from_first: float | None
    false_alarms: int = 0
    quiet_alerts: int = 0
    updates: int = 0
    # The highest proposed for the event.
    level: int = 0
    ordinary_seconds: float = 0.0
    simple_seconds: float | None = None
    simple_false: int = 0
    topic: tuple[str, ...] = ()


def run_watch(posts: Sequence[StreamPost], reader: Reader | None) -> list[Alert]:
    """All alerts for the posts, as the command gives them."""
    watch, book = StreamWatch(reader), AlertBook()
    alerts = []
    for start in range(0, len(posts), BATCH):
        for burst in watch.take(posts[start : start + BATCH]):
            alert = book.consider(burst)
            if alert is not None:
                alerts.append(alert)
    return alerts


def run_simple(posts: Sequence[StreamPost]) -> list[datetime]:
    """The simple baseline: an hour with three times the mean of all hours so far, and ten posts.

    At most one alarm an hour.
    """
    alarms: list[datetime] = []
    lately: deque[datetime] = deque()
    hour = timedelta(hours=1)
    begun: datetime | None = None
    for number, post in enumerate(posts, 1):
        at = post.created_at
        if at is None:
            continue
        begun = begun or at
        lately.append(at)
        while lately[0] <= at - hour:
            lately.popleft()
        hours = max(1.0, (at - begun) / hour)
        if len(lately) < 10 or len(lately) < 3 * number / hours:
            continue
        if not alarms or at - alarms[-1] >= hour:
            alarms.append(at)
    return alarms


def judge(
    event: Event, first_hour: int, posts: Sequence[StreamPost], reader: Reader | None
) -> Outcome:
    """Watch one stream with an event in it, and compare."""
    about = [
        post.created_at
        for post in posts
        if str(post.id).startswith(EVENT_MARK) and post.created_at is not None
    ]
    first, tenth = about[0], about[ABOUT - 1]
    begun = posts[0].created_at or first
    outcome = Outcome(event=event.name, first_hour=first_hour, seconds=None, from_first=None)
    outcome.ordinary_seconds = (first - begun).total_seconds()
    for alert in run_watch(posts, reader):
        hit = any(str(example).startswith(EVENT_MARK) for example in alert.examples)
        if hit:
            outcome.level = max(outcome.level, alert.level)
        if alert.kind == "update":
            # What was told before, grown: neither a new alarm nor the first word.
            outcome.updates += 1
        elif alert.level < Level.ISSUE:
            outcome.quiet_alerts += 1
        elif hit and outcome.seconds is None:
            outcome.seconds = (alert.at - tenth).total_seconds()
            outcome.from_first = (alert.at - first).total_seconds()
            outcome.topic = alert.topic
        elif not hit and alert.at < first:
            outcome.false_alarms += 1
    alarms = run_simple(posts)
    outcome.simple_false = sum(at < first for at in alarms)
    after = [at for at in alarms if at >= first]
    if after:
        outcome.simple_seconds = (after[0] - tenth).total_seconds()
    return outcome


def measure_watch(
    folder: Path,
    reader: Reader | None,
    *,
    quick: bool = False,
    hourly: float = 120.0,
    history_hours: float = 30.0,
    weeks: float = 1.0,
    seed: int = 11,
) -> dict[str, Any]:
    """The table: every event at 600 and 60 posts in its first hour, and a week without one."""
    begun = time.perf_counter()
    events, texts = read_events(folder), read_ordinary(folder)
    if quick:
        history_hours, weeks = min(history_hours, 6.0), min(weeks, 2 / 7)
    read = Remembered(reader) if reader is not None else None
    outcomes = []
    for first_hour in (600, 60):
        for event in events:
            draw = random.Random(f"{seed}/{event.name}/{first_hour}")  # noqa: S311
            start = history_hours * 3600 * (0.8 + 0.2 * draw.random())
            length = start + EVENT_HOURS * 3600
            ordinary = make_ordinary(texts, length, hourly, draw)
            posts = mix(ordinary, event, start, rescale(event, first_hour, draw))
            outcomes.append(judge(event, first_hour, posts, read))
    draw = random.Random(f"{seed}/ordinary")  # noqa: S311
    ordinary = make_ordinary(texts, weeks * WEEK, hourly, draw)
    nothing = Event(name="", times=(0.0,), texts=("",))
    posts = mix(ordinary, nothing, 0.0, [])
    told = run_watch(posts, read)
    alerts = [alert for alert in told if alert.kind != "update"]
    loud = [alert for alert in alerts if alert.level >= Level.ISSUE]
    simple = run_simple(posts)
    figures: dict[str, Any] = {
        "events": len(events),
        "ordinary_texts": len(texts),
        "ordinary_posts_an_hour": hourly,
        "seed": seed,
        "rows": [_describe(outcome) for outcome in outcomes],
        "ordinary_week": {
            "weeks": weeks,
            "posts": len(posts),
            "false_alarms_a_week": len(loud) / weeks,
            "updates": len(told) - len(alerts),
            "quiet_alerts_a_day": (len(alerts) - len(loud)) / (7 * weeks),
            "simple_false_alarms_a_week": len(simple) / weeks,
            "loud": [
                {"topic": list(a.topic), "reasons": list(a.reasons), "level": int(a.level)}
                for a in loud
            ],
        },
        "seconds": 0.0,
    }
    for first_hour in (600, 60):
        figures[f"at_{first_hour}"] = _summarise(
            [outcome for outcome in outcomes if outcome.first_hour == first_hour]
        )
    checks = {
        f"median_at_{n}": figures[f"at_{n}"]["median_seconds"] <= GOAL_SECONDS for n in (600, 60)
    }
    # All ordinary time counts, that before the events too.
    before = sum(outcome.ordinary_seconds for outcome in outcomes) / WEEK
    false = len(loud) + sum(outcome.false_alarms for outcome in outcomes)
    figures["ordinary_weeks"] = round(weeks + before, 2)
    figures["false_alarms_a_week"] = false / (weeks + before)
    checks["false_alarms"] = figures["false_alarms_a_week"] <= GOAL_FALSE_A_WEEK
    figures["seconds"] = round(time.perf_counter() - begun, 1)
    return {"ok": all(checks.values()), "goals": checks, **figures}


class Remembered:
    """A reader that reads each text once; the streams use the same texts again and again."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[str, Reading] = {}

    def __call__(self, texts: Sequence[str]) -> Sequence[Reading]:
        """What the reader says of `texts`."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._reader(unknown), strict=True))
        return [self._known[text] for text in texts]


def _describe(outcome: Outcome) -> dict[str, Any]:
    return {
        "event": outcome.event,
        "first_hour": outcome.first_hour,
        "seconds_from_tenth": outcome.seconds,
        "seconds_from_first": outcome.from_first,
        "simple_seconds_from_tenth": outcome.simple_seconds,
        "false_alarms": outcome.false_alarms,
        "topic": list(outcome.topic),
        "updates": outcome.updates,
        "level": outcome.level,
    }


def _summarise(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    weeks = sum(outcome.ordinary_seconds for outcome in outcomes) / WEEK
    missed = math.inf

    def middle(values: Sequence[float | None]) -> float:
        return statistics.median(missed if value is None else value for value in values)

    return {
        "median_seconds": middle([o.seconds for o in outcomes]),
        "simple_median_seconds": middle([o.simple_seconds for o in outcomes]),
        "within_goal": sum(o.seconds is not None and o.seconds <= GOAL_SECONDS for o in outcomes),
        "missed": sum(o.seconds is None for o in outcomes),
        "simple_missed": sum(o.simple_seconds is None for o in outcomes),
        "false_alarms_a_week": sum(o.false_alarms for o in outcomes) / weeks,
        "simple_false_alarms_a_week": sum(o.simple_false for o in outcomes) / weeks,
    }


def print_table(figures: dict[str, Any]) -> Iterator[str]:
    """The figures as lines of a table."""
    yield f"{'event':34}{'first hour':>11}{'watch':>10}{'3x mean':>10}   topic"
    for row in figures["rows"]:
        yield (
            f"{row['event'][:33]:34}{row['first_hour']:>11}{_seconds(row['seconds_from_tenth']):>10}"
            f"{_seconds(row['simple_seconds_from_tenth']):>10}   {', '.join(row['topic'][:3])}"
        )
    yield "Seconds of stream from the tenth post about the event to the first alert of level 2+."
    for first_hour in (600, 60):
        part = figures[f"at_{first_hour}"]
        yield (
            f"median at {first_hour:>3}: {_seconds(part['median_seconds'])} s (3x mean: "
            f"{_seconds(part['simple_median_seconds'])} s), {part['within_goal']} of "
            f"{figures['events']} within {GOAL_SECONDS:.0f} s, {part['missed']} missed; "
            f"false a week before the event {part['false_alarms_a_week']:.2f} "
            f"(3x mean: {part['simple_false_alarms_a_week']:.1f})"
        )
    week = figures["ordinary_week"]
    yield (
        f"ordinary week: {week['posts']:,} posts, {week['false_alarms_a_week']:.2f} false alarms "
        f"a week (3x mean: {week['simple_false_alarms_a_week']:.1f}), "
        f"{week['quiet_alerts_a_day']:.1f} alerts of level 0-1 a day (part of the next line; "
        "has no goal of its own)"
    )
    yield (
        f"all ordinary time, that before the events too: {figures['ordinary_weeks']} weeks, "
        f"{figures['false_alarms_a_week']:.2f} false alarms a week; this figure decides "
        f"(goal: at most {GOAL_FALSE_A_WEEK:g})"
    )
    yield "All goals hold here." if figures["ok"] else "Not all goals hold here."


def _seconds(value: float | None) -> str:
    return "missed" if value is None or value == math.inf else f"{value:.0f}"
