"""Loops of the engine: each in its own thread, none delaying another, none ending by an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog
from django.db import close_old_connections

from levelhead.kernel import clock

log = structlog.get_logger(__name__)

LONGEST_PAUSE_SECONDS = 30.0


class Round(Protocol):
    """One round of a loop; gives the seconds until the next is worth while."""

    def __call__(self) -> float: ...


class Loop:
    """Runs rounds until stopped; one that fails is logged and tried again after a pause."""

    def __init__(self, name: str, run_round: Round) -> None:
        self.name = name
        self.last_round_at: datetime = clock.now()
        self._run_round = run_round
        self._stopping = threading.Event()
        self._wake = threading.Event()
        # A daemon: a round that hangs in a platform's answer does not keep the process.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more rounds."""
        self._stopping.set()
        self._wake.set()

    def wake(self) -> None:
        """There is something to do: let the next round come now."""
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the round under way; gives whether it ended in time."""
        self._thread.join(max(0.0, seconds))
        return not self._thread.is_alive()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            # Before the round: what is told during it is not forgotten.
            self._wake.clear()
            try:
                # A connection that broke is put away, so that the next round gets a new one.
                close_old_connections()
                pause = self._run_round()
            except Exception as error:
                failures += 1
                pause = min(2.0**failures / 2, LONGEST_PAUSE_SECONDS)
                log.exception(
                    "a loop of the worker failed; it goes on after a pause",
                    pause_seconds=pause,
                    loop=self.name, failures=failures, why=str(error),
                )  # fmt: skip
            else:
                failures = 0
                self.last_round_at = clock.now()
            if self._stopping.is_set():
                return
            self._wake.wait(pause)


Item = TypeVar("Item")


class SideBySide(Generic[Item]):
    """A round that takes as many items as there are free threads and works on each in its own.

    `take(limit)` claims at most so many items, `work(item)` handles one, `next_in()` gives the
    seconds until one more is due.
    """

    def __init__(
        self,
        name: str,
        *,
        take: Callable[[int], Sequence[Item]],
        work: Callable[[Item], object],
        next_in: Callable[[], float],
        threads: int,
        idle_seconds: float,
    ) -> None:
        self._name = name
        self._take = take
        self._work = work
        self._next_in = next_in
        self._threads = threads
        self._idle_seconds = idle_seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._under_way: dict[Future[None], Item] = {}
        self.loop = Loop(name, self._round)

    def under_way(self) -> list[Item]:
        """The items that are worked on now."""
        with self._lock:
            return list(self._under_way.values())

    def _round(self) -> float:
        with self._lock:
            free = self._threads - len(self._under_way)
        if free <= 0:
            # The end of one wakes us.
            return self._idle_seconds
        taken = self._take(free)
        for item in taken:
            self._begin(item)
        return 0.0 if taken else min(max(self._next_in(), 0.02), self._idle_seconds)

    def _begin(self, item: Item) -> None:
        with self._lock:
            future = self._pool.submit(self._do, item)
            self._under_way[future] = item
        # Outside the lock: a future that is done already calls back at once.
        future.add_done_callback(self._on_done)

    def _do(self, item: Item) -> None:
        close_old_connections()
        try:
            self._work(item)
        except Exception:
            log.exception("a piece of the worker's work broke; the others go on", loop=self._name)

    def _on_done(self, future: Future[None]) -> None:
        with self._lock:
            self._under_way.pop(future, None)
        self.loop.wake()

    def stop(self) -> None:
        """Begin nothing more."""
        self.loop.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
