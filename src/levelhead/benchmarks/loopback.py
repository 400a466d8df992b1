"""A stand-in for a platform: an HTTP server on loopback that speaks as much of Bluesky as sending
needs, and misbehaves on request.

It is no Bluesky: it keeps posts in memory, for many accounts. The product's own Bluesky connector
talks to it, over real connections with its real time-outs.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

POSTS: Final = "app.bsky.feed.post"


@dataclass(kw_only=True)
class Account:
    """One account on the platform: what is public there, and how the platform behaves to it."""

    # Seconds until it answers.
    answers_after: float = 0.0
    # All answers are errors of the server, but to who signs in.
    broken: bool = False
    # Until then (monotonic) no answer comes at all.
    hangs_until: float = 0.0
    # So many of the next posts are taken, and the connection ends without an answer.
    cuts: int = 0
    # In the order in which they became public: key, text, and when (monotonic).
    posts: list[tuple[str, str, float]] = field(default_factory=list)
    # Attempts to post, the ones that failed too.
    attempts: int = 0

    def texts(self) -> list[str]:
        """What is public, in order."""
        return [text for _key, text, _at in self.posts]


class _CutError(Exception):
    pass


class LoopbackPlatform:
    """The far side; outlives the product's processes."""

    def __init__(self) -> None:
        self.url = ""
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def account(self, handle: str) -> Account:
        """The account with that handle, made when first asked for."""
        with self._lock:
            return self._accounts.setdefault(handle, Account())

    def settings(self, handle: str) -> dict[str, object]:
        """What the settings of a channel on this account are."""
        return {"service": self.url, "handle": handle}

    def close(self) -> None:
        """Answer what hangs, so that the server can end."""
        self._closing.set()

    def answer(self, nsid: str, given: dict[str, Any], token: str) -> tuple[int, dict[str, Any]]:
        """Status and body. Raises _CutError where the connection ends instead."""
        handle = str(given.get("identifier") or token.partition(" ")[0])
        account = self.account(handle)
        self._closing.wait(account.answers_after)
        while (left := account.hangs_until - time.monotonic()) > 0:
            if self._closing.wait(min(left, 0.5)):
                raise _CutError
        did = "did:plc:" + handle.encode().hex()
        if account.broken and not nsid.endswith("Session"):
            if nsid.endswith("putRecord"):
                account.attempts += 1
            return 500, {"error": "InternalServerError", "message": "It is broken."}
        match nsid.rpartition(".")[2]:
            case "createSession" | "refreshSession":
                access = {"accessJwt": f"{handle} access", "refreshJwt": f"{handle} refresh"}
                return 200, {"did": did, "handle": handle, **access}
            case "putRecord":
                return self._put(account, did, given)
            case "getRecord":
                key = str(given.get("rkey"))
                if any(key == one for one, _text, _at in account.posts):
                    return 200, _record(did, key)
                return 400, {"error": "RecordNotFound", "message": "There is no such record."}
            case "listNotifications":
                return 200, {"notifications": []}
            case "getAuthorFeed":
                return 200, {"feed": []}
        return 400, {"error": "MethodNotImplemented", "message": "Only what sending needs."}

    def _put(self, account: Account, did: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        key = str(given["rkey"])
        with self._lock:
            account.attempts += 1
            if any(key == one for one, _text, _at in account.posts):
                return 400, {"error": "InvalidSwap", "message": "There is one already."}
            account.posts.append((key, str(given["record"]["text"]), time.monotonic()))
            if account.cuts > 0:
                account.cuts -= 1
                raise _CutError
        return 200, _record(did, key)


def _record(did: str, key: str) -> dict[str, Any]:
    return {"uri": f"at://{did}/{POSTS}/{key}", "cid": "bafyloopback", "value": {}}


@contextmanager
def serve_platform() -> Iterator[LoopbackPlatform]:
    """The platform, on a free port of this machine, while the block runs."""
    platform = LoopbackPlatform()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: together they would wait 40 ms for each other.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            sent = self.rfile.read(length)
            if len(sent) < length:
                self.close_connection = True  # whoever asked was killed in the middle
                return
            given = {name: values[0] for name, values in parse_qs(parts.query).items()}
            token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
            try:
                status, body = platform.answer(
                    parts.path.rpartition("/")[2], {**given, **json.loads(sent or "{}")}, token
                )
            except _CutError:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            data = json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # whoever asked had enough

        do_POST = do_GET  # noqa: N815  # the name is the base class's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing of each request."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever asked was killed, or had enough: that is what this is for."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, name="platform", daemon=True).start()
    platform.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield platform
    finally:
        platform.close()
        server.shutdown()
        server.server_close()
