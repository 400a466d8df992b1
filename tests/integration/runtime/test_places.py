"""Two programs never serve the same place, and the refusal says what to do."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from levelhead.kernel.errors import ConfigurationError
from levelhead.runtime.places import hold_port, hold_role


def test_a_port_that_somebody_listens_on_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"Port {port} on 127.0.0.1 is taken"):
            hold_port("127.0.0.1", port, setting="LEVELHEAD_PORT")


def test_a_port_that_is_shared_with_others_is_refused_too() -> None:
    # As granian listens: another listener could join, and take half of the calls.
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ConfigurationError, match="is taken"):
            hold_port("127.0.0.1", other.getsockname()[1], setting="LEVELHEAD_PORT")


@pytest.mark.skipif(sys.platform != "linux", reason="names in the kernel are Linux's")
def test_of_two_that_start_at_the_same_moment_one_is_refused() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    held = hold_port("127.0.0.1", port, setting="LEVELHEAD_PORT")
    assert held is not None
    with pytest.raises(ConfigurationError, match="is taken"):
        hold_port("127.0.0.1", port, setting="LEVELHEAD_PORT")
    held.give_up()
    again = hold_port("127.0.0.1", port, setting="LEVELHEAD_PORT")
    assert again is not None
    again.give_up()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="Give another LEVELHEAD_HOST"):
        hold_port("192.0.2.1", 9, setting="LEVELHEAD_PORT")
    with pytest.raises(ConfigurationError, match="no address of this machine"):
        hold_port("not a host", 9, setting="LEVELHEAD_PORT")


def test_a_role_is_held_until_its_holder_dies(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from levelhead.runtime.places import hold_role\n"
        f"held = hold_role(Path({str(tmp_path)!r}), 'worker'); print('held', flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ConfigurationError, match=rf"process {other.pid}\)"):
            hold_role(tmp_path, "worker")
        hold_role(tmp_path, "web").give_up()
        other.kill()
        other.wait()
    hold_role(tmp_path, "worker").give_up()
