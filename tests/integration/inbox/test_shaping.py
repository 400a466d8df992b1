"""Whatever people join and split, in whatever order posts come: each post shows in one place."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from levelhead.channels.actions import receive
from levelhead.channels.domain import IncomingPost
from levelhead.inbox.joining import join_conversations, take_apart, undo_joining
from levelhead.inbox.lookup import author_memory
from levelhead.inbox.models import Case, Conversation, Joining, Post, Splitting
from levelhead.inbox.splitting import put_back, split_conversation, undo_splitting
from levelhead.kernel.errors import Invalid
from levelhead.records.verify import verify_records
from tests.base import People
from tests.integration.channels.test_receive import counted_cases, kept_tallies


class Said:
    """What was done, kept in the plainest way: the expectation is worked out from nothing else."""

    def __init__(self) -> None:
        self.posts: dict[str, IncomingPost] = {}
        # Pairs of posts whose conversations were joined, by the joining.
        self.joins: dict[int, tuple[str, str]] = {}
        # Posts that go and posts that stay, by the splitting.
        self.splits: dict[int, tuple[set[str], set[str]]] = {}

    def threads(self) -> dict[str, str]:
        """The thread of each post as the platform's words give it: a representative."""
        leader = {name: name for name in self.posts}

        def find(name: str) -> str:
            while leader.setdefault(name, name) != name:
                name = leader[name]
            return name

        for name, post in self.posts.items():
            if post.parent_external_id:
                leader[find(name)] = find(post.parent_external_id)
            elif post.thread_external_id:
                leader[find(name)] = find(post.thread_external_id)
        # A post whose parent is missing is named after its thread.
        for name, post in self.posts.items():
            if post.parent_external_id not in self.posts and post.thread_external_id:
                leader[find(name)] = find(post.thread_external_id)
        return {name: find(name) for name in self.posts}

    def base(self, name: str, threads: dict[str, str]) -> object:
        """Where a post is before joinings: walked up from itself, nothing remembered."""
        passed: set[int] = set()
        at: str | None = name
        while at in self.posts:
            for splitting in sorted(self.splits, reverse=True):
                goes, stays = self.splits[splitting]
                if splitting in passed:
                    continue
                if at in goes:
                    return splitting
                if at in stays:
                    passed.add(splitting)
            at = self.posts[at].parent_external_id
        return threads[name]

    def groups(self) -> set[frozenset[str]]:
        """Which posts show together."""
        threads = self.threads()
        base = {name: self.base(name, threads) for name in self.posts}
        leader: dict[object, object] = {}

        def find(node: object) -> object:
            while leader.setdefault(node, node) != node:
                node = leader[node]
            return node

        for one, other in self.joins.values():
            leader[find(self.node(one, threads))] = find(self.node(other, threads))
        together: dict[object, set[str]] = defaultdict(set)
        for name in self.posts:
            together[find(base[name])].add(name)
        return {frozenset(group) for group in together.values()}

    def node(self, end: object, threads: dict[str, str]) -> object:
        """A joining's end: a splitting, or the thread of a post."""
        return end if isinstance(end, int) else threads[str(end)]


class AnySequenceTest(People, HypothesisTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.make_people()

    def end_of(self, case: Case, said: Said) -> object:
        """What a joining takes hold of: the conversation under which the post shows."""
        conversation = Conversation.objects.get(pk=case.conversation_id)
        split = Splitting.objects.filter(made=conversation, undone_at=None).first()
        if split is not None:
            return split.pk
        here = Post.objects.filter(channel=conversation.channel_id)
        own = here.filter(thread=conversation) | here.filter(thread=None, conversation=conversation)
        return own.order_by("pk").values_list("external_id", flat=True)[0]

    def check(self, said: Said) -> None:
        rows = Post.objects.filter(external_id__in=said.posts)
        shown: dict[int, set[str]] = defaultdict(set)
        for name, conversation in rows.values_list("external_id", "conversation_id"):
            shown[conversation].add(name)
        assert {frozenset(group) for group in shown.values()} == said.groups()
        assert rows.count() == len(said.posts)
        for post in rows.select_related("case", "conversation", "parent"):
            assert post.case.conversation_id == post.conversation_id
            assert post.conversation.merged_into_id is None
            assert post.conversation.joined_into_id is None
            assert post.thread_id != post.conversation_id
            parent = post.parent_external_id
            assert (post.parent is not None) == (parent in said.posts)
        assert kept_tallies() == counted_cases()

    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def test_posts_are_where_what_was_said_puts_them(self, data: st.DataObject) -> None:
        author_memory.clear()
        size = data.draw(st.integers(4, 12))
        coming = []
        for n in range(size):
            parent = data.draw(st.none() | st.integers(0, n - 1)) if n else None
            coming.append(
                self.incoming(
                    external_id=f"p{n}",
                    parent_external_id=None if parent is None else f"p{parent}",
                )
            )
        coming = list(data.draw(st.permutations(coming)))
        said = Said()
        for _ in range(data.draw(st.integers(6, 22))):
            self.step(data, coming, said)
            self.check(said)
        receive(coming)
        said.posts.update({post.external_id: post for post in coming})
        self.check(said)
        self.undo_all(said)
        self.check(said)
        assert not Post.objects.exclude(thread=None).exists()
        assert not Conversation.objects.exclude(joined_into=None).exists()
        assert verify_records().holds

    def step(self, data: st.DataObject, coming: list[IncomingPost], said: Said) -> None:
        kinds = ["arrive"] * bool(coming) + ["join", "split"] * (len(said.posts) > 1)
        kinds += ["apart"] * bool(said.joins) + ["back"] * bool(said.splits)
        kind = data.draw(st.sampled_from(kinds)) if kinds else "none"
        if kind == "arrive":
            count = data.draw(st.integers(1, min(3, len(coming))))
            batch = [coming.pop() for _ in range(count)]
            receive(batch)
            said.posts.update({post.external_id: post for post in batch})
        elif kind == "join":
            one, other = (
                Case.objects.get(post__external_id=data.draw(st.sampled_from(sorted(said.posts))))
                for _ in range(2)
            )
            if one.conversation_id == other.conversation_id:
                return
            ends = (self.end_of(one, said), self.end_of(other, said))
            done = join_conversations(keep=one, other=other, reason="one matter", by=self.alice)
            said.joins[done.pk] = ends  # type: ignore[assignment]
            assert Case.objects.get(pk=other.pk).conversation_id == one.conversation_id
        elif kind == "split":
            self.split(data, said)
        elif kind == "apart":
            joining = Joining.objects.get(pk=data.draw(st.sampled_from(sorted(said.joins))))
            self.apart(joining, said, at_once=data.draw(st.booleans()))
        elif kind == "back":
            splitting = Splitting.objects.get(pk=data.draw(st.sampled_from(sorted(said.splits))))
            self.back(splitting, said, at_once=data.draw(st.booleans()))

    def split(self, data: st.DataObject, said: Said) -> None:
        case = Case.objects.get(post__external_id=data.draw(st.sampled_from(sorted(said.posts))))
        here = Post.objects.filter(conversation=case.conversation_id)
        names = sorted(here.values_list("external_id", flat=True))
        chosen = data.draw(st.none() | st.sets(st.sampled_from(names), max_size=4))
        goes = {case.post.external_id} | (chosen or set())
        stays: set[str] = set()
        if chosen is not None:
            stays = {n for n in names if said.posts[n].parent_external_id in goes} - goes
        ids = None if chosen is None else set(
            here.filter(external_id__in=chosen).values_list("pk", flat=True)
        )  # fmt: skip
        if (again := Splitting.objects.filter(post=case.pk, undone_at=None)).exists() and (
            again.latest("pk").made_id == case.conversation_id
        ):
            return
        before = Splitting.objects.count()
        try:
            done = split_conversation(case=case, reason="another", by=self.bob, chosen=ids)
        except Invalid:
            assert Splitting.objects.count() == before
            return
        said.splits[done.pk] = (goes, stays)

    def apart(self, joining: Joining, said: Said, *, at_once: bool) -> None:
        try:
            if at_once:
                undo_joining(joining=joining, by=self.alice)
            else:
                take_apart(joining=joining, reason="two matters", by=self.bob)
        except Invalid:
            return
        said.joins.pop(joining.pk)

    def back(self, splitting: Splitting, said: Said, *, at_once: bool) -> None:
        try:
            if at_once:
                undo_splitting(splitting=splitting, by=self.alice)
            else:
                put_back(splitting=splitting, reason="the same matter", by=self.bob)
        except Invalid:
            return
        said.splits.pop(splitting.pk)

    def undo_all(self, said: Said) -> None:
        for joining in Joining.objects.filter(undone_at=None).order_by("-pk"):
            if joining.part_id != joining.whole_id:
                take_apart(joining=joining, reason="two matters", by=self.alice)
            said.joins.pop(joining.pk)
        for splitting in Splitting.objects.filter(undone_at=None).order_by("-pk"):
            put_back(splitting=splitting, reason="the same matter", by=self.alice)
            said.splits.pop(splitting.pk)
