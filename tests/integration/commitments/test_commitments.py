"""What becomes of a promise: asked about, kept, dropped, late; by whom, and on the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.db import IntegrityError, transaction

from levelhead.accounts.models import Membership
from levelhead.commitments import actions
from levelhead.commitments.domain import CommitmentState, distance_to
from levelhead.commitments.models import Commitment
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import withdraw_reply
from levelhead.runtime.housekeeping import _note_overdue
from tests.base import MONDAY, DeskTestCase
from tests.integration.commitments.promising import Promising

FRIDAY = datetime(2026, 3, 20, 22, 0, tzinfo=UTC)  # 17:00 in Chicago


class CommitmentsTestCase(Promising, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def actions_of(self, commitment: Commitment) -> list[str]:
        events = RecordEvent.objects.filter(subject=f"commitment:{commitment.pk}")
        return list(events.order_by("seq").values_list("action", flat=True))

    def payload_of(self, commitment: Commitment) -> dict[str, object]:
        event = RecordEvent.objects.filter(subject=f"commitment:{commitment.pk}").latest("seq")
        payload: dict[str, object] = json.loads(event.payload)
        return payload


class AskingTest(CommitmentsTestCase):
    def test_a_reply_that_promises_is_asked_about(self) -> None:
        reply = self.promise()
        asked = Commitment.objects.get()
        assert asked.state == CommitmentState.ASKED
        assert asked.said == asked.what == "We will fix the light on Oak by Friday."
        assert asked.due_at == FRIDAY
        assert (asked.owner, asked.reply, asked.case) == (self.alice, reply, reply.case)
        assert self.actions_of(asked) == ["system:commitment:found"]
        assert LiveEvent.objects.filter(kind="commitment.changed").count() == 1

    def test_a_reply_that_promises_nothing_is_not(self) -> None:
        self.promise("We fixed it on Friday. If you see another one, call us. — Alice")
        assert not Commitment.objects.exists()

    def test_a_date_that_can_be_read_in_two_ways_is_not_assumed(self) -> None:
        self.promise("We will fix it next Friday. — Alice")
        asked = Commitment.objects.get()
        assert asked.due_at is None
        assert asked.possible_dues == [FRIDAY + timedelta(days=7), FRIDAY]

    def test_whatever_goes_wrong_the_reply_goes_out(self) -> None:
        with mock.patch(
            "levelhead.commitments.asking.find_promises", side_effect=RuntimeError("broken")
        ):
            reply = self.promise()
        assert reply.outbox_item.state == "queued"
        assert not Commitment.objects.exists()
        with mock.patch(
            "levelhead.commitments.asking.record", side_effect=IntegrityError("broken")
        ):
            assert self.promise().outbox_item.state == "queued"
        assert not Commitment.objects.exists()

    def test_a_reply_that_was_taken_back_promised_nothing(self) -> None:
        reply = self.promise("We will fix it by Friday. Crews will mow the park tomorrow. — Alice")
        first, second = Commitment.objects.order_by("pk")
        actions.accept_commitment(
            commitment=first, what="Fix it", due_at=FRIDAY, owner=self.bob, by=self.alice,
            expected_version=None,
        )  # fmt: skip
        withdraw_reply(reply=reply, by=self.alice)
        first.refresh_from_db()
        second.refresh_from_db()
        assert first.state == CommitmentState.DROPPED
        assert "taken back" in first.closing_note
        assert first.closed_by == self.alice
        assert second.state == CommitmentState.NO_PROMISE

    def test_accepting_takes_what_was_edited(self) -> None:
        self.promise()
        asked = Commitment.objects.get()
        done = actions.accept_commitment(
            commitment=asked, what="Fix lamp 12", due_at=FRIDAY + timedelta(days=1),
            owner=self.bob, by=self.alice, expected_version=asked.version,
        )  # fmt: skip
        assert (done.state, done.what, done.owner) == (
            CommitmentState.OPEN,
            "Fix lamp 12",
            self.bob,
        )
        assert done.said == "We will fix the light on Oak by Friday."
        assert self.actions_of(done)[-1] == "person:commitment:accepted"
        assert self.payload_of(done)["due"] == "2026-03-21T22:00:00+00:00"

    def test_nobody_decides_twice(self) -> None:
        self.promise()
        asked = Commitment.objects.get()
        actions.refuse_promise(commitment=asked, by=self.alice, expected_version=asked.version)
        with pytest.raises(Conflict):
            actions.refuse_promise(commitment=asked, by=self.bob, expected_version=asked.version)
        with pytest.raises(Conflict):
            actions.accept_commitment(
                commitment=asked, what="x", due_at=None, owner=self.bob, by=self.bob,
                expected_version=None,
            )  # fmt: skip
        assert self.actions_of(asked)[-1] == "person:commitment:no_promise"


class ClosingTest(CommitmentsTestCase):
    def test_kept_needs_evidence(self) -> None:
        one = self.make()
        with pytest.raises(Invalid):
            actions.keep_commitment(
                commitment=one, evidence=" \n", note="", by=self.alice, expected_version=None
            )
        done = actions.keep_commitment(
            commitment=one, evidence="https://example.org/order/12", note="Told Sam.",
            by=self.alice, expected_version=1,
        )  # fmt: skip
        assert (done.state, done.closed_by, done.closed_at) == ("kept", self.alice, MONDAY)
        assert self.payload_of(one)["evidence"] == "https://example.org/order/12"

    def test_dropped_needs_a_reason(self) -> None:
        one = self.make()
        with pytest.raises(Invalid):
            actions.drop_commitment(commitment=one, reason="", by=self.alice, expected_version=None)
        done = actions.drop_commitment(
            commitment=one, reason="The park was sold.", by=self.alice, expected_version=1
        )
        assert (done.state, done.closing_note) == ("dropped", "The park was sold.")
        with pytest.raises(Conflict):
            actions.keep_commitment(
                commitment=one, evidence="x", note="", by=self.alice, expected_version=None
            )

    def test_opened_again_it_is_as_before(self) -> None:
        one = self.make()
        actions.keep_commitment(
            commitment=one, evidence="Seen", note="n", by=self.alice, expected_version=None
        )
        again = actions.reopen_commitment(
            commitment=one, reason="Only half of it", by=self.bob, expected_version=2
        )
        assert (again.state, again.evidence, again.closed_by) == ("open", "", None)
        assert self.actions_of(one) == ["person:commitment:kept", "person:commitment:reopened"]

    def test_what_was_asked_about_is_not_opened_by_the_back_door(self) -> None:
        asked = self.make(state=CommitmentState.ASKED)
        with pytest.raises(Invalid):
            actions.reopen_commitment(
                commitment=asked, reason="x", by=self.bob, expected_version=None
            )

    def test_the_due_date_changes_with_a_reason_and_to_the_future(self) -> None:
        one = self.make(overdue_at=MONDAY)
        for due, reason in ((FRIDAY, ""), (MONDAY, "late"), (FRIDAY.replace(year=2226), "far")):
            with pytest.raises(Invalid):
                actions.change_due(
                    commitment=one, due_at=due, reason=reason, by=self.alice, expected_version=None
                )
        done = actions.change_due(
            commitment=one, due_at=FRIDAY, reason="Rain", by=self.alice, expected_version=1
        )
        assert (done.due_at, done.overdue_at) == (FRIDAY, None)
        assert self.payload_of(one)["reason"] == "Rain"

    def test_giving_it_to_somebody_of_the_agency(self) -> None:
        one = self.make()
        with pytest.raises(Invalid):
            actions.give_commitment(
                commitment=one, owner=self.charlie, by=self.alice, expected_version=None
            )
        Membership.objects.filter(user=self.victor).update(active=False)
        with pytest.raises(Invalid):
            actions.give_commitment(
                commitment=one, owner=self.victor, by=self.alice, expected_version=None
            )
        actions.give_commitment(commitment=one, owner=self.bob, by=self.alice, expected_version=1)
        assert self.payload_of(one)["owner"] == [self.alice.pk, self.bob.pk]

    def test_a_version_that_is_not_the_newest_is_refused(self) -> None:
        one = self.make()
        actions.give_commitment(commitment=one, owner=self.bob, by=self.alice, expected_version=1)
        with pytest.raises(Conflict):
            actions.drop_commitment(commitment=one, reason="x", by=self.alice, expected_version=1)

    def test_who_may_only_look_and_who_is_elsewhere(self) -> None:
        one = self.make()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                actions.drop_commitment(
                    commitment=one, reason="x", by=person, expected_version=None
                )
            with pytest.raises(NotAllowed):
                actions.add_commitment(
                    case=one.case, what="x", due_at=None, owner=self.alice, by=person
                )
        assert self.actions_of(one) == []

    def test_words_are_bounded_and_cleaned(self) -> None:
        case = self.make().case
        with pytest.raises(Invalid):
            actions.add_commitment(
                case=case, what="x" * 1001, due_at=None, owner=self.alice, by=self.alice
            )
        made = actions.add_commitment(
            case=case, what="  Mow\x00 it\ud800 ", due_at=None, owner=self.alice, by=self.alice
        )
        assert made.what == "Mow\ufffd it\ufffd"

    def test_the_database_wants_to_know_who_closed(self) -> None:
        one = self.make()
        with pytest.raises(IntegrityError), transaction.atomic():
            Commitment.objects.filter(pk=one.pk).update(state=CommitmentState.KEPT)


class OverdueTest(CommitmentsTestCase):
    def test_each_is_noted_once_for_each_due_date(self) -> None:
        late = self.make(due_in=timedelta(hours=-1))
        self.make(due_in=timedelta(hours=1))
        self.make(due_in=None)
        self.make(due_in=timedelta(hours=-1), state=CommitmentState.ASKED)
        theirs = self.make(
            due_in=timedelta(hours=-1),
            case=self.file_case(channel_id=self.other_channel.pk), owner=self.charlie,
        )  # fmt: skip
        assert actions.note_overdue() == 2
        assert actions.note_overdue() == 0
        assert self.actions_of(late) == ["system:commitment:overdue"]
        assert self.actions_of(theirs) == ["system:commitment:overdue"]
        told = LiveEvent.objects.filter(agency=self.agency, kind="commitment.changed")
        assert told.count() == 1
        late.refresh_from_db()
        assert late.overdue_at == MONDAY
        actions.change_due(
            commitment=late, due_at=MONDAY + timedelta(hours=2), reason="Rain", by=self.alice,
            expected_version=late.version,
        )  # fmt: skip
        assert actions.note_overdue() == 0
        self.clock.advance(timedelta(hours=3))
        assert actions.note_overdue() == 2
        assert self.actions_of(late)[-1] == "system:commitment:overdue"

    def test_the_worker_does_it(self) -> None:
        late = self.make(due_in=timedelta(minutes=-1))
        _note_overdue()
        assert self.actions_of(late) == ["system:commitment:overdue"]


@pytest.mark.parametrize(
    ("ahead", "late", "unit", "count"),
    [
        (timedelta(seconds=-1), True, "minutes", 0),
        (timedelta(minutes=-59, seconds=-59), True, "minutes", 59),
        (timedelta(hours=-1), True, "hours", 1),
        (timedelta(hours=-47, minutes=-59), True, "days", 1),
        (timedelta(days=3, hours=23), False, "days", 3),
        (timedelta(0), False, "minutes", 0),
    ],
)
def test_how_late_is_never_overstated(ahead, late, unit, count) -> None:
    distance = distance_to(MONDAY + ahead, MONDAY)
    assert (distance.late, distance.unit, distance.count) == (late, unit, count)
