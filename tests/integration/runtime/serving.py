"""A real `levelhead serve` on a data folder and ports of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

LEVELHEAD = Path(sys.executable).with_name("levelhead")
# Generous: the machine may be busy; the product's own limits are asserted by themselves.
PATIENCE_SECONDS = 40.0


def free_ports() -> tuple[int, int]:
    """Two neighbouring ports that nobody listens on."""
    for _ in range(50):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                other.bind(("127.0.0.1", port + 1))
                return port, port + 1
    raise RuntimeError("no two free ports beside each other")


def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for something to become true; gives what it was."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.03)
    raise AssertionError(f"not within {seconds:g} seconds: {what}")


class Installation:
    """A data folder, its settings, and commands on it."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.data = folder
        self.port, self.stream_port = free_ports()
        given = {
            "LEVELHEAD_DATA": str(folder),
            "LEVELHEAD_PORT": str(self.port),
            "LEVELHEAD_STREAM_PORT": str(self.stream_port),
            **settings,
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LEVELHEAD_", "DJANGO_"))}
        self.environment = {**kept, **given}
        self.running: subprocess.Popen[bytes] | None = None

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        done = subprocess.run(
            [LEVELHEAD, *arguments],
            env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stderr
        return done

    def python(self, program: str) -> Any:
        """Run a program with the models at hand; gives what its last line says, as JSON."""
        start = "from levelhead.config.boot import start_django; start_django()\n"
        done = subprocess.run(
            [sys.executable, "-c", start + program],
            env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    def status(self) -> dict[str, Any]:
        """What `levelhead status --json` says."""
        told: dict[str, Any] = json.loads(self.command("status", "--json").stdout)
        return told

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows straight from the database file."""
        with contextlib.closing(sqlite3.connect(self.data / "levelhead.sqlite3")) as opened:
            return opened.execute(query).fetchall()

    def serve(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `levelhead serve`; its log goes to a file in the data folder's parent."""
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [LEVELHEAD, "serve", *arguments], env=self.environment, stdout=log, stderr=log
            )
        return self.running

    @property
    def log(self) -> Path:
        """What `serve` said."""
        return self.data.with_suffix(".log")

    def said(self) -> list[dict[str, Any]]:
        """The log's lines that are JSON."""
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_until_up(self) -> None:
        """Wait until every part has said that it is up."""

        def up() -> bool:
            assert self.running is not None
            assert self.running.poll() is None, self.log.read_text()
            return self.get("/health")[0] == 200 and _listens(self.stream_port)

        until(up, "the whole tree up")

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a page; status 0 where nobody answers."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def processes(self, role: str = "") -> list[int]:
        """Processes of the tree that run a part; all parts without a role."""
        assert self.running is not None
        pids, found = [self.running.pid], []
        for pid in pids:
            with contextlib.suppress(OSError):
                pids += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                if "levelhead.runtime.part" in words and (not role or role in words):
                    found.append(pid)
        return found

    def stop(self) -> float:
        """Stop it; gives the seconds that took."""
        assert self.running is not None
        began = time.monotonic()
        self.running.send_signal(signal.SIGTERM)
        self.running.wait(15)
        return time.monotonic() - began

    def end(self) -> None:
        """Leave nothing behind."""
        if self.running is not None and self.running.poll() is None:
            pids = self.processes()
            self.running.kill()
            self.running.wait()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process runs (and is no zombie)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def new_installation(folder: Path) -> Installation:
    """One with an agency and an administrator, Ann. Not running."""
    installation = Installation(folder)
    installation.command(
        "init", "--agency", "Riverton", "--email", "ann@example.org", "--name", "Ann"
    )
    return installation


SIGN_IN = """
import json
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from levelhead.accounts.models import User
user = User.objects.get(email={email!r})
session = SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(json.dumps(session.session_key))
"""


def session_of(installation: Installation, email: str) -> str:
    """The key of a session in which this person is signed in."""
    return str(installation.python(SIGN_IN.format(email=email)))


class OpenStream:
    """A connection to a live stream, read as it comes."""

    def __init__(
        self, installation: Installation, slug: str, key: str, query: str = "", **headers: str
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", installation.stream_port), timeout=10)
        more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(
            f"GET /live/{slug}/{query} HTTP/1.1\r\nHost: 127.0.0.1:{installation.stream_port}\r\n"
            f"Cookie: sessionid={key}\r\n{more}\r\n".encode()
        )
        self._answer = http.client.HTTPResponse(self._socket, method="GET")
        self._answer.begin()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}

    def json(self) -> Any:
        """The whole body, of a refusal."""
        return json.loads(self._answer.read())

    def lines(self) -> Iterator[str]:
        """Lines of the stream, until the server hangs up."""
        with contextlib.suppress(http.client.IncompleteRead):
            while line := self._answer.readline():
                yield line.decode().rstrip()

    def next_event(self) -> dict[str, Any]:
        """The next event."""
        for line in self.lines():
            if line.startswith("data: "):
                event: dict[str, Any] = json.loads(line[6:])
                return event
        raise AssertionError("the stream ended")

    def close(self) -> None:
        """Hang up."""
        self._answer.close()
        self._socket.close()
