"""The reply check while somebody types: findings come, one key mends, another undoes."""

from __future__ import annotations

from playwright.sync_api import expect

from levelhead.accounts.models import User
from levelhead.connectors.memory import forget_platforms
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase

ROUGH = "Calm down. Call her back at 555-010-7788. 💀 We open at 8"


class CheckTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def test_findings_come_while_one_types_and_go_when_it_is_mended(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            field = page.get_by_label("Reply to Dana R.")
            field.fill(ROUGH)
            check = page.locator("#reply-check")
            expect(check.locator(".finding").first).to_contain_text("Holds the reply")
            field.press("Alt+1")
            expect(field).to_have_value("Calm down. 💀 We open at 8")
            expect(check.locator("[data-rule=private_data]")).to_have_count(0)
            field.press("Alt+z")
            expect(field).to_have_value(ROUGH)
            expect(check.locator("[data-rule=private_data]")).to_have_count(1)
            field.press("Alt+1")
            expect(check.locator("[data-rule=private_data]")).to_have_count(0)
            page.get_by_role("button", name="Sign as Alice").click()
            expect(field).to_have_value("Calm down. 💀 We open at 8 — Alice")
            expect(check.locator("[data-rule=unsigned]")).to_have_count(0)

    def test_a_held_reply_says_why_and_goes_with_a_reason(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            field = page.get_by_label("Reply to Dana R.")
            field.fill("Call her back at 555-010-7788. — Alice")
            page.get_by_role("button", name="Send reply").click()
            expect(page.get_by_role("alert")).to_contain_text("The reply check holds this reply")
            expect(field).to_have_value("Call her back at 555-010-7788. — Alice")
            self.assert_accessible(page, "held")
            page.get_by_label("If it should go all the same: why?").fill("It is the clinic's line")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
        assert Reply.objects.count() == 1

    def test_without_scripts_the_check_is_there_after_sending(self) -> None:
        with self.window(self.alice, scripts=False) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill(ROUGH)
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#reply-check")).to_contain_text("Holds the reply")
            assert page.get_by_role("button", name="Take this sentence out").count() == 0

    def test_it_looks_right_everywhere(self) -> None:
        for language in ("en", "es"):
            User.objects.filter(pk=self.alice.pk).update(language=language)
            for name, size in {"wide": WIDE, "phone": PHONE}.items():
                for theme in ("light", "dark"):
                    what = f"check-{language}-{name}-{theme}"
                    with (
                        self.subTest(what),
                        self.window(self.alice, size=size, theme=theme) as page,
                    ):
                        page.goto(self.path)
                        page.locator("#reply-text").fill(ROUGH)
                        page.locator(".finding").first.wait_for()
                        self.picture(page, what, whole=True)
                        self.assert_fits(page, what)
                        self.assert_accessible(page, what)
