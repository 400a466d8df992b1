"""A reply that can still be taken back is not lost, sent early or sent twice by kill -9."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.runtime.serving import Installation, new_installation, until

pytestmark = pytest.mark.slow

HOLD_SECONDS = 8
_SEND = """
import json, sys
from datetime import timedelta
from levelhead.accounts.actions import add_member
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency
from levelhead.channels.models import OutboxItem
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.choosing import choose_undo
from levelhead.replies.scheduling import Words, schedule_reply
agency = Agency.objects.get()
ana = add_member(agency=agency, email="ana@example.org", name="Ana", role=Role.ADMINISTRATOR,
                 password=None, by=None).user
choose_undo(agency=agency, seconds=HOLD, by=ana)
first, second = Case.objects.order_by("pk")[:2]
send_reply(case=first, text="At 8. — Ana", by=ana, form_token="f", expected_version=None)
schedule_reply(case=second, words=Words(text="At 9. — Ana", form_token="g"), by=ana,
               leaves_at=clock.now() + timedelta(seconds=HOLD), expected_version=None)
print(json.dumps(OutboxItem.objects.get().leaves_at.timestamp()))
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Installation]:
    """An installation with an agency, not running."""
    installation = new_installation(tmp_path / "data")
    yield installation
    installation.end()


def test_killed_in_the_seconds_before_it_leaves(place: Installation, tmp_path: Path) -> None:
    stream, sent = tmp_path / "posts.jsonl", tmp_path / "sent.jsonl"
    stream.write_text(
        "".join(
            json.dumps({"at_seconds": 0, "id": f"p{n}", "text": f"When do you open desk {n}?"})
            + "\n"
            for n in range(2)
        )
    )
    settings = {
        "stream": str(stream), "started_at": datetime.now(UTC).isoformat(), "speed": 0,
        "outbox_file": str(sent),
    }  # fmt: skip
    place.python(
        "from levelhead.accounts.models import Agency\n"
        "from levelhead.channels.actions import add_channel\n"
        "add_channel(agency_id=Agency.objects.get().pk, platform='replay', name='Square', "
        f"settings={settings!r})\nprint(1)"
    )
    place.serve()
    place.wait_until_up()
    until(lambda: place.rows("SELECT count(*) FROM inbox_case")[0][0] == 2, "the posts")
    leaves_at = place.python(_SEND.replace("HOLD", str(HOLD_SECONDS)))
    for worker in place.processes("worker"):
        os.kill(worker, signal.SIGKILL)

    def texts() -> list[str]:
        if not sent.exists():
            return []
        return sorted(json.loads(line)["text"] for line in sent.read_text().splitlines())

    while time.time() < leaves_at - 0.3:
        assert not texts()
        time.sleep(0.1)
    until(lambda: len(texts()) == 2, "both replies")
    time.sleep(2)
    assert texts() == ["At 8. — Ana", "At 9. — Ana"]
    states = place.rows("SELECT state, attempts FROM channels_outboxitem")
    assert states == [("sent", 1), ("sent", 1)]
