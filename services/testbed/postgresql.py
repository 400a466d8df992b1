"""PostgreSQL: a cluster of its own, without durability, trusting everybody on loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from testbed import place, processes
from testbed.processes import ServiceError
from testbed.service import Addresses

ROLE = "levelhead"
_MAX_SOCKET_PATH = 90  # the system's limit is 107 bytes, file name included


def _program(name: str) -> Path:
    """The newest installed version's program."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4])
    )
    found = versions[-1] if versions else shutil.which(name)
    if not found:
        raise ServiceError(f"postgresql: {name} is not installed.")
    return Path(found)


def _user() -> str | None:
    """The server refuses to run as root; as anybody else it runs as that person."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise ServiceError("postgresql: there is no user postgres to run the server as.")


def run_sql(addresses: Addresses, statement: str, *, database: str = "postgres") -> None:
    """Run one statement as the superuser; raises ServiceError."""
    done = subprocess.run(  # noqa: S603  program and statement are ours
        [
            str(_program("psql")),
            f"postgresql://{ROLE}@127.0.0.1:{addresses['port']}/{database}",
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--command={statement}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if done.returncode:
        raise ServiceError(f"postgresql: {statement}: {done.stderr.strip()}")


class PostgreSQL:
    """The database of the product's tests and of the Bluesky network."""

    name: ClassVar[str] = "postgresql"
    programs: ClassVar[Mapping[str, str]] = {"initdb": "postgresql", "psql": "postgresql-client"}
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_POSTGRES"

    def _home(self) -> Path:
        home = place.folder("postgresql")
        user = _user()
        if user is None:
            return home
        if not place.reachable_by_others(place.ROOT):
            home = place.outside("postgresql")
            home.mkdir(mode=0o700, exist_ok=True)
            if home.stat().st_uid not in (0, pwd.getpwnam(user).pw_uid):
                raise ServiceError(f"postgresql: {home} belongs to somebody else; remove it.")
        shutil.chown(home, user)
        return home

    def install(self) -> None:
        home = self._home()
        if (home / "data" / "PG_VERSION").exists():
            installed = _program("initdb").parts
            version = (home / "data" / "PG_VERSION").read_text().strip()
            if version in installed or "postgresql" not in installed:
                return
            shutil.rmtree(home / "data")  # another major version cannot read it, and tests own it
        processes.run(
            "postgresql-initdb",
            (
                _program("initdb"),
                f"--pgdata={home / 'data'}",
                f"--username={ROLE}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ),
            seconds=120,
            cwd=home,
            user=_user(),
        )

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        home = self._home()
        port = place.take_ports(self.name, {"port": 15432})["port"]
        socket_folder = home
        if len(str(home)) > _MAX_SOCKET_PATH:
            socket_folder = place.outside("socket")
            socket_folder.mkdir(mode=0o700, exist_ok=True)
            user = _user()
            if user:
                shutil.chown(socket_folder, user)
        # What a killed server left; the pid file of ours says that none is running.
        (home / "data" / "postmaster.pid").unlink(missing_ok=True)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": socket_folder,
            "unix_socket_permissions": "0777",
            "max_connections": 200,
            "shared_buffers": "128MB",
            # A test's data may be lost with the machine.
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "10min",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        processes.start(
            self.name,
            (_program("postgres"), "-D", home / "data", *options),
            cwd=home,
            user=_user(),
        )
        addresses = {
            "port": port,
            "socket": str(socket_folder),
            "url": f"postgresql://{ROLE}@127.0.0.1:{port}/{ROLE}",
        }
        processes.wait_until(self.name, lambda: self.answers(addresses), seconds=60)
        try:
            run_sql(addresses, "SELECT 1", database=ROLE)
        except ServiceError:
            run_sql(addresses, f"CREATE DATABASE {ROLE}")
        return addresses

    def answers(self, addresses: Addresses) -> bool:
        try:
            run_sql(addresses, "SELECT 1")
        except (ServiceError, subprocess.TimeoutExpired):
            return False
        return True

    def stop(self) -> bool:
        # SIGINT: do not wait for clients to leave.
        return processes.stop(self.name, polite=signal.SIGINT)

    def value(self, addresses: Addresses) -> str:
        return str(addresses["url"])
