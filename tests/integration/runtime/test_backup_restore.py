"""A backup is what was there at one moment, and a restore proves it before it touches anything."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.runtime.serving import Installation, new_installation, until

pytestmark = pytest.mark.slow

FILL = """
import json
from levelhead.accounts.models import Agency, User
from levelhead.channels.actions import add_channel, receive
from levelhead.channels.domain import IncomingPost
from levelhead.channels.outbox import enqueue
from levelhead.channels.secrets import unseal
agency = Agency.objects.get()
channel = add_channel(agency_id=agency.pk, platform="file", name="Square",
                      secrets={"app_password": "open sesame"})
receive([IncomingPost(channel_id=channel.pk, external_id=f"p{n}", text=f"Question {n}?")
         for n in range(200)])
enqueue(channel=channel, text="Open at 8.", by=User.objects.get())
import io
from datetime import timedelta
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.research.actions import ask
from levelhead.research.answering import answer_by_link
from levelhead.research.domain import Kind
from levelhead.research.models import MailOut
asked = ask(case=Case.objects.first(), question="Why?", to_email="clerk@example.gov", to_name="",
            due_at=clock.now() + timedelta(days=2), kind=Kind.QUESTION, by=User.objects.get())
MailOut.objects.create(agency=agency, request=asked, kind="ask", to_email="clerk@example.gov",
                       link_number=1)
file = io.BytesIO(b"%PDF-1.7 the log")
file.name, file.size = "log.pdf", 16
answer_by_link(request=asked, link_number=1, text="See the log.", files=[file])
MailOut.objects.update(state="queued")
print(json.dumps("done"))
"""
SENT_FILES = """
import json
from levelhead.research.files import read_bytes
from levelhead.research.models import MailOut, ResearchFile
print(json.dumps([[read_bytes(one).decode() for one in ResearchFile.objects.all()],
                  [one.state for one in MailOut.objects.all()]]))
"""
SECRET = """
import json
from levelhead.channels.models import Channel
from levelhead.channels.secrets import unseal
from levelhead.kernel.errors import ConfigurationError
try:
    print(json.dumps(unseal(Channel.objects.get().sealed_secrets)))
except ConfigurationError as error:
    print(json.dumps(error.message))
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with posts, a channel's key, settings and a message on its way."""
    place = new_installation(tmp_path_factory.mktemp("filled") / "data")
    place.python(FILL)
    (place.data / "levelhead.env").write_text("LEVELHEAD_LOG_LEVEL=warning\n")
    yield place
    place.end()


@pytest.fixture(scope="module")
def backup(filled: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it, with the key."""
    file = tmp_path_factory.mktemp("backups") / "desk.tar.gz"
    filled.command("backup", str(file), "--with-key")
    return file


def test_a_fresh_folder_gets_the_same_back(
    filled: Installation, backup: Path, tmp_path: Path
) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    fresh = Installation(tmp_path / "data")
    told = json.loads(fresh.command("restore", str(backup), "--json").stdout)
    assert told["records_hold"] is True
    assert told["key_fits"] is True
    before, after = filled.status(), fresh.status()
    assert before["posts"] == 200
    # What had not left is looked up before it is sent: it may have left since.
    assert (before["outbox"].pop("queued"), before["outbox"].pop("unclear")) == (1, 0)
    assert (after["outbox"].pop("queued"), after["outbox"].pop("unclear")) == (0, 1)
    assert before == after
    assert fresh.python(SECRET) == {"app_password": "open sesame"}
    assert (fresh.data / "levelhead.env").read_text() == "LEVELHEAD_LOG_LEVEL=warning\n"
    # A mail cannot be looked up: a person is asked before it is sent.
    assert fresh.python(SENT_FILES) == [["%PDF-1.7 the log"], ["unclear"]]


def test_a_backup_is_whole_while_the_desk_is_at_work(filled: Installation, tmp_path: Path) -> None:
    shutil.copytree(filled.data, tmp_path / "busy")
    busy = Installation(tmp_path / "busy")
    stream = tmp_path / "busy.jsonl"
    with stream.open("w") as file:
        for n in range(20_000):
            line = {"at_seconds": n * 0.001, "id": f"b{n}", "text": f"Is gate {n} open?"}
            file.write(json.dumps(line) + "\n")
    busy.python(
        "import json; from levelhead.accounts.models import Agency\n"
        "from levelhead.channels.actions import add_channel\n"
        "add_channel(agency_id=Agency.objects.get().pk, platform='replay', name='Busy', settings="
        f"{{'stream': {str(stream)!r}, 'started_at': '2026-01-01T00:00:00+00:00', 'speed': 0}})\n"
        "print(json.dumps('done'))"
    )
    busy.serve("--role", "worker")
    try:
        until(lambda: busy.rows("SELECT COUNT(*) FROM inbox_post")[0][0] > 300, "work")
        told = json.loads(busy.command("backup", "--json").stdout)
        assert told["counts"]["inbox_post"] > 300
        busy.stop()
    finally:
        busy.end()
    fresh = Installation(tmp_path / "fresh")
    restored = json.loads(fresh.command("restore", told["file"], "--json").stdout)
    assert restored["records_hold"] is True
    assert fresh.status()["posts"] == told["counts"]["inbox_post"]


def test_without_the_key_the_file_holds_no_key_and_says_so(
    filled: Installation, tmp_path: Path
) -> None:
    with (filled.data / "levelhead.env").open("a") as file:
        file.write("#LEVELHEAD_SECRET_KEY=not to be told\n")
    made = filled.command("backup", str(tmp_path / "open.tar.gz"))
    assert "secret key is not in it" in made.stderr
    content = gzip.decompress((tmp_path / "open.tar.gz").read_bytes())
    key = (filled.data / "secret.key").read_bytes().strip()
    assert key not in content
    assert b"not to be told" not in content
    fresh = Installation(tmp_path / "data")
    restored = fresh.command("restore", str(tmp_path / "open.tar.gz"))
    assert "connect every channel again" in restored.stderr
    assert "secret key is not the one" in fresh.python(SECRET)
    # The key from its own safe place mends it.
    shutil.copy(filled.data / "secret.key", fresh.data / "secret.key")
    assert fresh.python(SECRET) == {"app_password": "open sesame"}


def test_data_that_is_there_is_not_overwritten_unless_forced(backup: Path, tmp_path: Path) -> None:
    place = new_installation(tmp_path / "data")
    refused = place.command("restore", str(backup), check=False)
    assert refused.returncode == 2
    assert "There is data already" in refused.stderr
    assert place.status()["posts"] == 0
    forced = place.command("restore", str(backup), "--force")
    assert "The database that was here is in" in forced.stderr
    assert place.status()["posts"] == 200
    (aside,) = place.data.glob("before-restore-*")
    assert (aside / "levelhead.sqlite3").exists()


def test_a_running_desk_is_not_restored_over(backup: Path, tmp_path: Path) -> None:
    place = new_installation(tmp_path / "data")
    place.serve("--role", "worker")
    try:
        until(lambda: "Levelhead is running" in place.log.read_text(), "the worker")
        refused = place.command("restore", str(backup), "--force", check=False)
        assert refused.returncode == 2
        assert "already runs its worker" in refused.stderr
        place.stop()
    finally:
        place.end()


def _rewritten(source: Path, target: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The archive with its files changed."""
    files: dict[str, bytes] = {}
    with tarfile.open(source) as archive:
        for info in archive:
            file = archive.extractfile(info)
            assert file is not None
            files[info.name] = file.read()
    change(files)
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return target


def _flip(files: dict[str, bytes]) -> None:
    data = bytearray(files["database.sqlite3"])
    data[len(data) // 2] ^= 1
    files["database.sqlite3"] = bytes(data)


def _climb(files: dict[str, bytes]) -> None:
    files["../../escaped"] = b"x"


def _promise_less(files: dict[str, bytes]) -> None:
    _change_manifest(files, lambda told: told["counts"].update(inbox_post=1))


def _from_the_future(files: dict[str, bytes]) -> None:
    _change_manifest(files, lambda told: told["migrations"].append("inbox.9999_future"))


def _other_format(files: dict[str, bytes]) -> None:
    _change_manifest(files, lambda told: told.update(format=2))


def _no_manifest(files: dict[str, bytes]) -> None:
    del files["manifest.json"]


def _shorter(files: dict[str, bytes]) -> None:
    del files["database.sqlite3"]


def _change_manifest(files: dict[str, bytes], change: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads(files["manifest.json"])
    change(told)
    files["manifest.json"] = json.dumps(told).encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_flip, "SHA-256 does not fit"),
        (_climb, "which its manifest does not"),
        (_promise_less, "not what its manifest says"),
        (_from_the_future, "which is newer (it has inbox.9999_future)"),
        (_other_format, "newer Levelhead"),
        (_no_manifest, "manifest is not the first file"),
        (_shorter, "the backup ends before database.sqlite3"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_touched(
    backup: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    damaged = _rewritten(backup, tmp_path / "damaged.tar.gz", change)
    place = Installation(tmp_path / "data")
    refused = place.command("restore", str(damaged), check=False)
    assert refused.returncode == 2, refused.stderr
    assert words.lower() in refused.stderr.lower()
    assert "Traceback" not in refused.stderr
    assert not (place.data / "levelhead.sqlite3").exists()
    assert not list(place.data.glob(".restore-*"))
    assert not (tmp_path / "escaped").exists()


def test_half_a_file_and_no_file_are_refused(backup: Path, tmp_path: Path) -> None:
    half = tmp_path / "half.tar.gz"
    half.write_bytes(backup.read_bytes()[: backup.stat().st_size // 2])
    place = Installation(tmp_path / "data")
    for file, words in ((half, "is damaged"), (tmp_path / "none", "There is no file")):
        refused = place.command("restore", str(file), check=False)
        assert refused.returncode == 2
        assert words in refused.stderr


def test_a_backup_never_replaces_a_file(filled: Installation, backup: Path) -> None:
    refused = filled.command("backup", str(backup), check=False)
    assert refused.returncode == 2
    assert "is there already" in refused.stderr
