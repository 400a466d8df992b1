"""A loopback proxy that hands requests on to a real server and can swallow the answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class CuttingProxy:
    """While `cut` names a method, its answers are dropped after the server gave them."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.cut = ""
        # While set, connections end before the server hears of anything.
        self.broken = False
        self.dropped: list[int] = []
        self.url = ""


@contextmanager
def proxy_to(target: str) -> Iterator[CuttingProxy]:
    """The proxy, while the block runs."""
    proxy = CuttingProxy(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are two writes: together they would wait 40 ms for each other.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if proxy.broken:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kept = {
                name: value
                for name, value in self.headers.items()
                if name.lower() in {"authorization", "content-type"}
            }
            answer = httpx.request(
                self.command, f"{proxy.target}{self.path}", headers=kept, content=body
            )
            if proxy.cut and proxy.cut in self.path:
                proxy.dropped.append(answer.status_code)
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815  the name is the base class's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
