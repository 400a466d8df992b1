"""The seconds in which a reply can be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from levelhead.channels import outbox
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.clocks.models import ClockMark
from levelhead.commitments.models import Commitment
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import change_decision, close_case, let_stand
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.sleeping import snooze_case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.verify import verify_records
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.choosing import choose_undo
from levelhead.replies.giving_up import give_up_reply
from levelhead.replies.leaving import leaves_in
from levelhead.replies.models import Reply
from tests.base import MONDAY, People, forget_what_was_filed
from tests.integration.replies.sending import SendingCase

TEN = override_settings(REPLY_UNDO_SECONDS=10)


@TEN
class LeavingTests(SendingCase):
    def test_it_leaves_after_ten_seconds_and_not_before(self) -> None:
        reply = self.reply()
        assert leaves_in(reply.outbox_item) == 10
        assert self.deliver() == 0
        assert self.deliver(seconds=9.9) == 0
        assert self.item().state == OutboxState.QUEUED
        assert self.deliver(seconds=0.1) == 1
        assert self.item().state == OutboxState.SENT
        assert self.case_now().state == CaseState.ANSWERED
        assert self.deliver(hours=3) == 0
        assert self.sent() == 1

    def test_the_worker_sleeps_until_then(self) -> None:
        self.reply()
        assert outbox.next_delivery_in() == 10
        self.clock.advance(timedelta(seconds=4))
        assert outbox.next_delivery_in() == 6
        self.clock.advance(timedelta(seconds=7))
        assert outbox.next_delivery_in() == 0

    def test_a_clock_set_back_neither_sends_at_once_nor_holds_for_hours(self) -> None:
        for back in (timedelta(seconds=70), timedelta(minutes=30), timedelta(hours=5)):
            with self.subTest(back=back):
                case = self.file_case(external_id=f"back-{back}")
                self.reply(case=case)
                self.clock.advance(-back)
                before = self.sent()
                outbox.deliver_due()
                assert self.sent() == before
                self.deliver(seconds=9)
                assert self.sent() == before
                self.deliver(seconds=2)
                assert self.sent() == before + 1
                self.clock.advance(back)
                self.deliver(hours=1)
                assert self.sent() == before + 1

    def test_a_clock_set_back_while_it_is_being_sent_does_not_strand_it(self) -> None:
        self.platform.fail_next("unclear_accepted", on="send")
        self.reply()
        self.deliver(seconds=10)
        assert self.item().state == OutboxState.UNCLEAR
        self.clock.advance(-timedelta(hours=4))
        self.deliver(minutes=5)
        assert self.item().state == OutboxState.SENT
        assert self.sent() == 1

    def test_a_clock_that_jumps_ahead_sends_it_once(self) -> None:
        self.reply()
        self.deliver(days=2)
        self.deliver(days=-2)
        self.deliver(seconds=30)
        assert self.sent() == 1

    def test_what_may_save_a_life_goes_at_once(self) -> None:
        case = change_decision(
            case=self.case, label=None, disposition=Disposition.ALERT, reason="a knife",
            by=self.alice, expected_version=None,
        )  # fmt: skip
        self.reply("Call 911 now. — Alice", case=case)
        assert self.item().leaves_at is None
        self.deliver()
        assert self.sent() == 1

    def test_the_agency_says_how_long_and_who_may_say_so(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                choose_undo(agency=self.agency, seconds=3, by=person)
        for seconds in (-1, 61):
            with pytest.raises(Invalid):
                choose_undo(agency=self.agency, seconds=seconds, by=self.bob)
        choose_undo(agency=self.agency, seconds=0, by=self.bob)
        self.reply()
        self.deliver()
        assert self.sent() == 1
        # The other agency keeps its own.
        other = self.file_case(channel_id=self.other_channel.pk)
        reply = self.reply(case=other, by=self.charlie)
        assert reply.outbox_item.hold_seconds == 10

    def test_taken_back_everything_is_as_it_was(self) -> None:
        before = Case.objects.values().get(pk=self.case.pk)
        tallies = sorted(Tally.objects.filter(cases__gt=0).values_list("state", "queue", "cases"))
        reply = self.reply("I will call you by Friday. — Alice")
        assert Commitment.objects.filter(reply=reply, state="asked").exists()
        self.clock.advance(timedelta(seconds=5))
        withdraw_reply(reply=reply, by=self.bob)
        after = Case.objects.values().get(pk=self.case.pk)
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= {"version", "updated_at"}
        assert tallies == sorted(
            Tally.objects.filter(cases__gt=0).values_list("state", "queue", "cases")
        )
        assert not Commitment.objects.filter(reply=reply, state="asked").exists()
        assert not ClockMark.objects.exists()
        self.deliver(minutes=5)
        assert self.sent() == 0
        with pytest.raises(Conflict):
            withdraw_reply(reply=reply, by=self.alice)
        assert verify_records().holds

    def test_taken_back_a_case_that_stood_was_closed_or_slept_does_so_again(self) -> None:
        let_stand(cases=[self.case], by=self.alice)
        withdraw_reply(reply=self.reply(), by=self.alice)
        assert self.case_now().state == CaseState.STOOD
        closed = self.file_case(external_id="c")
        close_case(case=closed, reason="by phone", by=self.alice, expected_version=None)
        withdraw_reply(reply=self.reply(case=closed), by=self.alice)
        closed.refresh_from_db()
        assert closed.state == CaseState.CLOSED
        asleep = self.file_case(external_id="s")
        until = clock.now() + timedelta(days=1)
        snooze_case(case=asleep, until=until, by=self.alice, expected_version=None)
        wake_at = Case.objects.get(pk=asleep.pk).wake_at
        withdraw_reply(reply=self.reply(case=asleep), by=self.alice)
        asleep.refresh_from_db()
        assert (asleep.state, asleep.snoozed_until, asleep.wake_at) == (
            CaseState.SNOOZED, until, wake_at,
        )  # fmt: skip

    def test_taken_back_a_reply_that_had_failed_before_is_loud_again(self) -> None:
        self.platform.fail_next("refused", on="send")
        first = self.reply("At 7. — Alice")
        self.deliver(seconds=10)
        second = self.reply()
        first.outbox_item.refresh_from_db()
        assert first.outbox_item.state == OutboxState.GIVEN_UP
        withdraw_reply(reply=second, by=self.alice)
        first.outbox_item.refresh_from_db()
        assert first.outbox_item.state == OutboxState.FAILED
        assert self.case_now().reply_failed

    def test_outsiders_and_viewers_take_nothing_back(self) -> None:
        reply = self.reply()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                withdraw_reply(reply=reply, by=person)

    def test_given_up_with_a_reason_it_is_loud_no_more(self) -> None:
        self.platform.fail_next("refused", on="send")
        reply = self.reply()
        self.deliver(seconds=10)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                give_up_reply(reply=reply, reason="no", by=person)
        with pytest.raises(Invalid):
            give_up_reply(reply=reply, reason=" ", by=self.bob)
        give_up_reply(reply=reply, reason="We called her", by=self.bob)
        assert not self.case_now().reply_failed
        reply = Reply.objects.get(pk=reply.pk)
        assert reply.state == "given_up"
        with pytest.raises(Invalid):
            retry_reply(reply=reply, by=self.bob)
        self.deliver(hours=10)
        assert self.sent() == 0


class ClockJumpTests(People, HypothesisTestCase):
    """Whatever the clock does, a reply leaves once, and never by jumping back."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people()

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(-20_000, 20_000), max_size=6))
    def test_it_leaves_once_and_within_a_minute_of_peace(self, jumps: list[int]) -> None:
        from levelhead.channels.accounts import account_of, pool
        from levelhead.connectors.memory import forget_platforms, platform_of

        forget_platforms()
        forget_what_was_filed()
        pool.close()
        ticking = clock.ManualClock(MONDAY)
        with clock.use(ticking), override_settings(REPLY_UNDO_SECONDS=10):
            case = self.file_case(external_id=f"jump-{OutboxItem.objects.count()}-{jumps}")
            send_reply(
                case=case,
                text="At 8. — Alice",
                by=self.alice,
                form_token=f"{case.pk}",
                expected_version=None,
            )
            for jump in jumps:
                ticking.advance(timedelta(seconds=jump))
                outbox.deliver_due()
                if all(one <= 0 for one in jumps):
                    assert not platform_of(account_of(self.channel)).sent
            for _five in range(15):
                ticking.advance(timedelta(seconds=5))
                outbox.deliver_due()
            assert len(platform_of(account_of(self.channel)).sent) == 1
