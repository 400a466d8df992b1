"""Streams built from data: a real event's posts, on its own rhythm, among ordinary traffic.

The texts stay in the folder they are in.
"""

from __future__ import annotations

import bisect
import csv
import gzip
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from levelhead.analysis.streams.domain import StreamPost
from levelhead.benchmarks.ordinary_bumps import BUMPS, fill
from levelhead.kernel.errors import Invalid

VOLUME_FILE: Final = "crisislex_t26_volume.csv.gz"
LABELLED_FILES: Final = ("crisislex_t26.jsonl.gz", "crisislex_t6.jsonl.gz")
# How long after its first post an event can still be caught.
EVENT_HOURS: Final = 3.0
ABOUT: Final = 10
EVENT_MARK: Final = "event-"
_START: Final = datetime(2026, 3, 2, tzinfo=UTC)
# The first hour is where an hour holds so much of the busiest hour, and at least ten posts.
_ONSET_SHARE: Final = 0.1
_RELATED: Final = frozenset(["Related and informative", "Related - but not informative"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """A real event: the shape of its traffic and what was posted about it."""

    name: str
    # Seconds after the onset, ascending; one entry for each post of the sample.
    times: tuple[float, ...]
    texts: tuple[str, ...]


def read_events(folder: Path) -> list[Event]:
    """The events that have both a volume and labelled posts. Raises Invalid."""
    minutes: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row in _open(folder / VOLUME_FILE, csv.DictReader):
        moment = datetime.fromisoformat(row["minute"]).timestamp()
        minutes[row["event"]].append((moment, int(row["count_included"] or 0)))
    texts: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in _read_lines(folder / LABELLED_FILES[0]):
        if row["informativeness"] in _RELATED:
            texts[row["event"]].append((row["created_at"], row["text"]))
    events = []
    for name in sorted(minutes):
        if not texts[name]:
            continue
        times = _spread_minutes(sorted(minutes[name]))
        onset = _find_onset(times)
        begun = datetime.fromtimestamp(onset, UTC).isoformat()
        posted = sorted(texts[name])
        later = [text for when, text in posted if when >= begun[:16]]
        events.append(
            Event(
                name=name,
                times=tuple(t - onset for t in times if onset <= t < onset + EVENT_HOURS * 3600),
                texts=tuple(later or [text for _, text in posted]),
            )
        )
    return events


def _spread_minutes(minutes: Sequence[tuple[float, int]]) -> list[float]:
    return [at + 60 * (k + 0.5) / count for at, count in minutes for k in range(count)]


def _find_onset(times: Sequence[float]) -> float:
    """When the first hour begins that holds a tenth of the busiest hour."""
    ends = [bisect.bisect_left(times, at + 3600) - k for k, at in enumerate(times)]
    least = max(ABOUT, _ONSET_SHARE * max(ends))
    return next((times[k] for k, count in enumerate(ends) if count >= least), times[0])


def read_ordinary(folder: Path) -> list[str]:
    """Texts that readers labelled off-topic, each once."""
    return list(
        dict.fromkeys(
            row["text"]
            for row in _read_lines(folder / LABELLED_FILES[1])
            if row["label"] == "off-topic" and "dup_of" not in row
        )
    )


def rescale(event: Event, first_hour: int, draw: random.Random) -> list[float]:
    """Times of the event's posts with `first_hour` of them in the first hour, shape kept.

    Draws by the inverse of the cumulated counts, straight lines between the posts of the sample.
    """
    known = list(event.times)
    in_first = bisect.bisect_left(known, 3600.0)
    count = round(first_hour * len(known) / max(1, in_first))
    times = []
    for _ in range(count):
        place = draw.random() * (len(known) - 1)
        low = int(place)
        high = min(low + 1, len(known) - 1)
        times.append(known[low] + (place - low) * (known[high] - known[low]))
    return sorted(times)


def make_ordinary(
    texts: Sequence[str], seconds: float, hourly: float, draw: random.Random
) -> list[tuple[float, str]]:
    """Ordinary traffic for so long: a rhythm of day and week, and about three bumps a day."""
    posts = []
    at = 0.0
    busiest = hourly * 2.0
    order = list(texts)
    draw.shuffle(order)
    used = 0
    while True:
        at += draw.expovariate(busiest / 3600)
        if at >= seconds:
            break
        if draw.random() * busiest > hourly * _rhythm(at):
            continue
        posts.append((at, order[used % len(order)]))
        used += 1
    for _ in range(round(3 * seconds / 86_400)):
        kind = draw.choice(sorted(BUMPS))
        begun = draw.random() * seconds
        size = int(draw.uniform(10, 40) + 0.4 * hourly * draw.random())
        topic = draw.random()
        for _ in range(size):
            when = begun + draw.expovariate(1 / 1500)
            if when < seconds:
                posts.append((when, fill(kind, topic, draw)))
    posts.sort(key=lambda post: post[0])
    return posts


def _rhythm(at: float) -> float:
    hour = at / 3600 % 24
    day = int(at // 86_400) % 7
    # Least at four in the morning, most in the evening; a little more at the weekend.
    return (1 - 0.75 * math.cos((hour - 4) / 24 * 2 * math.pi)) * (1.15 if day >= 5 else 0.95)


def mix(
    ordinary: Sequence[tuple[float, str]], event: Event, begun: float, times: Sequence[float]
) -> list[StreamPost]:
    """One stream: `ordinary` with the event's posts from `begun` on."""
    rows = [(at, f"o{k}", text) for k, (at, text) in enumerate(ordinary)]
    rows += [
        (begun + at, f"{EVENT_MARK}{k}", event.texts[k % len(event.texts)])
        for k, at in enumerate(times)
    ]
    rows.sort()
    return [
        StreamPost(id=key, text=text, created_at=_START + timedelta(seconds=at))
        for at, key, text in rows
    ]


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in _open(path, iter):
        yield json.loads(line)


def _open(path: Path, how: Any) -> Iterator[Any]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            yield from how(file)
    except (OSError, EOFError, ValueError) as error:
        raise Invalid(f"{path} cannot be read: {error}.", path=str(path)) from error
