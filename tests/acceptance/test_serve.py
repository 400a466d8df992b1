"""The whole tree as an administrator meets it: started, looked at, killed, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.runtime.serving import (
    Installation,
    OpenStream,
    alive,
    new_installation,
    session_of,
    until,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation with an agency, to be copied."""
    return new_installation(tmp_path_factory.mktemp("made") / "data").data


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Iterator[Installation]:
    """An installation with an agency, not running."""
    shutil.copytree(made, tmp_path / "data")
    installation = Installation(tmp_path / "data")
    yield installation
    installation.end()


def _play(place: Installation, posts: int, *, speed: float = 0, name: str = "Square") -> None:
    """A channel on which so many posts are waiting."""
    stream = place.data / f"{name}.jsonl"
    with stream.open("w") as file:
        for number in range(posts):
            line = {"at_seconds": number * 0.01, "id": f"p{number}", "text": f"Question {number}?"}
            file.write(json.dumps(line) + "\n")
    settings = {
        "stream": str(stream), "started_at": datetime.now(UTC).isoformat(), "speed": speed
    }  # fmt: skip
    place.python(
        "import json; from levelhead.accounts.models import Agency\n"
        "from levelhead.channels.actions import add_channel\n"
        "add_channel(agency_id=Agency.objects.get().pk, platform='replay', "
        f"name={name!r}, settings={settings!r})\n"
        "print(json.dumps('done'))"
    )


def test_an_empty_folder_becomes_a_running_desk(tmp_path: Path) -> None:
    place = Installation(tmp_path / "new")
    try:
        place.serve()
        place.wait_until_up()
        assert place.get("/accounts/login/")[0] == 200
        told = [line["event"] for line in place.said()]
        assert any(event.startswith("database brought up to date") for event in told)
        assert f"http://localhost:{place.port}/" in place.log.read_text()
        assert place.stop() < 3.0
        assert place.running is not None
        assert place.running.returncode == 0
    finally:
        place.end()


def test_it_stops_in_time_with_an_open_stream_and_a_pull_in_flight(place: Installation) -> None:
    with _Silent() as silent:
        place.environment["LEVELHEAD_SECRET_APP_PASSWORD"] = "abcd-efgh-ijkl-mnop"
        place.command(
            "channel", "add", "bluesky", "--name", "Silent", "--secret", "app_password",
            "--set", f"service=http://127.0.0.1:{silent.port}", "--set", "handle=desk.example.org",
        )  # fmt: skip
        del place.environment["LEVELHEAD_SECRET_APP_PASSWORD"]
        place.serve()
        place.wait_until_up()
        until(lambda: silent.calls, "a pull in flight")
        stream = OpenStream(place, "riverton", session_of(place, "ann@example.org"))
        assert stream.status == 200
        pids = place.processes()
        assert place.stop() < 3.0
        assert not [pid for pid in pids if alive(pid)]
        stream.close()
        # The channel is free at once: it need not wait until the cut pull's claim runs out.
        assert place.rows("SELECT claimed_until FROM channels_channel") == [(None,)]


def test_a_killed_worker_is_started_again_and_nothing_is_lost_or_doubled(
    place: Installation,
) -> None:
    _play(place, 3_000, speed=10)
    place.serve()
    place.wait_until_up()
    until(lambda: place.rows("SELECT COUNT(*) FROM inbox_post")[0][0] > 100, "some posts")
    (worker,) = place.processes("worker")
    os.kill(worker, signal.SIGKILL)
    until(lambda: place.processes("worker") not in ([], [worker]), "another worker")
    until(lambda: place.rows("SELECT COUNT(*) FROM inbox_post")[0][0] == 3_000, "all posts")
    assert place.rows("SELECT COUNT(DISTINCT external_id) FROM inbox_post") == [(3_000,)]
    assert any("the worker was ended by SIGKILL" in line["event"] for line in place.said())
    place.stop()
    assert json.loads(place.command("records", "verify", "--json").stdout)["holds"]


@pytest.mark.parametrize("role", ["web", "stream"])
def test_a_killed_server_is_started_again(place: Installation, role: str) -> None:
    place.serve()
    place.wait_until_up()
    before = place.processes(role)
    # The last one is granian's worker, which answers.
    os.kill(before[-1], signal.SIGKILL)
    until(
        lambda: len(now := place.processes(role)) == 2 and not set(now) & set(before),
        "another one",
    )
    place.wait_until_up()
    assert place.stop() < 3.0


def test_when_the_supervisor_is_killed_the_parts_stop(place: Installation) -> None:
    supervisor = place.serve()
    place.wait_until_up()
    pids = place.processes()
    assert len(pids) == 5
    supervisor.kill()
    supervisor.wait()
    until(lambda: not [pid for pid in pids if alive(pid)], "all parts gone", seconds=5.0)


def test_a_second_one_on_the_same_folder_or_port_is_refused_in_one_sentence(
    place: Installation, tmp_path: Path
) -> None:
    place.serve()
    place.wait_until_up()
    again = place.command("serve", check=False)
    assert again.returncode == 2
    assert "already runs its worker on the data folder" in again.stderr
    elsewhere = Installation(tmp_path / "other", LEVELHEAD_PORT=str(place.port))
    taken = elsewhere.command("serve", check=False)
    assert taken.returncode == 2
    assert taken.stderr.strip() == (
        f"levelhead: Port {place.port} on 127.0.0.1 is taken by another program. Stop that "
        "program, or choose another port with LEVELHEAD_PORT."
    )
    assert place.get("/health")[0] == 200


def test_a_wrong_setting_is_refused_in_one_sentence(place: Installation) -> None:
    place.environment["LEVELHEAD_PROT"] = "80"
    refused = place.command("serve", check=False)
    assert refused.returncode == 2
    assert "Did you mean LEVELHEAD_PORT?" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_of_a_newer_program_is_refused(place: Installation) -> None:
    place.python(
        "import json; from django.db.migrations.recorder import MigrationRecorder as R\n"
        "R.Migration.objects.create(app='inbox', name='9999_from_the_future')\n"
        "print(json.dumps('done'))"
    )
    refused = place.command("serve", check=False)
    assert refused.returncode == 2
    assert "made by a newer Levelhead (it has inbox.9999_from_the_future)" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_roles_can_be_chosen(place: Installation) -> None:
    place.serve("--role", "stream", "--role", "worker")
    until(lambda: len(place.processes()) == 3, "the worker and the stream")
    until(lambda: "Levelhead is running" in place.log.read_text(), "word that it runs")
    assert place.get("/health")[0] == 0
    assert place.stop() < 3.0


def test_health_says_so_when_the_worker_hangs(place: Installation) -> None:
    place.serve()
    place.wait_until_up()
    (worker,) = place.processes("worker")
    os.kill(worker, signal.SIGSTOP)
    try:
        until(lambda: place.get("/health")[0] == 503, "bad health")
        told = json.loads(place.get("/health")[1])
        assert told["database"] is True
        assert "last sign of life" in told["troubles"][0]
    finally:
        os.kill(worker, signal.SIGCONT)
    assert place.stop() < 3.0


class _Silent:
    """A platform that takes every call and never answers."""

    def __enter__(self) -> _Silent:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.calls: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.calls.append(self._listener.accept()[0])

    def __exit__(self, *_: object) -> None:
        # Wakes the thread, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        time.sleep(0.05)
        for call in self.calls:
            call.close()
