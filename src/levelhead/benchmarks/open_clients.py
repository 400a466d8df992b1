"""Many open connections, each of which asks for a page now and then: how soon it has it.

A program of its own, so that its work and its open files are not the server's:
`python -m levelhead.benchmarks.open_clients HOST PORT PATH CLIENTS EVERY_SECONDS SECONDS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import resource
import statistics
import sys
import time

# So many connections are opened at the same time.
OPENING = 100
CONTENT_LENGTH = b"content-length:"


class _Client(asyncio.Protocol):
    """One connection; keeps how long each answer took."""

    def __init__(self, request: bytes, took: list[float]) -> None:
        self._request = request
        self._took = took
        self._buffer = b""
        self._asked_at = 0.0
        self.transport: asyncio.Transport | None = None
        self.failed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.failed = True

    def ask(self) -> None:
        """Send the request, unless the answer before is still on its way."""
        if self.transport is None or self.failed or self._asked_at:
            return
        self._asked_at = time.perf_counter()
        self._buffer = b""
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lowered = head.lower()
        at = lowered.find(CONTENT_LENGTH)
        length = int(lowered[at + len(CONTENT_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(body) < length:
            return
        if not lowered.startswith(b"http/1.1 200"):
            self.failed = True
        self._took.append(time.perf_counter() - self._asked_at)
        self._asked_at = 0.0


async def _run(
    host: str, port: int, path: str, clients: int, every: float, seconds: float
) -> dict[str, float | int]:
    loop = asyncio.get_running_loop()
    took: list[float] = []
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept-Encoding: gzip\r\n\r\n"
    ).encode()
    opened: list[_Client] = []
    for start in range(0, clients, OPENING):
        made = await asyncio.gather(
            *(
                loop.create_connection(lambda: _Client(request, took), host, port)
                for _ in range(min(OPENING, clients - start))
            ),
            return_exceptions=True,
        )
        opened += [one[1] for one in made if not isinstance(one, BaseException)]
    # The opening itself is no part of what is measured.
    await asyncio.sleep(1.0)
    end = time.perf_counter() + seconds
    order = random.Random(4)  # noqa: S311  # a schedule, no secret
    pause = every / max(1, len(opened))
    next_at = time.perf_counter()
    while (now := time.perf_counter()) < end:
        while next_at <= now:
            order.choice(opened).ask()
            next_at += pause
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.5)
    took.sort()
    failed = sum(one.failed for one in opened)
    return {
        "clients": clients,
        "open": len(opened) - failed,
        "answers": len(took),
        "answers_per_second": round(len(took) / seconds, 1),
        "p50_ms": round(statistics.median(took) * 1000, 2) if took else float("inf"),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 2) if took else float("inf"),
    }


def main() -> None:
    """Run, and say the figures as one line of JSON."""
    with contextlib.suppress(ValueError, OSError):
        _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    host, port, path, clients, every, seconds = sys.argv[1:7]
    told = asyncio.run(_run(host, int(port), path, int(clients), float(every), float(seconds)))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
