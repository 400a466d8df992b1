"""Commitments in a real browser: no barriers, nothing cut off, asked about while one writes."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.commitments import actions
from levelhead.commitments.models import Commitment
from levelhead.commitments.public import publish, turn_register
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel import clock
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.commitments.promising import Promising

SIZES = {"wide": WIDE, "phone": PHONE}
PATH = "/riverton/commitments/"


class CommitmentsTests(Promising, BrowserTestCase):
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

    def fill(self) -> Commitment:
        """A register with everything in it."""
        self.promise("We will fix the light on Oak by Friday. — Alice")
        self.make(due_in=timedelta(days=-3), what="Send Dana the rules for drones")
        late = self.make(due_in=timedelta(hours=-2), owner=self.bob)
        self.make(due_in=timedelta(hours=5), what="Publish the video of the meeting " * 8)
        self.make(due_in=None, what="Ask the county about a light")
        done = self.make(what="Repaint the crossing")
        actions.keep_commitment(
            commitment=done, evidence="https://example.org/orders/12", note="Told Sam.",
            by=self.bob, expected_version=None,
        )  # fmt: skip
        return late

    def test_an_empty_register_teaches(self) -> None:
        self.look(PATH, "commitments-empty")

    def test_what_everybody_sees(self) -> None:
        turn_register(agency=self.agency, on=True, by=self.bob)
        self.look("/public/riverton/promises/", "promises-empty")
        done = self.make(what="Repaint the crossing")
        actions.keep_commitment(
            commitment=done, evidence="seen", note="", by=self.bob, expected_version=None
        )
        late = self.make(due_in=timedelta(days=-3))
        for one, text, outcome in (
            (late, "Publish the rules for drones over back yards " * 6, ""),
            (self.make(), "Mow the park on Elm", ""),
            (done, "Repaint the crossing at the school", "The crew was there on Monday."),
        ):
            publish(
                commitment=one, text=text, outcome=outcome, by=self.alice, expected_version=None
            )
        self.look("/public/riverton/promises/", "promises")
        self.look(f"{PATH}{done.pk}/", "commitment-public")

    def test_register(self) -> None:
        self.fill()
        self.look(PATH, "commitments")
        self.look(PATH + "?show=closed", "commitments-closed")

    def test_one_commitment(self) -> None:
        late = self.fill()
        self.look(f"{PATH}{late.pk}/", "commitment")
        done = Commitment.objects.get(state="kept")
        self.look(f"{PATH}{done.pk}/", "commitment-kept")

    def test_in_spanish(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(language="es")
        late = self.fill()
        self.look(PATH, "commitments-es")
        self.look(f"{PATH}{late.pk}/", "commitment-es")

    def test_asked_about_under_the_reply(self) -> None:
        reply = self.promise("We will fix the light on Oak by 3/10. We'll call you. — Alice")
        outbox.deliver_due()
        self.look(f"/riverton/inbox/{reply.case_id}/", "asked")

    def test_asked_while_one_writes_and_kept_with_one_tap(self) -> None:
        case = self.file_case(text="The light on Oak is out.", author_name="Sam")
        for size_name, size in SIZES.items():
            with self.window(self.alice, size=size) as page:
                page.goto(f"/riverton/inbox/{case.pk}/")
                field = page.get_by_label("Reply to Sam")
                field.fill("Sorry, Sam. We will fix it within two days. — Alice")
                page.get_by_text("You promise something").wait_for()
                self.picture(page, f"draft-{size_name}", whole=True)
                self.assert_fits(page, "draft")
                self.assert_accessible(page, "draft")
                page.locator("label", has_text="Keep as a commitment").click()
                # What is said of it stays while one goes on writing.
                field.press_sequentially(" Thanks.")
                page.wait_for_timeout(1_200)
                assert page.get_by_label("Keep as a commitment").is_checked()
                if size is PHONE:
                    page.get_by_role("button", name="Send reply").click()
                    page.get_by_text("1 promise is a commitment now.").wait_for()
        one = Commitment.objects.get()
        assert one.state == "open"
        assert one.due_at is not None
        zone = ZoneInfo(self.agency.zone)
        today = clock.now().astimezone(zone).date()
        assert one.due_at.astimezone(zone).date() == today + timedelta(2)

    def test_kept_with_one_tap_after_it_was_sent(self) -> None:
        reply = self.promise("We will fix it by Friday. — Alice")
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/inbox/{reply.case_id}/")
            page.get_by_role("button", name="Keep as a commitment").click()
            page.get_by_text("It is a commitment now.").wait_for()
        assert Commitment.objects.get().state == "open"

    def test_what_a_colleague_closes_shows_by_itself(self) -> None:
        one = self.make(what="Mow the park")
        with self.window(self.alice) as page:
            page.goto(PATH)
            page.locator("[data-live-mark][data-state=live]").wait_for()
            page.get_by_text("Mow the park").wait_for()
            actions.drop_commitment(
                commitment=one, reason="Sold", by=self.bob, expected_version=None
            )
            page.get_by_text("No promise is open.").wait_for()
