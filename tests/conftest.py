"""What every test gets: a loopback-only network and nothing left over from the one before."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

_connect = socket.socket.connect


def _loopback_only(self: socket.socket, address: Any) -> None:
    host = address[0] if isinstance(address, tuple) else address
    local = self.family == socket.AF_UNIX or str(host) in {"127.0.0.1", "::1", "localhost"}
    if not local:
        raise RuntimeError(f"A test tried to reach {host!r}; only loopback is allowed.")
    _connect(self, address)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection that would leave the machine."""
    socket.socket.connect = _loopback_only  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = _connect  # type: ignore[method-assign]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database is made as the product makes an empty one: at once."""
    from django.db import connection

    from levelhead.config import fresh_database

    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        fresh_database.finish(editor)
