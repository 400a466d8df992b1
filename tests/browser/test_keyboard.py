"""The desk by keyboard alone; keys never act while somebody types."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from tests.browser.base import BrowserTestCase


class KeyboardTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.cases = [
            self.file_case(text=f"When does the {place} open?", author_name=place.title())
            for place in ("lobby", "garage", "window")
        ]
        # Whatever the models of the day say of them.
        Case.objects.update(queue="needs")

    def open_list(self, page: Page) -> None:
        page.goto("/riverton/inbox/")
        expect(page.locator("[data-case]")).to_have_count(3)

    def state(self, number: int) -> str:
        return Case.objects.get(pk=self.cases[number].pk).state

    def test_move_open_reply(self) -> None:
        with self.window(self.alice) as page:
            self.open_list(page)
            page.keyboard.press("j")
            page.keyboard.press("j")
            page.keyboard.press("k")
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            expect(page.locator("#conversation-title")).to_contain_text("Garage")
            self.assertIn(f"/inbox/{self.cases[1].pk}/", page.url)
            page.keyboard.press("r")
            expect(page.get_by_label("Reply to Garage")).to_be_focused()
            page.keyboard.type("just a reason: sure")
            expect(page.get_by_label("Reply to Garage")).to_have_value("just a reason: sure")
            self.assertEqual(self.state(1), CaseState.OPEN)

    def test_let_stand_goes_on_to_the_next_and_can_be_undone(self) -> None:
        with self.window(self.alice) as page:
            self.open_list(page)
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            expect(page.locator("#conversation-title")).to_contain_text("Window")
            page.keyboard.press("s")
            expect(page.locator("[data-undo]")).to_be_visible()
            expect(page.locator(f"#row-{self.cases[2].pk}")).to_have_count(0)
            self.assertEqual(self.state(2), CaseState.STOOD)
            page.keyboard.press("u")
            expect(page.locator(f"#row-{self.cases[2].pk}")).to_have_count(1)
            self.assertEqual(self.state(2), CaseState.OPEN)

    def test_down_the_list_without_opening_each(self) -> None:
        with self.window(self.alice) as page:
            self.open_list(page)
            page.keyboard.press("j")
            page.keyboard.press("s")
            expect(page.locator("[data-undo]")).to_be_visible()
            expect(page.locator(f"#row-{self.cases[1].pk} .row-link")).to_be_focused()
            self.assertIn(f"/inbox/{self.cases[2].pk}/", page.url)
            page.keyboard.press("s")
            expect(page.locator(f"#row-{self.cases[1].pk}")).to_have_count(0)
            expect(page.locator(f"#row-{self.cases[0].pk} .row-link")).to_be_focused()
            self.assertEqual([self.state(n) for n in range(3)], ["open", "stood", "stood"])

    def test_a_life_safety_post_is_not_let_stand_from_the_list(self) -> None:
        Case.objects.filter(pk=self.cases[2].pk).update(queue="now")
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            page.keyboard.press("j")
            page.keyboard.press("s")
            page.wait_for_timeout(500)
            self.assertEqual(self.state(2), CaseState.OPEN)

    def test_assign_search_help(self) -> None:
        with self.window(self.alice) as page:
            self.open_list(page)
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            expect(page.locator("#conversation-title")).to_contain_text("Window")
            page.keyboard.press("a")
            expect(page.locator("#case-facts")).to_contain_text("Alice")
            page.keyboard.press("?")
            expect(page.locator("#help")).to_be_visible()
            self.assert_accessible(page, "help")
            page.keyboard.press("s")
            page.keyboard.press("Escape")
            expect(page.locator("#help")).to_be_hidden()
            self.assertEqual(self.state(2), CaseState.OPEN)
            page.keyboard.press("/")
            expect(page.locator("#search")).to_be_focused()
            page.keyboard.type("garage")
            page.keyboard.press("Enter")
            expect(page.locator("[data-case]")).to_have_count(1)

    def test_browser_keys_are_left_alone(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.cases[0].pk}/")
            page.keyboard.press("Control+s")
            page.keyboard.press("Control+a")
            page.wait_for_timeout(300)
            self.assertEqual(self.state(0), CaseState.OPEN)
            self.assertIsNone(Case.objects.get(pk=self.cases[0].pk).owner)
