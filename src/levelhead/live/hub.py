"""One look at the log for everybody who listens, and a bounded queue for each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from levelhead.live.queries import Event

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
# A screen that is so many events behind is let go; it comes back and says where it was.
QUEUE_LIMIT = 256
LONGEST_PAUSE_SECONDS = 5.0


class Log(Protocol):
    """What the hub reads; the calls may wait for the database."""

    async def heads(self, agency_ids: list[int]) -> Mapping[int, int]: ...

    async def between(self, agency_id: int, *, after: int, upto: int) -> list[Event] | None: ...


@dataclass(eq=False)
class Subscription:
    """One open screen."""

    agency_id: int
    # Called when the screen cannot follow or must go.
    let_go: Callable[[], object]
    queue: asyncio.Queue[tuple[int, bytes]] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_LIMIT)
    )

    def offer(self, seq: int, piece: bytes) -> None:
        """Queue a piece; a screen that is too far behind is let go."""
        try:
            self.queue.put_nowait((seq, piece))
        except asyncio.QueueFull:
            self.let_go()


def as_bytes(event: Event) -> bytes:
    """An event as the stream carries it: its number, kind and payload in one object."""
    told = {**json.loads(event.payload), "seq": event.seq, "kind": event.kind}
    # One line, whatever is in it: JSON escapes line ends.
    return f"id: {event.seq}\ndata: {json.dumps(told)}\n\n".encode()


def reset_at(seq: int) -> bytes:
    """Tells a screen that it missed too much and must load anew."""
    return as_bytes(Event(seq, "reset", "{}"))


class Hub:
    """Tells all subscriptions what is new. Belongs to one event loop."""

    def __init__(self, log_of_events: Log, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._log = log_of_events
        self._poll_seconds = poll_seconds
        self._listening: dict[int, set[Subscription]] = {}
        # Agency -> number up to which its subscriptions were told.
        self._told: dict[int, int] = {}
        self._polling: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(len(group) for group in self._listening.values())

    async def join(self, subscription: Subscription) -> int:
        """Have a screen told what comes from now on; gives the number after which that is."""
        agency_id = subscription.agency_id
        group = self._listening.setdefault(agency_id, set())
        group.add(subscription)
        try:
            if agency_id not in self._told:
                heads = await self._log.heads([agency_id])
                # Another may have come in the meantime and asked the same.
                self._told.setdefault(agency_id, heads.get(agency_id, 0))
        except BaseException:
            self.leave(subscription)
            raise
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        return self._told[agency_id]

    def leave(self, subscription: Subscription) -> None:
        """The screen is gone."""
        group = self._listening.get(subscription.agency_id)
        if group is None:
            return
        group.discard(subscription)
        if not group:
            del self._listening[subscription.agency_id]
            self._told.pop(subscription.agency_id, None)

    async def _poll(self) -> None:
        failures = 0
        # Nobody listens, nothing is asked.
        while self._listening:
            try:
                await self._look()
            except Exception as error:
                failures += 1
                pause = min(self._poll_seconds * 2**failures, LONGEST_PAUSE_SECONDS)
                log.error(
                    "the log of live events cannot be read",
                    why=str(error), next_try_seconds=round(pause, 1), screens=len(self),
                )  # fmt: skip
                await asyncio.sleep(pause)
            else:
                failures = 0
                await asyncio.sleep(self._poll_seconds)

    async def _look(self) -> None:
        heads = await self._log.heads(list(self._told))
        for agency_id, head in heads.items():
            told = self._told.get(agency_id)
            if told is None or head == told:
                continue
            events = (
                await self._log.between(agency_id, after=told, upto=head) if head > told else None
            )
            if self._told.get(agency_id) != told:
                continue  # They left while we read.
            self._told[agency_id] = head
            pieces = (
                [(head, reset_at(head))]
                if events is None
                else [(event.seq, as_bytes(event)) for event in events]
            )
            for subscription in tuple(self._listening.get(agency_id, ())):
                for seq, piece in pieces:
                    subscription.offer(seq, piece)
