"""A program that is told: a real HTTP server on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Listener:
    """Keeps what it was sent, and answers with what it was told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        # Statuses of the next answers; then 200.
        self.statuses: list[int] = []
        self.location = ""
        # Set to let an answer wait for it.
        self.hold: threading.Event | None = None
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((dict(self.headers.items()), body))
                if listener.hold is not None:
                    listener.hold.wait(10)
                self.send_response(listener.statuses.pop(0) if listener.statuses else 200)
                if listener.location:
                    self.send_header("Location", listener.location)
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"no\n")

            def log_message(self, *args: object) -> None:
                """Quietly."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/told?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        """Every event that came, in the order in which they came."""
        return [event for _, body in self.got for event in json.loads(body)["events"]]

    def close(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
