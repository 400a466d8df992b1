"""The engine's loops: none delays another, none ends by an error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from levelhead.runtime import loops
from levelhead.runtime.loops import Loop, SideBySide


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here reads the database."""
    monkeypatch.setattr(loops, "close_old_connections", lambda: None)


def test_a_failing_round_does_not_end_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "LONGEST_PAUSE_SECONDS", 0.01)
    rounds: list[int] = []

    def run_round() -> float:
        rounds.append(1)
        if len(rounds) < 4:
            raise OSError("the database is away")
        return 60.0

    loop = Loop("test", run_round)
    before = loop.last_round_at
    loop.start()
    until(lambda: loop.last_round_at > before)
    assert len(rounds) == 4
    loop.stop()
    assert loop.join(5.0)


def test_a_loop_that_sleeps_can_be_woken_and_stopped() -> None:
    rounds: list[int] = []

    def run_round() -> float:
        rounds.append(1)
        return 3600.0

    loop = Loop("test", run_round)
    loop.start()
    until(lambda: len(rounds) == 1)
    loop.wake()
    until(lambda: len(rounds) == 2)
    began = time.monotonic()
    loop.stop()
    assert loop.join(5.0)
    assert time.monotonic() - began < 1.0


class Work:
    """Items that wait, and a worker that hangs on some of them."""

    def __init__(self, items: list[str]) -> None:
        self.waiting = items
        self.done: list[str] = []
        self.asked: list[int] = []
        self.release = threading.Event()

    def take(self, limit: int) -> list[str]:
        self.asked.append(limit)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    def work(self, item: str) -> None:
        if item.startswith("slow"):
            self.release.wait(20)
        if item.startswith("broken"):
            raise ValueError("a bug")
        self.done.append(item)


def side_by_side(work: Work, threads: int) -> SideBySide[str]:
    """A round over it."""
    return SideBySide(
        "test",
        take=work.take, work=work.work, next_in=lambda: 0.01, threads=threads, idle_seconds=0.01,
    )  # fmt: skip


def test_a_slow_item_delays_none_of_the_others() -> None:
    work = Work(["slow", *(f"quick {n}" for n in range(50)), "broken", "last"])
    runs = side_by_side(work, threads=3)
    runs.loop.start()
    until(lambda: "last" in work.done)
    until(lambda: runs.under_way() == ["slow"])
    work.release.set()
    until(lambda: "slow" in work.done)
    until(lambda: runs.under_way() == [])
    runs.stop()
    assert runs.loop.join(5.0)
    assert len(work.done) == 52


def test_never_more_is_claimed_than_can_be_worked_on() -> None:
    work = Work([f"slow {n}" for n in range(10)])
    runs = side_by_side(work, threads=4)
    runs.loop.start()
    until(lambda: len(runs.under_way()) == 4)
    time.sleep(0.1)
    assert len(work.waiting) == 6
    assert work.asked == [4]
    runs.stop()
    work.release.set()
    assert runs.loop.join(5.0)
    until(lambda: len(work.done) == 4)
    assert len(work.waiting) == 6
