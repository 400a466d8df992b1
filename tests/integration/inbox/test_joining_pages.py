"""The pages for joining and splitting: found, looked at, done, taken back."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.inbox.alike import find_joinable
from levelhead.inbox.joining import join_conversations
from levelhead.inbox.models import Case, Conversation, Joining, Splitting
from levelhead.inbox.splitting import split_conversation
from levelhead.inbox.thread import find_case
from levelhead.replies.actions import send_reply
from tests.integration.web.pages import Elements, PagesTestCase
from tests.integration.web.test_desk import CONVERSATION_QUERIES

# The join page, with what it finds and two previews.
JOIN_QUERIES = 30
# What a conversation that was joined asks more than another.
JOINED_MORE = 12


class JoinPagesTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.second = self.make_channel(self.agency, "Second square")
        dana: dict[str, Any] = {"author_handle": "dana", "author_name": "Dana R."}
        self.here = self.file_case(
            external_id="a", text="Where do I get the collision documents?",
            author_external_id="d1", **dana,
        )  # fmt: skip
        self.there = self.file_case(
            external_id="b", channel_id=self.second.pk, text="Nobody answers me here either.",
            author_external_id="d2", url="https://second.example/posts/b", **dana,
        )  # fmt: skip
        self.alike = self.file_case(
            external_id="c", text="The collision documents, where are they?",
            author_external_id="x", author_handle="xaver",
        )  # fmt: skip
        self.theirs = self.file_case(
            channel_id=self.other_channel.pk, text="Our collision documents", **dana
        )

    def found(self, page: str) -> list[int]:
        return [int(v or 0) for v in Elements(page).with_attribute("data-found")]

    def shapes(self, *cases: Case) -> list[str]:
        rows = Conversation.objects.filter(pk__in=[case.conversation_id for case in cases])
        return [f"{pk}:{shape}" for pk, shape in rows.values_list("pk", "shape")]

    def join(self, **more: Any) -> Any:
        return self.client.post(
            self.path("join"),
            {
                "case": [self.here.pk, self.there.pk], "keep": self.here.pk, "reason": "Dana twice",
                "shape": self.shapes(self.here, self.there), **more,
            },
        )  # fmt: skip

    def test_the_same_person_comes_first_then_the_same_words(self) -> None:
        page = self.look("join", case=self.here.pk)
        assert self.found(page) == [self.there.pk, self.alike.pk]

    def test_found_by_words_name_link_address_and_id(self) -> None:
        for find, expected in (
            ("xaver", [self.alike.pk]),
            ("@xaver", [self.alike.pk]),
            ("nobody answers", [self.there.pk]),
            ("https://second.example/posts/b", [self.there.pk]),
            (f"https://desk.example/riverton/inbox/{self.alike.pk}/", [self.alike.pk]),
            (str(self.alike.pk), [self.alike.pk]),
            (str(self.there.conversation_id), [self.there.pk]),
            (str(self.theirs.pk), []),
            ("9" * 19, []),
            ("https://[", []),
            ("\"'%00<script>", []),
            ("https://" + "x" * 5_000, []),
        ):
            assert self.found(self.look("join", case=self.here.pk, find=find)) == expected, find

    def test_what_people_wrote_is_shown_as_words(self) -> None:
        nasty = self.file_case(text="<script>alert(1)</script> nobody answers", author_name="<b>x")
        page = self.look("join", case=[self.here.pk, nasty.pk])
        assert "<script>alert" not in page
        assert "<b>x" not in page

    def test_two_are_looked_at_and_joined_with_a_reason(self) -> None:
        page = self.look("join", case=[self.here.pk, self.there.pk])
        assert 'name="reason"' in page
        response = self.join()
        assert response.status_code == 302
        assert response["Location"] == self.path("conversation", self.here.pk)
        page = self.look("conversation", self.here.pk)
        assert "Dana twice" in page
        assert "Undo: joined" in page
        assert "Nobody answers me here either." in page
        for text in ("Second square", "data-joining"):
            assert text in self.look("conversation", self.there.pk)

    def test_replies_and_cases_of_the_other_show_with_where_they_went(self) -> None:
        self.join()
        there = find_case(self.agency, self.there.pk)
        send_reply(case=there, text="Ask at the front desk.", by=self.alice, form_token="t",
                   expected_version=None, all_the_same="a test")  # fmt: skip
        page = self.look("conversation", self.here.pk)
        assert "Ask at the front desk." in page
        assert "joined-cases" in page
        assert self.path("conversation", self.there.pk) in page

    def test_undone_from_the_page_and_taken_apart_later(self) -> None:
        self.join()
        joining = Joining.objects.get()
        self.client.post(self.path("join-undo", joining.pk), {"open": self.there.pk})
        assert Case.objects.get(pk=self.there.pk).conversation_id == self.there.conversation_id
        self.join()
        joining = Joining.objects.get(undone_at=None)
        self.client.post(self.path("note", self.here.pk), {"note": "She called."})
        page = self.look("conversation", self.here.pk)
        assert "Take apart" in page
        response = self.client.post(self.path("join-undo", joining.pk), follow=True)
        assert "Nothing was done" in response.content.decode()
        page = self.look("join-apart", joining.pk)
        assert "Notes written since" in page
        shape = [v for v in Elements(page).with_attribute("value") if v and ":" in v]
        response = self.client.post(self.path("join-apart", joining.pk), {"reason": " "})
        assert response.status_code == 400
        response = self.client.post(
            self.path("join-apart", joining.pk), {"reason": "two", "shape": shape}
        )
        assert response.status_code == 302
        assert Case.objects.get(pk=self.there.pk).conversation_id == self.there.conversation_id

    def test_a_mistake_keeps_what_was_typed(self) -> None:
        response = self.join(keep="0", reason="because <b>")
        assert response.status_code == 400
        assert "because &lt;b&gt;" in response.content.decode()
        for data in ({"reason": " "}, {"case": [self.here.pk]}):
            assert self.join(**data).status_code == 400
        assert not Joining.objects.exists()

    def test_somebody_was_faster(self) -> None:
        old = self.shapes(self.here, self.there)
        join_conversations(keep=self.here, other=self.alike, reason="x", by=self.bob)
        response = self.join(shape=old)
        assert response.status_code == 409
        assert Joining.objects.count() == 1

    def test_marked_rows_lead_to_the_page_and_several_are_joined_at_once(self) -> None:
        ids = [self.here.pk, self.there.pk, self.alike.pk]
        response = self.client.post(self.path("join") + "?view=all", {"case": ids})
        assert response.status_code == 302
        assert response["Location"].endswith("&".join(f"case={pk}" for pk in ids) + "&view=all")
        shapes = self.shapes(self.here, self.there, self.alike)
        response = self.join(case=ids, shape=shapes)
        assert response.status_code == 302
        assert Joining.objects.count() == 2
        assert set(Case.objects.filter(pk__in=ids).values_list("conversation_id", flat=True)) == {
            self.here.conversation_id
        }
        response = self.client.post(self.path("join"), {}, follow=True)
        assert "Choose at least one post first" in response.content.decode()

    def test_nothing_of_another_agency_and_nothing_for_who_only_looks(self) -> None:
        for case in (self.theirs.pk, 5):
            assert self.client.get(self.path("join"), {"case": case}).status_code == 404
            assert self.join(case=[self.here.pk, case]).status_code == 404
        self.join()
        joining = Joining.objects.get()
        splitting = split_conversation(case=self.there, reason="x", by=self.bob)
        ways = [
            ("join", ()), ("join-undo", (joining.pk,)), ("join-apart", (joining.pk,)),
            ("split", (self.here.pk,)), ("split-undo", (splitting.pk,)),
            ("split-back", (splitting.pk,)),
        ]  # fmt: skip
        for person, codes in ((self.victor, {403}), (self.charlie, {403, 404})):
            self.sign_in(person)
            for name, args in ways:
                given = {"reason": "x", "case": [self.here.pk, self.alike.pk]}
                response = self.client.post(self.path(name, *args), given)
                assert response.status_code in codes, name
            page = self.client.get(self.path("conversation", self.here.pk))
            assert b'data-action="join"' not in page.content
        # Charlie's own address, Riverton's things.
        self.sign_in(self.charlie)
        for name, args in ways[1:]:
            path = self.path(name, *args).replace("/riverton/", "/maple/")
            assert self.client.post(path, {"reason": "x"}).status_code == 404, name
        assert Joining.objects.get().undone_at is None

    def test_bounded_however_large(self) -> None:
        self.receive(*[
            self.incoming(parent_external_id="b", channel_id=self.second.pk, author_handle="dana")
            for _ in range(60)
        ])  # fmt: skip
        with CaptureQueriesContext(connection) as asked:
            self.look("join", case=[self.here.pk, self.there.pk])
        assert len(asked) <= JOIN_QUERIES, "\n".join(q["sql"][:120] for q in asked)
        self.join()
        with CaptureQueriesContext(connection) as asked:
            self.look("conversation", self.here.pk)
        assert len(asked) <= CONVERSATION_QUERIES + JOINED_MORE, len(asked)
        assert len(find_joinable(self.agency, find_case(self.agency, self.alike.pk), "")) <= 10


class SplitPagesTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.top = self.file_case(external_id="a", text="The council met tonight.")
        self.below = self.file_case(external_id="a1", parent_external_id="a", text="My street?")
        self.deeper = self.file_case(external_id="a2", parent_external_id="a1", text="Elm Street!")

    def split(self, **more: Any) -> Any:
        return self.client.post(self.path("split", self.below.pk), {"reason": "Elm", **more})

    def test_split_off_with_a_link_in_both_and_put_back(self) -> None:
        assert "Everything below it" in self.look("split", self.below.pk)
        assert self.split().status_code == 302
        splitting = Splitting.objects.get()
        assert Case.objects.get(pk=self.deeper.pk).conversation_id == splitting.made_id
        page = self.look("conversation", self.deeper.pk)
        assert self.path("conversation", self.top.pk) in page
        assert "Undo: split off" in page
        page = self.look("conversation", self.top.pk)
        assert "From here on it is another matter" in page
        assert self.path("conversation", self.below.pk) in page
        self.client.post(self.path("note", self.below.pk), {"note": "Elm is county land."})
        assert "Put back" in self.look("conversation", self.below.pk)
        assert "Elm Street!" in self.look("split-back", splitting.pk)
        assert self.client.post(self.path("split-back", splitting.pk), {}).status_code == 400
        response = self.client.post(self.path("split-back", splitting.pk), {"reason": "same"})
        assert response.status_code == 302
        assert Case.objects.get(pk=self.deeper.pk).conversation_id == self.top.conversation_id

    def test_only_what_is_ticked(self) -> None:
        self.split(what="chosen")
        splitting = Splitting.objects.get()
        assert Case.objects.get(pk=self.below.pk).conversation_id == splitting.made_id
        assert Case.objects.get(pk=self.deeper.pk).conversation_id == self.top.conversation_id
        self.client.post(self.path("split-undo", splitting.pk))
        self.split(what="chosen", post=[self.deeper.pk, "x", "\x00"])
        assert Case.objects.get(pk=self.deeper.pk).conversation_id != self.top.conversation_id

    def test_the_whole_is_no_branch_and_words_are_kept(self) -> None:
        response = self.client.post(self.path("split", self.top.pk), {"reason": "all of it"})
        assert response.status_code == 400
        assert "all of it" in response.content.decode()
