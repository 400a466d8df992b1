"""`levelhead watch`: a stream of posts in as JSON Lines, alerts out as they arise."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

import click

from levelhead.analysis.domain import Assessment, Label, PostText
from levelhead.analysis.streams.domain import Reader, Reading, StreamPost
from levelhead.analysis.streams.signs import WITHOUT_MODEL
from levelhead.analysis.streams.watching import StreamWatch
from levelhead.cli.json_lines import (
    BYTE_ORDER_MARK,
    MAX_LINE_BYTES,
    answer_input,
    decode,
    mend,
    read_batches,
)
from levelhead.doctrine.levels import Alert, AlertBook, Level
from levelhead.kernel.errors import ConfigurationError, Invalid

# Posts read together where they come fast; where they come slowly each is read alone.
BATCH: Final = 256
# Malformed lines told one by one; the rest is only counted.
TOLD_FAULTS: Final = 10
# Against the agency where complaint, dissent and abuse together are likelier than not.
_NEGATIVE: Final = (Label.COMPLAINT, Label.DISSENT, Label.ABUSE)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is not a post."""

    error: str


@click.command()
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the reasons.",
)
def command(lang: str) -> None:
    """Say when something arises in a stream of posts.

    Reads JSON Lines in the order of time from standard input, each {"id", "created_at", "text"}
    and optionally "author", "author_followers". Writes an alert as soon as one is due: at, kind,
    topic, level, posts, baseline, examples, reasons, burst, authors, update. What is said
    again of the same burst has the same `burst`; `update` is true where it has only grown.

    A line that cannot be read is told on standard error and passed over; the exit status is
    then 3. Blank lines are passed over.
    """
    from levelhead.analysis.assess import load

    watcher = Watcher(make_reader(load()), lang=lang)

    def run(source: int, write: Callable[[bytes], None]) -> None:
        watcher.run(read_batches(source), lambda line: write(line.encode() + b"\n"))

    answer_input(run, watcher.name_faults)


class Watcher:
    """Follows lines, and counts those that are no posts."""

    def __init__(self, reader: Reader | None, *, lang: str = "en") -> None:
        self.watch = StreamWatch(reader)
        self.book = AlertBook(lang=lang)
        self.lines = 0
        self.faults = 0

    def name_faults(self) -> str:
        """What to say at the end about lines that are no posts; nothing for none."""
        if not self.faults:
            return ""
        lines = "line" if self.faults == 1 else "lines"
        return f"{self.faults} of {self.lines} {lines} could not be read; the others were watched."

    def run(self, batches: Iterable[Sequence[bytes]], write: Callable[[str], None]) -> None:
        """Read every batch as soon as it is there, and write each alert when it is known."""
        for lines in batches:
            for start in range(0, len(lines), BATCH):
                for alert in self.follow(self._posts(lines[start : start + BATCH])):
                    write(describe(alert))

    def follow(self, posts: Iterable[StreamPost]) -> Iterator[Alert]:
        """The alerts that `posts` give rise to, in order."""
        for burst in self.watch.take(list(posts)):
            alert = self.book.consider(burst)
            if alert is not None:
                yield alert

    def _posts(self, lines: Iterable[bytes]) -> Iterator[StreamPost]:
        for line in lines:
            self.lines += 1
            if not line or line.isspace():
                continue
            item = read_post(line)
            if isinstance(item, StreamPost):
                yield item
                continue
            self.faults += 1
            if self.faults <= TOLD_FAULTS:
                click.echo(f"levelhead: line {self.lines}: {item.error}", err=True)


class Assessor(Protocol):
    """What says what posts are like."""

    def assess(self, posts: Sequence[PostText]) -> list[Assessment]: ...


def make_reader(assessor: Assessor) -> Reader:
    """What the watch needs to know of a text, as `assessor` says it."""

    def read(texts: Sequence[str]) -> Sequence[Reading]:
        try:
            posts = [PostText(text=text) for text in texts]
            return [_read(assessment) for assessment in assessor.assess(posts)]
        except ConfigurationError:
            raise
        except Exception:
            # One text that cannot be assessed must not silence the watch: words alone for it.
            if len(texts) == 1:
                return [WITHOUT_MODEL]
            return [reading for text in texts for reading in read([text])]

    return read


def _read(assessment: Assessment) -> Reading:
    scores = assessment.label_scores
    reading = Reading(
        crisis=assessment.crisis,
        emergency=scores.get(Label.EMERGENCY, 0.0),
        negative=sum(scores.get(label, 0.0) for label in _NEGATIVE),
        press=scores.get(Label.PRESS, 0.0),
    )
    return reading if math.isfinite(reading.crisis) else WITHOUT_MODEL


def _name_kind(alert: Alert) -> str:
    """Readers know two kinds; what has only grown keeps that of its level."""
    if alert.kind != "update":
        return alert.kind
    return "level" if alert.level >= Level.ISSUE else "burst"


def describe(alert: Alert) -> str:
    """The alert as one line of JSON."""
    return json.dumps(
        {
            "at": alert.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "kind": _name_kind(alert),
            "topic": list(alert.topic),
            "level": int(alert.level),
            "posts": alert.posts,
            "baseline": round(alert.baseline, 2),
            "examples": list(alert.examples),
            "reasons": list(alert.reasons),
            "burst": alert.burst,
            "authors": alert.spread,
            "update": alert.kind == "update",
        },
        separators=(",", ":"),
    )


def read_post(line: bytes) -> StreamPost | Fault:
    """The post that a line holds, or what is wrong with it. A time that is none is let pass."""
    if len(line) > MAX_LINE_BYTES:
        return Fault(f"it is longer than {MAX_LINE_BYTES:,} bytes.")
    try:
        given = decode(line.removeprefix(BYTE_ORDER_MARK).decode())
    except UnicodeDecodeError as error:
        return Fault(f"byte {error.start + 1} is not UTF-8.")
    except json.JSONDecodeError as error:
        return Fault(f"it is not JSON: {error.msg}.")
    except (Invalid, ValueError, RecursionError):
        return Fault("it is not JSON.")
    if not isinstance(given, dict):
        return Fault("it is not a JSON object.")
    post_id, text = given.get("id"), given.get("text")
    if isinstance(post_id, bool) or not isinstance(post_id, str | int | float):
        return Fault("it has no id.")
    if not isinstance(text, str):
        return Fault("it has no text.")
    author, followers = given.get("author"), given.get("author_followers")
    known = isinstance(followers, int) and not isinstance(followers, bool) and followers >= 0
    return StreamPost(
        id=mend(post_id) if isinstance(post_id, str) else post_id,
        text=mend(text),
        created_at=read_time(given.get("created_at")),
        author=mend(str(author))[:300] if isinstance(author, str | int) else None,
        author_followers=followers if known else None,
    )


def read_time(given: object) -> datetime | None:
    """An ISO 8601 time, in UTC where it has no zone, or seconds since 1970; None for the rest."""
    try:
        if isinstance(given, str):
            found = datetime.fromisoformat(given)
            # The edges of the calendar have no room for a zone.
            if not 1900 <= found.year <= 2200:
                return None
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        if isinstance(given, int | float) and not isinstance(given, bool):
            found = datetime.fromtimestamp(given, UTC)
            return found if 1900 <= found.year <= 2200 else None
    except (ValueError, OverflowError, OSError):
        return None
    return None
