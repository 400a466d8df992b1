"""The live streams as a browser meets them: the real server, real connections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.runtime.serving import (
    Installation,
    OpenStream,
    new_installation,
    session_of,
    until,
)

pytestmark = pytest.mark.slow

ANNOUNCE = """
import json
from django.db import transaction
from levelhead.accounts.models import Agency
from levelhead.live.actions import announce
for number in range({first}, {last}):
    with transaction.atomic():
        announce(agency_id=Agency.objects.get(slug={slug!r}).pk, kind="case.changed",
                 payload={{"case": str(number), "words": "a\\nb"}})
print(json.dumps("done"))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Streams of two agencies."""
    installation = new_installation(tmp_path_factory.mktemp("streams") / "data")
    installation.command(
        "init", "--agency", "Maple", "--email", "charlie@example.org", "--name", "Charlie"
    )
    installation.serve("--role", "stream")
    until(lambda: "Levelhead is running" in installation.log.read_text(), "the streams")
    yield installation
    assert installation.stop() < 3.0
    installation.end()


@pytest.fixture(scope="module")
def ann(place: Installation) -> str:
    """Ann's session; she is of Riverton."""
    return session_of(place, "ann@example.org")


@pytest.fixture(scope="module")
def charlie(place: Installation) -> str:
    """Charlie's session; he is of Maple."""
    return session_of(place, "charlie@example.org")


def _announce(place: Installation, first: int, last: int, slug: str = "riverton") -> None:
    place.python(ANNOUNCE.format(first=first, last=last, slug=slug))


def _head(place: Installation) -> int:
    found = place.rows(
        "SELECT seq FROM live_livehead h JOIN accounts_agency a ON a.id = h.agency_id "
        "WHERE a.slug = 'riverton'"
    )
    return int(found[0][0])


def test_what_comes_is_told_in_order_and_once(place: Installation, ann: str) -> None:
    head = _head(place)
    stream = OpenStream(place, "riverton", ann, f"?after={head}")
    assert stream.status == 200
    assert stream.headers["content-type"].startswith("text/event-stream")
    _announce(place, 0, 5)
    events = [stream.next_event() for _ in range(5)]
    stream.close()
    assert [event["seq"] for event in events] == list(range(head + 1, head + 6))
    assert events[0] == {
        "seq": head + 1, "kind": "case.changed", "case": "0", "words": "a\nb",
    }  # fmt: skip


def test_what_was_missed_is_told_first(place: Installation, ann: str) -> None:
    head = _head(place)
    _announce(place, 0, 3)
    stream = OpenStream(place, "riverton", ann, f"?after={head}", Last_Event_ID=str(head + 1))
    # The browser's own word is newer than the address it began with.
    assert [stream.next_event()["seq"] for _ in range(2)] == [head + 2, head + 3]
    _announce(place, 3, 4)
    assert stream.next_event()["seq"] == head + 4
    stream.close()


@pytest.mark.parametrize("after", ["0", "9223372036854775807"])
def test_a_screen_that_missed_what_is_gone_or_is_ahead_loads_anew(
    place: Installation, ann: str, after: str
) -> None:
    _announce(place, 0, 2)
    place.python(
        "import json; from levelhead.live.models import LiveEvent\n"
        "LiveEvent.objects.all().delete(); print(json.dumps('done'))"
    )
    stream = OpenStream(place, "riverton", ann, f"?after={after}")
    assert stream.next_event() == {"seq": _head(place), "kind": "reset"}
    _announce(place, 5, 6)
    assert stream.next_event()["case"] == "5"
    stream.close()


def test_nothing_of_another_agency_is_told(place: Installation, ann: str, charlie: str) -> None:
    ours, theirs = OpenStream(place, "riverton", ann), OpenStream(place, "maple", charlie)
    _announce(place, 71, 72, slug="maple")
    _announce(place, 72, 73)
    assert ours.next_event()["case"] == "72"
    assert theirs.next_event()["case"] == "71"
    ours.close()
    theirs.close()


def test_who_may_not_listen_is_refused(place: Installation, ann: str) -> None:
    def refusal(slug: str, key: str, **headers: str) -> tuple[int, str]:
        stream = OpenStream(place, slug, key, **headers)
        told: dict[str, Any] = stream.json()
        stream.close()
        return stream.status, told["error"]["code"]

    assert refusal("riverton", "") == (403, "not_allowed")
    assert refusal("riverton", "x" * 32) == (403, "not_allowed")
    # Another's agency looks like one that is not there.
    assert refusal("maple", ann) == refusal("nowhere", ann) == (404, "not_found")
    assert refusal("riverton", ann, Origin="https://evil.example") == (403, "not_allowed")
    assert refusal("riverton", ann, Last_Event_ID="1; DROP") == (400, "invalid")


def test_the_page_on_the_other_port_may_use_the_cookie(place: Installation, ann: str) -> None:
    origin = f"http://127.0.0.1:{place.port}"
    stream = OpenStream(place, "riverton", ann, Origin=origin)
    assert stream.status == 200
    assert stream.headers["access-control-allow-origin"] == origin
    assert stream.headers["access-control-allow-credentials"] == "true"
    stream.close()


def test_one_person_cannot_take_all_places(place: Installation, charlie: str) -> None:
    streams = [OpenStream(place, "maple", charlie) for _ in range(31)]
    assert [stream.status for stream in streams] == [200] * 30 + [503]
    assert "30 windows" in streams[-1].json()["error"]["message"]
    for stream in streams:
        stream.close()

    def room_again() -> bool:
        stream = OpenStream(place, "maple", charlie)
        stream.close()
        return stream.status == 200

    until(room_again, "the places of closed windows free again")


def test_nobody_waits_for_a_screen_that_does_not_read(place: Installation, ann: str) -> None:
    deaf, hearing = OpenStream(place, "riverton", ann), OpenStream(place, "riverton", ann)
    last = _head(place) + 700
    program = ANNOUNCE.replace('"a\\nb"', '"x" * 60_000').format(first=0, last=700, slug="riverton")
    with ThreadPoolExecutor(1) as other:
        writing = other.submit(place.python, program)
        while hearing.next_event()["seq"] < last:
            pass
        writing.result()
    hearing.close()
    # How much of it lies in buffers depends on the machine: whether the deaf one is let go does
    # too. What happens when its queue is full is in test_hub.
    deaf.close()
