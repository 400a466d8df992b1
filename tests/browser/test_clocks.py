"""Hours, clocks, duty and alerts in a real browser: no barriers, nothing cut off."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.alerts.actions import add_shift, add_target
from levelhead.alerts.calling import move_alerts_on
from levelhead.alerts.models import Alert, Ring
from levelhead.clocks.actions import pause_clock
from levelhead.clocks.domain import WaitingOn
from levelhead.clocks.models import ClockPause
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.actions import close_case
from levelhead.kernel import clock
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.clocks.ticking import COMPLAINT, DANGER

SIZES = {"wide": WIDE, "phone": PHONE}


class ClocksTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()

    def look(self, path: str, name: str, *, person: User | None = None) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with (
                    self.subTest(what),
                    self.window(person or self.alice, size=size, theme=theme) as page,
                ):
                    page.goto(path)
                    for fold in page.locator("main details.case-form > summary").all():
                        if fold.is_visible():
                            fold.click()
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def test_hours(self) -> None:
        self.agency.schedule = {**self.agency.schedule, "public_holidays": "US-TX"}
        self.agency.save()
        self.look("/riverton/settings/", "hours", person=self.bob)

    def test_a_paused_case(self) -> None:
        case = self.file_case(text=COMPLAINT)
        self.look(f"/riverton/inbox/{case.pk}/", "clocks-case")
        pause_clock(
            case=case, waiting_on=WaitingOn.AUTHOR, note="Which street?", by=self.alice,
            until=clock.now() + timedelta(days=3), expected_version=None,
        )  # fmt: skip
        self.look(f"/riverton/inbox/{case.pk}/", "clocks-paused")

    def test_a_clock_is_stopped_and_goes_on_by_hand(self) -> None:
        case = self.file_case(text=COMPLAINT)
        with self.window(self.alice, size=WIDE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.click("#pause > summary")
            page.click("label[for=waits-research]")
            page.click("[data-action=clock-pause]")
            page.wait_for_selector("[data-paused=research]")
            page.click("[data-action=clock-resume]")
            page.wait_for_selector("[data-paused]", state="detached")
        assert ClockPause.objects.get().resumed_by == "person"

    def test_the_report(self) -> None:
        self.look("/riverton/clocks/", "clocks-empty")
        case = self.file_case(text=COMPLAINT)
        self.file_case(text=DANGER)
        close_case(case=case, reason="Called her.", by=self.alice, expected_version=None)
        self.look("/riverton/clocks/", "clocks")

    def test_duty_and_alerts(self) -> None:
        self.look("/riverton/alerts/", "alerts-empty")
        now = clock.now()
        add_shift(agency=self.agency, user=self.alice, starts_at=now,
                  ends_at=now + timedelta(hours=8), by=self.bob)  # fmt: skip
        add_shift(agency=self.agency, user=self.bob, starts_at=now + timedelta(hours=8),
                  ends_at=now + timedelta(hours=16), by=self.bob)  # fmt: skip
        add_target(agency=self.agency, user=self.alice, name="Alice’s phone",
                   address="ntfys://ntfy.example.org/alice-at-the-desk", by=self.bob)  # fmt: skip
        add_target(agency=self.agency, user=None, name="Duty phone", by=self.bob,
                   address="json://alerts.example.org/a/rather/long/path/of/a/service")  # fmt: skip
        self.file_case(text=DANGER)
        move_alerts_on()
        Ring.objects.update(state="failed", last_error="The service answered with the error 503.")
        self.look("/riverton/alerts/", "alerts")
        self.look("/riverton/alerts/settings/", "alert-settings", person=self.bob)

    def test_the_link_of_a_call(self) -> None:
        from levelhead.alerts.ringing import link_token

        target = add_target(agency=self.agency, user=self.alice, name="Phone", by=self.bob,
                            address="json://alerts.example.org/x")  # fmt: skip
        self.file_case(text=DANGER)
        alert = Alert.objects.get()
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/alert/{link_token(alert, target)}/")
            self.picture(page, "alert-link")
            self.assert_fits(page, "link")
            self.assert_accessible(page, "link")
            page.click("main button")
            page.wait_for_selector("text=Alice sees to it")
        assert Alert.objects.get().state == "acknowledged"
