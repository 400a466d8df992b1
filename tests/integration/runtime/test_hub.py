"""The hub: one look at the log for all, bounded queues, and what happens when the log is away."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from levelhead.live.hub import QUEUE_LIMIT, Hub, Subscription, as_bytes, reset_at
from levelhead.live.queries import Event


class FakeLog:
    """A log in memory that counts how often it is asked."""

    def __init__(self) -> None:
        self.events: dict[int, list[Event]] = {1: [], 2: []}
        self.looks = 0
        self.broken = False

    def add(self, agency_id: int, count: int = 1) -> None:
        """More events."""
        for _ in range(count):
            log = self.events[agency_id]
            log.append(Event(len(log) + 1, "kind", "{}"))

    async def heads(self, agency_ids: list[int]) -> Mapping[int, int]:
        self.looks += 1
        if self.broken:
            raise OSError("the database is away")
        return {agency_id: len(self.events[agency_id]) for agency_id in agency_ids}

    async def between(self, agency_id: int, *, after: int, upto: int) -> list[Event] | None:
        return self.events[agency_id][after:upto]


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that must not take long."""
    asyncio.run(asyncio.wait_for(test, 10))


def subscription(agency_id: int = 1) -> Subscription:
    """An open screen that notes being let go."""
    gone: list[bool] = []
    made = Subscription(agency_id=agency_id, let_go=lambda: gone.append(True))
    made.gone = gone  # type: ignore[attr-defined]
    return made


async def take(one: Subscription) -> int:
    """The number of the next event."""
    return (await one.queue.get())[0]


def test_all_screens_are_told_by_one_look() -> None:
    async def test() -> None:
        log = FakeLog()
        hub = Hub(log, poll_seconds=0.01)
        screens = [subscription() for _ in range(50)]
        for screen in screens:
            await hub.join(screen)
        before = log.looks
        log.add(1, 3)
        assert [[await take(s) for _ in range(3)] for s in screens] == [[1, 2, 3]] * 50
        assert log.looks - before <= 3
        assert len(hub) == 50

    run(test())


def test_nothing_is_asked_when_nobody_listens() -> None:
    async def test() -> None:
        log = FakeLog()
        hub = Hub(log, poll_seconds=0.01)
        screen = subscription()
        await hub.join(screen)
        await asyncio.sleep(0.05)
        hub.leave(screen)
        await asyncio.sleep(0.05)
        looks = log.looks
        await asyncio.sleep(0.1)
        assert log.looks == looks
        # And it begins again, where the log is then.
        log.add(1, 5)
        other = subscription()
        assert await hub.join(other) == 5
        log.add(1)
        assert await take(other) == 6

    run(test())


def test_events_of_one_agency_do_not_reach_another() -> None:
    async def test() -> None:
        log = FakeLog()
        hub = Hub(log, poll_seconds=0.01)
        ours, theirs = subscription(1), subscription(2)
        await hub.join(ours)
        await hub.join(theirs)
        log.add(2)
        assert await take(theirs) == 1
        assert ours.queue.empty()

    run(test())


def test_a_screen_that_is_too_far_behind_is_let_go() -> None:
    async def test() -> None:
        log = FakeLog()
        hub = Hub(log, poll_seconds=0.01)
        slow, quick = subscription(), subscription()
        await hub.join(slow)
        await hub.join(quick)
        for number in range(QUEUE_LIMIT + 10):
            log.add(1)
            assert await take(quick) == number + 1
        assert slow.queue.qsize() == QUEUE_LIMIT
        assert slow.gone  # type: ignore[attr-defined]
        assert not quick.gone  # type: ignore[attr-defined]

    run(test())


def test_a_log_that_went_back_tells_screens_to_load_anew() -> None:
    async def test() -> None:
        log = FakeLog()
        log.add(1, 9)
        hub = Hub(log, poll_seconds=0.01)
        screen = subscription()
        assert await hub.join(screen) == 9
        del log.events[1][4:]
        assert await screen.queue.get() == (4, reset_at(4))

    run(test())


def test_a_log_that_is_away_for_a_while_loses_nothing() -> None:
    async def test() -> None:
        log = FakeLog()
        hub = Hub(log, poll_seconds=0.01)
        screen = subscription()
        await hub.join(screen)
        log.broken = True
        log.add(1, 2)
        await asyncio.sleep(0.1)
        log.broken = False
        assert [await take(screen), await take(screen)] == [1, 2]

    run(test())


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    piece = as_bytes(Event(7, "a\nb", '{"seq": 99, "kind": "forged", "text": "x\\n\\nid: 8"}'))
    assert piece.count(b"\n") == 3
    assert piece.startswith(b"id: 7\ndata: {")
    assert b'"seq": 7, "kind": "a\\nb"' in piece.replace(b'"kind": "forged", ', b"")
