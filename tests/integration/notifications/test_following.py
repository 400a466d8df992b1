"""What the record says is told to whom it concerns: once, and to nobody else."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import OutboxItem
from levelhead.commitments.actions import change_due, note_overdue
from levelhead.connectors.memory import forget_platforms, platform_of
from levelhead.inbox.actions import assign_case
from levelhead.inbox.bulk import assign_many
from levelhead.inbox.models import Case
from levelhead.notifications.following import follow_records, tell_due
from levelhead.notifications.models import FollowPlace, Notification
from levelhead.records.models import RecordChain
from levelhead.research.answering import answer_by_link
from levelhead.research.reminding import remind_and_note_overdue
from tests.base import DeskTestCase
from tests.integration.commitments.promising import Promising
from tests.integration.notifications.telling import Telling
from tests.integration.research.asking import Asking


class FollowingTest(Telling, Promising, Asking, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.clock = self.stop_the_clock()

    def assign(self, case: Case, by: User | None = None) -> None:
        assign_case(case=case, owner=self.alice, by=by or self.bob, expected_version=None)

    def test_a_case_given_to_me(self) -> None:
        case = self.file_case()
        self.assign(case)
        follow_records()
        one = Notification.objects.get()
        assert (one.user, one.kind, one.by, one.case) == (self.alice, "assigned", self.bob, case)
        assert one.address == f"/riverton/inbox/{case.pk}/?view=all"

    def test_what_i_take_myself_is_no_news(self) -> None:
        self.assign(self.file_case(), by=self.alice)
        assign_case(case=self.file_case(), owner=None, by=self.bob, expected_version=None)
        follow_records()
        assert not Notification.objects.exists()

    def test_many_at_once_are_one_notification(self) -> None:
        cases = [self.file_case() for _ in range(5)]
        assign_many(agency=self.agency, ids=[c.pk for c in cases], owner=self.alice, by=self.bob)
        follow_records()
        assert self.told(self.alice) == [("assigned", 5)]
        assert Notification.objects.get().address == "/riverton/inbox/?view=mine"

    def test_each_event_is_told_once_across_restarts(self) -> None:
        self.assign(self.file_case())
        assert follow_records() == 1
        assert follow_records() == 0
        # A worker that died after telling and before it kept its place.
        FollowPlace.objects.update(seq=0)
        assert follow_records() == 1
        assert self.told(self.alice) == [("assigned", 1)]
        place = FollowPlace.objects.get(agency=self.agency)
        assert place.seq == RecordChain.objects.get(agency=self.agency, name="desk").seq

    def test_nothing_crosses_to_another_agency(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk)
        assign_case(case=theirs, owner=None, by=self.charlie, expected_version=None)
        self.assign(self.file_case())
        follow_records()
        assert self.told(self.charlie) == []
        assert set(Notification.objects.values_list("agency", flat=True)) == {self.agency.pk}

    def test_research_that_i_asked(self) -> None:
        one, late = self.ask(), self.ask()
        answer_by_link(request=one, link_number=1, text="At night, no.", files=[])
        self.clock.advance(timedelta(days=3))
        remind_and_note_overdue()
        follow_records()
        assert self.told(self.alice) == [("research_answered", 1), ("research_overdue", 1)]
        first = Notification.objects.earliest("pk")
        assert first.address == f"/riverton/research/{one.pk}/"
        assert late.pk != one.pk

    def test_a_reply_that_failed_is_told_to_its_writer_and_the_owner(self) -> None:
        case = self.file_case()
        reply = self.promise("It opens at 8. — Alice", case=case)
        assign_case(case=case, owner=self.bob, by=self.bob, expected_version=None)
        platform_of(account_of(self.channel)).fail_next("refused", on="send")
        outbox.deliver_due()
        assert OutboxItem.objects.get(pk=reply.outbox_item_id).state == "failed"
        follow_records()
        assert self.told(self.alice) == self.told(self.bob) == [("reply_failed", 1)]

    def test_commitments_that_are_due_and_overdue(self) -> None:
        one = self.make(due_in=timedelta(hours=30))
        assert tell_due() == 0
        self.clock.advance(timedelta(hours=7))
        assert (tell_due(), tell_due()) == (1, 0)
        change_due(
            commitment=one, due_at=self.clock.now() + timedelta(hours=20), reason="Rain",
            by=self.alice, expected_version=None,
        )  # fmt: skip
        assert (tell_due(), tell_due()) == (1, 0)
        self.clock.advance(timedelta(hours=21))
        note_overdue()
        follow_records()
        assert self.told(self.alice) == [
            ("commitment_due", 1),
            ("commitment_due", 1),
            ("commitment_overdue", 1),
        ]

    def test_a_round_asks_as_much_for_many_events_as_for_few(self) -> None:
        self.assign(self.file_case())
        follow_records()
        assign_many(
            agency=self.agency, ids=[self.file_case().pk for _ in range(3)], owner=self.alice,
            by=self.bob,
        )  # fmt: skip
        with self.assertNumQueries(ROUND):
            follow_records()
        assign_many(
            agency=self.agency, ids=[self.file_case().pk for _ in range(30)], owner=self.alice,
            by=self.bob,
        )  # fmt: skip
        with self.assertNumQueries(ROUND):
            follow_records()
        with self.assertNumQueries(1):
            follow_records()


# Who is behind; place, head, events; the agency, whom it concerns, what they chose; what is told.
ROUND = 22
