"""The worker's chore: what was filed is watched once, in order, across restarts."""

from __future__ import annotations

from datetime import timedelta
from unittest import mock

from levelhead.inbox.models import Post
from levelhead.kernel import clock
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.topics import watching
from levelhead.topics.models import StreamCursor, Topic, TopicHour, TopicPost
from levelhead.topics.watching import TopicWatch, lowest_id_at
from tests.base import MONDAY, DeskTestCase
from tests.integration.topics.talking import Talking

BEGIN = MONDAY - timedelta(hours=6)


class WatchingTest(Talking, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def test_what_many_write_about_becomes_a_topic(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        watch = self.watch()
        assert not Topic.objects.exists()
        self.rise(start=MONDAY - timedelta(minutes=24))
        self.watch(watch)
        topic = Topic.objects.get()
        assert "drone" in topic.name
        assert topic.agency == self.agency
        assert topic.posts >= 10
        assert topic.posts > 2 * topic.baseline
        assert topic.reason_list
        assert 1 <= len(topic.example_ids) <= 5
        shown = Post.objects.filter(pk__in=topic.example_ids).values_list("text", flat=True)
        assert all("drone" in text for text in shown)
        # Only proposed: nobody is told that anything was decided.
        events = RecordEvent.objects.filter(subject=f"topic:{topic.pk}")
        assert events.values_list("action", "actor")[0] == ("system:topic:seen", "system")
        assert LiveEvent.objects.filter(kind="topic.changed", agency=self.agency).exists()

    def test_each_post_is_counted_once_in_the_hour_when_it_was_written(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.rise(start=MONDAY - timedelta(minutes=24))
        watch = self.watch()
        self.rise(start=MONDAY, count=10)
        self.clock.advance(timedelta(minutes=30))
        self.watch(watch)
        topic = Topic.objects.get()
        about = Post.objects.filter(agency=self.agency, text__contains="drone program").count()
        linked = TopicPost.objects.filter(topic=topic)
        assert topic.counted == linked.count() == topic.linked
        assert about - 2 <= topic.counted <= about
        hours = dict(TopicHour.objects.filter(topic=topic).values_list("hour", "posts"))
        assert sum(hours.values()) == topic.counted
        assert len(hours) == 2
        assert topic.last_seen == MONDAY + timedelta(minutes=9)

    def test_a_restart_goes_on_where_it_was(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.rise(start=MONDAY - timedelta(minutes=24))
        self.watch()
        before = Topic.objects.get()
        position = StreamCursor.objects.get(agency=self.agency).position
        assert position == Post.objects.filter(agency=self.agency).latest("pk").pk
        # Another process, which knows nothing but the rows.
        StreamCursor.objects.update(claimed_until=None)
        self.rise(start=MONDAY, count=10)
        self.clock.advance(timedelta(minutes=30))
        self.watch(TopicWatch())
        after = Topic.objects.get()
        assert after.pk == before.pk
        assert after.counted >= before.counted + 8
        seen = RecordEvent.objects.filter(action="system:topic:seen")
        assert seen.count() == 1

    def test_nothing_is_read_twice_where_two_workers_run(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        first, second = TopicWatch(), TopicWatch()
        self.watch(first)
        self.rise(start=MONDAY - timedelta(minutes=24))
        self.watch(second)
        assert not Topic.objects.exists()
        self.clock.advance(timedelta(seconds=61))
        self.watch(second)
        self.watch(first)
        assert Topic.objects.count() == 1
        assert StreamCursor.objects.values("claimed_by").distinct().count() == 1

    def test_a_worker_that_was_overtaken_writes_nothing(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.rise(start=MONDAY - timedelta(minutes=24))
        watch = TopicWatch()
        claim = watch._claim

        def claim_and_lose() -> object:
            ours = claim()
            StreamCursor.objects.update(claimed_by="another")
            return ours

        with mock.patch.object(watch, "_claim", claim_and_lose):
            watch.run_round()
        assert not Topic.objects.exists()
        assert not StreamCursor.objects.filter(
            position__gt=lowest_id_at(clock.now() + timedelta(days=400))
        )

    def test_an_error_loses_and_doubles_nothing(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.rise(start=MONDAY - timedelta(minutes=24))
        watch = TopicWatch()
        with (
            mock.patch.object(watching, "note_heard", side_effect=RuntimeError("no room")),
            mock.patch.object(watching, "SETTLE_SECONDS", -60.0),
            self.assertRaises(RuntimeError),
        ):
            watch.run_round()
        assert not Topic.objects.exists()
        self.watch(watch)
        topic = Topic.objects.get()
        assert topic.counted == TopicPost.objects.filter(topic=topic).count()

    def test_agencies_do_not_hear_of_each_other(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.chat(90, start=BEGIN, every=timedelta(minutes=4), channel_id=self.other_channel.pk)
        self.rise(start=MONDAY - timedelta(minutes=24), channel_id=self.other_channel.pk)
        self.watch()
        assert {topic.agency for topic in Topic.objects.all()} == {self.other_agency}
        assert StreamCursor.objects.count() == 2

    def test_our_own_posts_and_deleted_ones_are_no_talk(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        self.rise(start=MONDAY - timedelta(minutes=24), from_agency=True)
        self.watch()
        assert not Topic.objects.exists()

    def test_links_and_hours_are_bounded(self) -> None:
        self.chat(90, start=BEGIN, every=timedelta(minutes=4))
        with mock.patch("levelhead.topics.noting.LINKED", 5):
            self.rise(start=MONDAY - timedelta(minutes=24))
            self.watch()
        topic = Topic.objects.get()
        assert TopicPost.objects.filter(topic=topic).count() == topic.linked == 5
        assert topic.counted > 5
        TopicHour.objects.create(
            agency=self.agency, topic=topic, hour=MONDAY - timedelta(days=15), posts=3
        )
        self.rise(start=MONDAY, count=8)
        self.clock.advance(timedelta(minutes=30))
        StreamCursor.objects.update(claimed_until=None)
        self.watch()
        assert not TopicHour.objects.filter(hour__lt=MONDAY - timedelta(days=14)).exists()

    def test_with_several_writers_posts_settle_first(self) -> None:
        self.chat(3, start=BEGIN, every=timedelta(minutes=4))
        watch = TopicWatch()
        with mock.patch.object(watching, "connection", mock.Mock(vendor="postgresql")):
            watch.run_round()
            newest = Post.objects.latest("pk").pk
            assert StreamCursor.objects.get(agency=self.agency).position < newest
            with mock.patch.object(watching, "SETTLE_SECONDS", -60.0):
                watch.run_round()
        assert StreamCursor.objects.get(agency=self.agency).position == newest

    def test_a_round_with_nothing_new_costs_three_queries(self) -> None:
        self.chat(3, start=BEGIN, every=timedelta(minutes=4))
        watch = self.watch()
        with self.assertNumQueries(3):
            assert watch.run_round() == watching.IDLE_SECONDS
