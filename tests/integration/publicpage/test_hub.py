"""The WebSub hub hears of every change: a loopback listener, and a real hub where it is there."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest

from levelhead.publicpage.folder import public_folder
from levelhead.publicpage.models import Snapshot
from levelhead.publicpage.serving import PublicFiles
from levelhead.publicpage.telling_hub import tell_hub_due
from tests.base import DeskTestCase
from tests.integration.publicpage.public_pages import BASE, PublicPages


class _Listener:
    """An HTTP server on loopback that keeps what it is told."""

    def __init__(self, test: Any) -> None:
        self.heard: list[dict[str, list[str]]] = []
        self.status = 202
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if outer.status == 202:
                    outer.heard.append(parse_qs(body))
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/"


class LoopbackHubTest(PublicPages, DeskTestCase):
    """Against a listener of our own, which is no hub."""

    def setUp(self) -> None:
        super().setUp()
        self.hub = _Listener(self)

    def begin(self, *, private: bool = True) -> None:
        """Updates are told to the listener."""
        self.make_pages(websub_hub=self.hub.url, webhooks_private=private)
        self.incident = self.declare()
        self.say(self.incident)

    def test_told_once_of_each_change(self) -> None:
        self.begin()
        self.assertEqual((tell_hub_due(), tell_hub_due()), (1, 0))
        folder = f"{BASE}/public/riverton/{self.incident.slug}/"
        told = {one["hub.url"][0] for one in self.hub.heard}
        names = ("feed.atom", "feed.es.atom", "feed.json", "feed.es.json")
        self.assertEqual(told, {folder + name for name in names})
        self.assertEqual(self.hub.heard[0]["hub.mode"], ["publish"])
        self.say(self.incident)
        self.assertEqual((tell_hub_due(), tell_hub_due()), (1, 0))
        self.assertEqual(len(self.hub.heard), 8)

    def test_a_hub_that_fails_is_told_later(self) -> None:
        self.begin()
        self.hub.status = 500
        tell_hub_due()
        row = Snapshot.objects.get(incident=self.incident)
        self.assertIn("answered 500", row.hub_last_error)
        self.assertEqual(tell_hub_due(), 0)
        self.hub.status = 202
        self.clock.advance(timedelta(seconds=3))
        tell_hub_due()
        self.assertEqual(len(self.hub.heard), 4)
        row.refresh_from_db()
        self.assertEqual((row.hub_told, row.hub_last_error), (1, ""))

    def test_no_hub_inside_our_own_walls(self) -> None:
        self.begin(private=False)
        tell_hub_due()
        self.assertEqual(self.hub.heard, [])
        self.assertIn(
            "private network", Snapshot.objects.get(incident=self.incident).hub_last_error
        )

    def test_without_a_hub_nothing_is_told(self) -> None:
        self.make_pages()
        self.say(self.declare())
        self.assertEqual(tell_hub_due(), 0)
        self.assertNotIn('rel="hub"', self.all_bytes().decode())


_HUB = """
import sys
from celery import Celery
from flask import Flask, request
from flask_websub.hub import Hub, SQLite3HubStorage
folder, port = sys.argv[1], int(sys.argv[2])
app = Flask("hub")
app.config.update(PUBLISH_SUPPORTED=True, HUB_URL=f"http://127.0.0.1:{port}/hub")
celery = Celery("hub", broker="memory://")
celery.conf.update(task_always_eager=True)
hub = Hub(SQLite3HubStorage(folder + "/hub.sqlite3"), celery, **app.config)
app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))

@app.get("/callback")
def verify():
    return request.args["hub.challenge"]

@app.post("/callback")
def delivered():
    with open(folder + "/delivered", "ab") as file:
        file.write(request.data)
    return ""

app.run("127.0.0.1", port, threaded=True)
"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _nobody(_environ: object, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [])
    return []


class RealHubTest(PublicPages, DeskTestCase):
    """Against flask-websub, a hub that others wrote: what we publish reaches its subscriber."""

    def test_a_subscriber_gets_the_feed_through_the_hub(self) -> None:
        pytest.importorskip("flask_websub", reason="the hub flask-websub is not installed")
        made = tempfile.TemporaryDirectory(prefix="levelhead-hub-")
        self.addCleanup(made.cleanup)
        folder = Path(made.name)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-c", _HUB, made.name, str(port)],
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        self.addCleanup(server.wait, 5)
        self.addCleanup(server.terminate)
        base = f"http://127.0.0.1:{port}"
        # What everybody reads, given out as in the product, and from where the feed says it is.
        pages = make_server("127.0.0.1", 0, lambda *_: [], handler_class=_Quiet)
        where = f"http://127.0.0.1:{pages.server_port}"
        self.make_pages(websub_hub=f"{base}/hub", public_url=where, webhooks_private=True)
        pages.set_app(PublicFiles(_nobody, public_folder(self.data), base=where, hub=f"{base}/hub"))
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        self.addCleanup(pages.server_close)
        self.addCleanup(pages.shutdown)
        incident = self.declare()
        self.say(incident, lead="The first word.")
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(base)
                break
            time.sleep(0.1)
        topic = f"{where}/public/riverton/{incident.slug}/feed.atom"
        asked = httpx.post(
            f"{base}/hub",
            data={"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": f"{base}/callback"},
            timeout=20,
        )
        self.assertEqual(asked.status_code, 202, (folder / "log").read_text())
        self.assertEqual(tell_hub_due(), 1)
        row = Snapshot.objects.get(incident=incident)
        self.assertEqual(row.hub_last_error, "", (folder / "log").read_text())
        while not (folder / "delivered").exists() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual((folder / "delivered").read_bytes(), self.file(incident, "feed.atom"))
