"""The one place where the time is read, so that exercises and tests can run on their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("A clock needs a time with a zone.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        """Move by `step`; a negative step is a clock that was set back."""
        self._now += step


_current: ContextVar[Clock] = ContextVar("levelhead_clock")
_system = SystemClock()


def now() -> datetime:
    """The time on the clock in force here, aware, in UTC."""
    return _current.get(_system).now()


@contextmanager
def use(clock: Clock) -> Iterator[Clock]:
    """Put `clock` in force for the block (this thread or task only)."""
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
