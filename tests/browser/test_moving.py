"""Moving around: back and forward, reload, and a session that ended elsewhere."""

from __future__ import annotations

from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from levelhead.inbox.models import Case
from tests.base import PASSWORD
from tests.browser.base import BrowserTestCase


class MovingTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.first = self.file_case(text="When does the lobby open?", author_name="Lou")
        self.second = self.file_case(text="Where do I park at the station?", author_name="Val")
        Case.objects.update(queue="needs", state="open")

    def test_back_forward_and_reload_show_what_the_address_says(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            page.get_by_role("link", name="lobby open").click()
            expect(page.locator("#conversation-title")).to_contain_text("Lou")
            page.get_by_role("link", name="I park at the station").click()
            expect(page.locator("#conversation-title")).to_contain_text("Val")
            page.go_back()
            expect(page.locator("#conversation-title")).to_contain_text("Lou")
            self.assertIn(f"/inbox/{self.first.pk}/?view=all", page.url)
            page.go_back()
            expect(page.locator("#conversation-title")).to_have_count(0)
            page.go_forward()
            expect(page.locator("#conversation-title")).to_contain_text("Lou")
            page.reload()
            expect(page.locator("#conversation-title")).to_contain_text("Lou")
            expect(page.locator(f"#row-{self.first.pk} [aria-current]")).to_have_count(1)

    def test_the_title_says_where_one_is(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/")
            expect(page).to_have_title("Needs you · Riverton Police Department")
            page.get_by_role("link", name="lobby open").click()
            expect(page).to_have_title("Lou’s post · Riverton Police Department")

    def test_a_session_that_ended_leads_to_the_door_and_back(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            Session.objects.all().delete()
            page.get_by_role("link", name="lobby open").click()
            page.get_by_label("Password").wait_for()
            # The door stands alone, not inside a pane of the desk.
            expect(page.locator("#rows")).to_have_count(0)
            page.get_by_label("E-mail address").fill(self.alice.email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.locator("#conversation-title")).to_contain_text("Lou")

    def test_a_half_typed_reply_outlives_the_way_through_another_post(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.first.pk}/?view=all")
            page.get_by_label("Reply to Lou").fill("Half a sentence")
            page.get_by_role("link", name="I park at the station").click()
            expect(page.get_by_label("Reply to Val")).to_have_value("")
            page.get_by_role("link", name="lobby open").click()
            expect(page.get_by_label("Reply to Lou")).to_have_value("Half a sentence")

    def test_show_more_adds_to_the_list(self) -> None:
        self.receive(*[self.incoming(text=f"When is the fair, {n}?") for n in range(70)])
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            expect(page.locator("[data-case]")).to_have_count(50)
            page.get_by_role("link", name="Show more").click()
            expect(page.locator("[data-case]")).to_have_count(72)
            expect(page.get_by_role("link", name="Show more")).to_have_count(0)
