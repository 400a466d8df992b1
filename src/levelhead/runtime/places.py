"""Making sure that no two programs serve the same place: a port, a data folder."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
import time
from pathlib import Path

from levelhead.kernel.errors import ConfigurationError


class Place:
    """Something that this process holds until it ends, however it ends."""

    def __init__(self, handle: socket.socket | int) -> None:
        self._handle = handle

    def give_up(self) -> None:
        """Let another program have it."""
        if isinstance(self._handle, int):
            os.close(self._handle)
        else:
            self._handle.close()


def hold_port(host: str, port: int, *, setting: str) -> Place | None:
    """Make sure that nobody listens there, and keep other Levelheads away from it.

    The page server shares its port between processes (SO_REUSEPORT), so that two installations on
    one port would silently answer each other's calls: a name in the kernel, which only one may
    hold, prevents that on Linux. Raises ConfigurationError in one sentence.
    """
    taken = ConfigurationError(
        f"Port {port} on {host} is taken by another program. Stop that program, or choose another "
        f"port with {setting}."
    )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(
            f"LEVELHEAD_HOST is {host!r}, which is no address of this machine "
            f"({error.strerror}). Give one such as 127.0.0.1 or 0.0.0.0."
        ) from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise taken from error
            if error.errno == errno.EACCES:
                raise ConfigurationError(
                    f"This account may not listen on port {port}. Choose a port above 1023 with "
                    f"{setting}, and put a proxy in front."
                ) from error
            raise ConfigurationError(
                f"Nothing can listen on {host}, port {port} ({error.strerror}). Give another "
                f"LEVELHEAD_HOST or {setting}."
            ) from error
    if sys.platform != "linux":
        return None
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0levelhead/{host}/{port}")
    except OSError as error:
        name.close()
        raise taken from error
    return Place(name)


def hold_role(data: Path, role: str, *, wait_seconds: float = 0.0) -> Place:
    """Be the only one of `role` on this data folder; wait so long for one that is just stopping.

    Raises ConfigurationError.
    """
    folder = data / "run"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{role}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    patience = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() < patience:
                time.sleep(0.05)
                continue
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"`levelhead serve` already runs its {role} on the data folder {data} (process "
                f"{holder}). Stop that one first, or give another folder with LEVELHEAD_DATA."
            ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return Place(descriptor)
