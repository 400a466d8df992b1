"""A channel's account for tests, and a FAKE server that says what a test wants."""

from __future__ import annotations

import json
import secrets
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from levelhead.channels.domain import ChannelAccount, OutgoingMessage
from levelhead.connectors.mastodon.connector import MastodonConnector
from levelhead.kernel import clock
from tests.services.fixtures import snac_service

__all__ = ["snac_service"]

CHANNEL = 9
ME = {"id": "1", "acct": "riverton", "display_name": "Riverton"}


def account(service: str, token: str = "token") -> ChannelAccount:
    """A channel's account."""
    return ChannelAccount(
        channel_id=CHANNEL, platform="mastodon", name="Riverton",
        settings={"service": service}, secrets={"access_token": token},
    )  # fmt: skip


def message(text: str, *, parent: str | None = None) -> OutgoingMessage:
    """Something to send, with a marker of its own."""
    alphabet = string.ascii_lowercase + string.digits
    return OutgoingMessage(
        marker="".join(secrets.choice(alphabet) for _ in range(13)),
        text=text, parent_external_id=parent, lang="en", created_at=clock.now(),
    )  # fmt: skip


def status(number: int, content: str, **changes: Any) -> dict[str, Any]:
    """A status as the documentation of the interface describes it."""
    return {
        "id": str(number), "content": content, "visibility": "public", "reblog": None,
        "account": {"id": "77", "acct": "dana@far.example", "display_name": "Dana"},
        "created_at": clock.now().isoformat(), "edited_at": None, "in_reply_to_id": None,
        "language": "en", "url": f"https://far.example/@dana/{number}", "spoiler_text": "",
        "replies_count": 0, **changes,
    }  # fmt: skip


class FakeServer:
    """Answers by path; `answers` holds (status, headers, body), the body as JSON unless bytes."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: dict[str, tuple[int, dict[str, str], Any]] = {
            "/api/v1/accounts/verify_credentials": (200, {}, ME),
            "/api/v1/notifications": (200, {}, []),
            "/api/v1/accounts/1/statuses": (200, {}, []),
        }
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []


@contextmanager
def serve() -> Iterator[FakeServer]:
    """The fake, while the block runs."""
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.partition("?")[0]
            heads = {name.lower(): value for name, value in self.headers.items()}
            fake.asked.append((self.command, self.path, heads, json.loads(sent) if sent else None))
            missing = (404, {}, {"error": "Record not found"})
            code, headers, body = fake.answers.get(path, missing)
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815  the name is the base class's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    """A FAKE server, scripted by the test."""
    with serve() as server:
        yield server


@pytest.fixture
def connector(fake: FakeServer) -> Iterator[MastodonConnector]:
    """The connector, speaking to the fake server."""
    made = MastodonConnector(account(fake.url))
    yield made
    made.close()
