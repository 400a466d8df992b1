"""Detached processes with a pid file each, and the programs they need."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from testbed.place import folder

STOP_SECONDS = 15.0
TAIL_LINES = 25
# Kept, because they are meant to outlive us: collecting one warns of a process left running.
_started: list[subprocess.Popen[bytes]] = []


class ServiceError(Exception):
    """A test service could not be installed or started; the message is for a person."""


def log_of(name: str) -> Path:
    """The file that holds what the service prints."""
    return folder("log") / f"{name}.log"


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented."""
    if not path.exists():
        return "    (nothing)"
    text = path.read_text(errors="replace")[-20_000:]
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _birth(pid: int) -> str | None:
    """When the process began, in clock ticks since boot: tells a pid from its next owner."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]


def _pid_file(name: str) -> Path:
    return folder("pid") / name


def running(name: str) -> int | None:
    """The pid of the service, if the process that we started is still there."""
    try:
        pid, birth = _pid_file(name).read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if _birth(int(pid)) == birth else None


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> int:
    """Start a process of its own session, with no terminal, that outlives us; gives its pid."""
    with log_of(name).open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  commands are ours
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=user,
            group=_group(user),
            extra_groups=None if user is None else [],
        )
    _started.append(process)
    birth = _birth(process.pid)
    if birth is None:
        raise ServiceError(f"{name} ended at once. Its log:\n{tail(log_of(name))}")
    _pid_file(name).write_text(f"{process.pid} {birth}\n")
    return process.pid


def _group(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid


def run(
    name: str,
    command: Sequence[str | Path],
    *,
    seconds: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
) -> None:
    """Run a step to its end, its output kept in a log; raises ServiceError with the log's tail."""
    log = log_of(name)
    with log.open("wb") as output:
        try:
            done = subprocess.run(  # noqa: S603  commands are ours
                [str(part) for part in command],
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=seconds,
                check=False,
                user=user,
                group=_group(user),
                extra_groups=None if user is None else [],
            )
        except subprocess.TimeoutExpired:
            raise ServiceError(
                f"{name}: not done after {seconds:.0f} s. {log} ends:\n{tail(log)}"
            ) from None
        except FileNotFoundError as error:
            raise ServiceError(f"{name}: {error.filename} is not installed.") from None
    if done.returncode:
        raise ServiceError(f"{name}: exit status {done.returncode}. {log} ends:\n{tail(log)}")


def wait_until(name: str, ready: Callable[[], bool], *, seconds: float) -> None:
    """Wait until the service answers; raises ServiceError when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready():
        if running(name) is None:
            raise ServiceError(f"{name} ended while starting. Its log:\n{tail(log_of(name))}")
        if time.monotonic() > deadline:
            stop(name)
            raise ServiceError(
                f"{name} was not ready after {seconds:.0f} s and was stopped. "
                f"Its log:\n{tail(log_of(name))}"
            )
        time.sleep(0.05)


def stop(name: str, *, polite: signal.Signals = signal.SIGTERM) -> bool:
    """Stop the service, hard if it does not listen; false where it was not running."""
    pid = running(name)
    if pid is None:
        _pid_file(name).unlink(missing_ok=True)
        return False
    os.kill(pid, polite)
    deadline = time.monotonic() + STOP_SECONDS
    while running(name) is not None:
        if time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)  # its own session, so the group is its children
            deadline += STOP_SECONDS
        time.sleep(0.05)
    _pid_file(name).unlink(missing_ok=True)
    return True


def memory_megabytes(pid: int) -> float:
    """Memory of the process and its descendants, shared pages counted once (PSS)."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(entry.parent.name))
    total, family = 0, [pid]
    while family:
        member = family.pop()
        family += children.get(member, [])
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def install_packages(programs: Mapping[str, str]) -> None:
    """Install the Debian packages whose program is missing; `programs` is program -> package."""
    missing = sorted({package for program, package in programs.items() if not _has(program)})
    if not missing:
        return
    wanted = " ".join(missing)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise ServiceError(f"These are missing; install them: sudo apt-get install {wanted}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}
    print(f"  installing {wanted}", flush=True)  # noqa: T201  this is a command line program
    install = ("apt-get", "install", "-y", "--no-install-recommends", *missing)
    run("apt-update", ("apt-get", "update"), seconds=300, environment=quiet)
    run("apt-install", install, seconds=900, environment=quiet)


def _has(program: str) -> bool:
    # Debian keeps database servers outside PATH, and the parts of Dovecot.
    places = (f"*/*/bin/{program}", f"dovecot/{program}")
    return bool(shutil.which(program)) or any(
        path for place in places for path in Path("/usr/lib").glob(place)
    )
