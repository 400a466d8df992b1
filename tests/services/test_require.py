"""A test that needs a server says so: skipped at home, failed where it is required."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.services import require_service


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("LEVELHEAD_TEST_REDIS", "LEVELHEAD_REQUIRE_SERVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEVELHEAD_SERVICES_DIR", str(tmp_path))


def test_missing_service_skips_with_the_command() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"services/run start redis"):
        require_service("redis")


def test_missing_service_fails_where_services_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEVELHEAD_REQUIRE_SERVICES", "1")
    with pytest.raises(pytest.fail.Exception, match=r"services/run start redis"):
        require_service("redis")


def test_address_of_a_server_that_is_gone_is_not_handed_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    kept = {"redis": {"url": f"redis://127.0.0.1:{port}/0"}}
    (tmp_path / "services.json").write_text(json.dumps(kept))
    with pytest.raises(pytest.skip.Exception):
        require_service("redis")


def test_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        monkeypatch.setenv("LEVELHEAD_TEST_REDIS", url)
        assert require_service("redis") == {"url": url}
