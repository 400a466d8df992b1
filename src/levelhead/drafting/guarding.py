"""What one process keeps in mind: how many drafts are being made, and which endpoint is sick."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from levelhead.drafting.domain import AT_ONCE, GRACE, SECONDS, SICK, Trouble
from levelhead.kernel import clock

# So many failures in a row open the circuit, for this long, doubled with each further one.
_FAILURES: Final = 3
_FIRST: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(minutes=15)
# Whoever goes first has so long; then another may, whatever became of the first.
_TRYING: Final = timedelta(seconds=SECONDS[1]) + GRACE

_slots = threading.BoundedSemaphore(AT_ONCE)


class Slot:
    """The right to ask, given back once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = True

    def give_back(self) -> None:
        """Let somebody else ask."""
        with self._lock:
            if self._held:
                self._held = False
                _slots.release()


def has_room() -> bool:
    """Whether somebody may ask now; `take_slot` has the last word."""
    slot = take_slot()
    if slot is not None:
        slot.give_back()
    return slot is not None


def take_slot() -> Slot | None:
    """A slot, or None where as many as may be are asking."""
    return Slot() if _slots.acquire(blocking=False) else None


@dataclass(slots=True)
class _Health:
    failures: int = 0
    opens_at: datetime | None = None
    trying_until: datetime | None = None


_lock = threading.Lock()
_health: dict[str, _Health] = {}


def is_open(name: str) -> datetime | None:
    """Until when nobody is asked; None where one may. After that one goes first, alone."""
    with _lock:
        health = _health.get(name)
        if health is None or health.opens_at is None:
            return None
        now = clock.now()
        if now < health.opens_at:
            return health.opens_at
        if health.trying_until is not None and now < health.trying_until:
            return health.trying_until
        health.trying_until = now + _TRYING
        return None


def went_well(name: str) -> None:
    """The endpoint did as it was asked."""
    with _lock:
        _health.pop(name, None)


def went_wrong(name: str, trouble: Trouble, retry_after: float | None) -> None:
    """The endpoint did not; what was wrong with one request only does not count."""
    with _lock:
        health = _health.setdefault(name, _Health())
        health.trying_until = None
        if trouble not in SICK:
            return
        health.failures += 1
        now = clock.now()
        if retry_after:
            health.opens_at = now + timedelta(seconds=retry_after)
        elif health.failures >= _FAILURES:
            times = min(health.failures - _FAILURES, 6)
            health.opens_at = now + min(_FIRST * 2**times, _LONGEST)


def was_cancelled(name: str) -> None:
    """Nothing was learnt."""
    with _lock:
        if name in _health:
            _health[name].trying_until = None


def forget_endpoints() -> None:
    """Begin anew: for an administrator who changed something, and for tests."""
    with _lock:
        _health.clear()
