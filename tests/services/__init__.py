"""Where the real servers of `make services` are, for tests that need one."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
# Service -> the environment variable that gives its address.
VARIABLES = {
    "postgresql": "LEVELHEAD_TEST_POSTGRES",
    "redis": "LEVELHEAD_TEST_REDIS",
    "bluesky": "LEVELHEAD_TEST_BLUESKY",
    "mail": "LEVELHEAD_TEST_MAIL",
    "snac": "LEVELHEAD_TEST_MASTODON",
}


def require_service(name: str) -> dict[str, Any]:
    """The addresses of a running service.

    Where it does not run the test is skipped with the command that starts it; with
    LEVELHEAD_REQUIRE_SERVICES=1, as in CI, it fails instead.
    """
    addresses = find_service(name)
    if addresses is not None:
        return addresses
    words = f"The service {name} does not run. Start it: services/run start {name}"
    if os.environ.get("LEVELHEAD_REQUIRE_SERVICES") == "1":
        pytest.fail(words, pytrace=False)
    pytest.skip(words)


def find_service(name: str) -> dict[str, Any] | None:
    """The addresses of a service that takes connections, from the environment or services/run."""
    value = os.environ.get(VARIABLES[name])
    if value:
        addresses = json.loads(value) if value.startswith("{") else {"url": value}
    else:
        root = os.environ.get("LEVELHEAD_SERVICES_DIR") or str(REPOSITORY / ".services")
        try:
            kept = json.loads(Path(root, "services.json").read_text())
        except FileNotFoundError:
            return None
        if name not in kept:
            return None
        addresses = kept[name]
    return addresses if _listens(addresses) else None


def _listens(addresses: dict[str, Any]) -> bool:
    for value in addresses.values():
        parts = urlsplit(value) if isinstance(value, str) and "://" in value else None
        if parts is None or not parts.port:
            continue
        try:
            socket.create_connection((parts.hostname or "localhost", parts.port), 2).close()
        except OSError:
            return False
    return True
