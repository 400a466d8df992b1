"""The settings page shows what office hours mean before they are saved."""

from __future__ import annotations

import json
from datetime import date, timedelta

import time_machine

from levelhead.accounts.models import Agency
from levelhead.records.models import RecordEvent
from tests.base import MONDAY
from tests.integration.web.pages import PagesTestCase

WEEK = {f"hours_{day}": "08:00-17:00" for day in
        ("monday", "tuesday", "wednesday", "thursday", "friday")}  # fmt: skip


class HoursPageTest(PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.bob)
        self.given = {"name": "Riverton Police", "zone": "America/Chicago", **WEEK}

    def send(self, *, status: int = 200, **changes: object) -> str:
        path = self.path("agency-settings")
        response = self.client.post(path, {**self.given, **changes})  # type: ignore[dict-item]
        assert response.status_code == status, response.status_code
        return response.content.decode()

    def kept(self) -> Agency:
        return Agency.objects.get(pk=self.agency.pk)

    def test_a_question_of_friday_evening_is_shown_due_on_monday(self) -> None:
        with time_machine.travel(MONDAY, tick=False):
            page = self.look("agency-settings")
        assert "Fri, March 20, 2026, 16:50 CDT: due Mon, March 23, 2026, 11:50 CDT" in page

    def test_a_preview_saves_nothing_and_shows_what_is_typed(self) -> None:
        events = RecordEvent.objects.count()
        with time_machine.travel(MONDAY, tick=False):
            page = self.send(do="preview", hours_monday="10:00-17:00", name="Other")
        assert "due Mon, March 23, 2026, 13:50 CDT" in page
        assert "Nothing is saved yet" in page
        assert self.kept().name == "Riverton Police Department"
        assert RecordEvent.objects.count() == events

    def test_any_moment_can_be_tried(self) -> None:
        page = self.send(do="preview", comes="2026-12-24T16:50", public_holidays="US")
        assert "Thu, Dec. 24, 2026, 16:50 CST: due Mon, Dec. 28, 2026, 11:50 CST" in page
        for wrong in ("tomorrow", "0001-01-01T00:00", "9999-12-31T23:59", "\x00", "2026-13-01"):
            page = self.send(do="preview", comes=wrong)
            assert "Give a date and a time" in page

    def test_public_holidays_are_chosen_and_kept_on_the_record(self) -> None:
        self.send(status=302, public_holidays="US")
        assert self.kept().schedule["public_holidays"] == "US"
        page = self.look("agency-settings")
        assert "Thanksgiving Day" in page
        listed = ["Columbus Day", "Christmas Day"]
        self.send(status=302, public_holidays="US", listed_for="US", listed=listed,
                  closed_on=["Christmas Day"])  # fmt: skip
        assert self.kept().schedule["open_on"] == ["Columbus Day"]
        event = RecordEvent.objects.order_by("-id").first()
        assert event is not None
        assert event.action == "person:agency:settings_changed"
        assert json.loads(event.payload)["after"]["schedule"]["open_on"] == ["Columbus Day"]

    def test_another_state_begins_with_all_its_days(self) -> None:
        page = self.send(do="preview", public_holidays="US-TX", listed_for="US",
                         listed=["Columbus Day"])  # fmt: skip
        assert "Texas Independence Day" in page
        assert 'name="closed_on" value="San Jacinto Day" checked' in page

    def test_nonsense_is_refused_with_a_sentence(self) -> None:
        hostile = {"public_holidays": "US-TX", "listed_for": "US-TX", "listed": ["x" * 300]}
        closed = "\n".join(
            (date(2026, 3, 1) + timedelta(days=number)).isoformat() for number in range(200)
        )
        for changes, said in (
            ({"public_holidays": "US-ZZ"}, "has no holidays that we know"),
            (hostile, "named by its name"),
            ({"holidays": closed, **dict.fromkeys(WEEK, ""), "hours_monday": "08:00-17:00"},
             "does not open within"),
        ):  # fmt: skip
            with time_machine.travel(MONDAY, tick=False):
                page = self.send(status=400, **changes)
            assert said in page, changes
        assert "public_holidays" not in self.kept().schedule

    def test_nobody_else_sees_or_changes_it(self) -> None:
        for person, status in ((self.alice, 403), (self.victor, 403), (self.charlie, 404)):
            self.sign_in(person)
            self.send(status=status, do="preview")
            self.send(status=status)
        assert self.kept().name == "Riverton Police Department"
