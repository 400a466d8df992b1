"""A page from an earlier sign-in: nothing typed is lost, one more press sends it."""

from __future__ import annotations

from django.middleware.csrf import _get_new_csrf_string as new_secret
from playwright.sync_api import Page, expect

from levelhead.commitments.actions import drop_commitment
from levelhead.inbox.models import Note
from levelhead.replies.models import Reply
from tests.browser.base import BrowserTestCase
from tests.integration.commitments.promising import Promising

WORDS = "Yes, from 8 to noon on Saturdays. — Alice"


class FormTokenTests(Promising, BrowserTestCase):
    def sign_in_again(self, page: Page) -> None:
        """As another tab would have done: the browser's secret for forms is a new one."""
        page.context.add_cookies(
            [{"name": "csrftoken", "value": new_secret(), "url": self.live_server_url}]
        )

    def test_words_stay_on_the_screen_and_leave_with_the_next_press(self) -> None:
        case = self.file_case(text="Are you open on Saturday?", author_name="Dana R.")
        with self.window(self.alice) as page:
            # Saying who is here would renew the token before the person presses.
            page.route("**/presence/**", lambda route: route.abort())
            page.goto(f"/riverton/inbox/{case.pk}/")
            self.sign_in_again(page)
            field = page.get_by_label("Note for colleagues")
            field.fill(WORDS)
            page.get_by_role("button", name="Add note").click()
            said = page.locator("#messages [role=alert]")
            expect(said).to_contain_text("as Alice")
            expect(said).to_contain_text("what you wrote is still here")
            expect(field).to_have_value(WORDS)
            self.assertEqual(page.locator("main").count(), 1)
            self.assertFalse(Note.objects.exists())
            page.get_by_role("button", name="Add note").click()
            expect(page.locator("#work")).to_contain_text("Yes, from 8 to noon")
        self.assertEqual(Note.objects.count(), 1)

    def test_what_is_typed_is_still_kept_on_the_server(self) -> None:
        case = self.file_case(text="Are you open on Saturday?", author_name="Dana R.")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            self.sign_in_again(page)
            field = page.get_by_label("Reply to Dana R.")
            with page.expect_response(lambda answer: answer.ok and "/save/" in answer.url):
                field.press_sequentially(WORDS)
            # The saving took the new token: the reply leaves as it would have.
            field.press("Control+Enter")
            expect(page.locator("#replies")).to_contain_text("Yes, from 8 to noon")
        self.assertEqual(Reply.objects.count(), 1)

    def sign_out(self, page: Page) -> None:
        """As when the session ends while a form is open."""
        cookies = [one for one in page.context.cookies() if one["name"] == "csrftoken"]
        page.context.clear_cookies()
        page.context.add_cookies(cookies)  # type: ignore[arg-type]

    def test_a_form_of_a_page_of_its_own_has_its_words_again_after_the_door(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/issues/new/")
            page.locator("input[name=name]").fill("Drones over gardens")
            self.sign_out(page)
            page.locator("main button[type=submit]").last.click()
            page.wait_for_url("**/accounts/login/**")
            self._sign_in(page.context, self.alice)
            page.goto("/riverton/issues/new/")
            expect(page.locator("input[name=name]")).to_have_value("Drones over gardens")
            expect(page.locator("#messages [role=alert]")).to_contain_text("It was not sent")
            page.locator("main button[type=submit]").last.click()
            page.wait_for_url("**/riverton/issues/1*/")
            # It arrived: it is not put into the next one.
            page.goto("/riverton/issues/new/")
            expect(page.locator("input[name=name]")).to_have_value("")

    def test_nobody_else_gets_the_words(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/issues/new/")
            page.locator("input[name=name]").fill("Drones over gardens")
            self.sign_out(page)
            page.locator("main button[type=submit]").last.click()
            page.wait_for_url("**/accounts/login/**")
            self._sign_in(page.context, self.bob)
            page.goto("/riverton/issues/new/")
            expect(page.locator("input[name=name]")).to_have_value("")

    def test_an_old_token_on_a_page_of_its_own(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/issues/new/")
            page.locator("input[name=name]").fill("Drones over gardens")
            self.sign_in_again(page)
            page.locator("main button[type=submit]").last.click()
            page.get_by_role("heading", name="This form is too old").wait_for()
            page.goto("/riverton/issues/new/")
            expect(page.locator("input[name=name]")).to_have_value("Drones over gardens")

    def test_where_a_colleague_was_faster_the_words_can_be_copied(self) -> None:
        one = self.make(what="Mow the park")
        path = f"/riverton/commitments/{one.pk}/"
        with self.window(self.alice) as page:
            page.goto(path)
            page.get_by_label("What shows it?").fill("Work order 12")
            drop_commitment(commitment=one, reason="Sold", by=self.bob, expected_version=None)
            page.locator("form[action$='/kept/'] button").click()
            expect(page.locator("#messages")).to_contain_text("You wrote: Work order 12")
            again = page.goto(page.url)
            assert again is not None
            self.assertEqual(again.status, 405)
            expect(page.locator("main")).to_contain_text("only takes a form")

    def test_signed_out_the_door_opens(self) -> None:
        case = self.file_case(text="Are you open on Saturday?", author_name="Dana R.")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.get_by_label("Reply to Dana R.").fill(WORDS)
            page.wait_for_timeout(200)
            self.sign_in_again(page)
            cookies = [one for one in page.context.cookies() if one["name"] == "csrftoken"]
            page.context.clear_cookies()
            page.context.add_cookies(cookies)  # type: ignore[arg-type]
            page.get_by_label("Reply to Dana R.").press("Control+Enter")
            page.wait_for_url("**/accounts/login/**")
