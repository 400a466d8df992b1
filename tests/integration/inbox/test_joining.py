"""Joining conversations that are one matter, splitting off what is another, and taking it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from levelhead.accounts.models import User
from levelhead.channels.models import OutboxItem
from levelhead.commitments.actions import add_commitment
from levelhead.commitments.queries import list_commitments_of
from levelhead.inbox.actions import add_note
from levelhead.inbox.joining import join_conversations, take_apart, undo_joining
from levelhead.inbox.models import Case, Conversation, Joining, Note, Post, Splitting
from levelhead.inbox.sleeping import snooze_case, wake_due
from levelhead.inbox.splitting import put_back, split_conversation, undo_splitting
from levelhead.inbox.thread import find_case, list_notes, read_thread
from levelhead.issues.actions import add_conversation, open_issue
from levelhead.issues.models import IssueConversation
from levelhead.issues.queries import list_choices_for, read_evidence
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.replies.actions import send_reply
from levelhead.research.actions import ask
from levelhead.research.domain import Kind
from levelhead.research.queries import list_research_of
from tests.base import MONDAY, DeskTestCase
from tests.integration.inbox.test_actions import assert_counted


class Matter(DeskTestCase):
    """Dana asks on two channels."""

    def setUp(self) -> None:
        super().setUp()
        self.second = self.make_channel(self.agency, "Second square")
        self.here = self.file_case(external_id="a", text="Where do I get the crash report?")
        self.below = self.file_case(external_id="a1", parent_external_id="a", text="Me too, when?")
        self.there = self.file_case(
            external_id="b", channel_id=self.second.pk, text="Crash report, please answer me?"
        )

    def tearDown(self) -> None:
        assert_counted()
        assert verify_records().holds
        super().tearDown()

    def now(self, case: Case) -> Case:
        return Case.objects.select_related("post").get(pk=case.pk)

    def join(self, keep: Case | None = None, other: Case | None = None, **more: object) -> Joining:
        return join_conversations(
            keep=keep or self.here, other=other or self.there, reason="Dana asks twice",
            **{"by": self.alice, **more},
        )  # fmt: skip

    def events(self, action: str) -> list[RecordEvent]:
        return list(RecordEvent.objects.filter(action=action))


class JoinTest(Matter):
    def test_two_become_one_and_everything_of_both_shows(self) -> None:
        note = add_note(conversation=self.there.conversation, text="She called.", by=self.bob)
        self.join()
        there = find_case(self.agency, self.there.pk)
        assert there.conversation_id == self.here.conversation_id
        assert there.post.conversation_id == self.here.conversation_id
        shown = {p.pk for p in read_thread(there.post, answers_after=None, others_after=None)
                 .others.posts}  # fmt: skip
        assert shown == {self.here.pk, self.below.pk}
        assert list_notes(find_case(self.agency, self.here.pk)) == [note]
        assert list_notes(there) == [note]

    def test_one_event_with_the_reason_and_both_ids_and_the_open_pages_hear_it(self) -> None:
        part, whole = self.there.conversation_id, self.here.conversation_id
        joining = self.join()
        (event,) = self.events("person:conversation:joined")
        assert event.actor == f"user:{self.alice.pk}"
        for word in (str(part), str(whole), str(joining.pk), "Dana asks twice"):
            assert word in event.payload
        live = LiveEvent.objects.filter(agency=self.agency, kind="conversation.changed").get()
        assert str(part) in live.payload
        assert str(whole) in live.payload

    def test_clocks_owners_and_versions_stay(self) -> None:
        before = list(Case.objects.order_by("pk").values(
            "state", "version", "ack_due", "substance_due", "due_at", "owner", "updated_at"
        ))  # fmt: skip
        joining = self.join()
        take_apart(joining=joining, reason="not the same Dana", by=self.bob)
        after = list(Case.objects.order_by("pk").values(
            "state", "version", "ack_due", "substance_due", "due_at", "owner", "updated_at"
        ))  # fmt: skip
        assert after == before

    def test_a_reply_goes_out_under_its_own_post_on_its_own_channel(self) -> None:
        self.join()
        send_reply(case=self.now(self.there), text="At the front desk.", by=self.alice,
                   form_token="t", expected_version=None, all_the_same="a test")  # fmt: skip
        item = OutboxItem.objects.get()
        assert item.channel_id == self.second.pk
        assert (item.parent_external_id, item.thread_external_id) == ("b", "b")

    def test_a_reply_in_a_split_off_branch_keeps_the_platforms_thread(self) -> None:
        split_conversation(case=self.below, reason="another street", by=self.alice)
        send_reply(case=self.now(self.below), text="At the front desk.", by=self.alice,
                   form_token="t", expected_version=None, all_the_same="a test")  # fmt: skip
        item = OutboxItem.objects.get()
        assert (item.parent_external_id, item.thread_external_id) == ("a1", "a")

    def test_later_posts_of_either_thread_land_in_it(self) -> None:
        self.join()
        for fields in (
            {"parent_external_id": "b"},
            {"thread_external_id": "b"},
            {"parent_external_id": "not here", "thread_external_id": "b"},
        ):
            post = self.file_post(channel_id=self.second.pk, **fields)
            assert post.conversation_id == self.here.conversation_id, fields
            assert post.thread_id == self.there.conversation_id
            assert post.case.conversation_id == self.here.conversation_id
        assert self.file_post(parent_external_id="a1").conversation_id == self.here.conversation_id

    def test_a_root_that_comes_late_follows_the_joining(self) -> None:
        orphan = self.file_case(external_id="c1", parent_external_id="c")
        self.join(other=orphan)
        root = self.file_post(external_id="c")
        assert root.conversation_id == self.here.conversation_id
        # And where the root is itself an answer in a third thread, that comes along.
        third = self.file_case(external_id="d")
        waiting = self.file_case(external_id="e1", parent_external_id="e")
        self.join(other=waiting)
        self.file_post(external_id="e", parent_external_id="d")
        assert self.now(third).conversation_id == self.now(waiting).conversation_id
        assert self.now(third).conversation_id == self.now(self.here).conversation_id
        assert Post.objects.values("conversation").distinct().count() == 2

    def test_a_case_in_it_wakes_when_somebody_writes_in_the_other_thread(self) -> None:
        self.join()
        Case.objects.filter(pk=self.here.pk).update(queue="needs", due_at=None)
        snooze_case(case=self.now(self.here), until=clock.now() + timedelta(days=3),
                    by=self.alice, expected_version=None)  # fmt: skip
        self.file_post(channel_id=self.second.pk, parent_external_id="b", text="Hello? Anyone?")
        assert wake_due() == 1
        assert self.now(self.here).state == "open"

    def test_issues_show_on_both_and_go_back_with_their_post(self) -> None:
        issue = open_issue(agency_id=self.agency.pk, name="Crash reports", by=self.alice,
                           owner=self.alice, case=self.there)  # fmt: skip
        joining = self.join()
        for case in (self.here, self.there):
            held, others = list_choices_for(find_case(self.agency, case.pk))
            assert (held, others) == ([issue], [])
        with pytest.raises(Conflict):
            add_conversation(issue=issue, case=self.now(self.here), by=self.alice)
        assert len(read_evidence(issue).conversations) == 1
        second = open_issue(agency_id=self.agency.pk, name="Slow answers", by=self.alice,
                            owner=self.alice, case=self.now(self.there))  # fmt: skip
        take_apart(joining=joining, reason="two people", by=self.alice)
        here, _ = list_choices_for(find_case(self.agency, self.here.pk))
        there, _ = list_choices_for(find_case(self.agency, self.there.pk))
        assert (here, there) == ([], [second, issue])
        assert IssueConversation.objects.count() == 2

    def test_research_and_commitments_of_either_show_on_both(self) -> None:
        asked = ask(
            case=self.there, question="Is it ready?", to_email="lee@example.org", to_name="",
            due_at=clock.now() + timedelta(days=2), kind=Kind.QUESTION, by=self.alice,
        )  # fmt: skip
        promised = add_commitment(
            case=self.there, what="Call her", due_at=None, owner=self.bob, by=self.bob
        )
        assert list_research_of(self.now(self.here)) == []
        joining = self.join()
        assert list_research_of(self.now(self.here)) == [asked]
        assert list_commitments_of(self.now(self.here)) == [promised]
        take_apart(joining=joining, reason="no", by=self.alice)
        assert list_research_of(self.now(self.here)) == []
        assert list_commitments_of(self.now(self.there)) == [promised]

    def test_the_same_again_changes_nothing(self) -> None:
        first = self.join()
        assert self.join() == first
        assert self.join(keep=self.there, other=self.below) == first
        assert len(self.events("person:conversation:joined")) == 1
        with pytest.raises(Invalid):
            self.join(keep=self.file_case(external_id="z"), other=self.file_case(
                external_id="z1", parent_external_id="z"))  # fmt: skip

    def test_a_reason_is_asked_and_bounded_and_cleaned(self) -> None:
        for reason in ("", "   \n"):
            with pytest.raises(Invalid):
                join_conversations(keep=self.here, other=self.there, reason=reason, by=self.alice)
        joining = join_conversations(
            keep=self.here, other=self.there, reason="x\x00" * 5_000, by=self.alice
        )
        assert len(joining.reason) <= 1_000
        assert "\x00" not in joining.reason

    def test_somebody_was_faster(self) -> None:
        seen = dict(Conversation.objects.values_list("pk", "shape"))
        third = self.file_case(external_id="c")
        seen[third.conversation_id] = 0
        self.join(seen=seen)
        with pytest.raises(Conflict):
            self.join(other=third, seen=seen)
        assert self.now(third).conversation_id == third.conversation_id

    def test_only_people_of_the_agency_who_may_work(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk)
        people: list[User] = [self.victor, self.charlie]
        for person in people:
            with pytest.raises(NotAllowed):
                self.join(by=person)
        with pytest.raises(NotAllowed):
            self.join(other=theirs)
        with pytest.raises(NotAllowed):
            self.join(keep=theirs, other=self.here, by=self.charlie)
        joining = self.join(by=self.bob)
        for person in people:
            with pytest.raises(NotAllowed):
                undo_joining(joining=joining, by=person)
            with pytest.raises(NotAllowed):
                take_apart(joining=joining, reason="no", by=person)
        assert not Joining.objects.exclude(undone_at=None).exists()


class ApartTest(Matter):
    def test_undo_works_until_something_was_written(self) -> None:
        with clock.use(clock.ManualClock(MONDAY)) as hand:
            joining = self.join()
            hand.advance(timedelta(minutes=30))
            undo_joining(joining=joining, by=self.bob)
            assert self.now(self.there).conversation_id == self.there.conversation_id
            again = self.join()
            hand.advance(timedelta(minutes=1))
            add_note(conversation=self.now(self.here).conversation, text="Hm.", by=self.bob)
            with pytest.raises(Invalid, match="Take apart"):
                undo_joining(joining=again, by=self.alice)
            take_apart(joining=again, reason="two matters", by=self.alice)
        assert self.now(self.there).conversation_id == self.there.conversation_id
        assert len(self.events("person:conversation:join_undone")) == 1
        (event,) = self.events("person:conversation:taken_apart")
        assert "two matters" in event.payload

    def test_everything_goes_back_where_it_belongs(self) -> None:
        old = add_note(conversation=self.there.conversation, text="Before", by=self.bob)
        joining = self.join()
        new = add_note(conversation=self.now(self.there).conversation, text="After", by=self.bob)
        later = self.file_post(channel_id=self.second.pk, parent_external_id="b")
        take_apart(joining=joining, reason="two matters", by=self.alice)
        assert self.now(self.there).conversation_id == self.there.conversation_id
        later.refresh_from_db()
        assert later.conversation_id == self.there.conversation_id
        assert not Post.objects.exclude(thread=None).exists()
        assert list_notes(find_case(self.agency, self.there.pk)) == [old]
        assert list_notes(find_case(self.agency, self.here.pk)) == [new]

    def test_a_chain_comes_apart_in_any_order(self) -> None:
        third = self.file_case(external_id="c")
        one = self.join()
        two = join_conversations(
            keep=third, other=self.now(self.here), reason="the same", by=self.alice
        )
        assert Post.objects.values("conversation").distinct().count() == 1
        take_apart(joining=one, reason="no", by=self.alice)
        assert self.now(self.there).conversation_id == self.there.conversation_id
        assert self.now(self.here).conversation_id == third.conversation_id
        take_apart(joining=two, reason="no", by=self.alice)
        assert self.now(self.here).conversation_id == self.here.conversation_id

    def test_twice_is_once_and_a_change_meanwhile_is_told(self) -> None:
        joining = self.join()
        with pytest.raises(Conflict):
            take_apart(joining=joining, reason="no", by=self.bob, expected_shape=0)
        take_apart(joining=joining, reason="no", by=self.bob)
        take_apart(joining=joining, reason="no", by=self.alice)
        assert len(self.events("person:conversation:taken_apart")) == 1
        with pytest.raises(Invalid):
            take_apart(joining=self.join(), reason=" ", by=self.alice)

    def test_what_the_platform_shows_as_one_cannot_be_taken_apart(self) -> None:
        waiting = self.file_case(external_id="e1", parent_external_id="e")
        joining = self.join(other=waiting)
        self.file_post(external_id="e", parent_external_id="a")
        with pytest.raises(Invalid, match="one thread"):
            take_apart(joining=joining, reason="no", by=self.alice)


class SplitTest(Matter):
    def setUp(self) -> None:
        super().setUp()
        self.deeper = self.file_case(external_id="a2", parent_external_id="a1")

    def split(self, case: Case | None = None, **more: object) -> Splitting:
        return split_conversation(
            case=case or self.below, reason="another street", **{"by": self.alice, **more}
        )

    def test_a_branch_goes_with_what_is_below_it_and_what_comes_later(self) -> None:
        splitting = self.split()
        for case in (self.below, self.deeper):
            assert self.now(case).conversation_id == splitting.made_id
        assert self.now(self.here).conversation_id == self.here.conversation_id
        later = self.file_post(external_id="a3", parent_external_id="a2")
        assert later.conversation_id == splitting.made_id
        assert later.thread_id == self.here.conversation_id
        assert later.thread_id_on_platform == "a"
        beside = self.file_post(parent_external_id="a")
        assert beside.conversation_id == self.here.conversation_id
        (event,) = self.events("person:conversation:split")
        assert "another street" in event.payload
        assert str(splitting.made_id) in event.payload
        assert str(splitting.source_id) in event.payload

    def test_only_the_chosen_posts_go(self) -> None:
        beside = self.file_case(parent_external_id="a")
        splitting = self.split(chosen={beside.pk})
        assert self.now(self.below).conversation_id == splitting.made_id
        assert self.now(beside).conversation_id == splitting.made_id
        assert self.now(self.deeper).conversation_id == self.here.conversation_id
        under_stayed = self.file_post(parent_external_id="a2")
        assert under_stayed.conversation_id == self.here.conversation_id
        under_gone = self.file_post(parent_external_id="a1")
        assert under_gone.conversation_id == splitting.made_id

    def test_a_late_parent_shows_what_is_below(self) -> None:
        splitting = self.split()
        lost = self.file_case(external_id="a5", parent_external_id="a4")
        assert lost.conversation_id != splitting.made_id
        self.file_post(external_id="a4", parent_external_id="a2")
        assert self.now(lost).conversation_id == splitting.made_id

    def test_put_back_brings_notes_along(self) -> None:
        splitting = self.split()
        note = add_note(
            conversation=self.now(self.below).conversation, text="Elm Street", by=self.bob
        )
        with pytest.raises(Invalid, match="Put back"):
            undo_splitting(splitting=splitting, by=self.alice)
        put_back(splitting=splitting, reason="the same", by=self.alice)
        assert self.now(self.deeper).conversation_id == self.here.conversation_id
        assert not Post.objects.exclude(thread=None).exists()
        assert list_notes(find_case(self.agency, self.below.pk)) == [note]
        assert Note.objects.get().conversation_id == self.here.conversation_id
        put_back(splitting=splitting, reason="the same", by=self.alice)
        assert len(self.events("person:conversation:put_back")) == 1

    def test_the_whole_conversation_is_no_branch(self) -> None:
        with pytest.raises(Invalid, match="whole"):
            self.split(self.here)
        with pytest.raises(Invalid, match="whole"):
            self.split(self.there)
        assert not Splitting.objects.exists()
        assert not Conversation.objects.filter(key__startswith=" ").exists()

    def test_undo_and_the_same_again(self) -> None:
        splitting = self.split()
        assert self.split() == splitting
        undo_splitting(splitting=splitting, by=self.bob)
        assert self.now(self.below).conversation_id == self.here.conversation_id
        assert self.split().pk != splitting.pk

    def test_what_was_joined_since_is_taken_apart_first(self) -> None:
        splitting = self.split()
        joining = self.join(keep=self.now(self.below))
        with pytest.raises(Invalid, match="apart first"):
            put_back(splitting=splitting, reason="no", by=self.alice)
        take_apart(joining=joining, reason="no", by=self.alice)
        put_back(splitting=splitting, reason="no", by=self.alice)
        assert self.now(self.below).conversation_id == self.here.conversation_id

    def test_a_branch_of_a_branch_stays_when_the_branch_goes_back(self) -> None:
        outer = self.split()
        inner = self.split(self.now(self.deeper))
        put_back(splitting=outer, reason="no", by=self.alice)
        assert self.now(self.below).conversation_id == self.here.conversation_id
        assert self.now(self.deeper).conversation_id == inner.made_id
        put_back(splitting=inner, reason="no", by=self.alice)
        assert self.now(self.deeper).conversation_id == self.here.conversation_id

    def test_only_people_of_the_agency_who_may_work(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.split(by=person)
        with pytest.raises(Invalid):
            self.split(chosen={theirs.pk})
        splitting = self.split(by=self.bob)
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                undo_splitting(splitting=splitting, by=person)
            with pytest.raises(NotAllowed):
                put_back(splitting=splitting, reason="x", by=person)

    def test_somebody_was_faster(self) -> None:
        self.join()
        with pytest.raises(Conflict):
            self.split(expected_shape=0)
