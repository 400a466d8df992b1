"""Starting the parts, keeping them up, and stopping them all: small, and without Django.

`levelhead serve` replaces itself by this module, so that the process that is always there holds
little memory. Parts are told to begin once the first of them has made the database ready; a part
that dies is started again after a pause that grows; a part that refuses (a wrong setting, a newer
database) ends everything with its sentence.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.runtime import log_lines
from levelhead.runtime.lifeline import GO, REFUSED
from levelhead.runtime.places import Place, hold_port, hold_role

# A part gets this long to stop by itself; then it and what it started are ended by force.
# With the force and the wait for it, everything is over within three seconds.
GRACE_SECONDS = 2.4
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A part that ran this long was well: its next failure starts the pauses anew.
STEADY_SECONDS = 60.0
LONGEST_WAIT_FOR_PAGES_SECONDS = 10.0

ROLES = ("worker", "web", "stream", "public")


@dataclass
class Part:
    """One child and what is known of it."""

    role: str
    # Where it listens; the worker does not.
    host: str = ""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    # Our end of its standard input; closing it says stop.
    lifeline: int = -1
    # Where it reports; -1 once it has closed its end.
    reports: int = -1
    unread: bytes = b""
    ready: bool = False
    started_at: float = 0.0
    start_again_at: float = 0.0
    failures: int = 0
    refusal: str = ""
    waiting: bool = field(default=True)


def say(event: str, *, level: str = "info", **data: object) -> None:
    """One line to the log."""
    log_lines.say(event, level=level, logger="levelhead.runtime", **data)


class Supervisor:
    """The parts of one `levelhead serve`."""

    def __init__(self, parts: Sequence[Part], *, data: Path, address: str) -> None:
        self._parts = list(parts)
        self._data = data
        self._address = address
        # Public files need no database, and so nobody who makes it ready.
        self._prepared = all(part.role == "public" for part in parts)
        self._announced = False
        self._stopping = False
        self._status = 0
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)

    def run(self) -> int:
        """Keep the parts up until told to stop; gives the exit status."""
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_stop_signal)
        # A handler must be set for the wake-up to come when a child ends.
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._note_running()
        pages = any(part.role == "web" for part in self._parts)
        for part in self._parts:
            if part.role == "stream" and pages:
                # Somebody waits for the first page; the streams can be up a moment later.
                part.start_again_at = time.monotonic() + LONGEST_WAIT_FOR_PAGES_SECONDS
            else:
                self._start(part)
        while not self._stopping:
            self._wait()
            self._look_after()
        return self._stop_all()

    def _on_stop_signal(self, number: int, _frame: object) -> None:
        if not self._stopping:
            say(f"stopping: {signal.Signals(number).name} received")
        self._stopping = True

    def _start(self, part: Part) -> None:
        theirs, ours = os.pipe()
        reports, report_end = os.pipe()
        os.set_blocking(reports, False)
        command = [
            sys.executable, "-m", "levelhead.runtime.part", part.role,
            "--report-pipe", str(report_end), "--host", part.host, "--port", str(part.port),
        ]  # fmt: skip
        if part is self._parts[0] and not self._prepared:
            command.append("--prepare")
        try:
            part.process = subprocess.Popen(  # noqa: S603  # our own module, our own words
                command, stdin=theirs, pass_fds=(report_end,), start_new_session=True
            )
        finally:
            os.close(theirs)
            os.close(report_end)
        part.lifeline, part.reports, part.unread = ours, reports, b""
        part.ready = False
        part.refusal = ""
        part.waiting = True
        part.started_at = time.monotonic()
        part.start_again_at = 0.0
        if self._prepared:
            self._let_go(part)

    def _let_go(self, part: Part) -> None:
        if part.waiting and part.lifeline >= 0:
            part.waiting = False
            with contextlib.suppress(BrokenPipeError):
                os.write(part.lifeline, GO)

    def _wait(self) -> None:
        now = time.monotonic()
        pauses = [part.start_again_at - now for part in self._parts if part.start_again_at]
        ends = [self._wake_read, *(part.reports for part in self._parts if part.reports >= 0)]
        readable, _, _ = select.select(ends, [], [], max(0.0, min([*pauses, 60.0])))
        if self._wake_read in readable:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._wake_read, 512):
                    pass
        for part in self._parts:
            if part.reports in readable:
                self._read_reports(part)

    def _read_reports(self, part: Part) -> None:
        try:
            piece = os.read(part.reports, 65536)
        except BlockingIOError:
            return
        if not piece:
            os.close(part.reports)
            part.reports = -1
            return
        *lines, part.unread = (part.unread + piece).split(b"\n")
        for line in lines:
            word, _, rest = line.decode("utf-8", "replace").partition(" ")
            if word == "prepared":
                self._on_prepared(rest)
            elif word == "ready":
                part.ready = True
                self._on_ready(part)
            elif word == "refused":
                part.refusal = rest

    def _on_prepared(self, steps: str) -> None:
        if steps != "0":
            say(f"database brought up to date: {steps} steps")
        self._prepared = True
        for part in self._parts:
            self._let_go(part)

    def _on_ready(self, part: Part) -> None:
        say(f"{part.role} is up")
        for other in self._parts:
            if part.role == "web" and other.process is None and not other.failures:
                other.start_again_at = time.monotonic()
        if self._announced:
            return
        pages = any(one.role == "web" for one in self._parts)
        if part.role == "web" or (not pages and all(one.ready for one in self._parts)):
            self._announced = True
            if pages:
                sys.stdout.write(f"Levelhead is at {self._address}  (stop it with Ctrl-C)\n")
            else:
                sys.stdout.write("Levelhead is running. (stop it with Ctrl-C)\n")
            sys.stdout.flush()

    def _look_after(self) -> None:
        for part in self._parts:
            if self._stopping:
                return
            if part.process is None:
                if part.start_again_at and time.monotonic() >= part.start_again_at:
                    self._start(part)
            elif part.process.poll() is not None:
                self._on_death(part, part.process.returncode)

    def _on_death(self, part: Part, status: int) -> None:
        if part.reports >= 0:
            self._read_reports(part)
        self._let_loose(part, part.process)
        part.process = None
        if status == REFUSED:
            sys.stderr.write(f"levelhead: {part.refusal or 'a part refused to start'}\n")
            self._status = 2
            self._stopping = True
            return
        ran = time.monotonic() - part.started_at
        part.failures = 1 if ran >= STEADY_SECONDS else part.failures + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (part.failures - 1), LONGEST_PAUSE_SECONDS)
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else "ended by itself"
        say(
            f"the {part.role} {how}; it is started again in {pause:g} seconds",
            level="error", role=part.role, status=status, failures=part.failures,
        )  # fmt: skip
        part.start_again_at = time.monotonic() + pause

    def _let_loose(self, part: Part, process: subprocess.Popen[bytes] | None) -> None:
        """Close our ends, and end what the part itself had started."""
        for end in (part.lifeline, part.reports):
            if end >= 0:
                with contextlib.suppress(OSError):
                    os.close(end)
        part.lifeline = part.reports = -1
        if process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def _stop_all(self) -> int:
        until = time.monotonic() + GRACE_SECONDS
        running = [part for part in self._parts if part.process is not None]
        for part in running:
            if part.lifeline >= 0:
                os.close(part.lifeline)
                part.lifeline = -1
            if part.process is not None and part.process.poll() is None:
                part.process.terminate()
        for part in running:
            if part.process is None:
                continue
            try:
                part.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"the {part.role} did not stop in time and was ended", level="warning")
        for part in running:
            process, part.process = part.process, None
            self._let_loose(part, process)
            if process is not None:
                process.wait()
        self._running_file.unlink(missing_ok=True)
        if self._status == 0:
            say("stopped")
        return self._status

    @property
    def _running_file(self) -> Path:
        return self._data / "run" / "serve.json"

    def _note_running(self) -> None:
        """Say what runs here, for `levelhead doctor` and the health page."""
        new = self._running_file.with_suffix(".new")
        new.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "roles": [part.role for part in self._parts],
                    "address": self._address,
                    "started_at": clock.now().isoformat(),
                }
            ),
            encoding="utf-8",
        )
        new.replace(self._running_file)


def hold_places(
    roles: Sequence[str], *, data: Path, host: str, port: int, stream_port: int, public_port: int
) -> list[Place]:
    """Be the only one where these roles serve. Raises ConfigurationError."""
    held: list[Place | None] = [hold_role(data, role) for role in roles]
    if "web" in roles:
        held.append(hold_port(host, port, setting="LEVELHEAD_PORT"))
    if "stream" in roles:
        held.append(hold_port(host, stream_port, setting="LEVELHEAD_STREAM_PORT"))
    if "public" in roles:
        held.append(hold_port(host, public_port, setting="LEVELHEAD_PUBLIC_PORT"))
    return [place for place in held if place is not None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the supervisor; the settings were read and checked by `levelhead serve`."""
    parser = argparse.ArgumentParser(prog="levelhead.runtime.supervisor")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--stream-port", type=int, required=True)
    parser.add_argument("--public-port", type=int, required=True)
    parser.add_argument("--role", action="append", choices=ROLES, required=True)
    given = parser.parse_args(arguments)
    try:
        held = hold_places(
            given.role,
            data=given.data, host=given.host, port=given.port, stream_port=given.stream_port,
            public_port=given.public_port,
        )  # fmt: skip
    except LevelheadError as error:
        sys.stderr.write(f"levelhead: {error.message}\n")
        return 2
    shown = "localhost" if given.host in {"0.0.0.0", "::", "127.0.0.1"} else given.host  # noqa: S104
    if ":" in shown:
        shown = f"[{shown}]"
    ports = {"web": given.port, "stream": given.stream_port, "public": given.public_port}
    status = Supervisor(
        [Part(role, host=given.host, port=ports.get(role, 0)) for role in given.role],
        data=given.data,
        address=f"http://{shown}:{given.port}/",
    ).run()
    for place in held:
        place.give_up()
    return status


if __name__ == "__main__":
    sys.exit(main())
