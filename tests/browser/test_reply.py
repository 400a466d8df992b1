"""Replying: shown where it goes, sent once, taken back, tried again."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.connectors.memory import forget_platforms, platform_of
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, BrowserTestCase


class ReplyTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def test_the_form_says_where_it_goes_and_the_answer_arrives_by_itself(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            expect(page.locator("#reply-where")).to_contain_text("Town square")
            expect(page.locator("#reply-where")).to_contain_text("public")
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
            outbox.deliver_due()
            # Nobody reloads: the stream tells.
            expect(page.locator("#replies")).to_contain_text("On the platform since")
            expect(page.locator("[data-case-state]")).to_have_attribute(
                "data-case-state", "answered"
            )
        self.assertEqual(platform_of(account_of(self.channel)).calls["send"], 1)

    def test_an_impatient_person_sends_once(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.evaluate(
                "() => { const b = document.querySelector('[data-action=send]');"
                "b.click(); b.click(); b.click(); }"
            )
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
        self.assertEqual(Reply.objects.count(), 1)

    def test_taking_back_before_it_leaves(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 7, wrong")
            page.get_by_role("button", name="Send reply").click()
            page.get_by_role("button", name="Take back").click()
            expect(page.locator("#replies")).to_contain_text("Taken back before it left")
            expect(page.get_by_label("Reply to Dana R.")).to_be_visible()
        outbox.deliver_due()
        self.assertEqual(OutboxItem.objects.get().state, OutboxState.WITHDRAWN)
        self.assertEqual(Case.objects.get(pk=self.case.pk).state, CaseState.OPEN)

    def test_a_failure_is_loud_says_why_and_can_be_tried_again(self) -> None:
        platform_of(account_of(self.channel)).fail_next("refused", on="send")
        with self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
            outbox.deliver_due()
            expect(page.locator("#replies")).to_contain_text("Not sent.")
            expect(page.locator("#strip-state")).to_contain_text("1 reply not sent")
            why = OutboxItem.objects.get().last_error
            self.assertTrue(why)
            expect(page.locator("#replies")).to_contain_text(why)
            page.get_by_role("button", name="Try again").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")
            outbox.deliver_due()
            expect(page.locator("#replies")).to_contain_text("On the platform since")
            expect(page.locator("#strip-state")).not_to_contain_text("not sent")

    def test_a_text_that_is_too_long_is_refused_and_kept(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            field = page.get_by_label("Reply to Dana R.")
            limit = field.get_attribute("data-limit")
            assert limit is not None
            words = "x" * (int(limit) + 1)
            field.fill(words)
            expect(page.locator("[data-count]")).to_have_text(re.compile(r"1\b.*than one post"))
            page.get_by_role("button", name="Send reply").click()
            expect(page.get_by_role("alert")).to_contain_text("Shorten it")
            expect(page.get_by_label("Reply to Dana R.")).to_have_value(words)
        self.assertFalse(Reply.objects.exists())

    def test_on_a_phone_the_two_buttons_are_under_the_thumb(self) -> None:
        with self.window(self.alice, size=PHONE) as page:
            page.goto(self.path)
            for name in ("Reply", "Let stand"):
                button = page.locator(".thumb-bar").get_by_text(name, exact=False).first
                box = button.bounding_box()
                assert box is not None, name
                self.assertGreaterEqual(box["height"], 48, name)
                self.assertGreater(box["y"], PHONE["height"] * 0.75, name)
                self.assertLessEqual(box["y"] + box["height"], PHONE["height"], name)
            page.locator(".thumb-bar").get_by_text("Reply").click()
            field = page.get_by_label("Reply to Dana R.")
            expect(field).to_be_in_viewport()
            field.fill("At 8. — Alice")
            self.picture(page, "reply-phone")
            send = page.get_by_role("button", name="Send reply")
            expect(send).to_be_in_viewport()
            box = send.bounding_box()
            assert box is not None
            self.assertGreaterEqual(box["height"], 48)
            send.click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")

    def test_on_a_phone_one_pane_shows_at_a_time(self) -> None:
        with self.window(self.alice, size=PHONE) as page:
            page.goto("/riverton/inbox/")
            expect(page.locator("#list")).to_be_visible()
            page.get_by_role("link", name="front desk open").click()
            expect(page.locator("#conversation")).to_be_visible()
            expect(page.locator("#list")).to_be_hidden()
            expect(page.locator("#case")).to_be_hidden()
            page.locator("#conversation").get_by_role("link", name="Case").click()
            expect(page.locator("#case")).to_be_visible()
            expect(page.locator("#conversation")).to_be_hidden()
            page.locator("#case .back").click()
            expect(page.locator("#conversation")).to_be_visible()
            page.locator("#conversation .back >> nth=0").click()
            expect(page.locator("#list")).to_be_visible()
