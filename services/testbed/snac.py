"""snac: a small real server of the fediverse that speaks Mastodon's interface."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar
from urllib.error import URLError
from urllib.request import urlopen

from testbed import place, processes
from testbed.processes import ServiceError
from testbed.service import Addresses

USER = "nobody"  # the server refuses to be root
_PACKAGE = "snac2"
_SOURCE = Path("/etc/apt/sources.list.d/levelhead-backports.list")
_LINE = (
    "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
    "http://deb.debian.org/debian bookworm-backports main\n"
)


class Snac:
    """People are added by its command line: `snac adduser HOME NAME`, as its user."""

    name: ClassVar[str] = "snac"
    # From Debian's backports: install() brings it.
    programs: ClassVar[Mapping[str, str]] = {}
    needs: ClassVar[tuple[str, ...]] = ()
    variable: ClassVar[str | None] = "LEVELHEAD_TEST_MASTODON"

    def install(self) -> None:
        if shutil.which("snac"):
            return
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise ServiceError(f"snac is missing; install {_PACKAGE} from Debian's backports.")
        _SOURCE.write_text(_LINE)
        quiet = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "a"}
        install = ("apt-get", "install", "-y", "--no-install-recommends", _PACKAGE)
        processes.run("apt-update", ("apt-get", "update"), seconds=300, environment=quiet)
        processes.run("apt-install", install, seconds=300, environment=quiet)

    def start(self, up: Mapping[str, Addresses]) -> Addresses:
        if os.geteuid() != 0:
            raise ServiceError("snac: it is started as another user; run this as root.")
        home = place.outside(self.name)
        port = place.take_ports(self.name, {"port": 18081})["port"]
        # Starts empty every time.
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.chown(home, USER, "nogroup")
        data = home / "data"
        # Address, port, host name, prefix, e-mail address.
        answers = f"127.0.0.1\n{port}\n127.0.0.1:{port}\n\n\n"
        subprocess.run(  # noqa: S603  ours
            [shutil.which("snac") or "snac", "init", str(data)],
            input=answers, text=True, check=True, capture_output=True, cwd=home, user=USER,
        )  # fmt: skip
        settings = json.loads((data / "server.json").read_text())
        (data / "server.json").write_text(json.dumps({**settings, "protocol": "http"}, indent=4))
        processes.start(
            self.name, [shutil.which("snac") or "snac", "httpd", data], cwd=home, user=USER
        )
        addresses: dict[str, object] = {
            "url": f"http://127.0.0.1:{port}", "home": str(data), "user": USER,
        }  # fmt: skip
        processes.wait_until(self.name, lambda: self.answers(addresses), seconds=20)
        return addresses

    def answers(self, addresses: Addresses) -> bool:
        try:
            with urlopen(f"{addresses['url']}/api/v1/instance", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, URLError):
            return False

    def stop(self) -> bool:
        return processes.stop(self.name)

    def value(self, addresses: Addresses) -> str:
        return json.dumps(dict(addresses))
