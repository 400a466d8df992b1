"""The live streams: server-sent events to every open screen, as an ASGI application.

`GET /live/<agency>/?after=N` gives the agency's events after N and then what comes; a browser that
lost the connection says where it was (`Last-Event-ID`) and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import close_old_connections

from levelhead.kernel.errors import LevelheadError, NotAllowed, NotFound
from levelhead.live import queries
from levelhead.live.callers import Caller, headers_of, read_caller
from levelhead.live.hub import Hub, Subscription, as_bytes, reset_at
from levelhead.live.queries import Event, Listener

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Value = TypeVar("Value")

MOST_STREAMS = 2_000
# Windows and tabs that one person may have open; more is a loop somewhere.
MOST_STREAMS_OF_ONE = 30
STILL_HERE_SECONDS = 15.0
CHECK_AGAIN_SECONDS = 60.0
# A connection that takes nothing for so long is dead.
BLOCKED_SECONDS = 20.0
STILL_HERE = b": still here\n\n"
COME_BACK = b"retry: 2000\n\n"


class TooManyStreams(LevelheadError):  # noqa: N818  # named as all of ours are
    """No room for another open screen now."""

    code = "too_many_streams"
    permanent = False


STATUS_OF: Mapping[str, int] = {
    "not_found": 404,
    "not_allowed": 403,
    "invalid": 400,
    "too_many_streams": 503,
}


class DatabaseLog:
    """Reads the log in a thread of its own, so that waiting for the database stops no stream."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="live-log")

    async def heads(self, agency_ids: list[int]) -> Mapping[int, int]:
        """The last number of each agency's log."""
        return await _in_thread(self._threads, lambda: queries.current_heads(agency_ids))

    async def between(self, agency_id: int, *, after: int, upto: int) -> list[Event] | None:
        """Events after one number up to another; None where they are not all there."""
        return await _in_thread(
            self._threads, lambda: queries.events_between(agency_id, after=after, upto=upto)
        )


async def _in_thread(threads: ThreadPoolExecutor, read: Callable[[], Value]) -> Value:
    def call() -> Value:
        close_old_connections()
        return read()

    return await asyncio.get_running_loop().run_in_executor(threads, call)


class OpenStream:
    """One screen's stream while it is open."""

    def __init__(self, caller: Caller, listener: Listener, send: Send) -> None:
        self.caller = caller
        self.listener = listener
        self.checked_at = time.monotonic()
        # Since when the connection has not taken what was sent; 0 while it takes.
        self.blocked_since = 0.0
        self.subscription = Subscription(agency_id=listener.agency_id, let_go=self.end)
        self._send = send
        self._task: asyncio.Task[None] | None = None

    def end(self) -> None:
        """End it; the browser comes back if it still wants to."""
        if self._task is not None:
            self._task.cancel()

    async def run(self, hub: Hub, log_of_events: DatabaseLog, receive: Receive) -> None:
        """Send until the browser goes or the stream is ended."""
        self._task = asyncio.create_task(self._tell(hub, log_of_events))
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({self._task, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.leave(self.subscription)
            for task in (self._task, gone):
                task.cancel()
            results = await asyncio.gather(self._task, gone, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                log.error("a live stream broke", why=repr(result))

    async def _tell(self, hub: Hub, log_of_events: DatabaseLog) -> None:
        told = await hub.join(self.subscription)
        seen = told if self.caller.after is None else self.caller.after
        missed = b""
        if seen > told:
            # The screen may be ahead of our last look; further ahead than the log is impossible
            # unless a backup was restored.
            heads = await log_of_events.heads([self.listener.agency_id])
            if seen > heads.get(self.listener.agency_id, 0):
                missed, seen = reset_at(told), told
        elif seen < told:
            events = await log_of_events.between(self.listener.agency_id, after=seen, upto=told)
            missed = (
                reset_at(told) if events is None else b"".join(as_bytes(event) for event in events)
            )
            seen = told
        await self._put(COME_BACK + missed)
        queue = self.subscription.queue
        while True:
            pieces = []
            seq, piece = await queue.get()
            while True:
                if seq == 0 or seq > seen:
                    seen = max(seen, seq)
                    pieces.append(piece)
                if queue.empty():
                    break
                seq, piece = queue.get_nowait()
            if pieces:
                await self._put(b"".join(pieces))

    async def _put(self, body: bytes) -> None:
        self.blocked_since = time.monotonic()
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        self.blocked_since = 0.0


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streams:
    """The ASGI application."""

    def __init__(self, *, page_port: int, log_of_events: DatabaseLog | None = None) -> None:
        self._page_port = page_port
        self._log = log_of_events or DatabaseLog()
        self._hub = Hub(self._log)
        self._checks = ThreadPoolExecutor(4, thread_name_prefix="live-access")
        self._open: set[OpenStream] = set()
        # Being let in or open.
        self._taken = 0
        self._of_one: Counter[int] = Counter()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweeping: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._loop = asyncio.get_running_loop()
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    def close_soon(self) -> None:
        """End all streams and take no more; may be called from any thread."""
        self._closing = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # The loop is closed: nothing is open.
                self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for stream in tuple(self._open):
            stream.end()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self.close_soon()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = headers_of(scope["headers"])
        origin = ""
        self._taken += 1
        try:
            if self._closing or self._taken > MOST_STREAMS:
                raise TooManyStreams(
                    f"All {MOST_STREAMS} places for open screens are taken. The page works "
                    "without; it tries again by itself."
                )
            if scope["method"] != "GET":
                await _refuse(send, 405, NotAllowed("Streams are read with GET."), "")
                return
            caller = read_caller(
                path=scope["path"],
                query=scope["query_string"],
                headers=headers,
                session_cookie=settings.SESSION_COOKIE_NAME,
                allowed_hosts=settings.ALLOWED_HOSTS,
                page_port=self._page_port,
            )
            origin = caller.origin
            listener = await self._check(caller)
            await self._stream(OpenStream(caller, listener, send), receive, send)
        except LevelheadError as error:
            await _refuse(send, STATUS_OF.get(error.code, 400), error, origin)
        finally:
            self._taken -= 1

    async def _check(self, caller: Caller) -> Listener:
        return await _in_thread(
            self._checks,
            lambda: queries.listener_for(
                session_key=caller.session_key, agency_slug=caller.agency_slug
            ),
        )

    async def _stream(self, stream: OpenStream, receive: Receive, send: Send) -> None:
        user_id = stream.listener.user_id
        if self._of_one[user_id] >= MOST_STREAMS_OF_ONE:
            raise TooManyStreams(
                f"You have {MOST_STREAMS_OF_ONE} windows open here. Close some, and this one "
                "is kept up to date again."
            )
        self._of_one[user_id] += 1
        self._open.add(stream)
        try:
            if self._sweeping is None or self._sweeping.done():
                self._sweeping = asyncio.create_task(self._sweep())
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", b"text/event-stream; charset=utf-8"),
                        (b"cache-control", b"no-store"),
                        (b"x-accel-buffering", b"no"),
                        *_cross_origin(stream.caller.origin),
                    ],
                }
            )
            await stream.run(self._hub, self._log, receive)
            # No end is sent: it would wait for a connection that takes nothing, and keep open one
            # that nobody uses. The server hangs up, and the browser comes back if it wants to.
        finally:
            self._open.discard(stream)
            self._of_one[user_id] -= 1
            if not self._of_one[user_id]:
                del self._of_one[user_id]

    async def _sweep(self) -> None:
        """Say that we are still here, end what is blocked, and ask again who may listen."""
        said = time.monotonic()
        while self._open:
            await asyncio.sleep(min(STILL_HERE_SECONDS, CHECK_AGAIN_SECONDS, 1.0))
            now = time.monotonic()
            say = now - said >= STILL_HERE_SECONDS
            said = now if say else said
            for stream in tuple(self._open):
                if stream.blocked_since and now - stream.blocked_since > BLOCKED_SECONDS:
                    stream.end()
                elif say:
                    stream.subscription.offer(0, STILL_HERE)
                if now - stream.checked_at >= CHECK_AGAIN_SECONDS:
                    stream.checked_at = now
                    await self._check_again(stream)

    async def _check_again(self, stream: OpenStream) -> None:
        try:
            await self._check(stream.caller)
        except (NotAllowed, NotFound):
            stream.end()
        except Exception as error:  # The database is away: that is no reason to send people off.
            log.warning("who listens could not be checked again", why=repr(error))


def _cross_origin(origin: str) -> list[tuple[bytes, bytes]]:
    if not origin:
        return [(b"vary", b"Origin")]
    return [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-credentials", b"true"),
    ]


async def _refuse(send: Send, status: int, error: LevelheadError, origin: str) -> None:
    body = json.dumps(error.as_json()).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                (b"cache-control", b"no-store"),
                *([(b"retry-after", b"5")] if not error.permanent else []),
                *_cross_origin(origin),
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
