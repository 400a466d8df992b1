"""Several workers file posts while people join and split: no post is left behind."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from django.db import close_old_connections, connection

from levelhead.channels.actions import receive
from levelhead.channels.domain import IncomingPost
from levelhead.inbox import actions, filing
from levelhead.inbox.actions import add_note
from levelhead.inbox.joining import join_conversations, take_apart
from levelhead.inbox.lookup import author_memory
from levelhead.inbox.models import Case, Conversation, Joining, Note, Post, Splitting
from levelhead.inbox.splitting import put_back, split_conversation
from levelhead.inbox.thread import find_case, list_notes
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.records.verify import verify_records
from tests.base import CommittedDeskTestCase
from tests.integration.inbox.test_actions import assert_counted

THREADS = 3
LENGTH = 12


class MomentTest(CommittedDeskTestCase):
    """Somebody is faster, at the worst moment."""

    def setUp(self) -> None:
        super().setUp()
        self.here = self.file_case(external_id="a")
        self.below = self.file_case(external_id="a1", parent_external_id="a")
        self.there = self.file_case(external_id="b")

    def file_while(self, act: Callable[[], object], **fields: object) -> Post:
        """File a post; `act` is done between its look-ups and its transaction."""
        acts = [act]

        def judge(*args: Any) -> Any:
            if acts:
                acts.pop()()
            return filing_judge(*args)

        filing_judge = filing._judge_batch
        with mock.patch.object(filing, "_judge_batch", judge):
            post = self.file_post(**fields)
        assert not acts
        assert post.case.conversation_id == post.conversation_id
        return post

    def test_joined_after_the_parent_was_looked_up(self) -> None:
        post = self.file_while(
            lambda: join_conversations(keep=self.there, other=self.here, reason="x", by=self.alice),
            parent_external_id="a1",
        )
        assert post.conversation_id == self.there.conversation_id

    def test_joined_after_the_thread_was_looked_up(self) -> None:
        post = self.file_while(
            lambda: join_conversations(
                keep=self.there, other=self.here, reason="x", by=self.alice
            ),
            parent_external_id="not here", thread_external_id="a",
        )  # fmt: skip
        assert post.conversation_id == self.there.conversation_id

    def test_taken_apart_after_the_thread_was_looked_up(self) -> None:
        joining = join_conversations(keep=self.there, other=self.here, reason="x", by=self.alice)
        for fields in ({"parent_external_id": "a1"}, {"thread_external_id": "a"}):
            post = self.file_while(
                partial(take_apart, joining=joining, reason="x", by=self.alice), **fields
            )
            assert post.conversation_id == self.here.conversation_id
            assert post.thread_id is None
            joining = join_conversations(
                keep=self.there, other=self.here, reason="x", by=self.alice
            )

    def test_split_off_and_put_back_after_the_parent_was_looked_up(self) -> None:
        post = self.file_while(
            lambda: split_conversation(case=self.below, reason="x", by=self.alice),
            parent_external_id="a1",
        )
        splitting = Splitting.objects.get()
        assert post.conversation_id == splitting.made_id
        post = self.file_while(
            lambda: put_back(splitting=splitting, reason="x", by=self.alice),
            parent_external_id="a1",
        )
        assert post.conversation_id == self.here.conversation_id

    def test_a_late_root_came_after_the_parent_was_looked_up(self) -> None:
        self.file_post(external_id="c1", parent_external_id="c")
        post = self.file_while(
            lambda: self.file_post(external_id="c", parent_external_id="b"),
            parent_external_id="c1",
        )
        assert post.conversation_id == self.there.conversation_id

    def test_joined_at_the_moment_when_a_late_root_comes(self) -> None:
        waiting = self.file_case(external_id="c1", parent_external_id="c")
        post = self.file_while(
            lambda: join_conversations(
                keep=self.there, other=waiting, reason="x", by=self.alice
            ),
            external_id="c", parent_external_id="a",
        )  # fmt: skip
        shown = set(Post.objects.values_list("conversation_id", flat=True))
        assert shown == {post.conversation_id}

    def test_who_joins_waits_for_a_batch_that_is_being_filed(self) -> None:
        done = threading.Event()

        def join() -> None:
            try:
                join_conversations(keep=self.there, other=self.here, reason="x", by=self.alice)
            finally:
                done.set()
                connection.close()

        thread = threading.Thread(target=join)

        def wake(*args: Any, **more: Any) -> None:
            # The post is written and not committed; the joining comes now.
            thread.start()
            assert not done.wait(0.5)

        with mock.patch.object(filing, "wake_in", wake):
            post = self.file_post(parent_external_id="a1")
        thread.join(timeout=30)
        assert done.is_set()
        post.refresh_from_db()
        assert post.conversation_id == self.there.conversation_id
        assert Case.objects.get(pk=post.pk).conversation_id == self.there.conversation_id

    def test_a_note_that_is_being_written_holds_up_who_joins_and_neither_fails(self) -> None:
        errors: list[BaseException] = []
        done = threading.Event()

        def join() -> None:
            try:
                join_conversations(keep=self.there, other=self.here, reason="x", by=self.alice)
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()
                connection.close()

        thread = threading.Thread(target=join)

        def announce(**more: Any) -> None:
            thread.start()
            assert not done.wait(0.5)

        with mock.patch.object(actions, "announce", announce):
            add_note(conversation=self.here.conversation, text="Hm.", by=self.bob)
        thread.join(timeout=30)
        assert done.is_set()
        assert not errors
        assert list_notes(find_case(self.agency, self.there.pk)) == list(Note.objects.all())


class AtOnceTest(CommittedDeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.errors: list[BaseException] = []
        self.channels = [self.channel, *(
            self.make_channel(self.agency, f"Square {n}") for n in range(THREADS - 1)
        )]  # fmt: skip

    def posts_of(self, number: int, dice: random.Random) -> list[IncomingPost]:
        """A thread on a channel of its own, a fifth of it out of order."""
        posts = [
            self.incoming(
                channel_id=self.channels[number].pk, external_id=f"t{number}-{place}",
                parent_external_id=f"t{number}-{dice.randrange(place)}" if place else None,
                text="Still no answer?",
            )
            for place in range(LENGTH)
        ]  # fmt: skip
        for _ in range(LENGTH // 4):
            one, other = dice.sample(range(LENGTH), 2)
            posts[one], posts[other] = posts[other], posts[one]
        return posts

    def run_all(self, *works: object) -> None:
        def guarded(work: object) -> None:
            try:
                work()  # type: ignore[operator]
            except BaseException as error:
                self.errors.append(error)
            finally:
                close_old_connections()
                connection.close()

        threads = [threading.Thread(target=guarded, args=[work]) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in threads)
        assert not self.errors, self.errors

    def test_workers_file_while_people_join_split_and_take_apart(self) -> None:
        dice = random.Random(7)
        batches = [self.posts_of(number, dice) for number in range(THREADS)]
        for batch in batches:
            receive([batch.pop(0)])
        ready = threading.Event()
        left = [len(batches)]

        def work(batch: list[IncomingPost]) -> None:
            for start in range(0, len(batch), 2):
                receive(batch[start : start + 2])
            left[0] -= 1
            if not left[0]:
                ready.set()

        def shape(seed: int) -> None:
            own = random.Random(seed)
            while not ready.is_set():
                self.shape_once(own)
                ready.wait(0.02)

        self.run_all(
            *(lambda batch=batch: work(batch) for batch in batches),
            lambda: shape(1), lambda: shape(2),
        )  # fmt: skip
        assert Post.objects.count() == THREADS * LENGTH
        assert Joining.objects.exists()
        assert Splitting.objects.exists()
        for post in Post.objects.select_related("conversation", "case"):
            assert post.conversation.merged_into_id is None
            assert post.conversation.joined_into_id is None
            assert post.case.conversation_id == post.conversation_id
        for joining in Joining.objects.filter(undone_at=None).order_by("-pk"):
            if joining.part_id != joining.whole_id:
                take_apart(joining=joining, reason="at the end", by=self.alice)
        for splitting in Splitting.objects.filter(undone_at=None).order_by("-pk"):
            put_back(splitting=splitting, reason="at the end", by=self.alice)
        together: dict[int, set[str]] = defaultdict(set)
        for name, conversation in Post.objects.values_list("external_id", "conversation_id"):
            together[conversation].add(name)
        assert sorted(map(sorted, together.values())) == sorted(
            sorted(f"t{number}-{place}" for place in range(LENGTH)) for number in range(THREADS)
        )
        assert not Post.objects.exclude(thread=None).exists()
        assert not Conversation.objects.exclude(joined_into=None).exists()
        assert_counted()
        assert verify_records().holds

    def shape_once(self, dice: random.Random) -> None:
        cases = list(Case.objects.select_related("post").order_by("?")[:2])
        person = dice.choice([self.alice, self.bob])
        try:
            kind = dice.choice(["join", "join", "split", "apart", "back"])
            if kind == "join":
                join_conversations(keep=cases[0], other=cases[1], reason="x", by=person)
            elif kind == "split":
                split_conversation(case=cases[0], reason="x", by=person)
            elif kind == "apart":
                for joining in Joining.objects.filter(undone_at=None).order_by("?")[:1]:
                    take_apart(joining=joining, reason="x", by=person)
            else:
                for splitting in Splitting.objects.filter(undone_at=None).order_by("?")[:1]:
                    put_back(splitting=splitting, reason="x", by=person)
        except (Conflict, Invalid):
            author_memory.clear()
