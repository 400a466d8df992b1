"""Updates reach every channel once and in order, whatever the platforms and `kill -9` do.

The server, its worker and its pages are the real ones. The platforms are accounts on a loopback
server (levelhead.benchmarks.loopback) that misbehaves on request; the connector is the one for
Bluesky, with its real time-outs. Ten minutes of errors are compressed to twelve seconds here; the
whole ten minutes pass on a test clock in tests/integration/updates/test_lane_rounds.py.
"""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from levelhead.benchmarks.loopback import LoopbackPlatform, serve_platform
from tests.integration.runtime.serving import Installation, new_installation, session_of, until

pytestmark = pytest.mark.slow

CHANNELS = 10
UPDATES = 6
BROKEN_SECONDS = 12.0
_DECLARE = """
import json
from levelhead.accounts.models import Agency, User
from levelhead.channels.actions import add_channel
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
agency, ann = Agency.objects.get(), User.objects.get()
channels = [
    add_channel(agency_id=agency.pk, platform="bluesky", name=f"square{n}",
                settings={"service": URL, "handle": f"square{n}.test"},
                secrets={"app_password": "loopback"}).pk
    for n in range(CHANNELS)
]
incident = declare(agency=agency, kind=IncidentKind.FIRE, title="Fire at the mill", why="Smoke.",
                   by=ann, form_token="declared")
print(json.dumps([incident.pk, agency.slug]))
"""
_SEND = """
import json
from datetime import timedelta
from levelhead.accounts.models import User
from levelhead.channels.models import Channel
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.updates.actions import send_update
from levelhead.updates.domain import ToChannel, Wish, Words
incident, ann = Incident.objects.get(), User.objects.get()
for number in NUMBERS:
    send_update(incident=incident, by=ann, wish=Wish(
        words=(Words(lang="en", lead=f"Word {number}."),), cited=(),
        channels=tuple(ToChannel(channel_id=pk, lang="en", text=f"Word {number}.")
                       for pk in Channel.objects.order_by("pk").values_list("pk", flat=True)),
        next_word_at=clock.now() + timedelta(minutes=20), after_number=number - 1,
        form_token=f"word {number}"))
print(1)
"""
_ROW = re.compile(
    r'data-receipt="\d+" data-standing="(\w+)".*?<bdi>(square\d+)</bdi>(.*?)</li>', re.S
)
_HAS = re.compile(r"has update (\d+)")
_NEWEST = re.compile(r"The newest there is update (\d+)")


@pytest.fixture
def platform() -> Iterator[LoopbackPlatform]:
    """The far side; it outlives what is killed."""
    with serve_platform() as served:
        yield served


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An installation with an agency, not running."""
    installation = new_installation(tmp_path / "data")
    yield installation
    installation.end()


class Watcher:
    """Looks at the room's receipts again and again and holds them against the platform."""

    def __init__(
        self, place: Installation, platform: LoopbackPlatform, path: str, key: str
    ) -> None:
        self.lies: list[str] = []
        self.looks = 0
        self.seen: set[tuple[str, str]] = set()
        self._place, self._platform = place, platform
        self._path, self._cookie = path, {"Cookie": f"sessionid={key}"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.look()

    def look(self) -> None:
        """Read the page once."""
        before = {f"square{n}": self._there(n) for n in range(CHANNELS)}
        status, body = self._place.get(self._path, self._cookie)
        after = {f"square{n}": self._there(n) for n in range(CHANNELS)}
        if status != 200:
            return
        self.looks += 1
        for standing, name, rest in _ROW.findall(body.decode()):
            self.seen.add((name, standing))
            told = _HAS.search(rest) or _NEWEST.search(rest)
            number = int(told.group(1)) if told else 0
            # Never more than is there. Less only where it says that it does not know, or that
            # more is on its way.
            if number > after[name]:
                self.lies.append(f"{name}: said {number}, was {after[name]}")
            if standing == "has" and number < before[name] and "not meant" not in rest:
                # It left after the page was asked for, or before its receipt was written.
                self._late(name, number, before[name])
            if standing in ("failed", "without"):
                self.lies.append(f"{name}: said {standing}, and nobody refused")

    def _late(self, name: str, said: int, there: int) -> None:
        self.lies.append(f"{name}: said that {said} is the newest, and {there} was there")

    def _there(self, number: int) -> int:
        return len(self._platform.account(f"square{number}.test").texts())

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(20)


def kill_all(place: Installation) -> None:
    """kill -9 for the whole server: its supervisor, pages, streams and worker."""
    assert place.running is not None
    parts = place.processes()
    place.running.kill()
    place.running.wait()
    for pid in parts:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def test_every_update_is_on_every_channel_once_and_in_order(
    place: Installation, platform: LoopbackPlatform
) -> None:
    declared = _DECLARE.replace("URL", repr(platform.url)).replace("CHANNELS", str(CHANNELS))
    incident, slug = place.python(declared)
    accounts = [platform.account(f"square{n}.test") for n in range(CHANNELS)]
    for account in accounts:
        account.answers_after = 0.05
    cut, broken, slow = accounts[0], accounts[1], accounts[2]
    # Taken, and the connection ends before an answer: at the first word, and at a later one.
    cut.cuts = 2
    slow.answers_after = 0.8
    place.serve()
    place.wait_until_up()
    path = f"/{slug}/incidents/{incident}/channels/"
    watcher = Watcher(place, platform, path, session_of(place, "ann@example.org"))

    broken.broken = True
    broken_until = time.monotonic() + BROKEN_SECONDS
    place.python(_SEND.replace("NUMBERS", "[1, 2]"))
    until(lambda: len(accounts[5].posts) >= 1, "a first word somewhere")
    kill_all(place)
    # While nothing runs nothing is lost: the next word is decided on by another program.
    place.python(_SEND.replace("NUMBERS", "[3, 4]"))
    place.serve()
    place.wait_until_up()
    until(lambda: len(accounts[5].posts) >= 3, "the third word somewhere")
    kill_all(place)
    place.serve()
    place.wait_until_up()
    place.python(_SEND.replace("NUMBERS", "[5, 6]"))
    while time.monotonic() < broken_until:
        time.sleep(0.1)
    assert broken.attempts > 0
    assert broken.texts() == []
    broken.broken = False

    wanted = [f"Word {number}." for number in range(1, UPDATES + 1)]
    until(lambda: all(len(one.posts) >= UPDATES for one in accounts), "all words", seconds=150)
    left = "SELECT count(*) FROM channels_outboxitem WHERE state <> 'sent'"
    until(lambda: place.rows(left)[0][0] == 0, "all receipts", seconds=60)
    time.sleep(3)  # Whatever would be sent twice would be by now.
    watcher.stop()
    for number, account in enumerate(accounts):
        assert account.texts() == wanted, f"square{number}"
    assert place.rows("SELECT count(*) FROM channels_outboxitem") == [(CHANNELS * UPDATES,)]
    assert watcher.lies == []
    assert watcher.looks > 20
    assert {"unclear", "waits"} & {standing for name, standing in watcher.seen if name == "square1"}
    status, body = place.get(path, {"Cookie": f"sessionid={session_of(place, 'ann@example.org')}"})
    assert (status, b"10 of 10 channels have update 6" in body) == (200, True)
    told = json.loads(place.command("records", "verify", "--json", check=False).stdout or "{}")
    assert told.get("ok", True)
