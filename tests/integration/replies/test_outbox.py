"""A reply leaves exactly once, whatever the platform and our own workers do."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.connectors.memory import MemoryPlatform, forget_platforms, platform_of
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.verify import verify_records
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.models import Reply
from tests.base import MONDAY, CommittedDeskTestCase, DeskTestCase


class OutboxTest(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.case = self.file_case(text="When does the front desk open?")

    @property
    def platform(self) -> MemoryPlatform:
        return platform_of(account_of(self.channel))

    def reply(self, token: str = "form-1", text: str = "At 8. — Alice") -> Reply:
        return send_reply(
            case=self.case, text=text, by=self.alice, form_token=token, expected_version=None
        )

    def deliver(self, minutes: int = 0) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        outbox.deliver_due()

    def item(self) -> OutboxItem:
        return OutboxItem.objects.get()

    def case_now(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def test_a_reply_is_sent_with_a_receipt_and_the_case_is_answered(self) -> None:
        self.reply()
        assert self.case_now().state == CaseState.ANSWERING
        self.deliver()
        assert self.item().state == OutboxState.SENT
        assert self.item().external_id
        assert self.case_now().state == CaseState.ANSWERED
        assert self.case_now().due_at is None
        self.deliver(minutes=60)
        assert self.platform.calls["send"] == 1
        assert verify_records().holds

    def test_the_same_form_twice_is_one_reply(self) -> None:
        assert self.reply().pk == self.reply().pk
        assert OutboxItem.objects.count() == 1

    def test_the_same_form_with_other_words_is_refused_and_not_taken_for_sent(self) -> None:
        self.reply(text="At 8. — Alice")
        with pytest.raises(Conflict):
            self.reply(text="At 9. — Alice")
        assert Reply.objects.get().text == "At 8. — Alice"

    def test_a_second_person_is_told_that_a_reply_is_on_its_way(self) -> None:
        self.reply()
        with pytest.raises(Conflict):
            self.reply(token="form-2")

    def test_accepted_but_cut_is_looked_up_and_not_sent_again(self) -> None:
        self.platform.fail_next("unclear_accepted", on="send")
        self.reply()
        self.deliver()
        assert self.item().state == OutboxState.UNCLEAR
        assert self.case_now().state == CaseState.ANSWERING
        self.deliver(minutes=1)
        assert self.item().state == OutboxState.SENT
        assert self.platform.calls["send"] == 1
        assert len(self.platform.sent) == 1

    def test_lost_on_the_way_is_looked_up_and_then_sent(self) -> None:
        self.platform.fail_next("unclear_lost", on="send")
        self.reply()
        self.deliver()
        self.deliver(minutes=1)
        assert self.item().state == OutboxState.SENT
        assert len(self.platform.sent) == 1

    def test_a_look_up_that_fails_does_not_send(self) -> None:
        self.platform.fail_next("unclear_accepted", on="send")
        self.platform.fail_next("garbled", on="find", times=3)
        self.reply()
        self.deliver()
        for _ in range(3):
            self.deliver(minutes=10)
            assert self.item().state == OutboxState.UNCLEAR
        assert self.platform.calls["send"] == 1
        self.deliver(minutes=10)
        assert self.item().state == OutboxState.SENT
        assert self.platform.calls["send"] == 1

    def test_busy_waits_as_long_as_the_platform_asks(self) -> None:
        self.platform.fail_next("busy", on="send")
        self.reply()
        self.deliver()
        assert self.item().state == OutboxState.QUEUED
        assert self.item().next_attempt_at >= MONDAY + timedelta(seconds=7)
        self.deliver(minutes=1)
        assert self.item().state == OutboxState.SENT

    def test_a_refusal_is_loud_and_can_be_retried(self) -> None:
        self.platform.fail_next("refused", on="send")
        reply = self.reply()
        self.deliver()
        assert self.item().state == OutboxState.FAILED
        case = self.case_now()
        assert (case.state, case.reply_failed) == (CaseState.OPEN, True)
        retry_reply(reply=reply, by=self.bob)
        self.deliver()
        case = self.case_now()
        assert (case.state, case.reply_failed) == (CaseState.ANSWERED, False)

    def test_a_connectors_bug_is_treated_as_unclear(self) -> None:
        self.platform.fail_next("bug", on="send")
        self.reply()
        self.deliver()
        assert self.item().state == OutboxState.UNCLEAR
        self.deliver(minutes=10)
        assert self.item().state == OutboxState.SENT
        assert len(self.platform.sent) == 1

    def test_a_worker_killed_in_the_middle_is_looked_up(self) -> None:
        self.reply()
        (claimed,) = outbox.claim_next()
        # The platform accepted, and the worker was killed before it could write that down.
        platform = self.platform
        from levelhead.channels.domain import OutgoingMessage

        platform.accept(
            OutgoingMessage(marker=claimed.marker, text=claimed.text, created_at=MONDAY),
            self.channel.pk,
            "us",
        )
        self.deliver()
        assert self.item().state == OutboxState.SENDING, "the claim still holds"
        self.deliver(minutes=5)
        assert self.item().state == OutboxState.SENT
        assert platform.calls.get("send", 0) == 0

    def test_an_outcome_after_the_claim_ran_out_is_not_written(self) -> None:
        self.reply()
        (slow,) = outbox.claim_next()
        self.clock.advance(timedelta(minutes=5))
        outbox.deliver_due()
        assert self.item().state == OutboxState.SENT
        sent_at = self.item().sent_at
        self.clock.advance(timedelta(minutes=5))
        outbox.deliver(slow)
        assert self.item().sent_at == sent_at
        assert len(self.platform.sent) == 1

    def test_signed_out_keeps_the_reply_and_stops_the_channel(self) -> None:
        self.platform.fail_next("signed_out", on="send")
        self.reply()
        self.deliver()
        channel = Channel.objects.get(pk=self.channel.pk)
        assert channel.state == ChannelState.SIGNED_OUT
        assert self.item().state == OutboxState.QUEUED
        self.deliver(minutes=10)
        assert self.platform.calls["send"] == 1
        Channel.objects.filter(pk=channel.pk).update(state=ChannelState.ON)
        self.deliver(minutes=10)
        assert self.item().state == OutboxState.SENT

    def test_after_hours_of_trying_it_fails_loudly(self) -> None:
        self.platform.fail_next("busy", on="send", times=1000)
        self.reply()
        for _ in range(100):
            self.deliver(minutes=6)
        assert self.item().state == OutboxState.FAILED
        assert self.case_now().reply_failed

    def test_a_clock_that_was_ahead_and_is_set_back_stops_nothing(self) -> None:
        self.clock.advance(timedelta(days=2))
        self.platform.fail_next("busy", on="send")
        self.reply()
        self.deliver()
        self.clock.advance(-timedelta(days=2))
        self.deliver()
        assert self.item().state == OutboxState.SENT

    def test_a_worker_that_looked_a_moment_before_another_claimed_takes_nothing(self) -> None:
        self.reply()
        self.clock.advance(timedelta(seconds=20))
        (claimed,) = outbox.claim_next()
        # Its look at the clock is older than the other's claim: it had waited for the database.
        self.clock.advance(-timedelta(seconds=20))
        assert outbox.claim_next() == []
        outbox.deliver(claimed)
        assert self.platform.calls["send"] == 1

    def test_a_hanging_channel_leaves_room_for_the_others(self) -> None:
        other = self.make_channel(self.agency, "Second square")
        for number in range(6):
            case = self.file_case(external_id=f"slow{number}")
            send_reply(
                case=case, text="x", by=self.alice, form_token=f"s{number}", expected_version=None
            )
        case = self.file_case(external_id="quick", channel_id=other.pk)
        send_reply(case=case, text="x", by=self.alice, form_token="q", expected_version=None)
        claimed = outbox.claim_next(limit=8)
        assert [item.channel_id for item in claimed].count(self.channel.pk) == 3
        assert [item.channel_id for item in claimed].count(other.pk) == 1
        assert outbox.claim_next(limit=8, under_way=[*claimed]) == []

    def test_withdrawn_before_it_left_never_leaves(self) -> None:
        reply = self.reply()
        withdraw_reply(reply=reply, by=self.alice)
        self.deliver(minutes=10)
        assert self.item().state == OutboxState.WITHDRAWN
        assert self.platform.calls.get("send", 0) == 0
        assert self.case_now().state == CaseState.OPEN

    def test_too_late_to_withdraw(self) -> None:
        reply = self.reply()
        self.deliver()
        with pytest.raises(Conflict):
            withdraw_reply(reply=reply, by=self.alice)

    def test_outsiders_and_viewers_cannot_reply(self) -> None:
        for person in (self.charlie, self.victor):
            with pytest.raises(NotAllowed):
                send_reply(
                    case=self.case, text="x", by=person, form_token="t", expected_version=None
                )
        assert not OutboxItem.objects.exists()

    def test_empty_too_long_and_deleted_are_refused(self) -> None:
        for text in ("", "   ", "x" * 1_001):
            with pytest.raises(Invalid):
                self.reply(text=text)
        assert not OutboxItem.objects.exists()

    def test_enqueue_is_part_of_the_decision(self) -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            self.reply()
            raise RuntimeError
        assert not OutboxItem.objects.exists()


class WorkersTest(CommittedDeskTestCase):
    def test_eight_workers_at_once_send_each_reply_once(self) -> None:
        forget_platforms()
        pool.close()
        platform = platform_of(account_of(self.channel))
        for number in range(20):
            case = self.file_case(external_id=f"q{number}")
            send_reply(
                case=case, text="At 8.", by=self.alice, form_token=f"f{number}",
                expected_version=None,
            )  # fmt: skip
        errors: list[BaseException] = []

        def work() -> None:
            try:
                while outbox.deliver_due(limit=3):
                    pass
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        assert platform.calls["send"] == 20
        assert OutboxItem.objects.filter(state=OutboxState.SENT).count() == 20
        assert Case.objects.filter(state=CaseState.ANSWERED).count() == 20
