"""Where the test services keep their data, and which ports are theirs."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from pathlib import Path

SERVICES = Path(__file__).resolve().parents[1]
CHECKOUT = SERVICES.parent
# Elsewhere than .services/ of the checkout: for a cache that outlives a clone.
ROOT = Path(os.environ.get("LEVELHEAD_SERVICES_DIR") or CHECKOUT / ".services").resolve()
ADDRESSES = ROOT / "services.json"

_PORTS = ROOT / "ports.json"
_LAST_PORT = 65_000


def folder(*parts: str) -> Path:
    """A folder below the root, made if it is not there."""
    path = ROOT.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def outside(name: str) -> Path:
    """A folder for this checkout that every user of the machine can reach into."""
    mark = hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]
    return Path("/var/tmp") / f"levelhead-{name}-{mark}"  # noqa: S108  the name is this checkout's


def reachable_by_others(path: Path) -> bool:
    """True where another user may walk into `path`: a database server does not run as root."""
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


def is_free(port: int) -> bool:
    """True where nothing listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def take_ports(service: str, preferred: dict[str, int]) -> dict[str, int]:
    """A free port for each name: last time's where still free, else the next above `preferred`."""
    saved: dict[str, dict[str, int]] = json.loads(_PORTS.read_text()) if _PORTS.exists() else {}
    taken = {port for other, ports in saved.items() if other != service for port in ports.values()}
    chosen: dict[str, int] = {}
    for name, first in preferred.items():
        last_time = saved.get(service, {}).get(name)
        candidates = [*([last_time] if last_time else []), *range(first, _LAST_PORT)]
        chosen[name] = next(port for port in candidates if port not in taken and is_free(port))
        taken.add(chosen[name])
    saved[service] = chosen
    write_json(_PORTS, saved)
    return chosen


def write_json(path: Path, value: object) -> None:
    """Write whole or not at all: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(value, indent=2) + "\n")
    draft.replace(path)
