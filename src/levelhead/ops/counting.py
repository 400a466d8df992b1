"""Counting the requests that pages answer, for the metrics."""

from __future__ import annotations

import bisect
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

# Upper ends in seconds; the goal for a page is 0.05.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass
class Requests:
    """What was answered by this process since it started."""

    # (method, class of status such as "2xx") -> how many.
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    # How many took at most each of BUCKETS; one more for those that took longer.
    durations: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def add(self, *, method: str, status: int, seconds: float) -> None:
        """Count one. Methods that are made up are counted together: callers choose them."""
        with self._lock:
            known = method if method in _METHODS else "other"
            self.answered[known, f"{status // 100}xx"] += 1
            self.durations[bisect.bisect_left(BUCKETS, seconds)] += 1
            self.seconds += seconds

    def snapshot(self) -> tuple[dict[tuple[str, str], int], list[int], float]:
        """All three figures, taken at one moment."""
        with self._lock:
            return dict(self.answered), list(self.durations), self.seconds


requests = Requests()


class CountedRequests:
    """The WSGI application with each of its answers counted."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        started = time.perf_counter()
        statuses: list[int] = []

        def note(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            statuses.append(int(status[:3]))
            return start_response(status, headers, *rest)

        try:
            return self._application(environ, note)
        finally:
            requests.add(
                method=environ["REQUEST_METHOD"],
                status=statuses[-1] if statuses else 500,
                seconds=time.perf_counter() - started,
            )
