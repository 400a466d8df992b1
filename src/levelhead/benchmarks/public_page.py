"""The public page under a stampede, beside nginx with the same bytes in the same run."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from levelhead.accounts.actions import add_member, create_agency
from levelhead.accounts.domain import Role
from levelhead.accounts.models import User
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.kernel.ids import new_id
from levelhead.publicpage.folder import public_folder
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Audience, Wish, Words

HOST: Final = "127.0.0.1"
# The desk's own pages give the files out too, beside everything else that they do.
DESK: Final = "levelhead, desk's port"
CONNECTIONS: Final = 64
# Each open client asks again after so long.
EVERY_SECONDS: Final = 10.0
PATIENCE_SECONDS: Final = 30.0
_NGINX: Final = """
{user}
worker_processes auto; daemon off; pid {home}/nginx.pid; error_log {home}/error.log;
worker_rlimit_nofile 65536;
events {{ worker_connections 16384; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000; keepalive_timeout 300;
  open_file_cache max=1000; types {{ text/html html; }}
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  server {{ listen {host}:{port} backlog=4096; root {root}; gzip_static on; gzip_vary on;
{headers} }}
}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _get(port: int, path: str) -> bytes:
    link = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        link.request("GET", path, headers={"Accept-Encoding": "gzip"})
        return link.getresponse().read()
    finally:
        link.close()


def _headers(port: int, path: str) -> str:
    """The headers that we send and nginx does not by itself: both are to say the same."""
    link = http.client.HTTPConnection(HOST, port, timeout=5)
    link.request("GET", path)
    answer = link.getresponse()
    answer.read()
    link.close()
    return "\n".join(
        f'    add_header {name} "{answer.headers[name]}";'
        for name in ("Cache-Control", "Content-Security-Policy", "X-Content-Type-Options")
    )


@contextlib.contextmanager
def _running(command: list[str], port: int, path: str, log: Path) -> Iterator[None]:
    """A server that answers, and is ended afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)  # noqa: S603  # our own words
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if _get(port, path):
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise LevelheadError(f"{command[0]} did not start: {log.read_text()[-400:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()


def _flat_out(port: int, path: str, seconds: float) -> dict[str, float]:
    """Requests per second and how long they take, with everything that 64 connections can ask."""
    told = subprocess.run(  # noqa: S603  # our own words
        [
            shutil.which("wrk") or "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s",
            "--latency", "-H", "Accept-Encoding: gzip", f"http://{HOST}:{port}{path}",
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in told:
        raise LevelheadError(f"Not every answer was a page: {told}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    found = dict(re.findall(r"(50|99)%\s+([\d.]+(?:us|ms|s))", told))
    if rate is None:
        raise LevelheadError(f"wrk said nothing that can be read: {told}")
    return {
        "requests_per_second": round(float(rate[1])),
        "p50_ms": _milliseconds(found["50"]),
        "p99_ms": _milliseconds(found["99"]),
    }


def _milliseconds(text: str) -> float:
    for end, times in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(end):
            return round(float(text[: -len(end)]) * times, 2)
    raise ValueError(text)


def _open_clients(port: int, path: str, clients: int, seconds: float) -> dict[str, float]:
    told = subprocess.run(  # noqa: S603  # our own module
        [
            sys.executable, "-m", "levelhead.benchmarks.open_clients", HOST, str(port), path,
            str(clients), str(EVERY_SECONDS), str(seconds),
        ],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    figures: dict[str, float] = json.loads(told.strip().splitlines()[-1])
    return figures


def _words(number: int) -> Words:
    return Words(
        lang="en", lead=f"Word {number}: fire crews are at the mill. Keep away from Elm Street.",
        unknown=("We do not know yet how it began.", "We do not know yet how long it will take."),
        doing=("Crews from three stations work.", "Officers close the streets around."),
        actions=(
            (Audience.NEAR, "Close windows and doors. Go away from the smoke."),
            (Audience.FAMILIES, "The meeting place is the school on Oak Street."),
            (Audience.PRESS, "The next briefing is at the city hall."),
        ),
    )  # fmt: skip


def say(incident: Incident, by: User) -> str:
    """Send an update; gives its first words."""
    fresh = Incident.objects.get(pk=incident.pk)
    words = _words(fresh.updates_count + 1)
    send_update(
        incident=fresh,
        by=by,
        wish=Wish(
            words=(words,), cited=(), channels=(), after_number=fresh.updates_count,
            next_word_at=clock.now() + timedelta(minutes=20), form_token=str(new_id()),
        ),
    )  # fmt: skip
    return words.lead


def _until_correct(port: int, path: str, incident: Incident, by: User) -> float:
    """Seconds from the wish to send an update until everybody can read it."""
    begun = time.perf_counter()
    lead = say(incident, by).encode()
    link = http.client.HTTPConnection(HOST, port, timeout=5)
    while True:
        link.request("GET", path)
        if lead in link.getresponse().read():
            link.close()
            return time.perf_counter() - begun
        if time.perf_counter() - begun > PATIENCE_SECONDS:
            raise LevelheadError("The page never became correct.")


def measure_public_page(
    data: Path,
    *,
    seconds: float,
    rounds: int,
    clients: int,
    updates: int,
    whole: bool,
    tell: Callable[[str], None],
) -> dict[str, Any]:  # fmt: skip
    """Both servers in turn, flat out and with many open clients; then updates."""
    agency = create_agency(name="Bench", slug="bench")
    person = add_member(
        agency=agency, email="bench@example.org", name="Bench", role=Role.ADMINISTRATOR,
        password=f"not used {new_id()}", by=None,
    ).user  # fmt: skip
    incident = declare(
        agency=agency, kind=IncidentKind.FIRE, title="Fire at the mill", why="Smoke.", by=person,
        form_token="bench",  # noqa: S106  # of a form, no password
    )  # fmt: skip
    for _ in range(5):
        say(incident, person)
    path = f"/public/{agency.slug}/{incident.slug}/"
    folder = public_folder(data) / agency.slug / incident.slug
    port, web_port = _free_port(), int(os.environ["LEVELHEAD_PORT"])
    levelhead = [
        sys.executable, "-c", "from levelhead.cli import main; main()", "serve", "--role", "web",
        "--role", "public",
    ]  # fmt: skip
    os.environ["LEVELHEAD_STREAM_PORT"] = str(_free_port())
    os.environ["LEVELHEAD_PUBLIC_PORT"] = str(port)
    peers = {"levelhead": (port, path), DESK: (web_port, path)}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_running(levelhead, web_port, path, data / "serve.log"))
        if shutil.which("nginx"):
            peers["nginx"] = (nginx_port := _free_port(), "/")
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="levelhead-nginx-")))
            (home / "nginx.conf").write_text(
                _NGINX.format(
                    user="user root;" if os.geteuid() == 0 else "",
                    home=home, host=HOST, port=nginx_port, root=folder,
                    headers=_headers(port, path),
                )
            )  # fmt: skip
            command = [shutil.which("nginx") or "nginx", "-c", str(home / "nginx.conf")]
            stack.enter_context(_running(command, nginx_port, "/", home / "log"))
            if _get(nginx_port, "/") != _get(port, path):
                raise LevelheadError("nginx does not give the same bytes.")
        else:
            tell("nginx is not installed: nothing to compare with.")
        flat: dict[str, list[dict[str, float]]] = {name: [] for name in peers}
        if shutil.which("wrk"):
            for turn in range(rounds):
                tell(f"flat out, {turn + 1} of {rounds} …")
                for name, (where, asked) in peers.items():
                    flat[name].append(_flat_out(where, asked, seconds))
        else:
            tell("wrk is not installed: nothing is asked flat out.")
        opened = {}
        for name, (where, asked) in peers.items():
            if name == DESK and not whole:
                continue
            tell(f"{clients:,} open clients on {name} …")
            opened[name] = _open_clients(where, asked, clients, 20.0 if whole else 3.0)
        tell("updates …")
        correct = [_until_correct(port, path, incident, person) for _ in range(updates)]
        body = _get(port, path)
    return {
        "bytes": len(body),
        "cores": os.cpu_count(),
        "flat_out": {name: _median_of(runs) for name, runs in flat.items() if runs},
        "open_clients": opened,
        "clients": clients,
        "correct_p50_seconds": round(statistics.median(correct), 3),
        "correct_worst_seconds": round(max(correct), 3),
        "updates": updates,
    }


def _median_of(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}
