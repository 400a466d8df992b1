"""Notes that name people: who is told, who is not, and how a note is changed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from levelhead.accounts.models import Membership, User
from levelhead.inbox.models import Note
from levelhead.inbox.noting import edit_note, version_of
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.notifications.models import Notification
from levelhead.records.models import RecordEvent
from tests.integration.notifications.telling import Telling
from tests.integration.web.pages import PagesTestCase


class NamesInNotesTest(Telling, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.stop_the_clock()

    def test_whoever_is_named_is_told_once(self) -> None:
        note = self.write_note("@Bob, and again @bob: look. @victor@example.org too.")
        assert self.told(self.bob) == self.told(self.victor) == [("mention", 1)]
        assert self.told(self.alice) == []
        one = Notification.objects.get(user=self.bob)
        case = note.conversation.cases.get()
        assert (one.note, one.case, one.by) == (note, case, self.alice)
        assert one.address == f"/riverton/inbox/{case.pk}/?view=all"
        told = [
            json.loads(event.payload) for event in LiveEvent.objects.filter(kind="notice.changed")
        ]
        assert told == [{"people": [str(self.bob.pk), str(self.victor.pk)]}]

    def test_nobody_of_another_agency_and_nobody_who_left_is_named(self) -> None:
        Membership.objects.filter(user=self.victor).update(active=False)
        note = self.write_note("@Charlie @charlie@example.org @Victor")
        assert note.mentions == []
        assert not Notification.objects.exists()

    def test_the_author_is_not_told_of_their_own_words(self) -> None:
        self.put_on_duty(self.alice)
        self.write_note("@Alice must call back. @desk")
        assert not Notification.objects.exists()

    def test_the_desk_is_who_is_on_duty(self) -> None:
        self.put_on_duty(self.bob)
        self.put_on_duty(self.victor, begins_in=1)
        self.write_note("@desk please look at this")
        assert self.told(self.bob) == [("mention", 1)]
        assert self.told(self.victor) == []

    def test_names_are_marked_and_words_stay_words(self) -> None:
        note = self.write_note("<b>@Bob</b> & @Alice", case=(case := self.file_case()))
        page = self.look("conversation", case.pk)
        assert '&lt;b&gt;<mark class="mention">@Bob</mark>&lt;/b&gt; &amp; ' in page
        assert '<mark class="mention mention-me">@Alice</mark>' in page
        assert f'id="note-{note.pk}"' in page

    def test_the_newest_note_is_last(self) -> None:
        case = self.file_case()
        for text in ("first of them", "second of them"):
            self.write_note(text, case=case)
        page = self.look("conversation", case.pk)
        assert page.index("first of them") < page.index("second of them")

    def test_older_notes_are_page_by_page(self) -> None:
        case = self.file_case()
        for number in range(60):
            self.write_note(f"note number {number:02d}", case=case)
        page = self.look("notes", case.pk)
        assert "number 59" in page
        assert "number 09" not in page
        before = Note.objects.get(text="note number 10").pk
        assert f"?before={before}" in page
        older = self.look("notes", case.pk, before=before)
        assert "number 09" in older
        assert "number 00" in older

    def test_without_scripts_a_name_is_read_and_the_page_says_who_was_told(self) -> None:
        case = self.file_case()
        self.act("note", case, note="@bob look at the lamp")
        page = self.look("conversation", case.pk)
        assert "Told: Bob." in page
        self.act("note", case, note="@desk look at the lamp")
        assert "Nobody was told" in self.look("conversation", case.pk)

    def change(self, note: Note, text: str, *, by: User | None = None) -> Note:
        return edit_note(note=note, text=text, seen=version_of(note), by=by or self.alice)

    def test_its_author_changes_it_for_ten_minutes(self) -> None:
        note = self.write_note("Call Bb")
        self.clock.advance(timedelta(minutes=9, seconds=59))
        note = self.change(note, "Call @Bob")
        assert (note.text, note.mentions[0]["people"]) == ("Call @Bob", [self.bob.pk])
        assert self.told(self.bob) == [("mention", 1)]
        event = RecordEvent.objects.get(action="person:note:edited")
        assert json.loads(event.payload)["text"] == ["Call Bb", "Call @Bob"]
        self.clock.advance(timedelta(seconds=1))
        with pytest.raises(Invalid, match="10 minutes"):
            self.change(note, "Call nobody")

    def test_who_was_named_before_is_not_told_again(self) -> None:
        note = self.change(self.write_note("@Bob look"), "@Bob and @Victor, look")
        assert self.told(self.bob) == self.told(self.victor) == [("mention", 1)]
        self.change(note, "@Victor and @Bob, look")
        assert Notification.objects.count() == 2

    def test_nobody_else_changes_it(self) -> None:
        note = self.write_note("Mine")
        for person in (self.bob, self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                self.change(note, "Theirs", by=person)
        note.refresh_from_db()
        assert note.text == "Mine"

    def test_a_change_in_another_window_is_not_written_over(self) -> None:
        note = self.write_note("One")
        self.change(Note.objects.get(pk=note.pk), "Two")
        with pytest.raises(Conflict):
            self.change(note, "Three")

    def test_a_note_is_not_emptied_and_not_too_long(self) -> None:
        note = self.write_note("Something")
        for text in ("", " \n", "x" * 5_001):
            with pytest.raises(Invalid):
                self.change(note, text)

    def test_the_page_to_change_it(self) -> None:
        case = self.file_case()
        note = self.write_note("Call Bb", case=case)
        path = self.path("note-edit", case.pk, note.pk)
        assert path in self.look("conversation", case.pk)
        assert "Call Bb" in self.client.get(path).content.decode()
        late = self.client.post(path, {"note": "Call\x00Bob", "seen": "2020"})
        assert late.status_code == 409
        assert "Call" in late.content.decode()
        done = self.client.post(path, {"note": "Call\x00Bob", "seen": ""})
        assert done.status_code == 302
        note.refresh_from_db()
        assert note.text == "Call\ufffdBob"
        self.clock.advance(timedelta(minutes=11))
        assert "cannot be changed any more" in self.client.get(path).content.decode()
        assert path not in self.look("conversation", case.pk)

    def test_only_in_its_conversation_and_agency(self) -> None:
        case, other = self.file_case(), self.file_case()
        note = self.write_note("Here", case=case)
        assert self.client.get(self.path("note-edit", other.pk, note.pk)).status_code == 404
        self.sign_in(self.bob)
        assert (
            self.client.post(
                self.path("note-edit", case.pk, note.pk), {"note": "x", "seen": ""}
            ).status_code
            == 403
        )
        self.sign_in(self.charlie)
        path = reverse("note-edit", args=["maple", case.pk, note.pk])
        assert self.client.get(path).status_code == 404
