"""Updates of an incident reach a channel in their order, before all that is routine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of
from levelhead.channels.lanes import MOST_AT_ONCE, Lane
from levelhead.channels.models import Channel, OutboxItem, OutboxState
from levelhead.connectors.memory import MemoryPlatform, platform_of
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from tests.base import DeskTestCase
from tests.integration.incidents.crisis import Crisis


class LanesTest(Crisis, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()

    @property
    def platform(self) -> MemoryPlatform:
        return platform_of(account_of(self.channel))

    def enqueue(
        self, place: int = 0, *, lane: int = 7, channel: Channel | None = None
    ) -> OutboxItem:
        """An update of a lane; a routine post where it has no place."""
        return outbox.enqueue(
            channel=channel or self.channel, text=f"word {lane}.{place}", by=self.alice,
            lane=Lane(number=lane, place=place) if place else None, urgent=bool(place),
        )  # fmt: skip

    def deliver(self, minutes: float = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        outbox.deliver_due()

    def there(self) -> list[str]:
        return [message.text for message in self.platform.sent.values()]

    def test_the_second_waits_until_the_first_is_there(self) -> None:
        self.enqueue(1)
        self.enqueue(2)
        (first,) = outbox.claim_next()
        assert outbox.claim_next() == []
        outbox.deliver(first)
        (second,) = outbox.claim_next()
        assert (first.lane_place, second.lane_place) == (1, 2)

    def test_while_the_first_is_unclear_or_waits_the_second_does_not_leave(self) -> None:
        for failure in ("unclear_accepted", "unclear_lost", "busy", "garbled", "bug"):
            before = len(self.there())
            self.platform.fail_next(failure, on="send")
            lane = 100 + before
            self.enqueue(1, lane=lane)
            self.enqueue(2, lane=lane)
            self.deliver()
            assert OutboxItem.objects.get(lane=lane, lane_place=2).attempts == 0
            for _ in range(4):
                self.deliver(minutes=2)
            assert self.there()[before:] == [f"word {lane}.1", f"word {lane}.2"], failure

    def test_one_that_failed_for_good_lets_the_next_go(self) -> None:
        self.platform.fail_next("refused", on="send")
        first = self.enqueue(1)
        self.enqueue(2)
        self.deliver()
        self.deliver()
        first.refresh_from_db()
        assert first.state == OutboxState.FAILED
        assert self.there() == ["word 7.2"]

    def test_one_that_was_taken_back_lets_the_next_go(self) -> None:
        first = self.enqueue(1)
        self.enqueue(2)
        assert outbox.withdraw(first)
        self.deliver()
        assert self.there() == ["word 7.2"]

    def test_an_older_word_is_not_put_above_a_newer_one(self) -> None:
        self.platform.fail_next("refused", on="send")
        first = self.enqueue(1)
        self.enqueue(2)
        self.deliver()
        self.deliver()
        with pytest.raises(Invalid):
            outbox.retry(first)
        first.refresh_from_db()
        assert first.state == OutboxState.FAILED

    def test_a_retry_steps_in_before_one_that_was_seen_free_to_leave(self) -> None:
        self.platform.fail_next("refused", on="send")
        first = self.enqueue(1)
        self.deliver()
        second = self.enqueue(2)
        seen = OutboxItem.objects.get(pk=second.pk)
        outbox.retry(first)
        second.refresh_from_db()
        # A worker that chose it a moment ago claims with what it saw, and gets nothing.
        assert seen.claim != second.claim
        self.deliver()
        self.deliver()
        assert self.there() == ["word 7.1", "word 7.2"]

    def test_channels_and_incidents_do_not_wait_for_each_other(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        self.platform.fail_next("busy", on="send", times=9)
        self.enqueue(1)
        self.deliver()
        self.enqueue(2)
        self.enqueue(1, channel=other)
        self.enqueue(1, lane=8)
        self.deliver()
        assert {m.text for m in platform_of(account_of(other)).sent.values()} == {"word 7.1"}
        assert OutboxItem.objects.get(lane=8).attempts == 1
        assert OutboxItem.objects.get(lane_place=2).attempts == 0

    def test_updates_go_before_everything_routine(self) -> None:
        for _ in range(5):
            self.enqueue()
        self.clock.advance(timedelta(minutes=5))
        self.enqueue(1)
        claimed = outbox.claim_next(limit=1)
        assert [item.urgent for item in claimed] == [True]

    def test_a_channel_on_which_routine_posts_hang_still_takes_an_update(self) -> None:
        for _ in range(6):
            self.enqueue()
        hanging = outbox.claim_next(limit=20)
        assert len(hanging) == MOST_AT_ONCE
        self.enqueue(1)
        (update,) = outbox.claim_next(limit=20, under_way=hanging)
        assert update.urgent
        assert outbox.claim_next(limit=20, under_way=[*hanging, update]) == []

    def test_routine_and_urgent_threads_take_only_their_own(self) -> None:
        self.enqueue()
        self.enqueue(1)
        assert [item.urgent for item in outbox.claim_next(urgent=False)] == [False]
        assert [item.urgent for item in outbox.claim_next(urgent=True)] == [True]

    def test_the_sender_sleeps_while_all_that_is_due_must_wait(self) -> None:
        self.enqueue(1)
        (first,) = outbox.claim_next()
        self.enqueue(2)
        assert outbox.next_delivery_in() > 1, "it would ask the database fifty times a second"
        outbox.deliver(first)
        assert outbox.next_delivery_in() == 0
        for _ in range(4):
            self.enqueue()
        hanging = outbox.claim_next(urgent=False)
        assert outbox.next_delivery_in(under_way=hanging, urgent=False) > 1
        assert outbox.next_delivery_in(urgent=False) == 0

    def test_what_waited_its_turn_for_hours_is_not_given_up_at_its_first_try(self) -> None:
        self.platform.fail_next("unclear_lost", on="send")
        self.platform.fail_next("busy", on="find", times=80)
        self.enqueue(1)
        self.enqueue(2)
        for _ in range(80):
            self.deliver(minutes=6)
        assert self.there() == []
        self.deliver(minutes=6)
        self.deliver(minutes=6)
        assert self.there() == ["word 7.1"]
        self.platform.fail_next("busy", on="send", times=2)
        for _ in range(3):
            self.deliver(minutes=6)
        assert clock.now() - OutboxItem.objects.get(lane_place=2).created_at > timedelta(hours=7)
        assert self.there() == ["word 7.1", "word 7.2"]

    def test_updates_of_one_incident_share_a_lane(self) -> None:
        incident = self.declare()
        self.send(incident)
        self.send(incident)
        lanes = OutboxItem.objects.order_by("id").values_list("lane", "lane_place", "urgent")
        assert list(lanes) == [(incident.pk, 1, True), (incident.pk, 2, True)]
        for _ in range(3):
            self.deliver()
        assert len(self.there()) == 2
