"""Replies that leave later: checked again, sent once, held loudly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from levelhead.channels import outbox
from levelhead.channels.models import ChannelState, OutboxItem, OutboxState
from levelhead.doctrine.domain import Disposition
from levelhead.inbox.actions import change_decision, close_case
from levelhead.inbox.domain import CaseState
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.knowledge.actions import approve_answer
from levelhead.knowledge.models import Answer
from levelhead.records.verify import verify_records
from levelhead.replies import scheduled_leaving, scheduling
from levelhead.replies.actions import withdraw_reply
from levelhead.replies.domain import HeldFor, ScheduledState
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.scheduled_queries import list_scheduled
from tests.integration.knowledge.answering import Answering
from tests.integration.replies.sending import WORDS, SendingCase
from tests.integration.replies.test_checking import PRIVATE


class SchedulingTests(SendingCase):
    def held(self, scheduled: ScheduledReply) -> str:
        scheduled.refresh_from_db()
        assert scheduled.state == ScheduledState.HELD, scheduled.state
        assert self.sent() == 0
        assert not Reply.objects.exists()
        return scheduled.held_for

    def test_it_leaves_at_its_time_and_the_case_is_open_until_then(self) -> None:
        scheduled = self.schedule()
        case = self.case_now()
        assert (case.state, case.owner) == (CaseState.OPEN, self.alice)
        assert case.due_at is not None
        assert self.leave(minutes=119) == 0
        assert self.leave(minutes=1) == 1
        assert self.leave() == 0
        scheduled.refresh_from_db()
        assert scheduled.state == ScheduledState.SENT
        assert scheduled.reply is not None
        assert scheduled.reply.text == WORDS
        # Nobody is there to take it back.
        with override_settings(REPLY_UNDO_SECONDS=10):
            outbox.deliver_due()
        assert self.sent() == 1
        assert self.case_now().state == CaseState.ANSWERED
        assert verify_records().holds

    def test_the_same_form_twice_is_one(self) -> None:
        one = self.schedule(form_token="f")
        assert self.schedule(form_token="f").pk == one.pk
        with pytest.raises(Conflict):
            self.schedule(form_token="g", by=self.bob)
        changed = self.schedule(
            form_token="h", by=self.bob, text="At 9. — Bob", replaces=one.pk, hours=5
        )
        assert changed.pk == one.pk
        assert ScheduledReply.objects.get().text == "At 9. — Bob"

    def test_what_cannot_be_sent_cannot_be_scheduled(self) -> None:
        for hours in (0, -1, 24 * 91):
            with pytest.raises(Invalid):
                self.schedule(hours=hours)
        for text in ("", "Dear [[name]], at 8.", "x" * 70_000):
            with pytest.raises(Invalid):
                self.schedule(text=text)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.schedule(by=person)
        urgent = change_decision(
            case=self.case, label=None, disposition=Disposition.ALERT, reason="a knife",
            by=self.alice, expected_version=None,
        )  # fmt: skip
        with pytest.raises(Invalid):
            self.schedule(case=urgent)
        assert not ScheduledReply.objects.exists()

    def test_changed_sent_now_and_taken_back(self) -> None:
        scheduled = self.schedule()
        for person in (self.victor, self.charlie):
            for act in (scheduling.take_back_scheduled, scheduling.send_scheduled_now):
                with pytest.raises(NotAllowed):
                    act(scheduled=scheduled, by=person)
        later = clock.now() + timedelta(hours=9)
        scheduling.move_scheduled(scheduled=scheduled, leaves_at=later, by=self.bob)
        assert self.leave(hours=3) == 0
        with override_settings(REPLY_UNDO_SECONDS=10):
            reply = scheduling.send_scheduled_now(scheduled=scheduled, by=self.bob)
        assert reply.outbox_item.hold_seconds == 10
        assert self.case_now().state == CaseState.ANSWERING
        withdraw_reply(reply=reply, by=self.bob)
        assert self.case_now().state == CaseState.OPEN
        again = self.schedule()
        scheduling.take_back_scheduled(scheduled=again, by=self.bob)
        for act in (scheduling.take_back_scheduled, scheduling.send_scheduled_now):
            with pytest.raises(Conflict):
                act(scheduled=again, by=self.bob)
        self.leave(days=2)
        assert self.sent() == 0

    def test_closed_meanwhile(self) -> None:
        scheduled = self.schedule()
        close_case(case=self.case, reason="by phone", by=self.bob, expected_version=None)
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.CLOSED

    def test_answered_by_somebody_else_here_or_on_the_platform(self) -> None:
        scheduled = self.schedule()
        self.clock.advance(timedelta(minutes=1))
        self.reply("Eight. — Bob", by=self.bob)
        self.deliver()
        self.leave(hours=2)
        scheduled.refresh_from_db()
        assert scheduled.held_for == HeldFor.ANSWERED
        assert self.sent() == 1
        other = self.file_case(external_id="other")
        second = self.schedule(case=other)
        self.clock.advance(timedelta(minutes=1))
        self.file_post(
            external_id="by-hand", from_agency=True, parent_external_id="other", text="At eight."
        )
        self.leave(hours=2)
        second.refresh_from_db()
        assert second.held_for == HeldFor.ANSWERED

    def test_the_first_word_before_it_is_no_answer(self) -> None:
        self.reply(
            "We will look. — Alice", holding=True, full_answer_due=clock.now() + timedelta(days=3)
        )
        self.deliver()
        self.clock.advance(timedelta(minutes=1))
        scheduled = self.schedule()
        # What we sent comes back as a post of ours.
        self.file_post(
            external_id=OutboxItem.objects.get().external_id, from_agency=True,
            parent_external_id=self.case.post.external_id, text="We will look. — Alice",
        )  # fmt: skip
        self.leave(hours=2)
        scheduled.refresh_from_db()
        assert scheduled.state == ScheduledState.SENT

    def test_deleted_and_edited_meanwhile(self) -> None:
        from levelhead.channels.domain import IncomingKind

        scheduled = self.schedule()
        post = self.case.post
        self.receive(
            self.incoming(external_id=post.external_id, text="Is the desk open on Sunday?")
        )
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.EDITED
        # Whoever chooses a new time has looked.
        scheduling.move_scheduled(
            scheduled=scheduled, leaves_at=clock.now() + timedelta(hours=1), by=self.bob
        )
        self.receive(self.incoming(external_id=post.external_id, kind=IncomingKind.DELETED))
        self.leave(hours=1)
        assert self.held(scheduled) == HeldFor.DELETED

    def test_the_channel_is_signed_out_or_paused(self) -> None:
        scheduled = self.schedule()
        self.channel.state = ChannelState.SIGNED_OUT
        self.channel.save()
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.SIGNED_OUT
        self.channel.state = ChannelState.PAUSED
        self.channel.save()
        ScheduledReply.objects.update(state=ScheduledState.WAITING)
        self.leave()
        assert self.held(scheduled) == HeldFor.PAUSED
        self.channel.state = ChannelState.ON
        self.channel.save()
        scheduling.send_scheduled_now(scheduled=scheduled, by=self.bob)
        self.deliver()
        assert self.sent() == 1

    def test_the_server_was_down(self) -> None:
        short = self.schedule()
        assert self.leave(hours=2, minutes=14) == 1
        short.refresh_from_db()
        assert short.state == ScheduledState.SENT
        other = self.file_case(external_id="other")
        late = self.schedule(case=other)
        assert self.leave(hours=2, minutes=16) == 1
        late.refresh_from_db()
        assert (late.state, late.held_for) == (ScheduledState.HELD, HeldFor.LATE)

    def test_a_clock_that_jumps_never_sends_it_twice_or_hours_late(self) -> None:
        scheduled = self.schedule()
        self.leave(days=3)
        assert self.held(scheduled) == HeldFor.LATE
        self.leave(days=-3)
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.LATE

    def test_the_reply_check_holds_it_now(self) -> None:
        scheduled = self.schedule(text="The road is open again. — Alice")
        ScheduledReply.objects.update(text=PRIVATE)
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.CHECK
        # What somebody gave a reason for goes.
        other = self.file_case(external_id="other")
        fine = self.schedule(
            case=other, text=PRIVATE,
            all_the_same="It is the desk's number",
        )  # fmt: skip
        self.leave(hours=2)
        fine.refresh_from_db()
        assert fine.state == ScheduledState.SENT

    def test_whoever_wrote_it_may_not_reply_any_more(self) -> None:
        from levelhead.accounts.models import Membership

        scheduled = self.schedule()
        Membership.objects.filter(user=self.alice).update(active=False)
        self.leave(hours=2)
        assert self.held(scheduled) == HeldFor.REFUSED
        assert "may not" in ScheduledReply.objects.get().held_detail

    def test_a_bug_with_one_holds_it_and_not_the_others(self) -> None:
        from unittest import mock

        broken = self.schedule()
        other = self.schedule(case=self.file_case(external_id="other"), hours=2.01)
        real = scheduled_leaving.find_obstacle

        def breaks(row, case, now):  # type: ignore[no-untyped-def]
            if row.pk == broken.pk:
                raise RuntimeError("boom")
            return real(row, case, now)

        with mock.patch.object(scheduled_leaving, "find_obstacle", breaks):
            assert self.leave(hours=2, minutes=2) == 2
        broken.refresh_from_db()
        other.refresh_from_db()
        assert (broken.state, other.state) == (ScheduledState.HELD, ScheduledState.SENT)

    def test_listeners_hear_of_what_is_held(self) -> None:
        heard: list[int] = []
        scheduled_leaving.on_held(lambda row: heard.append(row.pk))
        self.addCleanup(scheduled_leaving._on_held.clear)
        scheduled = self.schedule()
        self.leave(days=1)
        assert heard == [scheduled.pk]

    def test_frozen_none_leaves_and_released_nothing_old_goes_out(self) -> None:
        scheduled = self.schedule()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                scheduling.freeze_scheduled(self.agency, person, "shooting")
        with pytest.raises(Invalid):
            scheduling.freeze_scheduled(self.agency, self.bob, " ")
        assert scheduling.freeze_scheduled(self.agency, self.bob, "shooting") == 1
        assert scheduling.freeze_scheduled(self.agency, self.bob, "again") == 1
        assert self.leave(hours=2) == 0
        # One more may be written meanwhile; the other agency's leave.
        other = self.file_case(channel_id=self.other_channel.pk)
        theirs = self.schedule(case=other, by=self.charlie, hours=1)
        assert self.leave(hours=1) == 1
        theirs.refresh_from_db()
        assert theirs.state == ScheduledState.SENT
        assert scheduling.release_scheduled(self.agency, self.bob) == 1
        self.leave()
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.held_for) == (ScheduledState.HELD, HeldFor.LATE)
        assert not Reply.objects.filter(agency=self.agency).exists()
        assert verify_records().holds

    def test_one_is_released_while_the_others_stay_frozen(self) -> None:
        first = self.schedule()
        second = self.schedule(case=self.file_case())
        scheduling.freeze_scheduled(self.agency, self.bob, "shooting")
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                scheduling.release_one(scheduled=first, by=person)
        scheduling.release_one(scheduled=first, by=self.alice)
        scheduling.release_one(scheduled=first, by=self.alice)
        assert self.leave(hours=2) == 1
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.state == ScheduledState.SENT
        assert (second.state, second.released_at) == (ScheduledState.WAITING, None)
        with pytest.raises(Conflict):
            scheduling.release_one(scheduled=first, by=self.alice)

    def test_a_second_stop_stops_what_was_released_from_the_first(self) -> None:
        scheduled = self.schedule()
        scheduling.freeze_scheduled(self.agency, self.bob, "shooting")
        scheduling.release_one(scheduled=scheduled, by=self.alice)
        scheduling.freeze_scheduled(self.agency, self.bob, "a fire as well")
        assert self.leave(hours=2) == 0
        scheduled.refresh_from_db()
        assert (scheduled.state, scheduled.released_at) == (ScheduledState.WAITING, None)

    def test_killed_between_the_check_and_the_send_nothing_is_half(self) -> None:
        from unittest import mock

        scheduled = self.schedule()
        self.clock.advance(timedelta(hours=2))

        class Killed(BaseException):
            """What a kill leaves of a transaction: nothing."""

        with (
            mock.patch.object(scheduled_leaving, "tell", side_effect=Killed),
            pytest.raises(Killed),
        ):
            scheduled_leaving.leave_due()
        scheduled.refresh_from_db()
        assert scheduled.state == ScheduledState.WAITING
        assert not Reply.objects.exists()
        assert scheduled_leaving.leave_due() == 1
        outbox.deliver_due()
        assert self.sent() == 1
        assert self.item().state == OutboxState.SENT

    def test_the_list_is_paged_by_time_and_of_one_agency(self) -> None:
        for number in range(30):
            case = self.file_case(external_id=f"n{number}")
            self.schedule(case=case, hours=1 + number % 3)
        page = list_scheduled(self.agency)
        assert len(page.rows) == 25
        rest = list_scheduled(self.agency, after=page.after)
        assert (len(rest.rows), rest.after) == (5, "")
        times = [row.leaves_at for row in (*page.rows, *rest.rows)]
        assert times == sorted(times)
        assert len({row.pk for row in (*page.rows, *rest.rows)}) == 30
        assert not list_scheduled(self.other_agency).rows
        for nonsense in ("x", "2026-03-16~1", "~", "2026-03-16T00:00:00+00:00~9" * 9):
            list_scheduled(self.agency, after=nonsense)


class ApprovedAnswerTests(Answering, SendingCase):
    def test_the_approved_answer_changed_or_is_past_its_review(self) -> None:
        draft = self.write()
        answer = approve_answer(
            answer=draft, review_on=draft.review_on, by=self.bob, expected_version=draft.version
        )
        scheduled = self.schedule(answer_ids=(answer.pk,))
        assert scheduled.answers == [[answer.pk, answer.version]]
        Answer.objects.filter(pk=answer.pk).update(review_on=clock.now().date() - timedelta(days=1))
        self.leave(hours=2)
        scheduled.refresh_from_db()
        assert (scheduled.held_for, scheduled.held_detail) == (HeldFor.ANSWER_GONE, answer.title)
