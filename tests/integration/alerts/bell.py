"""A service of our own on loopback that takes calls, so that what arrives can be counted."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Bell:
    """Takes what apprise's json:// sends; can be told to refuse, or to be silent after taking."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        # What the next calls are answered with; then 200.
        self.answers: list[int | str] = []
        bell = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = bell.answers.pop(0) if bell.answers else 200
                if answer == "busy":
                    self.send_response(503)
                    self.end_headers()
                    return
                bell.calls.append({"path": self.path, **json.loads(body)})
                if answer == "cut":
                    # Taken, and then the line is cut before any answer.
                    self.connection.close()
                    return
                if answer == "silent":
                    time.sleep(1.5)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address(self, topic: str) -> str:
        """An address of this service."""
        return f"json://127.0.0.1:{self.port}/{topic}?rto=0.8"

    def topics(self) -> list[str]:
        """Who was called, in order."""
        return [call["path"].strip("/") for call in self.calls]

    def close(self) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()
