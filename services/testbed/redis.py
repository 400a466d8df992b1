"""Redis, in memory only."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from typing import ClassVar

from testbed import place, processes
from testbed.service import Addresses


class Redis:
    """The broker of Celery's tests and a need of the Bluesky network."""

    name: ClassVar[str] = "redis"
    programs: ClassVar[Mapping[str, str]] = {"redis-server": "redis-server"}
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_REDIS"

    def install(self) -> None:
        pass

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        home = place.folder("redis")
        port = place.take_ports(self.name, {"port": 16379})["port"]
        options = {
            "--bind": "127.0.0.1",
            "--port": str(port),
            "--save": "",
            "--appendonly": "no",
            "--dir": str(home),
            "--daemonize": "no",
            # Where the kernel has this flaw, tests lose nothing by it.
            "--ignore-warnings": "ARM64-COW-BUG",
        }
        command = [shutil.which("redis-server") or "redis-server"]
        processes.start(
            self.name, [*command, *(part for pair in options.items() for part in pair)], cwd=home
        )
        addresses = {"port": port, "url": f"redis://127.0.0.1:{port}/0"}
        processes.wait_until(self.name, lambda: self.answers(addresses), seconds=20)
        return addresses

    def answers(self, addresses: Addresses) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", int(str(addresses["port"]))), 2) as link:
                link.settimeout(2)
                link.sendall(b"PING\r\n")
                return link.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def stop(self) -> bool:
        return processes.stop(self.name)

    def value(self, addresses: Addresses) -> str:
        return str(addresses["url"])
