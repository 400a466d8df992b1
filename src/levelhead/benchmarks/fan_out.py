"""From declaring an incident to its first word on ten channels; and when one of them hangs.

The channels are accounts on a loopback platform, reached by the product's own Bluesky connector.
The worker is the product's, in its own process. It is compared with a plain sender in this
process: the same connector, one channel after the other.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from levelhead.accounts.actions import add_member, create_agency
from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency, User
from levelhead.benchmarks.loopback import LoopbackPlatform, serve_platform
from levelhead.channels import outbox
from levelhead.channels.accounts import pool
from levelhead.channels.actions import add_channel
from levelhead.channels.domain import OutgoingMessage
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.channels.ports import Sender
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.kernel.errors import ChannelError, LevelheadError
from levelhead.kernel.ids import new_id
from levelhead.updates.actions import send_update
from levelhead.updates.domain import ToChannel, Wish, Words

CHANNELS: Final = 10
# Platforms answer a post in a third of a second or so.
ANSWERS_AFTER: Final = 0.3
HANGS_SECONDS: Final = 60.0
# Routine posts that are under way or wait on each channel when one hangs.
ROUTINE: Final = 5
# Incidents declared meanwhile.
MOST_HANGING: Final = 3
PATIENCE_SECONDS: Final = 120.0
_LEAD: Final = "We know of reports of shots at the riverfront and are on our way. Stay away."

Say = Callable[[str], None]


def measure_fan_out(folder: Path, *, rounds: int, whole: bool, say: Say) -> dict[str, Any]:
    """The figures. `whole` waits until the hanging channel has what it was sent, once."""
    agency = create_agency(name="Riverton", slug="riverton")
    person = add_member(
        agency=agency, email="ana@example.org", name="Ana", role=Role.ADMINISTRATOR,
        password=None, by=None,
    ).user  # fmt: skip
    with serve_platform() as platform, ThreadPoolExecutor(CHANNELS) as beside:
        channels = [_add_channel(agency, platform, f"square{n}") for n in range(CHANNELS)]
        # Of the plain sender alone; the worker leaves them.
        plain_channels = [_add_channel(agency, platform, f"plain{n}") for n in range(CHANNELS)]
        Channel.objects.filter(pk__in=[one.pk for one in plain_channels]).update(
            state=ChannelState.PAUSED
        )
        list(beside.map(lambda one: _send_plainly([one]), plain_channels))
        say("one after the other, all answering")
        plain = _send_plainly(plain_channels)
        platform.account("plain0").hangs_until = time.monotonic() + HANGS_SECONDS
        plainly = beside.submit(_send_plainly, plain_channels)
        with _worker(folder):
            _send(agency, channels, person)
            _wait_for(channels, 1)
            healthy = []
            for number in range(rounds):
                say(f"all answering, round {number + 1} of {rounds}")
                healthy.append(_time_round(agency, channels, person))
            hanging = platform.account("square0")
            hanging.hangs_until = time.monotonic() + HANGS_SECONDS
            for channel in channels:
                for _ in range(ROUTINE):
                    outbox.enqueue(channel=channel, text="The library opens at 9.", by=person)
            # So that the routine ones have taken what threads they get.
            time.sleep(1.0)
            with_hang = []
            for number in range(min(rounds, MOST_HANGING)):
                say(f"one channel hangs for {HANGS_SECONDS:.0f} seconds, round {number + 1}")
                with_hang.append(_time_round(agency, channels, person, but=channels[0]))
            late, twice = None, None
            if whole:
                say("waiting for the channel that hangs")
                late = round(_wait_until_sent(channels[0]), 2)
                twice = len(hanging.posts) - _sent_on(channels[0])
            plain_hang = plainly.result()
    delay = statistics.median(with_hang) - statistics.median(healthy)
    return {
        "channels": CHANNELS,
        "platform_answers_after_seconds": ANSWERS_AFTER,
        "accepted_seconds": round(statistics.median(healthy), 2),
        "accepted_worst_seconds": round(max(healthy), 2),
        "others_accepted_while_one_hangs_seconds": round(max(with_hang), 2),
        "delayed_by_the_hang_seconds": round(delay, 2),
        "hanging_channel_seconds": late,
        "too_many_on_the_hanging_channel": twice,
        "plain_sender_seconds": round(plain, 2),
        "plain_sender_others_while_one_hangs_seconds": round(plain_hang, 2),
        "compared_with": "the same connector in one thread, one channel after the other",
    }


def _add_channel(agency: Agency, platform: LoopbackPlatform, handle: str) -> Channel:
    platform.account(handle).answers_after = ANSWERS_AFTER
    return add_channel(
        agency_id=agency.pk, platform="bluesky", name=handle,
        settings=platform.settings(handle), secrets={"app_password": "loopback"},
    )  # fmt: skip


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    """The product's own worker, on the same database."""
    with (folder / "worker.log").open("wb") as log:
        worker = subprocess.Popen(  # noqa: S603  # our own program
            [Path(sys.executable).with_name("levelhead"), "serve", "--role", "worker"],
            env={**os.environ, "LEVELHEAD_DATA": str(folder)}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield
        finally:
            worker.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                worker.wait(10)
            worker.kill()
            worker.wait()


def _send(agency: Agency, channels: Sequence[Channel], by: User) -> Incident:
    """Declare, and say the first word everywhere, as the pages do it."""
    incident = declare(
        agency=agency, kind=IncidentKind.ACTIVE_THREAT, title="Shots at the riverfront",
        why="Many posts tell of it.", by=by, form_token=str(new_id()),
    )  # fmt: skip
    send_update(
        incident=incident, by=by,
        wish=Wish(
            words=(Words(lang="en", lead=_LEAD),), cited=(),
            channels=tuple(
                ToChannel(channel_id=one.pk, lang="en", text=f"{_LEAD} {incident.number}")
                for one in channels
            ),
            next_word_at=clock.now() + timedelta(minutes=20), form_token=str(new_id()),
        ),
    )  # fmt: skip
    return incident


def _time_round(
    agency: Agency, channels: Sequence[Channel], by: User, *, but: Channel | None = None
) -> float:
    """Seconds from declaring until every channel (but one) has the word, and we know it."""
    begun = time.monotonic()
    incident = _send(agency, channels, by)
    waited = [one.pk for one in channels if but is None or one.pk != but.pk]
    items = OutboxItem.objects.filter(lane=incident.pk, channel_id__in=waited)
    while items.exclude(state=OutboxState.SENT).exists():
        _give_up_after(begun)
        time.sleep(0.02)
    return time.monotonic() - begun


def _wait_for(channels: Sequence[Channel], number: int) -> None:
    """Until the worker runs and has sent so many on each."""
    begun = time.monotonic()
    while any(_sent_on(one) < number for one in channels):
        _give_up_after(begun)
        time.sleep(0.05)


def _wait_until_sent(channel: Channel) -> float:
    begun = time.monotonic()
    while OutboxItem.objects.filter(channel=channel).exclude(state=OutboxState.SENT).exists():
        _give_up_after(begun)
        time.sleep(0.1)
    return time.monotonic() - begun


def _sent_on(channel: Channel) -> int:
    return OutboxItem.objects.filter(channel=channel, state=OutboxState.SENT).count()


def _give_up_after(begun: float) -> None:
    if time.monotonic() - begun > PATIENCE_SECONDS:
        raise LevelheadError("The worker did not send in two minutes; see worker.log.")


def _send_plainly(channels: Sequence[Channel]) -> float:
    """Seconds until a sender in one thread has been everywhere that answers."""
    begun = last = time.monotonic()
    for channel in channels:
        message = OutgoingMessage(marker=outbox.new_marker(), text=_LEAD, created_at=clock.now())
        # Signed in already, as the worker is.
        key, connector = pool.take(channel)
        assert isinstance(connector, Sender)  # noqa: S101  # by its platform
        with suppress(ChannelError):
            connector.send(message)
            last = time.monotonic()
        pool.give_back(key, connector)
    return last - begun
