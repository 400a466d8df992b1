"""A resident's post on a real Bluesky network, answered from a real browser, exactly once.

The network is the AT Protocol reference servers of `make services`; the desk is `levelhead serve`
as a user starts it. Between them stands a proxy of ours that can swallow an answer after the
network accepted the request.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.acceptance.commands import LEVELHEAD, environment, run
from tests.browser.base import CHROMIUM
from tests.integration.bluesky.conftest import PASSWORD, Person
from tests.services.cutting_proxy import CuttingProxy, proxy_to
from tests.services.fixtures import bluesky_service

__all__ = ["bluesky_service"]
pytestmark = [pytest.mark.services, pytest.mark.browser]

SEEN_WITHIN_SECONDS = 2.0
QUESTIONS = (
    "Is the front desk open on Saturday? My mother lost her keys at the fair.",
    "Where do I park for the fair?",
    "Are dogs allowed?",
    "Until when do the buses run tonight?",
    "Who do I call about the noise?",
)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def wait_for(look: Callable[[], Any], seconds: float, what: str) -> Any:
    """What `look` gives as soon as it gives something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


class Desk:
    """A running installation."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port, self.stream_port = free_ports(2)
        self.url = f"http://localhost:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (data / "serve.log").open("ab")

    def start(self) -> None:
        """Start serving; returns when the first page answers."""
        self._process = subprocess.Popen(
            [str(LEVELHEAD), "serve"],
            env={
                **environment(self.data),
                "LEVELHEAD_PORT": str(self.port),
                "LEVELHEAD_STREAM_PORT": str(self.stream_port),
            },
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            start_new_session=True,
        )
        wait_for(self._answers, 40, "the first page")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/accounts/login/").status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self) -> None:
        """Stop as a service manager does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(10)
        self._log.close()

    def kill(self) -> None:
        """kill -9 of every process of it."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def ask(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        with closing(sqlite3.connect(self.data / "levelhead.sqlite3", timeout=10)) as database:
            return database.execute(sql, values).fetchall()


@contextmanager
def page_of(desk: Desk, email: str) -> Iterator[Page]:
    """A browser in which a person of the sample agency has signed in with their password."""
    password = json.loads((desk.data / "demo-people.json").read_text())[email]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(desk.url)
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        yield page
        browser.close()


@pytest.fixture
def network(bluesky_service: dict[str, Any]) -> Iterator[tuple[dict[str, Any], CuttingProxy]]:
    """The real network, and the proxy through which the desk speaks to it."""
    with proxy_to(bluesky_service["pds"]) as proxy:
        yield bluesky_service, proxy


def test_seen_in_two_seconds_and_answered_exactly_once(
    tmp_path: Path, network: tuple[dict[str, Any], CuttingProxy]
) -> None:
    service, proxy = network
    agency, resident = Person(service, "riverton"), Person(service, "dana")
    desk = start_desk(tmp_path, agency, proxy)
    try:
        _see_and_answer(desk, agency, resident, proxy)
    finally:
        desk.stop()
        agency.close()
        resident.close()


def test_a_long_answer_arrives_as_a_chain_whatever_is_cut_or_killed(
    tmp_path: Path, network: tuple[dict[str, Any], CuttingProxy]
) -> None:
    service, proxy = network
    agency, resident = Person(service, "riverton"), Person(service, "dana")
    desk = start_desk(tmp_path, agency, proxy)
    try:
        _answer_in_three(desk, agency, resident, proxy)
    finally:
        desk.stop()
        agency.close()
        resident.close()


def start_desk(tmp_path: Path, agency: Person, proxy: CuttingProxy) -> Desk:
    """A desk that reads the agency's account on the network, and nothing else."""
    desk = Desk(tmp_path)
    assert run(tmp_path, "demo", "--no-serve").returncode == 0
    added = subprocess.run(
        [
            str(LEVELHEAD), "channel", "add", "bluesky", "--agency", "riverton-pd",
            "--name", "Bluesky network", "--set", f"service={proxy.url}",
            "--set", f"handle={agency.handle}", "--secret", "app_password",
        ],
        env={**environment(tmp_path), "LEVELHEAD_SECRET_APP_PASSWORD": PASSWORD},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    # The day of the demo would only be in the way.
    with closing(sqlite3.connect(tmp_path / "levelhead.sqlite3")) as database:
        database.execute("UPDATE channels_channel SET state = 'paused' WHERE platform = 'replay'")
        database.commit()
    desk.start()
    return desk


def _see_and_answer(desk: Desk, agency: Person, resident: Person, proxy: CuttingProxy) -> None:
    pulled = "SELECT 1 FROM channels_channel WHERE platform = 'bluesky' AND last_success_at <> ''"
    wait_for(lambda: desk.ask(pulled), 30, "the first pull")
    with page_of(desk, "dana.reyes@riverton.example") as page:
        page.goto(f"{desk.url}/riverton-pd/inbox/?view=all")
        said = agency.client.send_post("The fair is open until nine tonight.")
        parent = {"uri": said.uri, "cid": said.cid}
        seen = []
        for question in QUESTIONS:
            resident.client.send_post(question, reply_to={"root": parent, "parent": parent})
            begun = time.monotonic()
            expect(page.locator(".row", has_text=question)).to_be_visible(timeout=15_000)
            seen.append(time.monotonic() - begun)
            # At another moment of the pull's second.
            time.sleep(1.3)
        assert statistics.median(seen) <= SEEN_WITHIN_SECONDS, f"shown after {seen} s"
        row = page.locator(".row", has_text=QUESTIONS[0])

        # The network accepts the reply, and the answer never reaches us.
        proxy.cut = "putRecord"
        row.locator("a.row-link").click()
        page.locator("#reply-text").fill("Yes, from 8 to noon. Ask for lost property. — Dana")
        page.locator("[data-action=send]").click()
        wait_for(lambda: proxy.dropped, 30, "the answer to be swallowed")
        proxy.cut = ""
        sent = page.locator("[data-reply][data-state=sent]")
        expect(sent).to_be_visible(timeout=20_000)

    replies = [r for r in agency.records() if "lost property" in r["value"]["text"]]
    assert len(replies) == 1
    assert replies[0]["value"]["reply"]["root"]["uri"] == said.uri
    (outbox,) = desk.ask("SELECT state, attempts, external_id FROM channels_outboxitem")
    assert outbox[0] == "sent"
    assert outbox[1] >= 2
    assert outbox[2] == replies[0]["uri"]
    # It comes back as the agency's own post, in the thread.
    own = "SELECT count(*) FROM inbox_post WHERE from_agency AND text LIKE '%lost property%'"
    wait_for(lambda: desk.ask(own)[0][0] == 1, 15, "our own reply to come back")
    threads = desk.ask("SELECT count(DISTINCT conversation_id) FROM inbox_post")
    assert threads == [(1,)]
    verified = run(desk.data, "records", "verify")
    assert verified.returncode == 0, verified.stdout
    assert re.search(r"The record holds", verified.stdout)


THREE = (
    "Yes, the desk is open on Saturday from 8 to noon.",
    "Bring a photo ID and ask for lost property; the form is at https://riverton.example/lost.",
    "If she needs help now, call 555-010-7788. — Dana",
)


def _answer_in_three(desk: Desk, agency: Person, resident: Person, proxy: CuttingProxy) -> None:
    pulled = "SELECT 1 FROM channels_channel WHERE platform = 'bluesky' AND last_success_at <> ''"
    wait_for(lambda: desk.ask(pulled), 30, "the first pull")
    said = agency.client.send_post("The fair is open until nine tonight.")
    root = {"uri": said.uri, "cid": said.cid}
    asked = resident.client.send_post(QUESTIONS[0], reply_to={"root": root, "parent": root})
    filed = (
        "SELECT post_id FROM inbox_case JOIN inbox_post ON inbox_post.id = post_id WHERE text = ?"
    )
    case = wait_for(lambda: desk.ask(filed, QUESTIONS[0]), 30, "the question")[0][0]
    states = "SELECT state FROM channels_outboxitem ORDER BY id"
    with page_of(desk, "dana.reyes@riverton.example") as page:
        page.goto(f"{desk.url}/riverton-pd/inbox/{case}/")
        page.locator("#reply-text").fill("\n---\n".join(THREE))
        expect(page.locator("#reply-shape")).to_contain_text("3 posts")
        # The network takes the first post and its answer is lost; then the whole desk is killed.
        proxy.cut = "putRecord"
        page.locator("[data-action=send]").click()
        wait_for(lambda: proxy.dropped, 30, "the answer to be swallowed")
    desk.kill()
    proxy.cut = ""
    assert desk.ask(states)[1:] == [("queued",), ("queued",)]
    desk.start()
    wait_for(lambda: {state for (state,) in desk.ask(states)} == {"sent"}, 240, "three posts")

    ours = [r for r in agency.records() if r["uri"] != said.uri]
    chain = {r["value"]["reply"]["parent"]["uri"]: r for r in ours}
    assert len(chain) == len(ours) == 3
    parent = asked.uri
    for text in THREE:
        found = chain[parent]
        assert found["value"]["text"] == text
        assert found["value"]["reply"]["root"]["uri"] == said.uri
        parent = found["uri"]
    own = "SELECT count(*) FROM inbox_post WHERE from_agency AND text IN (?, ?, ?)"
    wait_for(lambda: desk.ask(own, *THREE)[0][0] == 3, 30, "our posts to come back")
    assert desk.ask("SELECT count(DISTINCT conversation_id) FROM inbox_post") == [(1,)]
    assert desk.ask("SELECT state FROM inbox_case WHERE post_id = ?", case) == [("answered",)]
    verified = run(desk.data, "records", "verify")
    assert verified.returncode == 0, verified.stdout
