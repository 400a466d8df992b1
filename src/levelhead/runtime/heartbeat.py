"""What runs on this machine, and the worker's sign of life: small files in the data folder.

Files and not rows, because they must be there to read when the database is not, cost no write
transaction every two seconds, and tell a worker that is alive and waits for the database from one
that is dead. They speak for the machine they lie on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from levelhead.kernel import clock

EVERY_SECONDS = 2.0
# Without a sign for so long the worker is taken for dead.
DEAD_AFTER_SECONDS = 15.0
# A loop that has not come round for so long hangs; a long round is one big page of posts.
STUCK_AFTER_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True)
class Heartbeat:
    """What the worker last said."""

    pid: int
    at: datetime
    # Loop -> when it last came round.
    loops: Mapping[str, datetime]

    @property
    def age_seconds(self) -> float:
        """Time since the last sign of life."""
        return max(0.0, (clock.now() - self.at).total_seconds())

    def stuck_loops(self) -> tuple[str, ...]:
        """Loops that hang, by name."""
        return tuple(
            name
            for name, last in sorted(self.loops.items())
            if (self.at - last).total_seconds() > STUCK_AFTER_SECONDS
        )


def _path(data: Path) -> Path:
    return data / "run" / "worker.json"


def write_heartbeat(data: Path, loops: Mapping[str, datetime]) -> None:
    """Leave a sign of life; a reader sees the old one or this one, never a half."""
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(
        json.dumps(
            {
                "pid": os.getpid(),
                "at": clock.now().isoformat(),
                "loops": {name: last.isoformat() for name, last in loops.items()},
            }
        ),
        encoding="utf-8",
    )
    new.replace(path)


def read_heartbeat(data: Path) -> Heartbeat | None:
    """The last sign of life on this machine; None where there never was one, or it is garbled."""
    try:
        told = json.loads(_path(data).read_text(encoding="utf-8"))
        return Heartbeat(
            pid=int(told["pid"]),
            at=datetime.fromisoformat(told["at"]),
            loops={str(name): datetime.fromisoformat(last) for name, last in told["loops"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def forget_heartbeat(data: Path) -> None:
    """The worker stopped in order."""
    _path(data).unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Running:
    """What `levelhead serve` says of itself on this machine."""

    pid: int
    roles: tuple[str, ...]
    address: str


def read_running(data: Path) -> Running | None:
    """The `levelhead serve` that last said it runs here; it may be dead."""
    try:
        told = json.loads((data / "run" / "serve.json").read_text(encoding="utf-8"))
        return Running(
            pid=int(told["pid"]),
            roles=tuple(str(role) for role in told["roles"]),
            address=str(told["address"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def worker_troubles(beat: Heartbeat | None) -> list[str]:
    """What is wrong with a worker that should be here."""
    if beat is None:
        return ["The worker has not given a sign of life yet."]
    if beat.age_seconds > DEAD_AFTER_SECONDS:
        return [f"The worker gave its last sign of life {beat.age_seconds:.0f} seconds ago."]
    return [f"The worker's {name} has hung for minutes." for name in beat.stuck_loops()]
