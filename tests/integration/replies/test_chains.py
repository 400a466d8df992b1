"""A long answer leaves as posts in order, each once, whatever the platform and our workers do."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.channels.outgoing import message_of
from levelhead.channels.pulling import claim_due, pull
from levelhead.connectors.memory import MemoryPlatform, forget_platforms, platform_of
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Post
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.ops.health import WAITING_STATES
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.replies.actions import retry_reply, send_reply, withdraw_reply
from levelhead.replies.domain import NeedsPosts
from levelhead.replies.models import Reply, ReplyPart
from levelhead.replies.posting import choose_numbering
from levelhead.replies.standing import standing_of
from tests.base import MONDAY, CommittedDeskTestCase, DeskTestCase, forget_what_was_filed

LONG = (
    "First: the desk opens at 8.\n---\nSecond: bring a photo ID.\n---\nThird: reports cost $5. — Al"
)
POSTS = ["First: the desk opens at 8.", "Second: bring a photo ID.", "Third: reports cost $5. — Al"]
FAILURES = ("unclear_accepted", "unclear_lost", "busy", "garbled", "bug")


class ChainCase(DeskTestCase):
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

    def reply(self, text: str = LONG, posts: int = 6, token: str = "form-1") -> Reply:
        return send_reply(
            case=self.case, text=text, by=self.alice, form_token=token, expected_version=None,
            posts=posts,
        )  # fmt: skip

    def deliver(self, minutes: int = 1, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.clock.advance(timedelta(minutes=minutes))
            outbox.deliver_due()

    def states(self) -> list[str]:
        return [item.state for item in Reply.objects.get().items]

    def case_now(self) -> Case:
        return Case.objects.get(pk=self.case.pk)

    def assert_in_order(self, count: int) -> None:
        """What is public is the beginning of the answer, a chain, each post once."""
        sent = list(self.platform.sent.values())
        assert [message.text for message in sent] == POSTS[:count]
        parent = self.case.post.external_id
        for message in sent:
            assert message.parent_external_id == parent
            assert message.thread_external_id == self.case.post.conversation.key
            parent = f"sent-{message.marker}"


class ChainTests(ChainCase):
    def test_each_part_answers_the_one_before_and_the_case_is_answered_at_the_end(self) -> None:
        self.reply()
        assert self.states() == ["queued"] * 3
        self.deliver()
        self.assert_in_order(1)
        assert self.case_now().state == CaseState.ANSWERING
        self.deliver()
        self.assert_in_order(2)
        assert self.case_now().state == CaseState.ANSWERING
        self.deliver()
        self.assert_in_order(3)
        assert self.case_now().state == CaseState.ANSWERED
        self.deliver(minutes=60, rounds=3)
        assert self.platform.calls["send"] == 3
        assert verify_records().holds
        told = RecordEvent.objects.get(action="outbox:reply:arrived").payload
        assert '"posts":3' in str(told).replace(" ", "").replace("'", '"')

    def test_a_part_whose_turn_has_not_come_wakes_nobody(self) -> None:
        self.platform.fail_next("busy", on="send")
        self.reply()
        self.deliver()
        assert outbox.next_delivery_in() > 0

    def test_the_same_form_twice_is_one_chain(self) -> None:
        assert self.reply().pk == self.reply().pk
        assert OutboxItem.objects.count() == 3
        assert ReplyPart.objects.count() == 2

    def test_more_posts_than_were_seen_do_not_leave(self) -> None:
        with pytest.raises(NeedsPosts) as refused:
            self.reply(posts=2)
        assert refused.value.data["posts"] == 3
        assert not OutboxItem.objects.exists()
        assert self.case_now().state == CaseState.OPEN

    def test_seven_posts_are_too_many_and_a_long_word_cannot_be_cut(self) -> None:
        for text in ("\n---\n".join("abcdefg"), "word " * 2_000, "x" * 1_001):
            with pytest.raises(Invalid):
                self.reply(text=text)
        assert not OutboxItem.objects.exists()

    def test_numbered_where_the_agency_wants_it(self) -> None:
        choose_numbering(agency=self.agency, numbered=True, by=self.bob)
        self.reply()
        assert [item.text[-4:] for item in Reply.objects.get().items] == [" 1/3", " 2/3", " 3/3"]

    def test_only_administrators_of_the_agency_choose_numbering(self) -> None:
        for person in (self.alice, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                choose_numbering(agency=self.agency, numbered=True, by=person)

    def test_accepted_but_cut_in_the_middle_is_looked_up(self) -> None:
        self.reply()
        self.deliver()
        self.platform.fail_next("unclear_accepted", on="send")
        self.deliver()
        assert self.states() == ["sent", "unclear", "queued"]
        self.deliver(rounds=2)
        self.assert_in_order(3)
        assert self.platform.calls["send"] == 3

    def test_killed_between_the_parts(self) -> None:
        self.reply()
        self.deliver()
        (claimed,) = outbox.claim_next()
        assert claimed.text == POSTS[1]
        # Killed before it was sent: its claim runs out, and it is looked up first.
        self.deliver(minutes=5)
        self.deliver()
        self.assert_in_order(3)
        assert self.platform.calls["find"] == 1

    def test_refused_in_the_middle_says_what_is_public_and_the_rest_is_retried(self) -> None:
        reply = self.reply()
        self.deliver()
        self.platform.fail_next("refused", on="send")
        self.deliver()
        assert self.states() == ["sent", "failed", "failed"]
        assert Reply.objects.get().state == "failed"
        case = self.case_now()
        assert (case.state, case.reply_failed) == (CaseState.OPEN, True)
        self.deliver(minutes=60, rounds=3)
        self.assert_in_order(1)
        with pytest.raises(Conflict):
            withdraw_reply(reply=reply, by=self.alice)
        retry_reply(reply=reply, by=self.bob)
        assert self.states() == ["sent", "queued", "queued"]
        self.deliver(rounds=2)
        self.assert_in_order(3)
        case = self.case_now()
        assert (case.state, case.reply_failed) == (CaseState.ANSWERED, False)
        assert self.platform.calls["send"] == 4

    def test_refused_at_once_nothing_waits_for_ever(self) -> None:
        self.platform.fail_next("refused", on="send")
        self.reply()
        self.deliver()
        assert self.states() == ["failed"] * 3
        assert not OutboxItem.objects.filter(state__in=WAITING_STATES).exists()

    def test_outsiders_cannot_retry_or_take_back(self) -> None:
        reply = self.reply()
        for person in (self.charlie, self.victor):
            with pytest.raises(NotAllowed):
                withdraw_reply(reply=reply, by=person)
            with pytest.raises(NotAllowed):
                retry_reply(reply=reply, by=person)

    def test_taken_back_before_the_first_left(self) -> None:
        reply = self.reply()
        withdraw_reply(reply=reply, by=self.alice)
        assert self.states() == ["withdrawn"] * 3
        self.deliver(minutes=10, rounds=3)
        assert not self.platform.sent
        assert self.case_now().state == CaseState.OPEN

    def test_too_late_to_take_back_once_the_first_left(self) -> None:
        reply = self.reply()
        self.deliver()
        with pytest.raises(Conflict):
            withdraw_reply(reply=reply, by=self.alice)
        self.deliver(rounds=2)
        self.assert_in_order(3)

    def test_a_late_part_has_its_own_hours_to_be_tried(self) -> None:
        self.platform.fail_next("busy", on="send", times=55)
        self.reply()
        self.deliver(minutes=6, rounds=56)
        assert self.states()[0] == "sent"
        self.platform.fail_next("busy", on="send", times=10)
        self.deliver(minutes=6, rounds=14)
        self.assert_in_order(3)

    def test_our_posts_come_back_joined_and_count_as_one_answer(self) -> None:
        self.reply()
        self.deliver(rounds=3)
        for channel in claim_due(8):
            pull(channel)
        own = Post.objects.filter(from_agency=True).order_by("pk")
        assert [post.text for post in own] == POSTS
        assert {post.conversation_id for post in own} == {self.case.conversation_id}
        assert [post.parent_id for post in own] == [self.case.pk, own[0].pk, own[1].pk]
        assert {case.state for case in Case.objects.filter(post__in=own)} == {CaseState.OWN}
        assert standing_of(self.case).replies == 1

    def test_the_strip_counts_a_half_public_reply_as_failed(self) -> None:
        self.reply()
        self.deliver()
        self.platform.fail_next("refused", on="send")
        self.deliver()
        self.client.force_login(self.alice)
        page = self.client.get(f"/riverton/inbox/{self.case.pk}/")
        strip = page.context["strip"]
        assert strip.unsent.failed == 1


class InterleavingTests(ChainCase, HypothesisTestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        plan=st.lists(
            st.one_of(
                st.tuples(st.just("fail"), st.sampled_from(FAILURES)),
                st.tuples(st.just("deliver"), st.integers(0, 6)),
                st.tuples(st.just("kill"), st.booleans()),
                st.tuples(st.just("retry"), st.none()),
                st.tuples(st.just("refuse"), st.none()),
            ),
            max_size=14,
        )
    )
    def test_whatever_happens_what_is_public_is_the_beginning_in_order(self, plan) -> None:
        self._begin_anew()
        reply = self.reply(token=clock.now().isoformat() + str(OutboxItem.objects.count()))
        for step, given_ in plan:
            if step == "fail":
                self.platform.fail_next(given_, on="find" if given_ == "garbled" else "send")
            elif step == "refuse":
                self.platform.fail_next("refused", on="send")
            elif step == "deliver":
                self.deliver(minutes=given_)
            elif step == "retry":
                if Reply.objects.get(pk=reply.pk).state == "failed":
                    retry_reply(reply=Reply.objects.get(pk=reply.pk), by=self.alice)
            else:
                self._kill(accepted=given_)
            self._assert_beginning(reply)
        # In the end everything arrives.
        self.platform._planned.clear()
        for _ in range(12):
            if Reply.objects.get(pk=reply.pk).state == "failed":
                retry_reply(reply=Reply.objects.get(pk=reply.pk), by=self.alice)
            self.deliver(minutes=10)
        self._assert_beginning(reply)
        assert Reply.objects.get(pk=reply.pk).state == "sent"
        assert [m.text for m in self.platform.sent.values()] == POSTS

    def _begin_anew(self) -> None:
        forget_platforms()
        forget_what_was_filed()
        pool.close()
        self.case = self.file_case()

    def _kill(self, *, accepted: bool) -> None:
        """A worker that dies with a claimed item, before or after the platform took it."""
        for item in outbox.claim_next(limit=1):
            if accepted and item.state == OutboxState.SENDING:
                connector = pool.take(item.channel)[1]
                connector.platform.accept(message_of(item), item.channel_id, "us")

    def _assert_beginning(self, reply: Reply) -> None:
        items = Reply.objects.get(pk=reply.pk).items
        public = list(self.platform.sent)
        assert public == [item.marker for item in items][: len(public)]
        states = [item.state for item in items]
        sent = states.count("sent")
        assert states[:sent] == ["sent"] * sent
        assert len(public) >= sent


class WorkersTests(CommittedDeskTestCase):
    def test_eight_workers_send_chains_in_order_and_once(self) -> None:
        forget_platforms()
        pool.close()
        platform = platform_of(account_of(self.channel))
        replies = [
            send_reply(
                case=self.file_case(external_id=f"q{number}"), text=LONG, by=self.alice,
                form_token=f"f{number}", expected_version=None, posts=3,
            )
            for number in range(8)
        ]  # fmt: skip
        errors: list[BaseException] = []

        def work() -> None:
            try:
                while OutboxItem.objects.exclude(state=OutboxState.SENT).exists():
                    outbox.deliver_due(limit=3)
            except BaseException as error:
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not errors
        assert platform.calls["send"] == 24
        order = list(platform.sent)
        for reply in replies:
            markers = [item.marker for item in Reply.objects.get(pk=reply.pk).items]
            assert sorted(markers, key=order.index) == markers
            for before, after in pairwise(markers):
                assert platform.sent[after].parent_external_id == f"sent-{before}"
        assert Case.objects.filter(state=CaseState.ANSWERED).count() == 8
