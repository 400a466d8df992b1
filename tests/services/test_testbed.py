"""The program that runs the servers: what it starts can be found, stopped, and explains itself."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services import REPOSITORY


@pytest.fixture
def testbed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """The modules of services/testbed, on a folder of their own."""
    monkeypatch.setenv("LEVELHEAD_SERVICES_DIR", str(tmp_path))
    monkeypatch.syspath_prepend(str(REPOSITORY / "services"))
    for name in [name for name in sys.modules if name.partition(".")[0] == "testbed"]:
        monkeypatch.delitem(sys.modules, name)
    importlib.import_module("testbed.command")
    package = importlib.import_module("testbed")
    yield package
    for process in package.processes._started:
        process.wait(10)


def test_process_outlives_the_starter_and_stops_by_its_pid_file(testbed: Any) -> None:
    processes = testbed.processes
    pid = processes.start("sleeper", (sys.executable, "-c", "import time; time.sleep(60)"), cwd="/")
    assert processes.running("sleeper") == pid
    assert os.getsid(pid) == pid
    assert processes.memory_megabytes(pid) >= 0
    began = time.monotonic()
    assert processes.stop("sleeper")
    assert time.monotonic() - began < 5
    assert processes.running("sleeper") is None
    assert processes.stop("sleeper") is False


def test_pid_of_somebody_else_is_never_stopped(testbed: Any) -> None:
    testbed.place.folder("pid").joinpath("stranger").write_text(f"{os.getpid()} 12345\n")
    assert testbed.processes.running("stranger") is None
    assert testbed.processes.stop("stranger") is False


def test_process_that_ends_while_starting_shows_its_log(testbed: Any) -> None:
    processes = testbed.processes
    command = (sys.executable, "-c", "import time; print('no such port'); time.sleep(0.3)")
    processes.start("brief", command, cwd="/")
    with pytest.raises(processes.ServiceError, match=r"(?s)ended while starting.*no such port"):
        processes.wait_until("brief", lambda: False, seconds=10)


def test_process_that_is_never_ready_is_stopped(testbed: Any) -> None:
    processes = testbed.processes
    processes.start("slow", (sys.executable, "-c", "import time; time.sleep(60)"), cwd="/")
    with pytest.raises(processes.ServiceError, match="not ready after"):
        processes.wait_until("slow", lambda: False, seconds=0.2)
    assert processes.running("slow") is None


def test_step_that_fails_shows_the_end_of_its_log(testbed: Any) -> None:
    processes = testbed.processes
    with pytest.raises(processes.ServiceError, match=r"(?s)exit status 3.*disk is full"):
        processes.run("step", ("sh", "-c", "echo disk is full; exit 3"), seconds=10)
    with pytest.raises(processes.ServiceError, match="not done after"):
        processes.run("step", ("sleep", "5"), seconds=0.1)
    with pytest.raises(processes.ServiceError, match="not installed"):
        processes.run("step", ("no-such-program",), seconds=1)


def test_ports_are_kept_and_never_taken_from_others(testbed: Any) -> None:
    take = testbed.place.take_ports
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first = taken.getsockname()[1]
        chosen = take("one", {"port": first})["port"]
        assert chosen != first
        assert take("two", {"port": chosen})["port"] != chosen
    assert take("one", {"port": first})["port"] == chosen


def test_order_of_the_catalog_and_what_a_service_needs(testbed: Any) -> None:
    chosen = [service.name for service in testbed.command._chosen(["bluesky"])]
    assert chosen == ["postgresql", "redis", "bluesky"]
    seen: set[str] = set()
    for service in testbed.catalog.CATALOG:
        assert set(service.needs) <= seen
        seen.add(service.name)


def test_every_service_with_an_address_is_known_to_the_tests(testbed: Any) -> None:
    from tests.services import VARIABLES

    offered = {one.name: one.variable for one in testbed.catalog.CATALOG if one.variable}
    assert offered == VARIABLES


def test_every_service_is_documented(testbed: Any) -> None:
    page = (REPOSITORY / "docs/reference/services.md").read_text()
    for service in testbed.catalog.CATALOG:
        assert f"`{service.name}`" in page
        assert service.variable is None or f"`{service.variable}`" in page


def test_unknown_service_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "services/run", "start", "kafka"],
        env={**os.environ, "LEVELHEAD_SERVICES_DIR": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no service kafka" in done.stderr
