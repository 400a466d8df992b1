"""Receiving: each post once, whatever order, however often, however hostile."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from levelhead.channels.actions import receive
from levelhead.channels.domain import IncomingKind, ReceiveReport
from levelhead.channels.models import SetAside
from levelhead.inbox.domain import CaseState
from levelhead.inbox.lookup import author_memory
from levelhead.inbox.models import (
    Author,
    Case,
    Conversation,
    Post,
    PostRevision,
    Tally,
    VisibilityChange,
)
from levelhead.kernel import clock
from levelhead.live.models import LiveEvent
from levelhead.records.verify import verify_records
from tests.base import MONDAY, DeskTestCase, People


def counted_cases() -> Counter[tuple[str, str, str]]:
    """The tallies as the rows say they should be."""
    return Counter(Case.objects.values_list("state", "queue", "label"))


def kept_tallies() -> Counter[tuple[str, str, str]]:
    """The tallies as they are kept."""
    return Counter({(t.state, t.queue, t.label): t.cases for t in Tally.objects.all() if t.cases})


class ReceiveTest(DeskTestCase):
    def test_a_post_is_filed_with_decision_record_and_live_event(self) -> None:
        report = self.receive(self.incoming(external_id="a", text="How do I get a crash report?"))
        assert report == ReceiveReport(received=1, new=1)
        case = Case.objects.get(post__external_id="a")
        assert case.state == CaseState.OPEN
        assert case.rule
        assert case.post.assessment.model
        assert LiveEvent.objects.filter(agency=self.agency, kind="posts.filed").count() == 1
        assert verify_records().holds
        assert kept_tallies() == counted_cases()

    def test_the_same_post_again_changes_nothing(self) -> None:
        post = self.incoming(external_id="a")
        self.receive(post, post)
        before = list(Post.objects.values())
        report = self.receive(post, post, post)
        assert report == ReceiveReport(received=3, duplicates=3)
        assert list(Post.objects.values()) == before
        assert LiveEvent.objects.count() == 1

    def test_the_same_id_in_another_channel_is_another_post(self) -> None:
        self.receive(
            self.incoming(external_id="a"),
            self.incoming(external_id="a", channel_id=self.other_channel.pk),
        )
        assert Post.objects.filter(external_id="a").count() == 2
        assert Post.objects.filter(agency=self.other_agency).count() == 1

    def test_an_edit_becomes_a_revision(self) -> None:
        self.file_post(external_id="a", text="The road is open")
        report = self.receive(self.incoming(external_id="a", text="The road is closed"))
        assert report.revised == 1
        post = Post.objects.get(external_id="a")
        assert (post.text, post.revision) == ("The road is closed", 2)
        assert PostRevision.objects.get().text == "The road is open"
        assert verify_records().holds

    def test_an_old_edit_that_comes_late_does_not_replace_a_newer_one(self) -> None:
        at = clock.now()
        self.file_post(external_id="a", text="one")
        self.receive(self.incoming(external_id="a", text="three", edited_at=at))
        late = self.incoming(external_id="a", text="two", edited_at=at - timedelta(minutes=1))
        assert self.receive(late).duplicates == 1
        assert Post.objects.get(external_id="a").text == "three"

    def test_earlier_words_without_a_time_of_edit_are_a_repetition(self) -> None:
        one = self.incoming(external_id="a", text="one")
        two = self.incoming(external_id="a", text="two")
        self.receive(one, two)
        assert self.receive(one, two) == ReceiveReport(received=2, duplicates=2)
        assert Post.objects.get(external_id="a").text == "two"

    def test_a_deletion_becomes_visibility_history(self) -> None:
        self.file_post(external_id="a", text="I said something")
        gone = self.incoming(external_id="a", kind=IncomingKind.DELETED)
        assert self.receive(gone).deleted == 1
        assert self.receive(gone).duplicates == 1
        post = Post.objects.get(external_id="a")
        assert (post.text, post.visibility) == ("I said something", "deleted")
        assert VisibilityChange.objects.count() == 1
        assert kept_tallies() == counted_cases()

    def test_a_deletion_before_the_post_keeps_both(self) -> None:
        self.receive(self.incoming(external_id="a", kind=IncomingKind.DELETED))
        self.receive(self.incoming(external_id="a", text="what was deleted"))
        post = Post.objects.get(external_id="a")
        assert (post.text, post.visibility) == ("what was deleted", "deleted")
        assert post.case.state == CaseState.CLOSED

    def test_a_thread_in_any_order_is_one_conversation(self) -> None:
        for number, order in enumerate(itertools.permutations(range(4))):
            chain = [
                self.incoming(
                    external_id=f"{number}-{place}",
                    parent_external_id=f"{number}-{place - 1}" if place else None,
                )
                for place in range(4)
            ]
            for place in order:
                self.receive(chain[place])
            posts = Post.objects.filter(external_id__startswith=f"{number}-")
            assert len(set(posts.values_list("conversation_id", flat=True))) == 1, order
            parents = dict(posts.values_list("external_id", "parent__external_id"))
            assert parents == {
                f"{number}-{place}": f"{number}-{place - 1}" if place else None
                for place in range(4)
            }
            cases = Case.objects.filter(post__in=posts)
            assert set(cases.values_list("conversation_id", flat=True)) == set(
                posts.values_list("conversation_id", flat=True)
            )

    def test_parents_in_a_circle_do_not_hang(self) -> None:
        self.receive(
            self.incoming(external_id="a", parent_external_id="b"),
            self.incoming(external_id="b", parent_external_id="a"),
            self.incoming(external_id="c", parent_external_id="c"),
        )
        assert Post.objects.count() == 3

    def test_ten_thousand_replies_in_one_thread(self) -> None:
        root = self.incoming(external_id="root", text="The council voted tonight.")
        replies = [
            self.incoming(external_id=f"r{n}", parent_external_id="root") for n in range(10_000)
        ]
        report = self.receive(*replies, root)
        assert report.new == 10_001
        assert Post.objects.values("conversation").distinct().count() == 1
        assert Post.objects.filter(parent__external_id="root").count() == 10_000

    def test_times_that_cannot_be_are_kept_but_not_believed(self) -> None:
        for claim in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)):
            with clock.use(clock.ManualClock(MONDAY)):
                post = self.file_post(created_at=claim)
            assert post.created_at == MONDAY
            assert post.doubtful_time == claim.isoformat()

    def test_a_post_without_time_or_author_is_filed(self) -> None:
        post = self.file_post(created_at=None, author_external_id=None, author_handle=None)
        assert post.author is None
        assert post.created_at == post.received_at

    def test_hostile_texts_are_kept_and_bounded(self) -> None:
        texts = {
            "script": "<script>alert(1)</script>",
            "formula": '=HYPERLINK("http://x.example","pay")',
            "null": "before\x00after",
            "direction": "user \u202e txt.exe",
            "surrogate": "half \ud800 pair",
            "emoji": "😡" * 50_000,
            "long": "a" * 400_000,
            "empty": "",
        }
        for name, text in texts.items():
            post = self.file_post(external_id=name, text=text, raw="{}")
            assert len(post.text) <= 100_000
            assert "\x00" not in post.text
        assert Post.objects.get(external_id="script").text == texts["script"]
        assert Post.objects.get(external_id="direction").text == texts["direction"]

    def test_a_post_without_an_id_is_set_aside_and_the_rest_is_filed(self) -> None:
        report = self.receive(self.incoming(external_id="   "), self.incoming(external_id="b"))
        assert report.new == 1
        assert "id" in SetAside.objects.get().reason

    def test_what_an_author_says_of_themselves_is_updated(self) -> None:
        self.file_post(author_external_id="x", author_name="Before", author_followers=1)
        self.file_post(author_external_id="x", author_name="After", author_followers=2)
        author = Author.objects.get(external_id="x")
        assert (author.name, author.followers) == ("After", 2)

    def test_the_agencys_own_post_needs_nobody(self) -> None:
        case = self.file_case(text="Elm Street is closed until noon.", from_agency=True)
        assert case.state == CaseState.OWN
        assert case.due_at is None


class AnyOrderTest(People, HypothesisTestCase):
    """The order of arrival, repetition and the cut into batches change nothing."""

    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def test_threads_come_out_the_same(self, data: st.DataObject) -> None:
        author_memory.clear()
        size = data.draw(st.integers(2, 9))
        parents = [None] + [data.draw(st.integers(0, n - 1)) for n in range(1, size)]
        posts = [
            self.incoming(
                external_id=f"p{n}",
                parent_external_id=None if parent is None else f"p{parent}",
                thread_external_id="p0" if data.draw(st.booleans()) else None,
            )
            for n, parent in enumerate(parents)
        ]
        order = data.draw(st.permutations(posts + data.draw(st.lists(st.sampled_from(posts)))))
        cuts = data.draw(st.integers(1, 5))
        for start in range(0, len(order), cuts):
            receive(order[start : start + cuts])
        stored = Post.objects.filter(external_id__in=[p.external_id for p in posts])
        assert stored.count() == size
        assert len(set(stored.values_list("conversation_id", flat=True))) == 1
        for n, parent in enumerate(parents):
            got = stored.get(external_id=f"p{n}").parent
            assert (got.external_id if got else None) == (None if parent is None else f"p{parent}")
        merged = Conversation.objects.filter(merged_into__isnull=False)
        assert not Post.objects.filter(conversation__in=merged).exists()
        assert kept_tallies() == counted_cases()
        assert verify_records().holds
