"""The public page of a running installation: right within a second, whoever dies on the way."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.runtime.serving import Installation, free_ports, new_installation, until

pytestmark = pytest.mark.slow

_DECLARE = """
import json
from levelhead.accounts.models import Agency, User
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
made = declare(agency=Agency.objects.get(), kind=IncidentKind.FIRE, title="Fire at the mill",
               why="Smoke.", by=User.objects.get(), form_token="declared")
print(json.dumps(made.slug))
"""
_SAY = """
import json, os, time
from datetime import timedelta
from levelhead.accounts.models import User
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Wish, Words
from django.db import transaction
if {dies}:
    transaction.on_commit = lambda *a, **k: None
incident = Incident.objects.get()
send_update(incident=incident, by=User.objects.get(), wish=Wish(
    words=(Words(lang="en", lead={lead!r}),), cited=(), channels=(),
    next_word_at=clock.now() + timedelta(minutes=20), after_number=incident.updates_count,
    form_token={lead!r}))
print(json.dumps(time.time()), flush=True)
os._exit(0)
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """A running installation with an agency."""
    made = new_installation(tmp_path / "data")
    made.serve()
    made.wait_until_up()
    yield made
    made.end()


def test_correct_within_a_second_of_an_update(place: Installation) -> None:
    slug = place.python(_DECLARE)
    agency = place.rows("select slug from accounts_agency")[0][0]
    path = f"/public/{agency}/{slug}/"
    assert place.get(path)[0] == 404
    # The second writer is gone in the moment after its commit: the worker writes the page.
    for lead, dies in (("The first word.", False), ("The second word.", True)):
        said_at = place.python(_SAY.format(lead=lead, dies=dies))
        until(lambda lead=lead: lead.encode() in place.get(path)[1], lead)  # type: ignore[misc]
        file = place.data / "public" / agency / slug / "index.html"
        assert lead in file.read_text()
        assert file.stat().st_mtime - said_at < 1.0
    assert place.get(path, {"Host": "elsewhere.example"})[0] == 200
    assert place.get(f"/public/{agency}/")[0] == 200
    assert time.time() - said_at < 30


def test_the_role_for_readers_needs_no_database(place: Installation, tmp_path: Path) -> None:
    slug = place.python(_DECLARE)
    place.python(_SAY.format(lead="The first word.", dies=False))
    place.stop()
    (place.data / "levelhead.sqlite3").rename(tmp_path / "away.sqlite3")
    place.environment["LEVELHEAD_PUBLIC_PORT"] = str(place.port)
    place.environment["LEVELHEAD_PORT"] = str(free_ports()[0])
    place.serve("--role", "public")
    path = f"/public/riverton/{slug}/"
    until(lambda: place.get(path)[0] == 200, "the page")
    assert b"The first word." in place.get(path)[1]
    assert place.get("/accounts/login/")[0] == 404
    assert place.get("/public/riverton/../../secret.key")[0] == 404
    assert place.stop() < 3.0


def test_the_nginx_of_the_guide_gives_the_page(place: Installation, tmp_path: Path) -> None:
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("nginx is not installed")
    slug = place.python(_DECLARE)
    place.python(_SAY.format(lead="The first word.", dies=False))
    guide = Path(__file__).parents[2] / "docs" / "howto" / "put-the-page-on-a-cdn.md"
    server = guide.read_text().split("```\nserver {")[1].split("\n```")[0]
    port = free_ports()[0]
    for said, here in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/lib/levelhead", str(place.data)),
        ("127.0.0.1:8600", f"127.0.0.1:{place.port}"),
        ("$host", "localhost"),
    ):
        assert said in server
        server = server.replace(said, here)
    user = "user root;" if os.geteuid() == 0 else ""
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind}; "
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    config.write_text(
        f"{user} daemon off; pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} "
        f"http {{ access_log off; {folders} server {{{server} }}"
    )
    running = subprocess.Popen([nginx, "-c", str(config)], stderr=subprocess.DEVNULL)
    own, place.port = place.port, port
    try:
        path = f"/public/riverton/{slug}/"
        until(lambda: place.get(path)[0] == 200, "nginx gives the page")
        assert place.get(path) == (
            200,
            (place.data / "public/riverton" / slug / "index.html").read_bytes(),
        )
        squeezed = place.get(path, {"Accept-Encoding": "gzip"})[1]
        assert gzip.decompress(squeezed) == place.get(path)[1]
        assert place.get(path + "feed.atom")[0] == 200
        assert place.get("/public/riverton/")[0] == 200
        assert place.get("/accounts/login/")[0] == 200
        for hidden in (".lock", "../.lock", "../../secret.key", "none.html"):
            assert place.get(path + hidden)[0] == 404, hidden
    finally:
        place.port = own
        running.terminate()
        running.wait(5)
