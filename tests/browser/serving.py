"""The live streams of a test, in a thread beside Django's own live server."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from levelhead.live.stream import Streams


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class StreamServer:
    """The product's stream application on a free port of this machine."""

    def __init__(self, *, page_port: int, port: int | None = None) -> None:
        self.port = port or _free_port()
        self._application = Streams(page_port=page_port)
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._thread = threading.Thread(target=self._run, name="test-streams", daemon=True)

    @property
    def url(self) -> str:
        """Where a browser finds it; the page's host, so that its cookie comes along."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Serve; returns when connections are taken."""
        self._thread.start()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=0.2).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("The streams of the test did not start within 10 s.")

    def stop(self) -> None:
        """End all streams and the server."""
        self._application.close_soon()
        server = self._server
        if server is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(server.stop)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._server = Server(
            self._application,
            address="127.0.0.1",
            port=self.port,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            websockets=False,
            log_enabled=False,
        )
        await self._server.serve()
        # What still looks after the streams ends with them.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
