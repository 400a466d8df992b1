"""A fake of a language model: a real HTTP server on this machine that speaks the protocol.

No model runs in it: it answers with what a test tells it to, well or badly.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "fake-model-1"


def sentences(*rows: tuple[str, tuple[int, ...]], missing: tuple[str, ...] = ()) -> str:
    """The JSON that a model is asked for."""
    listed = [{"text": text, "sources": list(numbers)} for text, numbers in rows]
    return json.dumps({"sentences": listed, "missing": list(missing)})


def completion(content: object, **fields: Any) -> dict[str, Any]:
    """A whole answer, as the protocol has it."""
    message = {"role": "assistant", "content": content, **fields.pop("message", {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | fields],
        "usage": {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460},
    }


class FakeModel:
    """Answers `POST /v1/chat/completions` as its `mode` says, and keeps what it was asked."""

    def __init__(self, says: str | Callable[[dict[str, Any]], str] = "") -> None:
        self.says = says
        self.mode = "well"
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        # An answer waits for it.
        self.go = threading.Event()
        self.go.set()
        self.status = 500
        self.error: object = {"error": {"message": "out of order", "code": "broken"}}
        self.retry_after = ""
        # Of a flood, how many bytes went out before the other side hung up.
        self.poured = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def content(self, body: dict[str, Any]) -> str:
        """What it says to a request."""
        return self.says(body) if callable(self.says) else self.says

    def close(self) -> None:
        """Answer no more."""
        self.go.set()
        self.server.shutdown()
        self.server.server_close()


def _handler(fake: FakeModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            fake.asked.append(body)
            fake.headers.append(dict(self.headers.items()))
            fake.paths.append(self.path)
            fake.go.wait(30)
            try:
                getattr(self, fake.mode)(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_GET(self) -> None:
            fake.paths.append(f"GET {self.path}")
            self.give(200, {})

        def give(self, status: int, body: object, **headers: str) -> None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            headers.setdefault("Content_Type", "application/json")
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def stream_begins(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True

        def event(self, data: object) -> None:
            text = data if isinstance(data, str) else json.dumps(data)
            self.wfile.write(f"data: {text}\n\n".encode())
            self.wfile.flush()

        def well(self, body: dict[str, Any]) -> None:
            if body.get("stream"):
                self.in_parts(body)
            else:
                self.give(200, completion(fake.content(body)))

        def in_parts(self, body: dict[str, Any]) -> None:
            self.stream_begins()
            text = fake.content(body)
            for at in range(0, len(text), 40):
                part = {"delta": {"content": text[at : at + 40]}, "finish_reason": None}
                self.event({"model": MODEL, "choices": [part]})
            self.event({"model": MODEL, "choices": [{"delta": {}, "finish_reason": "stop"}]})
            self.event({"model": MODEL, "choices": [], "usage": {"total_tokens": 460}})
            self.event("[DONE]")

        def whole(self, body: dict[str, Any]) -> None:
            self.give(200, completion(fake.content(body)))

        def as_told(self, _body: dict[str, Any]) -> None:
            """With what the test put there, byte for byte."""
            self.give(200, fake.error)

        def fails(self, _body: dict[str, Any]) -> None:
            more = {"Retry_After": fake.retry_after} if fake.retry_after else {}
            self.give(fake.status, fake.error, **more)

        def plain_only(self, body: dict[str, Any]) -> None:
            """Refuses what newer parts of the protocol ask for, one at a time."""
            if "response_format" in body:
                error = {"error": {"message": "response_format is not supported"}}
                self.give(400, error)
            elif body.get("stream"):
                self.give(400, {"error": {"message": "stream is not supported"}})
            else:
                self.whole(body)

        def moves(self, _body: dict[str, Any]) -> None:
            self.give(307, {}, Location=f"{fake.url}/elsewhere")

        def drips(self, _body: dict[str, Any]) -> None:
            """A little for ever: every read is in time, the whole is not."""
            self.stream_begins()
            for _ in range(600):
                self.event({"choices": [{"delta": {"content": " "}}]})
                time.sleep(0.05)

        def drips_headers(self, _body: dict[str, Any]) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(600):
                self.wfile.write(f"X-{number}: 1\r\n".encode())
                self.wfile.flush()
                time.sleep(0.05)

        def floods(self, _body: dict[str, Any]) -> None:
            """A hundred megabytes."""
            self.stream_begins()
            while fake.poured < 100_000_000:
                self.event({"choices": [{"delta": {"content": "x" * 65_000}}]})
                fake.poured += 65_000

        def floods_whole(self, _body: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "100000000")
            self.end_headers()
            self.close_connection = True
            while fake.poured < 100_000_000:
                self.wfile.write(b" " * 65_000)
                fake.poured += 65_000

        def breaks_off(self, body: dict[str, Any]) -> None:
            self.stream_begins()
            half = fake.content(body)[:30]
            self.event({"choices": [{"delta": {"content": half}, "finish_reason": None}]})

        def breaks_off_whole(self, body: dict[str, Any]) -> None:
            raw = json.dumps(completion(fake.content(body))).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.close_connection = True
            self.wfile.write(raw[: len(raw) // 2])

        def hangs_up(self, _body: dict[str, Any]) -> None:
            self.close_connection = True

        def calls_a_tool(self, body: dict[str, Any]) -> None:
            call = {"id": "1", "type": "function", "function": {"name": "reply", "arguments": ""}}
            call["function"]["arguments"] = fake.content(body)  # type: ignore[index]
            self.give(200, completion(None, message={"tool_calls": [call]}))

        def log_message(self, *args: object) -> None:
            """Quietly."""

    return Handler
