"""Who is there and who holds the pen: told at once, gone by itself, refused where it must be."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.drafts.actions import Typed, save_draft
from levelhead.drafts.several import take_over
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.presence.actions import (
    PenHeld,
    be_here,
    forget_absent,
    leave,
    leave_everywhere,
    look_at_pen,
)
from levelhead.presence.domain import KEEP, MOST_WINDOWS, PenState
from levelhead.presence.models import Pen, Presence
from levelhead.presence.queries import mark_rows, who_is_here
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from tests.base import MONDAY, DeskTestCase


class TickingTestCase(DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.case = self.file_case(text="When does the front desk open?")

    def after(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    def write(self, who: User, text: str, window: str = "w", key: str = "") -> PenState:
        typed = Typed(text=text, key=key or f"form of {who.name}")
        return save_draft(case=self.case, by=who, typed=typed, window=window).pen

    def events(self, kind: str) -> list[dict[str, str]]:
        found = LiveEvent.objects.filter(agency=self.agency, kind=kind).order_by("seq")
        return [json.loads(event.payload) for event in found]

    def path(self, name: str, *args: object) -> str:
        return reverse(name, args=[self.agency.slug, *args])


class PresenceTest(TickingTestCase):
    def test_a_newcomer_is_told_of_once_and_a_beat_writes_little(self) -> None:
        be_here(case=self.case, by=self.bob, window="one")
        assert self.events("presence.changed") == [{"case": str(self.case.pk)}]
        assert who_is_here(self.case, self.alice).lookers == ("Bob",)
        assert who_is_here(self.case, self.bob).lookers == ()
        self.after(5)
        with CaptureQueriesContext(connection) as asked:
            be_here(case=self.case, by=self.bob, window="one")
        assert not [q for q in asked if not q["sql"].startswith("SELECT")], "too soon to write"
        self.after(10)
        with CaptureQueriesContext(connection) as asked:
            be_here(case=self.case, by=self.bob, window="one")
        assert len([q for q in asked if q["sql"].startswith("UPDATE")]) == 1
        assert len(self.events("presence.changed")) == 1

    def test_who_gives_no_sign_is_gone_and_the_row_is_removed_in_time(self) -> None:
        be_here(case=self.case, by=self.bob, window="one")
        self.after(46)
        assert who_is_here(self.case, self.alice).lookers == ()
        assert forget_absent() == 0
        self.clock.advance(KEEP)
        assert forget_absent() == 1
        assert not Presence.objects.exists()

    def test_two_windows_are_one_person_until_both_are_closed(self) -> None:
        for window in ("one", "two"):
            be_here(case=self.case, by=self.bob, window=window)
        assert who_is_here(self.case, self.alice).lookers == ("Bob",)
        leave(case=self.case, by=self.bob, window="one")
        assert who_is_here(self.case, self.alice).lookers == ("Bob",)
        leave(case=self.case, by=self.bob, window="two")
        assert who_is_here(self.case, self.alice).lookers == ()
        assert len(self.events("presence.changed")) == 2

    def test_a_loop_of_windows_is_bounded(self) -> None:
        for number in range(2 * MOST_WINDOWS):
            be_here(case=self.case, by=self.bob, window=f"w{number}")
            self.after(1)
        assert Presence.objects.filter(user=self.bob).count() == MOST_WINDOWS

    def test_hostile_names_of_windows_are_refused(self) -> None:
        for window in ("", "a b", "x" * 41, "a\0b", "<b>"):
            with pytest.raises(Invalid):
                be_here(case=self.case, by=self.bob, window=window)

    def test_outsiders_are_not_seen_and_see_nothing(self) -> None:
        for act in (be_here, leave):
            with pytest.raises(NotAllowed):
                act(case=self.case, by=self.charlie, window="one")
        assert not Presence.objects.exists()

    def test_a_viewer_is_seen(self) -> None:
        be_here(case=self.case, by=self.victor, window="one")
        assert who_is_here(self.case, self.alice).lookers == ("Victor",)

    def test_a_whole_list_costs_two_queries_at_most(self) -> None:
        cases = [self.file_case() for _ in range(30)]
        ids = [case.pk for case in cases]
        with CaptureQueriesContext(connection) as asked:
            assert mark_rows(self.agency, self.alice, ids) == {}
        assert len(asked) == 1
        for case in cases:
            be_here(case=case, by=self.bob, window="one")
        with CaptureQueriesContext(connection) as asked:
            found = mark_rows(self.agency, self.alice, ids)
        assert len(asked) == 2
        assert {here.lookers for here in found.values()} == {("Bob",)}
        assert mark_rows(self.other_agency, self.charlie, ids) == {}

    def test_the_list_and_the_page_say_it_without_scripts(self) -> None:
        be_here(case=self.case, by=self.bob, window="one")
        self.client.force_login(self.alice)
        page = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "Bob is looking at this." in page
        assert "data-looks" in page.split('id="rows"')[1].split("</ol>")[0]
        self.write(self.bob, "At <b>8</b>")
        page = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "<strong>Bob is writing a reply</strong> since 09:20" in page
        assert "At &lt;b&gt;8&lt;/b&gt;" in page
        assert "readonly" in page.split('id="reply-text"')[1].split(">")[0]
        assert "Bob writes" in page.split('id="rows"')[1].split("</ol>")[0]

    def test_marks_are_given_for_rows_of_the_own_agency_only(self) -> None:
        be_here(case=self.case, by=self.bob, window="one")
        self.client.force_login(self.alice)
        part = self.client.get(
            self.path("presence-marks"), {"case": [self.case.pk, "x\0", "-1", "9" * 30]}
        ).content.decode()
        assert f'data-present="{self.case.pk}"' in part
        assert "Bob" in part
        self.client.force_login(self.charlie)
        path = reverse("presence-marks", args=[self.other_agency.slug])
        assert "Bob" not in self.client.get(path, {"case": self.case.pk}).content.decode()


class PenTest(TickingTestCase):
    def test_who_begins_to_write_holds_it_and_the_other_keeps_the_words(self) -> None:
        assert self.write(self.alice, "At") is PenState.MINE
        assert self.write(self.bob, "We open") is PenState.THEIRS
        here = who_is_here(self.case, self.bob)
        assert (here.writes, here.since) == ("Alice", MONDAY)
        assert who_is_here(self.case, self.alice).pen is PenState.MINE

    def test_silence_of_two_minutes_lays_it_down(self) -> None:
        self.write(self.alice, "At")
        self.after(119)
        assert self.write(self.bob, "We open") is PenState.THEIRS
        self.after(1)
        assert look_at_pen(self.case, self.bob) is PenState.FREE
        assert self.write(self.bob, "We open at 8") is PenState.MINE
        assert self.write(self.alice, "At 8") is PenState.THEIRS

    def test_the_same_words_again_are_no_writing(self) -> None:
        self.write(self.alice, "At")
        self.after(100)
        self.write(self.alice, "At")
        self.after(20)
        assert look_at_pen(self.case, self.bob) is PenState.FREE

    def test_closing_the_page_lays_it_down(self) -> None:
        self.write(self.alice, "At", window="one")
        leave(case=self.case, by=self.alice, window="one")
        assert look_at_pen(self.case, self.bob) is PenState.FREE

    def test_signing_out_lays_it_down(self) -> None:
        client = Client()
        client.force_login(self.alice)
        client.post(
            self.path("draft-save", self.case.pk), {"text": "At", "form_token": "t"},
            headers={"Accept": "application/json"},
        )  # fmt: skip
        assert look_at_pen(self.case, self.bob) is PenState.THEIRS
        client.post("/accounts/logout/")
        assert look_at_pen(self.case, self.bob) is PenState.FREE
        assert not Presence.objects.filter(user=self.alice).exists()
        leave_everywhere(self.alice)

    def test_sending_lays_it_down(self) -> None:
        self.write(self.alice, "At 8.")
        send_reply(case=self.case, text="At 8.", by=self.alice, form_token="t",
                   expected_version=None)  # fmt: skip
        assert Pen.objects.get().holder is None

    def test_a_send_by_somebody_else_is_refused_in_words_while_one_writes(self) -> None:
        self.write(self.alice, "At")
        with pytest.raises(PenHeld) as refused:
            send_reply(case=self.case, text="At 9.", by=self.bob, form_token="t",
                       expected_version=None)  # fmt: skip
        assert "Alice is writing a reply to this post since 09:20" in refused.value.message
        assert "take over the pen and send" in refused.value.message
        assert not Reply.objects.exists()
        self.after(120)
        send_reply(case=self.case, text="At 9.", by=self.bob, form_token="t", expected_version=None)

    def test_the_page_keeps_the_refused_words_and_offers_to_take_over_in_that_step(self) -> None:
        self.write(self.alice, "At")
        self.client.force_login(self.bob)
        form = {"text": "At 9. <i>Bob</i>", "form_token": "t", "version": self.case.version}
        response = self.client.post(self.path("reply", self.case.pk), form)
        page = response.content.decode()
        assert response.status_code == 409
        assert "At 9. &lt;i&gt;Bob&lt;/i&gt;</textarea>" in page
        assert "Take over the pen and send" in page
        assert "Somebody was faster" not in page
        self.client.logout()
        self.client.force_login(self.bob)
        again = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "At 9. &lt;i&gt;Bob&lt;/i&gt;</textarea>" in again, "kept on the server"
        response = self.client.post(self.path("reply", self.case.pk), {**form, "take_over": "yes"})
        assert response.status_code == 302
        assert Reply.objects.get().by == self.bob

    def test_taking_over_is_said_to_the_first_and_goes_on_from_those_words(self) -> None:
        self.write(self.alice, "At 8 in")
        assert take_over(case=self.case, by=self.bob, window="w") == self.alice
        here = who_is_here(self.case, self.alice)
        assert here.taken_from_me
        assert here.writes == "Bob"
        assert look_at_pen(self.case, self.bob) is PenState.MINE
        event = RecordEvent.objects.get(action="person:pen:taken_over")
        assert json.loads(event.payload) == {"from": self.alice.pk}
        self.client.force_login(self.alice)
        page = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "Bob took over the pen at 09:20." in page
        assert "At 8 in</textarea>" in page
        self.client.force_login(self.bob)
        page = self.client.get(self.path("conversation", self.case.pk)).content.decode()
        assert "At 8 in</textarea>" in page
        with pytest.raises(PenHeld):
            send_reply(case=self.case, text="At 8.", by=self.alice, form_token="t",
                       expected_version=None)  # fmt: skip

    def test_a_free_pen_is_taken_without_a_record(self) -> None:
        assert take_over(case=self.case, by=self.bob, window="w") is None
        assert take_over(case=self.case, by=self.bob, window="w") is None
        assert look_at_pen(self.case, self.bob) is PenState.MINE
        assert not RecordEvent.objects.filter(action="person:pen:taken_over").exists()

    def test_outsiders_and_viewers_take_no_pen(self) -> None:
        for person in (self.charlie, self.victor):
            with pytest.raises(NotAllowed):
                take_over(case=self.case, by=person, window="w")
            with pytest.raises(NotAllowed):
                self.write(person, "At 8.")
        assert not Pen.objects.exists()
