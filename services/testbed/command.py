"""The command line: install, start, stop, status, env."""

from __future__ import annotations

import argparse
import fcntl
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from testbed import place, processes
from testbed.catalog import BY_NAME, CATALOG
from testbed.processes import ServiceError
from testbed.service import Addresses, Service


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201  this is a command line program


def _chosen(names: Sequence[str]) -> list[Service]:
    """The services of these names and what they need, in the catalog's order; all for none."""
    wanted = set(names or BY_NAME)
    while True:
        more = {need for name in wanted for need in BY_NAME[name].needs} - wanted
        if not more:
            return [service for service in CATALOG if service.name in wanted]
        wanted |= more


def _read_addresses() -> dict[str, Addresses]:
    if not place.ADDRESSES.exists():
        return {}
    kept: dict[str, Addresses] = json.loads(place.ADDRESSES.read_text())
    return kept


def _is_up(service: Service, addresses: Addresses | None) -> bool:
    if service.variable is None:
        return True
    return (
        addresses is not None
        and processes.running(service.name) is not None
        and service.answers(addresses)
    )


def install(names: Sequence[str]) -> None:
    """Bring what is missing of the chosen services."""
    services = _chosen(names)
    programs = {name: package for one in services for name, package in one.programs.items()}
    processes.install_packages(programs)
    for service in services:
        began = time.monotonic()
        service.install()
        if time.monotonic() - began > 1:
            _say(f"  {service.name}: installed in {time.monotonic() - began:.0f} s")


def start(names: Sequence[str]) -> None:
    """Install and start the chosen services that are not running."""
    install(names)
    up = _read_addresses()
    for service in _chosen(names):
        if service.variable is None:
            continue
        if _is_up(service, up.get(service.name)):
            _say(f"  {service.name}: already running")
            continue
        began = time.monotonic()
        service.stop()  # one that runs and does not answer
        up.pop(service.name, None)
        place.write_json(place.ADDRESSES, up)
        up[service.name] = service.start(up)
        place.write_json(place.ADDRESSES, up)
        _say(f"  {service.name}: ready in {time.monotonic() - began:.1f} s")


def stop(names: Sequence[str]) -> None:
    """Stop the chosen services and those that need them."""
    wanted = set(names or BY_NAME)
    up = _read_addresses()
    for service in reversed(CATALOG):
        if wanted & {service.name, *service.needs}:
            wanted.add(service.name)
            if service.stop():
                _say(f"  {service.name}: stopped")
            up.pop(service.name, None)
            place.write_json(place.ADDRESSES, up)


def _variables(up: Mapping[str, Addresses]) -> dict[str, str]:
    return {
        service.variable: service.value(up[service.name])
        for service in CATALOG
        if service.variable and service.name in up
    }


def show_environment(*, as_json: bool) -> None:
    """Print the addresses: lines for a shell to read, or one JSON object."""
    variables = _variables(_read_addresses())
    if as_json:
        _say(json.dumps(variables, indent=2))
        return
    for name, value in variables.items():
        _say(f"export {name}={shlex.quote(value)}")


def show_status(*, as_json: bool) -> bool:
    """Print what runs; true where all do."""
    up = _read_addresses()
    rows = []
    for service in CATALOG:
        if service.variable is None:
            continue
        pid = processes.running(service.name)
        rows.append(
            {
                "service": service.name,
                "answers": _is_up(service, up.get(service.name)),
                "pid": pid,
                "memory_mb": round(processes.memory_megabytes(pid), 1) if pid else None,
                "address": up.get(service.name),
                "log": str(processes.log_of(service.name)),
            }
        )
    if as_json:
        _say(json.dumps(rows, indent=2))
    else:
        for row in rows:
            state = "answers" if row["answers"] else "does not answer" if row["pid"] else "stopped"
            memory = f"{row['memory_mb']} MB" if row["pid"] else ""
            _say(f"  {row['service']:<12} {state:<16} {memory:>10}  {row['log']}")
    return all(row["answers"] for row in rows)


@contextmanager
def _alone() -> Iterator[None]:
    """One start or stop at a time in this checkout."""
    place.folder()
    with (place.ROOT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: Sequence[str]) -> int:
    """Run the command; gives the exit status: 0 well, 1 not running (status), 2 error."""
    parser = argparse.ArgumentParser(prog="services/run", description=__doc__)
    parser.add_argument("verb", choices=("install", "start", "stop", "status", "env"))
    parser.add_argument("service", nargs="*", help=f"of: {', '.join(BY_NAME)}; none means all")
    parser.add_argument("--json", action="store_true", help="for status and env")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.service if name not in BY_NAME]
    if unknown:
        parser.error(f"there is no service {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
    try:
        if given.verb == "env":
            show_environment(as_json=given.json)
        elif given.verb == "status":
            return 0 if show_status(as_json=given.json) else 1
        else:
            with _alone():
                {"install": install, "start": start, "stop": stop}[given.verb](given.service)
    except ServiceError as error:
        sys.stderr.write(f"services: {error}\n")
        return 2
    return 0
