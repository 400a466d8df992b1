"""Naming a colleague, the bell and handovers in a real browser: no barriers, nothing cut off."""

from __future__ import annotations

from datetime import timedelta

from levelhead.accounts.models import User
from levelhead.alerts.models import Shift
from levelhead.connectors.memory import forget_platforms
from levelhead.handover import actions
from levelhead.handover.gathering import gather
from levelhead.handover.models import Handover
from levelhead.inbox.actions import assign_case
from levelhead.inbox.models import Case, Note
from levelhead.issues.actions import open_issue, set_level
from levelhead.kernel import clock
from levelhead.notifications.domain import DeliveryState, Kind, Way
from levelhead.notifications.following import follow_records
from levelhead.notifications.models import Delivery, Notification
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.commitments.promising import Promising
from tests.integration.notifications.telling import Telling
from tests.integration.research.asking import Asking

SIZES = {"wide": WIDE, "phone": PHONE}
LIST = "/riverton/notifications/"


class NotificationsTests(Telling, Promising, Asking, BrowserTestCase):
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
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def fill(self) -> Case:
        """Things for Alice, and a handover's worth of work."""
        case = self.file_case(text="When does the front desk open on Saturdays?")
        assign_case(case=case, owner=self.alice, by=self.bob, expected_version=None)
        Case.objects.filter(pk=case.pk).update(due_at=clock.now() + timedelta(hours=3))
        self.write_note("@Alice, she called twice. @desk please look at it. " * 4, by=self.bob)
        self.ask(case=self.file_case(text="Do your drones film my yard at night?"))
        self.make(due_in=timedelta(hours=5), what="Publish the video of the meeting " * 4)
        self.make(due_in=timedelta(hours=-2), what="Send Dana the rules for drones")
        issue = open_issue(agency_id=self.agency.pk, name="Drones", owner=self.bob, by=self.bob)
        set_level(issue=issue, level=2, why="asked", by=self.bob, expected_version=None)
        follow_records()
        return case

    def give(self, to: User | None = None) -> Handover:
        return actions.give(
            agency=self.agency, to=to, words="Watch the drones: the council meets at 18:00.",
            content=gather(self.agency, self.alice), cases={}, keeps=[], form_token="f",
            by=self.alice,
        )  # fmt: skip

    def test_the_empty_list_and_history_teach(self) -> None:
        self.look(LIST, "notifications-empty")
        self.look("/riverton/handover/", "handovers-empty")

    def test_the_list(self) -> None:
        self.fill()
        Notification.objects.filter(kind=Kind.ASSIGNED).update(read_at=clock.now())
        self.look(LIST, "notifications")

    def test_the_preferences(self) -> None:
        Delivery.objects.create(
            agency=self.agency, user=self.bob, way=Way.MAIL, state=DeliveryState.FAILED,
            next_attempt_at=clock.now(), last_error="The mail server refused the recipient (550).",
        )  # fmt: skip
        self.look(LIST + "preferences/", "preferences", person=self.bob)

    def test_writing_a_handover_and_reading_it(self) -> None:
        case = self.fill()
        self.look("/riverton/handover/new/", "handover-write")
        given = self.give()
        Handover.objects.filter(pk=given.pk).update(given_at=clock.now() - timedelta(minutes=20))
        self.look("/riverton/handover/", "handovers")
        self.look(f"/riverton/handover/{given.pk}/", "handover", person=self.bob)
        self.look("/riverton/today/", "handover-today", person=self.bob)
        self.look("/riverton/today/", "handover-today-giver")
        case.refresh_from_db()
        assert case.owner is None

    def test_in_spanish(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(language="es")
        self.fill()
        for path, name in (
            (LIST, "notifications-es"),
            (LIST + "preferences/", "preferences-es"),
            ("/riverton/handover/new/", "handover-write-es"),
            (f"/riverton/handover/{self.give().pk}/", "handover-es"),
        ):
            self.look(path, name)

    def test_a_colleague_is_chosen_by_keys_while_typing(self) -> None:
        case = self.file_case(text="When does the front desk open?")
        for size_name, size in SIZES.items():
            with self.window(self.alice, size=size) as page:
                page.goto(f"/riverton/inbox/{case.pk}/" + ("#case" if size is PHONE else ""))
                field = page.get_by_label("Note for colleagues")
                field.press_sequentially("Look, @b")
                options = page.locator("#note-names [role=option]:visible")
                assert options.all_inner_texts() == ["Bob bob"]
                assert field.get_attribute("aria-activedescendant") == options.first.get_attribute(
                    "id"
                )
                self.picture(page, f"names-{size_name}")
                self.assert_fits(page, "names")
                self.assert_accessible(page, "names")
                field.press("Enter")
                assert field.input_value() == "Look, @Bob "
                field.press_sequentially("and @")
                assert options.count() > 2
                field.press("ArrowDown")
                field.press("Escape")
                assert options.count() == 0
                # Escape closed the list, not the field.
                field.press("Backspace")
                field.press_sequentially("x@alice")
                assert options.count() == 0
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_label("Note for colleagues").fill("@Bob, look at the lamp")
            page.get_by_role("button", name="Add note").click()
            page.get_by_text("Told: Bob.").wait_for()
            assert page.locator("#notes mark.mention").inner_text() == "@Bob"
            page.get_by_role("link", name="Change your note").click()
            page.get_by_label("Note for colleagues").fill("@Bob, look at both lamps")
            page.get_by_role("button", name="Save").click()
            page.get_by_text("The note is changed.").wait_for()
        assert Note.objects.get().text == "@Bob, look at both lamps"

    def test_the_bell_rings_without_reload_and_n_leads_there(self) -> None:
        with self.window(self.bob) as page:
            page.goto("/riverton/inbox/")
            page.locator("[data-live-mark][data-state=live]").wait_for()
            assert page.locator(".bell-count").count() == 0
            self.write_note("@Bob look")
            page.locator(".bell-count").wait_for()
            assert page.locator(".bell-count").inner_text() == "1"
            page.keyboard.press("n")
            page.get_by_role("heading", name="Notifications").wait_for()
            page.get_by_role("button", name="Mark all as read").click()
            page.get_by_text("1 is read now.").wait_for()
            assert page.locator(".bell-count").count() == 0
            page.keyboard.press("u")
            page.get_by_text("1 is unread again.").wait_for()
            page.get_by_role("link", name="Alice named you in a note").click()
            page.locator("#notes mark.mention-me").wait_for()

    def test_a_shift_is_handed_over_and_taken_also_without_scripts(self) -> None:
        case = self.fill()
        Shift.objects.create(
            agency=self.agency, user=self.alice, added_by=self.bob,
            starts_at=clock.now() - timedelta(hours=7, minutes=30),
            ends_at=clock.now() + timedelta(minutes=30),
        )  # fmt: skip
        with self.window(self.alice, scripts=False) as page:
            page.goto("/riverton/today/")
            page.get_by_role("link", name="Hand it over").click()
            page.get_by_label("What to watch").fill("The council meets at 18:00.")
            page.get_by_label("Hand over to").select_option("Bob")
            page.get_by_role("button", name="Hand over", exact=True).click()
            page.get_by_text("waits to be taken").first.wait_for()
        case.refresh_from_db()
        assert case.owner == self.bob
        with self.window(self.bob, size=PHONE, scripts=False) as page:
            page.goto("/riverton/today/")
            page.get_by_role("button", name="I have it").click()
            page.get_by_text("Bob has it").first.wait_for()
        assert Handover.objects.get(state="taken").taken_by == self.bob
