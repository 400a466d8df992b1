"""How many posts the slow reader may take: so many a second, with some saved up for a rush."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Allowance:
    """A bucket that fills steadily; safe to share between threads."""

    def __init__(
        self, per_second: float, most: float, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._most = most
        self._monotonic = monotonic
        self._left = most
        self._seen = monotonic()
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        """How many of `wanted` are allowed now; they are spent."""
        with self._lock:
            now = self._monotonic()
            self._left = min(self._most, self._left + (now - self._seen) * self._per_second)
            self._seen = now
            taken = max(0, min(wanted, int(self._left)))
            self._left -= taken
            return taken
