"""What a replay account is set to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from levelhead.channels.domain import ChannelAccount
from levelhead.demo.streams import find_stream
from levelhead.kernel.errors import ChannelRefused, NotFound

PACKAGED: Final = "demo:"
SUFFIXES: Final = (".jsonl", ".jsonl.gz")
DAY_SECONDS: Final = 86_400.0
# A recording is at most a year long; slower than a thousandth would leave the calendar.
MAX_OFFSET_SECONDS: Final = 366 * DAY_SECONDS
SPEEDS: Final = (0.001, 1_000_000.0)
YEARS: Final = (1970, 2200)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaySettings:
    """How and where a recording is played."""

    path: Path
    started_at: datetime
    # 1 is real time, 60 an hour a minute, 0 everything at once.
    speed: float
    # Place in the recording at which play began; what lies before was there already.
    begin_at_seconds: float
    repeat: bool
    # Length of one round where the recording repeats.
    round_seconds: float
    looks_like: str | None
    handle: str | None
    outbox_file: Path | None

    def moment(self, at_seconds: float, play_round: int = 0) -> datetime:
        """When what stands at this offset of the recording happens.

        What lies before the beginning keeps the recording's own pace, back from `started_at`.
        """
        since = at_seconds + play_round * self.round_seconds - self.begin_at_seconds
        if self.speed > 0 and since > 0:
            since /= self.speed
        return self.started_at + timedelta(seconds=since)

    def is_due(self, at_seconds: float, play_round: int, now: datetime) -> bool:
        """Whether it has happened by `now`."""
        return self.speed == 0 or self.moment(at_seconds, play_round) <= now


def read_settings(account: ChannelAccount) -> PlaySettings:
    """The account's settings. Raises ChannelRefused with a sentence that says what to mend."""
    given = account.settings
    speed = _read_number(given, "speed", 1.0, 0.0, SPEEDS[1])
    if 0 < speed < SPEEDS[0]:
        raise ChannelRefused(f"The setting 'speed' must be 0 or at least {SPEEDS[0]}.")
    repeat = given.get("repeat", False)
    if not isinstance(repeat, bool):
        raise ChannelRefused("The setting 'repeat' must be true or false.")
    if repeat and speed == 0:
        raise ChannelRefused(
            "A recording that repeats needs a speed above 0: everything at once would not end."
        )
    outbox_file = _read_text(given, "outbox_file")
    if outbox_file is not None and not outbox_file.endswith(".jsonl"):
        raise ChannelRefused("The setting 'outbox_file' must name a .jsonl file.")
    return PlaySettings(
        path=_read_stream(given),
        started_at=_read_started_at(given),
        speed=speed,
        begin_at_seconds=_read_number(given, "begin_at_seconds", 0.0, 0.0, MAX_OFFSET_SECONDS),
        repeat=repeat,
        round_seconds=_read_number(given, "round_seconds", DAY_SECONDS, 1.0, MAX_OFFSET_SECONDS),
        looks_like=_read_text(given, "looks_like"),
        handle=_read_text(given, "handle"),
        outbox_file=Path(outbox_file) if outbox_file is not None else None,
    )


def _read_stream(given: Mapping[str, object]) -> Path:
    stream = _read_text(given, "stream")
    if stream is None:
        raise ChannelRefused(
            "The setting 'stream' is missing: give a .jsonl or .jsonl.gz file, or demo:bluesky."
        )
    if stream.startswith(PACKAGED):
        try:
            return find_stream(stream.removeprefix(PACKAGED))
        except NotFound as error:
            raise ChannelRefused(error.message) from error
    # Also keeps the setting from being a way to look into other files of the machine.
    if not stream.endswith(SUFFIXES):
        raise ChannelRefused("The setting 'stream' must name a .jsonl or .jsonl.gz file.")
    return Path(stream)


def _read_started_at(given: Mapping[str, object]) -> datetime:
    text = _read_text(given, "started_at")
    try:
        started_at = datetime.fromisoformat(text or "")
        if started_at.tzinfo is None or not YEARS[0] <= started_at.year <= YEARS[1]:
            raise ValueError
        return started_at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ChannelRefused(
            "The setting 'started_at' must be a time with its zone, such as "
            "2026-11-24T06:00:00-06:00."
        ) from error


def _read_text(given: Mapping[str, object], name: str) -> str | None:
    value = given.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 4_000 or "\0" in value:
        raise ChannelRefused(f"The setting {name!r} must be a text.")
    return value


def _read_number(
    given: Mapping[str, object], name: str, default: float, least: float, most: float
) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise ChannelRefused(f"The setting {name!r} must be a number from {least:g} to {most:g}.")
    return float(value)
