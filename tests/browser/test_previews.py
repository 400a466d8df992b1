"""How a reply will look: on the form, while one types; and the page's count is the server's."""

from __future__ import annotations

import random
from typing import Any

from playwright.sync_api import Page, expect

from levelhead.accounts.models import User
from levelhead.analysis.lengths import count_text, fits
from levelhead.channels import outbox
from levelhead.channels.shapes import SHAPES
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel.text import clean_text
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase

ROUGH = "Calm down. Call her back at 555-010-7788. 💀 We open at 8"
LONG = (
    "Thank you for asking, Ms. Ortiz. The desk at “Riverton Safety Center” is open Monday to "
    "Friday, 8 a.m. to 5 p.m., and on Saturdays until noon. Bring a photo ID.\n\nFor a report by "
    "mail, fill in https://riverton.example.gov/records/request?form=12 or call (555) 010-7788. "
    "We answer within 10 working days. If somebody is in danger now, call 911 at once. — Alice"
)
LETTERS = (
    "a", "é", "e\u0301", "ñ", " ", "\n", "\t", "\u00a0", "\ufeff", "\u200b", "\u200d", "\u202e",
    "م", "ר", "水", "각", "\u1112\u1161\u11ab", "हि", "क्षि", "👨‍👩‍👧‍👦", "👍🏽", "🇺🇸", "🇲", "❤️‍🔥",
    "1️⃣", "©", "\x85",
    "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f", "\u0301", "\x00", "\x1f",
    "\r\n", "\r", "https://a.gov/é?b=(c).", "HTTP://A.B/", "https://", "riverton.gov/x,", "x@a.gov",
    "@sam@a.example.org", "@dana", "…", "—", "(", ")", "---", "\n---\n", "\U0001faff", "\uffff",
)  # fmt: skip


class PreviewTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.make_channel(self.agency, "Riverton on Mastodon", "replay", settings={
            "looks_like": "mastodon", "handle": "riverton_pd@social.example"})  # fmt: skip
        self.make_channel(self.agency, "Riverton on Facebook", "replay", settings={
            "looks_like": "facebook", "handle": "RivertonPolice"})  # fmt: skip
        self.blue = self.make_channel(
            self.agency, "Riverton on Bluesky", "replay",
            settings={"looks_like": "bluesky", "handle": "riverton-pd.sky.example"},
        )  # fmt: skip
        self.case = self.file_case(
            text="When does the front desk open?", author_name="Dana R.", channel_id=self.blue.pk
        )
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def test_the_pages_count_is_the_servers(self) -> None:
        chance = random.Random(7)
        texts = ["".join(chance.choices(LETTERS, k=chance.randint(0, 40))) for _ in range(400)]
        texts += [letter * 3 for letter in LETTERS]
        texts += [
            "👨‍👩‍👧‍👦é水 https://a.gov/b " * 3_000,
            "x" * 100_000,
            "e\u0301" * 50_000,
            " " * 100_000,
        ]
        with self.window(self.alice) as page:
            page.goto(self.path)
            for shape in SHAPES.values():
                found = page.evaluate(
                    """([texts, rule]) => texts.map((text) => {
                        const kept = window.levelheadCounting.clean(text);
                        return [window.levelheadCounting.count(kept, rule),
                                window.levelheadCounting.left(text, rule)];
                    })""",
                    [texts, _rule(shape)],
                )
                for text, (length, left) in zip(texts, found, strict=True):
                    kept = clean_text(text).strip()
                    assert length == count_text(kept, shape.counting), (shape.platform, text[:80])
                    if shape.limit is not None and "---" not in text:
                        fitting = left["characters"] >= 0 and left["bytes"] >= 0
                        assert fitting == fits(kept, shape.limit, shape.counting)

    def test_parts_show_while_one_types_and_leave_as_shown(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            fold = page.locator("#preview-fold")
            fold.locator("summary").click()
            expect(fold).to_contain_text("Write, and this shows the reply")
            page.locator("#reply-text").fill(LONG)
            here = fold.locator("[data-platform=bluesky]")
            expect(here).to_have_attribute("data-fit", "split")
            expect(here.locator(".look-post")).to_have_count(2)
            expect(fold.locator("[data-platform=mastodon]")).to_have_attribute("data-fit", "fits")
            expect(page.locator("#reply-shape")).to_contain_text("Goes out as 2 posts on Bluesky")
            page.locator("#reply-text").fill("One.\n---\nTwo.\n---\nThree. — Alice")
            expect(here.locator(".look-post")).to_have_count(3)
            texts = here.locator(".look-text").all_inner_texts()
            # The fold stays open while what is in it is renewed.
            assert fold.get_attribute("open") is not None
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator(".chain-post")).to_have_count(3)
        assert [item.text for item in Reply.objects.get().items] == texts

    def test_sent_before_the_posts_were_seen_asks_first(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            field = page.locator("#reply-text")
            field.fill(LONG)
            field.press("Control+Enter")
            expect(page.get_by_role("alert")).to_contain_text("2 posts, one after")
            expect(field).to_have_value(LONG)
            field.press("Control+Enter")
            expect(page.locator(".chain-post")).to_have_count(2)

    def test_half_a_reply_is_loud_and_the_rest_is_sent_again(self) -> None:
        case = self.file_case(text="And on Sundays?")
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            page.locator("#reply-text").fill("One.\n---\nTwo. — Alice")
            expect(page.locator("#reply-shape")).to_contain_text("2 posts")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator(".chain-post")).to_have_count(2)
            outbox.deliver_due()
            from levelhead.channels.accounts import account_of
            from levelhead.connectors.memory import platform_of

            platform_of(account_of(self.channel)).fail_next("refused", on="send")
            outbox.deliver_due()
            page.reload()
            expect(page.locator("#replies")).to_contain_text("1 of 2 posts are public")
            self.assert_accessible(page, "half a reply")
            self.picture(page, "half-a-reply")
            page.get_by_role("button", name="Send the rest again").click()
            expect(page.locator("[data-part='2']")).to_have_attribute("data-state", "queued")

    def test_send_is_in_reach_on_a_phone_however_long_the_check(self) -> None:
        with self.window(self.alice, size=PHONE) as page:
            page.goto(self.path)
            field = page.locator("#reply-text")
            field.fill(ROUGH + " " + LONG)
            page.locator(".finding").first.wait_for()
            for focus in (True, False):
                if not focus:
                    field.blur()
                page.locator(".reply-label").evaluate("node => node.scrollIntoView()")
                self._assert_in_reach(page)

    def _assert_in_reach(self, page: Page) -> None:
        box = page.locator("[data-action=send]").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"]
        assert box["height"] >= 44
        # Nothing lies over it.
        on_top = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).dataset.action",
            [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2],
        )
        assert on_top == "send"

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        asked: list[str] = []
        with self.window(self.alice) as page:
            page.goto(self.path)
            page.on("request", lambda request: asked.append(request.url))
            page.locator("#reply-text").fill(
                "See https://evil.example/a.png <img src=https://evil.example/b> — Alice"
            )
            page.locator("#preview-fold summary").click()
            expect(page.locator(".look-text").first).to_contain_text("<img src=")
            assert page.locator("#preview-fold a, #preview-fold img").count() == 0
        assert asked
        assert not [url for url in asked if "evil.example" in url]
        # One request for each pause of typing, and that of the promises.
        assert len([url for url in asked if url.endswith("/check/")]) == 1

    def test_it_looks_right_everywhere(self) -> None:
        for language in ("en", "es"):
            User.objects.filter(pk=self.alice.pk).update(language=language)
            for name, size in {"wide": WIDE, "phone": PHONE}.items():
                for theme in ("light", "dark"):
                    what = f"preview-{language}-{name}-{theme}"
                    with (
                        self.subTest(what),
                        self.window(self.alice, size=size, theme=theme) as page,
                    ):
                        page.goto(self.path)
                        page.locator("#reply-text").fill(LONG + " https://bit.ly/3x")
                        page.locator(".shape-said").first.wait_for()
                        page.locator("#preview-fold summary").click()
                        page.locator("#reply-shape").scroll_into_view_if_needed()
                        self.picture(page, what)
                        page.locator(".looks").evaluate("node => node.scrollIntoView()")
                        self.picture(page, what + "-looks")
                        self.assert_fits(page, what)
                        self.assert_accessible(page, what)

    def test_the_setting_looks_right(self) -> None:
        with self.window(self.bob, size=PHONE) as page:
            page.goto("/riverton/settings/")
            page.get_by_role("link", name="Long answers").click()
            page.get_by_text("Number the posts").click()
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_label("Number the posts")).to_be_checked()
            self.picture(page, "posting")
            self.assert_fits(page, "posting")
            self.assert_accessible(page, "posting")


def _rule(shape: Any) -> dict[str, Any]:
    counting = shape.counting
    return {
        "unit": counting.unit.value,
        "link": counting.link_length or 0,
        "bare": counting.bare_links,
        "local": counting.local_mentions,
        "bytes": counting.byte_limit or 0,
        "limit": shape.limit or 0,
        "threads": shape.threads,
    }
