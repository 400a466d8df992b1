"""What the agency says to everybody is on each channel exactly once, or loudly not."""

from __future__ import annotations

import pytest

from levelhead.channels.domain import IncomingPost
from levelhead.channels.models import Channel, ChannelState, OutboxItem, OutboxState
from levelhead.channels.pulling import pull
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.knowledge.actions import edit_answer, retire_answer
from levelhead.live.models import LiveEvent
from levelhead.posts.actions import give_up_delivery, retry_delivery, withdraw_delivery
from levelhead.posts.domain import PostState, Said, sum_up
from levelhead.posts.models import Delivery, OwnPost
from levelhead.posts.queries import find_post, follow
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.replies.domain import Held
from tests.base import DeskTestCase
from tests.integration.knowledge.answering import TRASH
from tests.integration.posts.posting import WORDS, Posting


class PostingTest(Posting, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.make_posting()

    def states(self) -> dict[str, str]:
        return {one.channel.name: one.outbox_item.state for one in Delivery.objects.all()}

    def on(self, channel: Channel) -> Delivery:
        return Delivery.objects.get(channel=channel)

    def actions(self) -> list[str]:
        events = RecordEvent.objects.filter(subject__startswith="ownpost:").order_by("seq")
        return list(events.values_list("action", flat=True))

    def test_it_is_once_on_each_channel_with_a_receipt(self) -> None:
        post = self.say(self.channel, self.second)
        assert self.say(self.channel, self.second).pk == post.pk
        assert OutboxItem.objects.count() == 2
        assert (post.answer, post.answer_version) == (self.answer, self.answer.version)
        self.deliver()
        self.deliver(minutes=60)
        for channel in (self.channel, self.second):
            assert self.platform(channel).calls["send"] == 1
            [sent] = self.platform(channel).sent.values()
            assert (sent.text, sent.parent_external_id) == (WORDS, None)
        assert find_post(self.agency, post.pk).state is PostState.SENT
        assert self.actions() == ["person:ownpost:sent", *["outbox:ownpost:arrived"] * 2]
        assert LiveEvent.objects.filter(kind="ownpost.changed").count() == 3
        assert verify_records().holds

    def test_a_cut_connection_puts_it_there_once(self) -> None:
        self.platform(self.channel).fail_next("unclear_accepted", on="send")
        self.say(self.channel)
        self.deliver()
        assert self.states() == {"Town square": "unclear"}
        self.deliver(minutes=1)
        assert self.states() == {"Town square": "sent"}
        assert len(self.platform(self.channel).sent) == 1

    def test_one_channel_that_fails_is_loud_and_the_other_is_there(self) -> None:
        self.platform(self.channel).fail_next("refused", on="send")
        post = self.say(self.channel, self.second)
        self.deliver()
        assert self.states() == {"Town square": "failed", "Village square": "sent"}
        assert find_post(self.agency, post.pk).state is PostState.FAILED
        assert "outbox:ownpost:failed" in self.actions()
        with pytest.raises(Invalid):
            retry_delivery(delivery=self.on(self.second), by=self.bob)
        retry_delivery(delivery=self.on(self.channel), by=self.bob)
        self.deliver()
        assert self.states() == {"Town square": "sent", "Village square": "sent"}
        assert len(self.platform(self.channel).sent) == 1
        assert len(self.platform(self.second).sent) == 1

    def test_what_failed_can_be_given_up_and_taken_up_again(self) -> None:
        self.platform(self.channel).fail_next("refused", on="send")
        post = self.say(self.channel)
        self.deliver()
        give_up_delivery(delivery=self.on(self.channel), by=self.alice)
        give_up_delivery(delivery=self.on(self.channel), by=self.alice)
        assert self.actions().count("person:ownpost:given_up") == 1
        assert find_post(self.agency, post.pk).state is PostState.WITHDRAWN
        retry_delivery(delivery=self.on(self.channel), by=self.alice)
        assert not self.on(self.channel).given_up

    def test_it_can_be_taken_back_before_it_leaves_and_not_after(self) -> None:
        self.say(self.channel, self.second)
        withdraw_delivery(delivery=self.on(self.channel), by=self.bob)
        self.deliver()
        assert self.states() == {"Town square": "withdrawn", "Village square": "sent"}
        assert not self.platform(self.channel).sent
        with pytest.raises(Conflict):
            withdraw_delivery(delivery=self.on(self.second), by=self.bob)

    def test_nothing_leaves_where_one_channel_cannot(self) -> None:
        file = self.make_channel(self.agency, "Archive", platform="file")
        gone = self.make_channel(self.agency, "Gone", state=ChannelState.SIGNED_OUT)
        for channels, text, words in (
            ((self.channel, file), WORDS, "takes no posts"),
            ((gone,), WORDS, "must be connected again"),
            ((self.channel,), "  ", "Write what is said"),
            ((self.channel,), "Hello [[name]]", "part to fill in"),
            ((self.channel,), "long " * 300, "it takes 1000"),
            ((), WORDS, "at least one channel"),
            ((self.other_channel,), WORDS, "not there any more"),
        ):
            with pytest.raises(Invalid, match=words):
                self.say(*channels, text=text)
        assert not OwnPost.objects.exists()
        assert not OutboxItem.objects.exists()

    def test_a_paused_channel_keeps_it(self) -> None:
        Channel.objects.filter(pk=self.channel.pk).update(state=ChannelState.PAUSED)
        self.say(self.channel)
        self.deliver()
        assert self.states() == {"Town square": "queued"}

    def test_the_reply_check_holds_it_until_somebody_says_why(self) -> None:
        text = "Jonas Miller of 12 Oak Street, phone 555-0134, is guilty of the burglary."
        with pytest.raises(Held):
            self.say(self.channel, text=text)
        assert not OwnPost.objects.exists()
        self.say(self.channel, text=text, all_the_same="Counsel released it")
        event = RecordEvent.objects.get(action="person:ownpost:sent")
        assert "Counsel released it" in event.payload

    def test_only_an_approved_answer_as_it_was_seen(self) -> None:
        seen = self.answer.version
        edit_answer(
            answer=self.answer, fields=self.fields(**{**TRASH, "title": "Trash"}), owner=self.alice,
            by=self.alice, expected_version=seen,
        )  # fmt: skip
        with pytest.raises(Conflict):
            self.say(self.channel, answer_version=seen)
        with pytest.raises(Invalid, match="Only an approved answer"):
            self.say(self.channel)
        self.answer.refresh_from_db()
        self.approve(self.answer)
        with clock.use(clock.ManualClock(clock.now().replace(year=2027))), pytest.raises(Invalid):
            self.say(self.channel)
        self.answer.refresh_from_db()
        retire_answer(
            answer=self.answer, reason="old", by=self.bob, expected_version=self.answer.version
        )
        with pytest.raises(Invalid):
            self.say(self.channel)
        assert not OutboxItem.objects.exists()

    def test_nobody_else_may(self) -> None:
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.say(self.channel, by=person)
        self.say(self.channel)
        delivery = self.on(self.channel)
        for act in (withdraw_delivery, retry_delivery, give_up_delivery):
            for person in (self.victor, self.charlie):
                with pytest.raises(NotAllowed):
                    act(delivery=delivery, by=person)
        assert self.states() == {"Town square": "queued"}

    def test_it_is_recognised_when_it_comes_back_and_answers_reach_the_inbox(self) -> None:
        post = self.say(self.channel)
        self.deliver()
        [before] = follow(find_post(self.agency, post.pk))
        assert before.came_back is None
        self.pull()
        own = Post.objects.get(from_agency=True)
        assert own.external_id == self.on(self.channel).outbox_item.external_id
        assert Case.objects.get(pk=own.pk).state == CaseState.OWN
        self.platform(self.channel).publish(
            IncomingPost(
                channel_id=self.channel.pk, external_id="answer-1", text="What about Oak Street?",
                created_at=clock.now(), author_external_id="dana", author_handle="dana",
                parent_external_id=own.external_id, thread_external_id=own.external_id,
            )
        )  # fmt: skip
        self.pull()
        answer = Post.objects.get(external_id="answer-1")
        assert answer.parent == own
        assert Case.objects.get(pk=answer.pk).state == CaseState.OPEN
        [after] = follow(find_post(self.agency, post.pk))
        assert (after.came_back, after.answers) == (own, 1)

    def pull(self) -> None:
        pull(Channel.objects.get(pk=self.channel.pk))

    def test_the_worst_channel_speaks_for_the_post(self) -> None:
        for states, expected in (
            ([("sent", False), ("failed", False)], PostState.FAILED),
            ([("sent", False), ("failed", True)], PostState.SENT),
            ([("unclear", False), ("sent", False)], PostState.ON_ITS_WAY),
            ([("withdrawn", False)], PostState.WITHDRAWN),
            ([], PostState.WITHDRAWN),
        ):
            assert sum_up(states) is expected

    def test_what_cannot_be_shown_is_cleaned(self) -> None:
        said = Said(channel_id=self.channel.pk, text=f"a\x00b {WORDS}")
        self.say(said=[said])
        assert "\x00" not in Delivery.objects.get().text
        assert Delivery.objects.get().outbox_item.state == OutboxState.QUEUED
