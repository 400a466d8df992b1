"""What the room says of each channel is what is true there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.accounts import account_of
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.connectors.memory import platform_of
from levelhead.incidents.models import LogEntry
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.updates.actions import retry_delivery
from levelhead.updates.deciding import do_without, send_after_all
from levelhead.updates.models import UpdateDelivery
from levelhead.updates.receipts import Receipt, Standing, channels_of
from tests.integration.incidents.crisis import Crisis
from tests.integration.web.pages import PagesTestCase


class ReceiptsTestCase(Crisis, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_crisis()
        self.incident = self.declare()

    def deliver(self, minutes: float = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        while outbox.deliver_due():
            pass

    def fail(self, failure: str, times: int = 1, on: str = "send") -> None:
        platform_of(account_of(self.channel)).fail_next(failure, times=times, on=on)  # type: ignore[arg-type]

    def receipt(self, channel: Channel | None = None) -> Receipt:
        self.incident.refresh_from_db()
        wanted = (channel or self.channel).pk
        return next(
            one for one in channels_of(self.incident)["receipts"] if one.channel.pk == wanted
        )

    def delivery(self, number: int) -> UpdateDelivery:
        return UpdateDelivery.objects.get(update_of__number=number, channel=self.channel)


class StandingTest(ReceiptsTestCase):
    def test_nine_of_ten_have_it(self) -> None:
        others = [self.make_channel(self.agency, f"Square {n}") for n in range(9)]
        self.fail("busy", times=9)
        self.send(self.incident, on=[self.channel, *others])
        self.deliver()
        self.incident.refresh_from_db()
        told = channels_of(self.incident)
        assert (told["have"], told["to_have"], told["newest"]) == (9, 10, 1)
        assert told["receipts"][0].channel == self.channel, "what is missing stands first"
        assert self.receipt().standing is Standing.WAITS
        page = self.look("incident-channels", self.incident.pk)
        assert "9 of 10 channels have update 1" in page
        assert "update 1 is not there yet" in page

    def test_each_trouble_is_said_with_what_to_do(self) -> None:
        for failure, standing, todo in (
            ("busy", Standing.WAITS, "tried again by itself"),
            ("unclear_lost", Standing.UNCLEAR, "not sent twice"),
            ("signed_out", Standing.OFF, "Connect the channel again"),
            ("refused", Standing.FAILED, "The platform said no"),
        ):
            with self.subTest(failure):
                self.fail(failure)
                self.send(self.incident)
                outbox.deliver_due()
                receipt = self.receipt()
                assert receipt.standing is standing
                assert todo in receipt.todo
                Channel.objects.update(state=ChannelState.ON)
                self.deliver(minutes=5)
                self.deliver(minutes=5)

    def test_what_is_there_is_said_with_its_number_and_time(self) -> None:
        self.send(self.incident)
        assert self.receipt().standing is Standing.LEAVING
        self.deliver()
        receipt = self.receipt()
        assert (receipt.standing, receipt.has) == (Standing.HAS, 1)
        assert receipt.since == OutboxItem.objects.get().sent_at

    def test_the_next_waits_and_the_number_of_the_newest_there_is_told(self) -> None:
        self.send(self.incident)
        self.deliver()
        self.fail("busy", times=50)
        self.send(self.incident)
        self.send(self.incident)
        self.deliver()
        receipt = self.receipt()
        assert receipt.holds is not None
        assert (receipt.has, receipt.newest, receipt.waiting) == (1, 3, 2)
        assert receipt.holds.update_of.number == 2
        assert "2 updates leave one after the other" in self.look(
            "incident-channels", self.incident.pk
        )

    def test_a_channel_that_was_not_meant_is_not_counted(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        self.send(self.incident, on=[self.channel, other])
        self.send(self.incident, on=[other])
        self.deliver()
        self.incident.refresh_from_db()
        told = channels_of(self.incident)
        assert (told["have"], told["to_have"]) == (1, 1)
        assert self.receipt().standing is Standing.HAS
        assert "Update 2 was not meant for this channel" in self.look(
            "incident-channels", self.incident.pk
        )

    def test_the_queries_do_not_grow(self) -> None:
        others = [self.make_channel(self.agency, f"Square {n}") for n in range(12)]
        self.send(self.incident, on=[self.channel])
        self.deliver()
        self.fail("refused", times=3)
        for _ in range(7):
            self.send(self.incident, on=[self.channel, *others])
            self.deliver()
        self.fail("busy", times=30)
        self.send(self.incident, on=[self.channel, *others])
        self.deliver()
        self.incident.refresh_from_db()
        with self.assertNumQueries(5):
            channels_of(self.incident)
        with self.assertNumQueries(14):
            self.look("incident-channels", self.incident.pk)

    def test_an_incident_without_updates_teaches(self) -> None:
        assert "No update has left yet" in self.look("incident-channels", self.incident.pk)


class DecidingTest(ReceiptsTestCase):
    def test_one_that_failed_is_tried_again(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        retry_delivery(delivery=self.delivery(1), by=self.alice)
        self.deliver()
        assert self.receipt().standing is Standing.HAS

    def test_a_failed_one_with_a_later_one_there_is_no_trouble_and_not_sent_again(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        self.send(self.incident)
        self.deliver()
        receipt = self.receipt()
        assert (receipt.standing, receipt.has) == (Standing.HAS, 2)
        assert [one.update_of.number for one in receipt.lost] == [1]
        with pytest.raises(Invalid):
            retry_delivery(delivery=self.delivery(1), by=self.alice)
        assert len(platform_of(account_of(self.channel)).sent) == 1

    def test_doing_without_lets_the_next_go_and_says_why(self) -> None:
        self.fail("unclear_lost")
        self.fail("busy", times=50, on="find")
        self.send(self.incident)
        self.send(self.incident)
        outbox.deliver_due()
        do_without(delivery=self.delivery(1), why="It is on the page.", by=self.alice)
        self.deliver(minutes=1)
        receipt = self.receipt()
        assert (receipt.standing, receipt.has) == (Standing.HAS, 2)
        entry = LogEntry.objects.get(action="person:update:done_without")
        assert (entry.by, entry.text, entry.told["was"]) == (
            self.alice, "It is on the page.", "unclear",
        )  # fmt: skip
        page = self.look("incident-channels", self.incident.pk)
        assert "Alice decided to do without it" in page

    def test_the_newest_may_be_done_without_and_sent_after_all(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        do_without(delivery=self.delivery(1), why="A quiet account.", by=self.alice)
        assert self.receipt().standing is Standing.WITHOUT
        send_after_all(delivery=self.delivery(1), by=self.bob)
        self.deliver(minutes=1)
        assert self.receipt().standing is Standing.HAS
        assert self.delivery(1).without_by is None

    def test_after_all_looks_first_whether_it_is_there(self) -> None:
        self.fail("unclear_accepted")
        self.send(self.incident)
        outbox.deliver_due()
        do_without(delivery=self.delivery(1), why="It hangs.", by=self.alice)
        send_after_all(delivery=self.delivery(1), by=self.alice)
        self.deliver(minutes=1)
        platform = platform_of(account_of(self.channel))
        assert (len(platform.sent), platform.calls["send"]) == (1, 1)
        assert self.receipt().standing is Standing.HAS

    def test_while_it_is_being_sent_nobody_does_without(self) -> None:
        self.send(self.incident)
        (claimed,) = outbox.claim_next()
        with pytest.raises(Conflict):
            do_without(delivery=self.delivery(1), why="Slow.", by=self.alice)
        outbox.deliver(claimed)
        assert self.receipt().standing is Standing.HAS
        with pytest.raises(Invalid):
            do_without(delivery=self.delivery(1), why="Late.", by=self.alice)

    def test_a_late_answer_does_not_undo_the_decision(self) -> None:
        self.send(self.incident)
        (claimed,) = outbox.claim_next()
        self.clock.advance(timedelta(minutes=5))
        do_without(delivery=self.delivery(1), why="It hangs.", by=self.alice)
        outbox.deliver(claimed)
        assert OutboxItem.objects.get().state == OutboxState.GIVEN_UP

    def test_a_reason_is_needed_and_bounded(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        for why in ("", "  ", "x" * 1_001):
            with pytest.raises(Invalid):
                do_without(delivery=self.delivery(1), why=why, by=self.alice)
        assert self.receipt().standing is Standing.FAILED

    def test_viewers_and_outsiders_decide_nothing(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                do_without(delivery=self.delivery(1), why="x", by=person)
            with pytest.raises(NotAllowed):
                retry_delivery(delivery=self.delivery(1), by=person)


class PagesTest(ReceiptsTestCase):
    def press(self, name: str, person: User, **data: str) -> int:
        self.sign_in(person)
        path = self.path(name, self.incident.pk, self.delivery(1).pk)
        return self.client.post(path, data).status_code

    def test_who_may_look_and_who_may_decide(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        for name in ("receipt-retry", "receipt-without", "receipt-after-all"):
            assert self.press(name, self.victor, why="x") == 403
            assert self.press(name, self.charlie, why="x") == 404
        assert self.receipt().standing is Standing.FAILED
        self.sign_in(self.victor)
        page = self.look("incident-channels", self.incident.pk)
        assert "update 1 failed" in page
        assert "data-action" not in page.split('id="receipts"')[1]
        self.sign_in(self.charlie)
        path = self.path("incident-channels", self.incident.pk)
        assert self.client.get(path).status_code == 404

    def test_deciding_on_the_page(self) -> None:
        self.fail("refused")
        self.send(self.incident)
        self.deliver()
        assert self.press("receipt-without", self.alice, why="") == 302
        assert "Say why this channel can do without it." in self.look(
            "incident-channels", self.incident.pk
        )
        assert self.press("receipt-without", self.alice, why="<b>Old\0</b> account") == 302
        page = self.look("incident-channels", self.incident.pk)
        assert "&lt;b&gt;Old" in page
        assert self.press("receipt-after-all", self.alice) == 302
        assert self.receipt().standing is Standing.UNCLEAR

    def test_it_leads_back_to_where_the_form_stood_and_nowhere_else(self) -> None:
        self.fail("refused", times=9)
        self.send(self.incident)
        self.deliver()
        path = self.path("receipt-retry", self.incident.pk, self.delivery(1).pk)
        here = self.path("incident-channels", self.incident.pk)
        for given, led in (
            ("/riverton/today/", "/riverton/today/"), ("https://evil.example/", here),
            ("//evil.example", here), ("", here),
        ):  # fmt: skip
            assert self.client.post(path, {"back": given})["Location"] == led
