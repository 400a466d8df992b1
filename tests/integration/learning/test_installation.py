"""Learning on a real installation: the command, the running worker, a backup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.runtime.serving import Installation, new_installation, until

pytestmark = pytest.mark.slow

FILL = """
import hashlib, json
import numpy as np
from levelhead.accounts.models import Agency, User
from levelhead.analysis.adapting import Adapter
from levelhead.analysis.domain import Label
from levelhead.analysis.shipped import base_of
from levelhead.channels.actions import add_channel, receive
from levelhead.channels.domain import IncomingPost
from levelhead.inbox.actions import change_decision
from levelhead.inbox.models import Case
from levelhead.learning.models import Proposal
agency, ann = Agency.objects.get(), User.objects.get()
channel = add_channel(agency_id=agency.pk, platform="memory", name="Square")
receive([IncomingPost(channel_id=channel.pk, external_id=f"p{n}",
         text=f"The {'swing gate bench rail sign'.split()[n % 5]} number {n * 37} squeaks a lot")
         for n in range(24)])
for case in Case.objects.order_by("pk"):
    after = Label.PRESS if case.label != "press" else Label.RECORDS
    change_decision(case=case, label=after, disposition=None, reason="", by=ann,
                    expected_version=None)
bias = np.zeros(12, dtype=np.float32)
bias[list(Label).index(Label.RECORDS)] = 40.0
content = Adapter(name=f"{agency.slug}-1", base=base_of(),
                  weights=np.zeros((12, 384), dtype=np.float32), bias=bias).to_bytes()
Proposal.objects.create(agency=agency, number=1, state="ready", base=base_of(), adapter=content,
                        adapter_hash=hashlib.sha256(content).hexdigest())
print(json.dumps([ann.email, agency.slug]))
"""
ASK = """
import json
from levelhead.learning import actions
from levelhead.accounts.models import Agency, User
print(json.dumps(actions.ask_for_try(agency=Agency.objects.get(), by=User.objects.get()).number))
"""


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Installation, str]]:
    """An installation with 24 corrections and a proposal that waits; Ann's address."""
    place = new_installation(tmp_path / "data")
    email, _slug = place.python(FILL)
    yield place, email
    place.end()


def _learn(place: Installation, *arguments: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(place.command("learn", *arguments, "--json").stdout)
    return told


def test_the_commands_do_what_the_page_does(
    filled: tuple[Installation, str], tmp_path: Path
) -> None:
    place, email = filled
    status = _learn(place, "status")
    assert (status["corrections"], status["in_force"]) == (24, None)
    assert _learn(place, "export", str(tmp_path / "c.jsonl"))["corrections"] == 24
    nobody = place.command("learn", "accept", "--by", "nobody@example.org", check=False)
    assert nobody.returncode == 2
    assert "Nobody here" in nobody.stderr
    assert _learn(place, "accept", "--by", email)["state"] == "accepted"
    assert _learn(place, "status")["in_force"] == 1
    # Everything that was learned is in a backup.
    place.command("backup", str(tmp_path / "desk.tar.gz"))
    fresh = Installation(tmp_path / "fresh")
    fresh.command("restore", str(tmp_path / "desk.tar.gz"))
    again = _learn(fresh, "status")
    assert (again["in_force"], again["in_force_fits"], again["corrections"]) == (1, True, 24)
    tried = _learn(place, "try")
    assert tried["number"] == 2
    assert tried["state"] in {"ready", "nothing"}
    assert tried["figures"]["corrections"]["count"] == 24  # type: ignore[index]
    reverted = _learn(place, "revert", "--by", email)
    assert (reverted["number"], reverted["in_force"]) == (1, None)


def test_the_running_worker_tries_what_a_page_asked_for(
    filled: tuple[Installation, str],
) -> None:
    place, _ = filled
    place.serve()
    place.wait_until_up()
    assert place.python(ASK) == 2
    state = until(
        lambda: place.rows(
            "SELECT state FROM learning_proposal WHERE number = 2 "
            "AND state NOT IN ('waiting', 'at_work')"
        ),
        "the worker to try",
    )
    assert state[0][0] in {"ready", "nothing"}
    assert place.stop() < 5
