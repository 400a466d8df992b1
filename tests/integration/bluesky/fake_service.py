"""A FAKE Bluesky server: a loopback HTTP server that says what a test tells it to say."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

OWN_DID = "did:plc:agencyagencyagencyagency"
SESSION = {
    "did": OWN_DID,
    "handle": "riverton.test",
    "accessJwt": "access-1",
    "refreshJwt": "refresh-1",
}


class Answer:
    """One scripted answer. `raw` replaces the whole response, head included."""

    def __init__(
        self,
        body: Any = None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        wait: threading.Event | None = None,
        drip_seconds: float = 0,
    ) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = headers or {}
        self.raw = raw
        self.wait = wait
        # Pause after each byte of the body.
        self.drip_seconds = drip_seconds


class Asked:
    """One request as it came."""

    def __init__(self, nsid: str, params: dict[str, list[str]], body: Any, token: str) -> None:
        self.nsid = nsid
        self.params = params
        self.body = body
        self.token = token


Script = Callable[[Asked], Answer]


class FakeService:
    """Answers by method name; a method without a script is refused."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.scripts: dict[str, Script] = {}
        self.url = ""
        self.on("com.atproto.server.createSession", SESSION)
        self.on("app.bsky.notification.listNotifications", {"notifications": []})
        self.on("app.bsky.feed.getAuthorFeed", {"feed": []})
        self.on("app.bsky.feed.getPosts", {"posts": []})

    def on(self, nsid: str, answer: Script | Answer | dict[str, Any]) -> None:
        """From now on answer so."""
        if isinstance(answer, Answer):
            self.scripts[nsid] = lambda _: answer
        elif isinstance(answer, dict):
            self.scripts[nsid] = lambda _: Answer(answer)
        else:
            self.scripts[nsid] = answer

    def in_turn(self, nsid: str, *answers: Answer) -> None:
        """Answer so, one after the other; the last one stays."""
        left = list(answers)
        self.on(nsid, lambda _: left.pop(0) if len(left) > 1 else left[0])

    def count(self, nsid: str) -> int:
        """How often it was asked."""
        return sum(asked.nsid == nsid for asked in self.asked)

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        script = self.scripts.get(asked.nsid)
        if script is None:
            return Answer({"error": "MethodNotImplemented", "message": "no script"}, status=400)
        return script(asked)


@contextmanager
def serve() -> Iterator[FakeService]:
    """A fake service while the block runs."""
    service = FakeService()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: together they would wait 40 ms for each other.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            sent = self.rfile.read(length)
            answer = service.answer(
                Asked(
                    parts.path.rsplit("/", 1)[-1],
                    parse_qs(parts.query),
                    json.loads(sent) if sent else None,
                    (self.headers.get("authorization") or "").removeprefix("Bearer "),
                )
            )
            if answer.wait is not None:
                answer.wait.wait(10)
            try:
                self._write(answer)
            except OSError:
                self.close_connection = True  # the client had enough

        do_POST = do_GET  # noqa: N815  the name is the base class's

        def _write(self, answer: Answer) -> None:
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.drip_seconds:
                for byte in answer.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(answer.drip_seconds)
            else:
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
