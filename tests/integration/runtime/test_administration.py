"""`init`, `status` and `doctor`, called as an administrator calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.integration.runtime.serving import Installation, new_installation, until

pytestmark = pytest.mark.slow


def findings(place: Installation, *, well: bool) -> dict[str, list[tuple[str, str]]]:
    """Check -> (verdict, sentence), of `levelhead doctor --json`."""
    done = place.command("doctor", "--json", check=False)
    told = json.loads(done.stdout)
    assert told["ok"] is well, told
    assert done.returncode == (0 if well else 1)
    found: dict[str, list[tuple[str, str]]] = {}
    for one in told["findings"]:
        assert one["verdict"] == "ok" or one["remedy"], one
        found.setdefault(one["check"], []).append((one["verdict"], one["sentence"]))
    return found


def test_init_makes_an_agency_that_its_administrator_can_enter(tmp_path: Path) -> None:
    place = Installation(tmp_path / "data")
    done = place.command(
        "init", "--agency", "City of Riverton", "--zone", "America/Denver",
        "--email", "Ann@Example.org", "--name", "Ann",
    )  # fmt: skip
    password = done.stdout.split("Password: ")[1].split()[0]
    assert place.python(
        "import json; from django.contrib.auth import authenticate\n"
        "from levelhead.accounts.models import Membership\n"
        f"user = authenticate(email='ann@example.org', password={password!r})\n"
        "place = Membership.objects.get(user=user)\n"
        "print(json.dumps([place.agency.slug, place.agency.zone, place.role]))"
    ) == ["city-of-riverton", "America/Denver", "administrator"]
    assert place.data.stat().st_mode & 0o077 == 0
    assert "up to date" in place.command("init").stdout
    for wrong, words in (
        (["--agency", "X"], "--email and --name"),
        (["--email", "a@b.org"], "Give --agency as well"),
        (["--agency", "X", "--email", "nonsense", "--name", "N"], "is not an e-mail address"),
        (
            ["--agency", "X", "--zone", "Mars/Base", "--email", "a@b.org", "--name", "N"],
            "is not a time zone",
        ),
        (
            ["--agency", "City of Riverton", "--email", "a@b.org", "--name", "N"],
            "already an agency",
        ),
    ):
        refused = place.command("init", *wrong, check=False)
        assert refused.returncode == 2
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr


def test_status_of_an_empty_folder(tmp_path: Path) -> None:
    told = Installation(tmp_path / "data").status()
    assert told["posts"] == told["conversations"] == 0
    assert told["open_cases"] == {"total": 0, "by_label": {}}
    assert told["channels"] == []
    assert set(told["outbox"].values()) == {0}


def test_status_counts_what_is_there_of_one_agency_or_of_all(tmp_path: Path) -> None:
    place = new_installation(tmp_path / "data")
    place.command("init", "--agency", "Maple", "--email", "c@example.org", "--name", "Charlie")
    place.python(
        "import json; from levelhead.accounts.models import Agency\n"
        "from levelhead.channels.actions import add_channel, receive\n"
        "from levelhead.channels.domain import IncomingPost\n"
        "for slug, posts in (('riverton', 5), ('maple', 2)):\n"
        "    agency = Agency.objects.get(slug=slug)\n"
        "    c = add_channel(agency_id=agency.pk, platform='file', name='Square')\n"
        "    receive([IncomingPost(channel_id=c.pk, external_id=f'p{n}', text='When do you open?',"
        " thread_external_id='p0') for n in range(posts)])\n"
        "print(json.dumps('done'))"
    )
    everything = place.status()
    assert (everything["posts"], everything["conversations"]) == (7, 2)
    assert sum(everything["open_cases"]["by_label"].values()) == everything["open_cases"]["total"]
    assert len(everything["channels"]) == 2
    ours = json.loads(place.command("status", "--agency", "riverton", "--json").stdout)
    assert ours["posts"] == 5
    assert [channel["agency"] for channel in ours["channels"]] == ["riverton"]
    assert "Posts          7" in place.command("status").stdout
    refused = place.command("status", "--agency", "nowhere", check=False)
    assert "There is no agency 'nowhere'" in refused.stderr


def test_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    place = Installation(tmp_path / "data")
    assert findings(place, well=False)["database"] == [("bad", "There is no database yet.")]
    place.command("init")
    assert findings(place, well=True)["worker"][0][0] == "warn"
    (place.data / "secret.key").chmod(0o644)
    assert findings(place, well=False)["key"][0][0] == "bad"
    (place.data / "secret.key").chmod(0o600)
    place.command("backup")
    assert findings(place, well=True)["backup"][0][0] == "ok"
    place.environment["LEVELHEAD_LOG_LEVEL"] = "loud"
    assert findings(place, well=False)["settings"][0][0] == "bad"
    place.environment["LEVELHEAD_LOG_LEVEL"] = "info"
    place.environment["LEVELHEAD_DATABASE"] = "postgresql://nobody@127.0.0.1:9/nothing"
    assert "cannot be reached" in findings(place, well=False)["database"][0][1]


def test_doctor_sees_a_torn_chain_a_clock_set_back_and_a_failing_channel(tmp_path: Path) -> None:
    place = new_installation(tmp_path / "data")
    place.python(
        "import json; from datetime import timedelta; from django.db import transaction\n"
        "from levelhead.accounts.models import Agency; from levelhead.kernel import clock\n"
        "from levelhead.channels.actions import add_channel\n"
        "from levelhead.channels.models import Channel\n"
        "from levelhead.records.append import append_events\n"
        "from levelhead.records.domain import EventToRecord\n"
        "from levelhead.records.models import RecordChain\n"
        "agency = Agency.objects.get()\n"
        "add_channel(agency_id=agency.pk, platform='file', name='Square')\n"
        "Channel.objects.update(failures=4, last_error='it answered with nonsense')\n"
        "with transaction.atomic():\n"
        "    append_events(agency_id=agency.pk, chain='desk', at=clock.now()+timedelta(days=1),\n"
        "        events=[EventToRecord(subject='a:1', action='a:b:c', actor='system')])\n"
        "RecordChain.objects.update(seq=9)\n"
        "print(json.dumps('done'))"
    )
    found = findings(place, well=False)
    assert found["records"][0][0] == "bad"
    assert found["clock"][0][0] == "bad"
    assert found["channels"] == [
        ("warn", "Square (riverton) failed 4 times in a row: it answered with nonsense")
    ]


def test_doctor_knows_our_own_ports_from_others(tmp_path: Path) -> None:
    place = new_installation(tmp_path / "data")
    place.serve()
    try:
        place.wait_until_up()
        found = findings(place, well=True)
        assert [verdict for verdict, _ in found["ports"]] == ["ok", "ok"]
        assert found["worker"] == [("ok", "The worker is at work.")]
        other = Installation(tmp_path / "other", LEVELHEAD_PORT=str(place.port))
        other.command("init")
        assert ("bad", f"Another program answers on port {place.port}, which is for web.") in (
            findings(other, well=False)["ports"]
        )
        (worker,) = place.processes("worker")
        os.kill(worker, 19)  # SIGSTOP
        try:
            until(
                lambda: (
                    json.loads(place.command("doctor", "--json", check=False).stdout)["ok"] is False
                ),
                "the doctor to miss the worker",
            )
        finally:
            os.kill(worker, 18)  # SIGCONT
        place.stop()
    finally:
        place.end()
