"""Drafts: nothing that the server took is lost, whoever writes, sends, deletes or crashes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.models import User
from levelhead.drafts.actions import Saved, Typed, save_draft
from levelhead.drafts.domain import MOST_OPEN, MOST_VERSIONS, TEXT_LIMIT, DraftState
from levelhead.drafts.models import Draft, DraftVersion
from levelhead.drafts.several import (
    bring_back_version,
    copy_draft,
    delete_draft,
    open_draft,
    restore_draft,
    start_draft,
)
from levelhead.inbox.actions import close_case
from levelhead.kernel.errors import Invalid, NotAllowed, NotFound
from levelhead.live.models import LiveEvent
from levelhead.presence.actions import be_here
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply, withdraw_reply
from levelhead.replies.models import Reply
from tests.integration.presence.test_presence import TickingTestCase


class DraftsTestCase(TickingTestCase):
    def save(self, who: User, text: str, **fields: Any) -> Saved:
        typed = Typed(**{"text": text, "key": f"form of {who.name}", **fields})
        return save_draft(case=self.case, by=who, typed=typed, window="w")

    def draft(self, who: User, text: str, **fields: Any) -> Draft:
        saved = self.save(who, text, **fields).draft
        assert saved is not None
        return saved

    def send(self, who: User, text: str, **fields: Any) -> Reply:
        given: dict[str, Any] = {"form_token": f"t{Reply.objects.count()}", **fields}
        return send_reply(case=self.case, text=text, by=who, expected_version=None, **given)


class SavingTest(DraftsTestCase):
    def test_nothing_typed_makes_no_draft_and_the_same_page_makes_one(self) -> None:
        assert self.save(self.alice, " \n").draft is None
        first = self.draft(self.alice, "At")
        again = self.draft(self.alice, "At 8")
        by_id = self.draft(self.alice, "At 8 in", draft_id=first.pk)
        assert first.pk == again.pk == by_id.pk
        assert Draft.objects.get().text == "At 8 in"
        assert not DraftVersion.objects.exists(), "writing on loses nothing"

    def test_words_that_are_taken_out_stay_in_the_history_the_last_twenty(self) -> None:
        for number in range(MOST_VERSIONS + 5):
            self.draft(self.alice, f"Version {number}.")
        kept = DraftVersion.objects.order_by("number").values_list("text", flat=True)
        assert list(kept) == [f"Version {n}." for n in range(4, MOST_VERSIONS + 4)]

    def test_earlier_words_come_back_and_the_present_ones_stay(self) -> None:
        self.draft(self.alice, "The warm one")
        draft = self.draft(self.alice, "Short")
        version = DraftVersion.objects.get()
        bring_back_version(draft=draft, number=version.number, by=self.alice)
        assert Draft.objects.get().text == "The warm one"
        texts = set(DraftVersion.objects.values_list("text", flat=True))
        assert texts == {"The warm one", "Short"}
        with pytest.raises(NotFound):
            bring_back_version(draft=draft, number=99, by=self.alice)
        with pytest.raises(NotFound):
            bring_back_version(draft=draft, number=version.number, by=self.bob)

    def test_two_windows_of_one_person_lose_nothing(self) -> None:
        draft = self.draft(self.alice, "From the desk")
        self.draft(self.alice, "From the phone", draft_id=draft.pk, version=draft.version)
        saved = self.save(self.alice, "From the desk too", draft_id=draft.pk, version=draft.version)
        assert saved.changed_elsewhere
        kept = set(DraftVersion.objects.values_list("text", flat=True))
        assert kept == {"From the desk", "From the phone"}

    def test_hostile_words_are_refused_or_stay_words(self) -> None:
        for text in ("a\0b", "x" * (TEXT_LIMIT + 1)):
            with pytest.raises(Invalid):
                self.save(self.alice, text)
        with pytest.raises(Invalid):
            self.save(self.alice, "At", name="a\0b")
        for key in ("", "k" * 41):
            with pytest.raises(Invalid):
                self.save(self.alice, "At", key=key)
        assert not Draft.objects.exists()
        draft = self.draft(self.alice, "</textarea><script>alert(1)</script>", name="<b>\u202e")
        self.client.force_login(self.alice)
        for name, person in (("conversation", self.alice), ("drafts", self.bob)):
            self.client.force_login(person)
            page = self.client.get(self.path(name, self.case.pk)).content.decode()
            assert "<script>alert(1)" not in page
            assert "&lt;script&gt;alert(1)" in page
        assert draft.name == "<b>\u202e"

    def test_the_script_is_told_in_json_what_is_true(self) -> None:
        self.client.force_login(self.alice)
        path = self.path("draft-save", self.case.pk)
        accept = {"Accept": "application/json"}
        answer = self.client.post(path, {"text": "At", "form_token": "t"}, headers=accept)
        told = answer.json()
        assert told["pen"] == "mine"
        assert told["told"] == "Kept on the server at 09:20:00."
        assert Draft.objects.get().pk == int(told["draft"])
        refused = self.client.post(path, {"text": "a\0", "form_token": "t"}, headers=accept)
        assert refused.status_code == 400
        assert "NUL" in refused.json()["error"]["message"]
        foreign = {"text": "x", "form_token": "t", "draft": self.draft(self.bob, "Mine").pk}
        assert self.client.post(path, foreign, headers=accept).status_code == 404

    def test_a_person_has_so_many_drafts_and_no_more(self) -> None:
        for _ in range(MOST_OPEN):
            start_draft(case=self.case, by=self.alice)
        for act in (
            lambda: start_draft(case=self.case, by=self.alice),
            lambda: self.save(self.alice, "One more"),
        ):
            with pytest.raises(Invalid):
                act()
        assert Draft.objects.count() == MOST_OPEN

    def test_saving_is_cheap_and_is_not_on_the_record(self) -> None:
        self.draft(self.alice, "At")
        events = RecordEvent.objects.count()
        live = LiveEvent.objects.count()
        with CaptureQueriesContext(connection) as asked:
            self.draft(self.alice, "At 8")
        assert len(asked) <= 14, "\n".join(q["sql"][:100] for q in asked)
        assert RecordEvent.objects.count() == events
        assert LiveEvent.objects.count() == live, "nobody looks on: nobody is told"
        be_here(case=self.case, by=self.bob, window="one")
        live = LiveEvent.objects.count()
        self.draft(self.alice, "At 8 in")
        assert LiveEvent.objects.count() == live + 1

    def test_outsiders_and_viewers_keep_no_drafts_and_read_none(self) -> None:
        self.draft(self.alice, "Secret words")
        for person in (self.charlie, self.victor):
            with pytest.raises(NotAllowed):
                self.save(person, "Mine")
        self.client.force_login(self.victor)
        page = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "Secret words" not in page


class ManyTest(DraftsTestCase):
    def test_without_scripts_drafts_are_kept_begun_switched_deleted_and_brought_back(self) -> None:
        self.client.force_login(self.alice)
        page = self.client.get(self.path("conversation", self.case.pk))
        form = {"text": "Short", "form_token": page.context["reply_form"].token, "draft": ""}
        page = self.client.post(self.path("draft-new", self.case.pk), form, follow=True)
        assert page.context["reply_form"].text == ""
        first, second = Draft.objects.order_by("pk")
        assert (first.text, second.text, second.name) == ("Short", "", "Draft 2")
        form = {"text": "Warm", "form_token": "x", "draft": second.pk, "draft_name": "The warm one"}
        page = self.client.post(self.path("draft-open", first.pk), form, follow=True)
        assert page.context["reply_form"].text == "Short"
        assert Draft.objects.get(pk=second.pk).name == "The warm one"
        assert "The warm one" in page.content.decode()
        page = self.client.post(self.path("draft-delete", first.pk), follow=True)
        assert "Undo: draft deleted" in page.content.decode()
        assert page.context["reply_form"].text == "Warm"
        page = self.client.post(self.path("draft-restore", first.pk), follow=True)
        assert page.context["reply_form"].text == "Short"
        kept = {"text": "Shorter", "form_token": "x", "draft": first.pk}
        page = self.client.post(self.path("draft-save", self.case.pk), kept, follow=True)
        assert "The draft is kept." in page.content.decode()
        assert page.context["reply_form"].text == "Shorter"

    def test_two_are_compared_side_by_side(self) -> None:
        one = self.draft(self.alice, "At eight, thank you")
        two = self.draft(self.bob, "At nine, thank you")
        self.client.force_login(self.bob)
        path = self.path("drafts", self.case.pk)
        page = self.client.get(path, {"draft": [one.pk, two.pk]}).content.decode()
        assert "<mark>eight, </mark>" in page
        assert "<mark>nine, </mark>" in page
        assert "Choose two drafts" in self.client.get(path, {"draft": one.pk}).content.decode()
        assert self.client.get(path, {"draft": ["x", "9" * 40]}).status_code == 200

    def test_a_colleague_copies_and_the_first_stays(self) -> None:
        theirs = self.draft(self.alice, "At 8", answers="7 9")
        mine = copy_draft(draft=theirs, by=self.bob)
        assert (mine.text, mine.answers, mine.name) == ("At 8", "7 9", "From Alice")
        assert mine.copied_from == theirs
        self.draft(self.bob, "At 9", draft_id=mine.pk)
        assert Draft.objects.get(pk=theirs.pk).text == "At 8"
        with pytest.raises(NotFound):
            delete_draft(draft=theirs, by=self.bob)
        with pytest.raises(NotAllowed):
            copy_draft(draft=theirs, by=self.charlie)

    def test_what_was_deleted_cannot_be_opened_until_it_is_back(self) -> None:
        draft = self.draft(self.alice, "At 8")
        delete_draft(draft=draft, by=self.alice)
        delete_draft(draft=draft, by=self.alice)
        assert RecordEvent.objects.filter(action="person:draft:deleted").count() == 1
        for act in (open_draft, lambda **k: bring_back_version(number=1, **k)):
            with pytest.raises((Invalid, NotFound)):
                act(draft=draft, by=self.alice)
        restore_draft(draft=draft, by=self.alice)
        assert open_draft(draft=draft, by=self.alice).text == "At 8"


class SendingTest(DraftsTestCase):
    def test_sending_one_closes_the_others_with_their_words_on_the_record(self) -> None:
        sent = self.draft(self.alice, "At 8.")
        other = self.draft(self.alice, "Warm", key="second")
        bobs = self.draft(self.bob, "At nine")
        reply = self.send(self.alice, "At 8. — Alice")
        states = dict(Draft.objects.values_list("pk", "state"))
        assert states == {
            sent.pk: DraftState.SENT, other.pk: DraftState.CLOSED, bobs.pk: DraftState.CLOSED,
        }  # fmt: skip
        events = RecordEvent.objects.filter(action="person:draft:closed")
        assert {json.loads(e.payload)["text"] for e in events} == {"Warm", "At nine"}
        assert Draft.objects.get(pk=sent.pk).text == reply.text
        with pytest.raises(Invalid):
            restore_draft(draft=sent, by=self.alice)
        restore_draft(draft=bobs, by=self.bob)
        assert Draft.objects.get(pk=bobs.pk).state == DraftState.OPEN

    def test_a_first_word_leaves_the_full_answer_in_its_draft(self) -> None:
        other = self.draft(self.bob, "The full answer")
        self.after(120)
        self.send(
            self.alice, "We look into it.", holding=True,
            full_answer_due=self.clock.now().replace(hour=20),
        )  # fmt: skip
        assert Draft.objects.get(pk=other.pk).state == DraftState.OPEN

    def test_taken_back_everything_is_open_again(self) -> None:
        self.draft(self.alice, "At 8.")
        self.draft(self.bob, "At nine")
        reply = self.send(self.alice, "At 8. — Alice")
        withdraw_reply(reply=reply, by=self.alice)
        assert set(Draft.objects.values_list("state", flat=True)) == {"open"}
        assert Draft.objects.filter(text="At 8. — Alice").exists()

    def test_a_late_word_after_sending_makes_no_new_draft_and_a_new_one_does(self) -> None:
        draft = self.draft(self.alice, "At 8")
        self.send(self.alice, "At 8. — Alice")
        for text in ("At", "At 8. —", ""):
            assert self.draft(self.alice, text, draft_id=draft.pk).pk == draft.pk
        assert Draft.objects.count() == 1
        more = self.draft(self.alice, "And bring papers", draft_id=draft.pk)
        again = self.draft(self.alice, "And bring papers!", draft_id=draft.pk)
        assert more.pk == again.pk != draft.pk
        assert Draft.objects.get(pk=more.pk).state == DraftState.OPEN

    def test_the_drafts_of_a_closed_case_stay_as_they_are(self) -> None:
        draft = self.draft(self.alice, "At 8")
        delete_draft(draft=draft, by=self.alice)
        close_case(case=self.case, reason="by phone", by=self.alice, expected_version=None)
        with pytest.raises(Invalid):
            restore_draft(draft=draft, by=self.alice)

    def test_another_agency_has_its_own(self) -> None:
        theirs = self.file_case(channel_id=self.other_channel.pk, text="When do you open?")
        typed = Typed(text="At 9", key="k")
        saved = save_draft(case=theirs, by=self.charlie, typed=typed, window="w").draft
        assert saved is not None
        with pytest.raises(NotAllowed):
            copy_draft(draft=saved, by=self.alice)
        with pytest.raises(NotFound):
            save_draft(
                case=self.case, by=self.alice, window="w",
                typed=Typed(text="x", key="k", draft_id=saved.pk),
            )  # fmt: skip
