"""The strip on top of every page: one line at a desk, all of it by keys and on a phone."""

from __future__ import annotations

from playwright.sync_api import expect

from levelhead.accounts.models import User
from tests.browser.base import PHONE, WIDE, BrowserTestCase

SMALL = {"width": 1024, "height": 768}


class StripTests(BrowserTestCase):
    def test_one_line_at_a_desk_and_nothing_cut_off(self) -> None:
        for language in ("en", "es"):
            User.objects.filter(pk=self.bob.pk).update(language=language)
            for name, size in (("wide", WIDE), ("small", SMALL), ("phone", PHONE)):
                for theme in ("light", "dark"):
                    what = f"strip-{language}-{name}-{theme}"
                    with (
                        self.subTest(what),
                        self.window(self.bob, size=size, theme=theme) as page,
                    ):
                        page.goto("/riverton/records/")
                        strip = page.locator("[data-strip]").bounding_box()
                        assert strip is not None
                        page.locator("[data-strip-more] > summary").click()
                        expect(page.locator(".strip-menu [aria-current=page]")).to_be_visible()
                        self.picture(page, what)
                        self.assert_fits(page, what)
                        self.assert_accessible(page, what)
                        if size is WIDE:
                            self.assertLess(strip["height"], 60)

    def test_more_by_keys(self) -> None:
        with self.window(self.bob) as page:
            page.goto("/riverton/today/")
            summary = page.locator("[data-strip-more] > summary")
            menu = page.locator(".strip-menu")
            summary.focus()
            page.keyboard.press("Enter")
            expect(menu).to_be_visible()
            page.keyboard.press("Tab")
            expect(page.locator(".strip-menu a:visible").first).to_be_focused()
            page.keyboard.press("Escape")
            expect(menu).to_be_hidden()
            expect(summary).to_be_focused()
            page.keyboard.press("Enter")
            page.locator("h1").first.click()
            expect(menu).to_be_hidden()

    def test_more_without_scripts(self) -> None:
        with self.window(self.bob, scripts=False) as page:
            page.goto("/riverton/today/")
            page.locator("[data-strip-more] > summary").click()
            page.locator(".strip-menu a", has_text="Settings").click()
            expect(page.locator("h1").first).to_be_visible()
            self.assertIn("/settings/", page.url)
