"""Fixtures that hand out real servers: name one, and the test needs it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services import require_service


@pytest.fixture(scope="session")
def postgresql_service() -> dict[str, Any]:
    """A real PostgreSQL: `url`, `port`, `socket`."""
    return require_service("postgresql")


@pytest.fixture(scope="session")
def redis_service() -> dict[str, Any]:
    """A real Redis: `url`, `port`."""
    return require_service("redis")


@pytest.fixture(scope="session")
def bluesky_service() -> dict[str, Any]:
    """A real Bluesky network: `pds`, `appview`, `plc`, `ozone`."""
    return require_service("bluesky")


@pytest.fixture(scope="session")
def mail_service() -> dict[str, Any]:
    """Real OpenSMTPD and Dovecot: `smtp`, `imap`, `password`; a mailbox for every name."""
    return require_service("mail")


@pytest.fixture(scope="session")
def snac_service() -> dict[str, Any]:
    """A real server of the fediverse: `url`, and `home` and `user` for its command line."""
    return require_service("snac")
