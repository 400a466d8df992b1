"""How a reply leaves, in a browser: real seconds, keys, a phone, no scripts, both themes."""

from __future__ import annotations

import time
from datetime import timedelta

from django.test import override_settings
from playwright.sync_api import expect

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.connectors.memory import forget_platforms, platform_of
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.choosing import choose_other_way, choose_signature
from levelhead.replies.models import ScheduledReply
from levelhead.replies.scheduled_leaving import leave_due
from levelhead.replies.scheduling import Words, schedule_reply
from levelhead.replies.signing import SignHow
from tests.browser.base import PHONE, WIDE, BrowserTestCase

OFFER = "Please call us at 555-0100, Monday to Friday, 8 to 5."


class SendingTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.case = self.file_case(
            text="When does the front desk open?", author_external_id="dana", author_name="Dana R."
        )
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def schedule(self) -> ScheduledReply:
        return schedule_reply(
            case=self.case, words=Words(text="At 8. — Alice", form_token="s"), by=self.alice,
            leaves_at=clock.now() + timedelta(hours=20), expected_version=None,
        )  # fmt: skip

    def test_real_seconds_then_it_leaves(self) -> None:
        with override_settings(REPLY_UNDO_SECONDS=3), self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("[data-leaving-word]")).to_contain_text("Leaves in")
            sent_at = OutboxItem.objects.get().created_at
            while OutboxItem.objects.get().state == OutboxState.QUEUED:
                outbox.deliver_due()
                time.sleep(0.1)
            self.assertGreaterEqual(
                OutboxItem.objects.get().sent_at - sent_at, timedelta(seconds=3)
            )
            expect(page.locator("#replies")).to_contain_text("On the platform since")
            expect(page.locator("[data-leaving]")).to_have_count(0)
        self.assertEqual(len(platform_of(account_of(self.channel)).sent), 1)

    def test_taken_back_by_key_and_the_words_are_there(self) -> None:
        for keys in ("u", "Alt+u"):
            with (
                self.subTest(keys=keys),
                override_settings(REPLY_UNDO_SECONDS=30),
                self.window(self.alice) as page,
            ):
                page.goto(self.path)
                page.get_by_label("Reply to Dana R.").fill("At 7, wrong. — Alice")
                page.get_by_role("button", name="Send reply").click()
                expect(page.locator("#messages")).to_contain_text("It leaves in 30 seconds")
                expect(page.locator("[data-leaving-word]")).to_contain_text("Leaves in 2")
                self.picture(page, f"leaving-{keys}")
                page.keyboard.press(keys)
                expect(page.get_by_label("Reply to Dana R.")).to_have_value("At 7, wrong. — Alice")
                expect(page.locator("[data-leaving]")).to_have_count(0)
        outbox.deliver_due()
        self.assertEqual(Case.objects.get(pk=self.case.pk).state, CaseState.OPEN)
        self.assertFalse(platform_of(account_of(self.channel)).sent)

    def test_no_key_takes_back_what_a_colleague_wrote(self) -> None:
        with override_settings(REPLY_UNDO_SECONDS=30), self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.get_by_role("button", name="Send reply").click()
            said = page.locator("#messages")
            expect(said).to_contain_text("It leaves in 30 seconds")
            with self.window(self.bob) as other:
                other.goto(self.path)
                expect(other.locator("[data-leaving-word]")).to_contain_text("Leaves in 2")
                other.keyboard.press("u")
                other.keyboard.press("z")
                other.wait_for_timeout(500)
                self.assertEqual(OutboxItem.objects.get().state, OutboxState.QUEUED)
                other.get_by_role("button", name="Take back the reply of Alice").click()
                expect(other.locator("[data-leaving]")).to_have_count(0)
            # What is not true any more is not said any more.
            expect(page.locator("[data-leaving]")).to_have_count(0)
            expect(said).not_to_contain_text("It leaves in")
        self.assertEqual(OutboxItem.objects.get().state, OutboxState.WITHDRAWN)

    def test_on_a_phone_and_without_scripts(self) -> None:
        for scripts in (True, False):
            with (
                self.subTest(scripts=scripts),
                override_settings(REPLY_UNDO_SECONDS=30),
                self.window(self.alice, size=PHONE, theme="dark", scripts=scripts) as page,
            ):
                page.goto(self.path)
                page.get_by_label("Reply to Dana R.").fill("At 7, wrong. — Alice")
                page.get_by_role("button", name="Send reply").click()
                button = page.locator("[data-action=take-back]")
                expect(button).to_be_in_viewport()
                box = button.bounding_box()
                assert box is not None
                self.assertGreaterEqual(box["height"], 48)
                self.picture(page, f"leaving-phone-{scripts}")
                if scripts:
                    self.assert_accessible(page, "leaving on a phone")
                    self.assert_fits(page, "leaving on a phone")
                button.click()
                expect(page.get_by_label("Reply to Dana R.")).to_have_value("At 7, wrong. — Alice")
        self.assertFalse(OutboxItem.objects.filter(state=OutboxState.QUEUED).exists())

    def test_sent_later_from_the_form_and_changed_there(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            page.get_by_label("Reply to Dana R.").fill("At 8. — Alice")
            page.locator("#later summary").click()
            self.picture(page, "later-form", whole=True)
            page.locator("[data-later=opening], [data-later=morning]").first.click()
            expect(page.locator("#scheduled")).to_contain_text("Leaves ")
            self.assertEqual(Case.objects.get(pk=self.case.pk).state, CaseState.OPEN)
            expect(page.get_by_role("button", name="Send reply")).to_be_visible()
            page.locator("[data-action=scheduled-change]").click()
            expect(page.get_by_label("Reply to Dana R.")).to_have_value("At 8. — Alice")
            page.get_by_label("Reply to Dana R.").fill("At 9. — Alice")
            page.locator("#later summary").click()
            page.locator("[data-later=hour]").click()
            expect(page.locator("#scheduled")).to_contain_text("At 9. — Alice")
        self.assertEqual(ScheduledReply.objects.get().text, "At 9. — Alice")

    def test_the_signature_shows_and_counts(self) -> None:
        choose_signature(agency=self.agency, how=SignHow.FIRST, text="", by_channel={}, by=self.bob)
        with self.window(self.alice) as page:
            page.goto(self.path)
            field = page.get_by_label("Reply to Dana R.")
            limit = int(field.get_attribute("data-limit") or 0)
            field.fill("We open at 8.")
            written = len("We open at 8. — Alice")
            expect(page.locator("[data-count]")).to_have_text(f"{limit - written} characters left")
            field.fill("We open at 8. — Alice")
            expect(page.locator("[data-count]")).to_have_text(f"{limit - written} characters left")
            expect(page.locator("#signed-as")).to_contain_text("— Alice")

    def test_a_third_reply_offers_another_way_with_one_key(self) -> None:
        choose_other_way(
            agency=self.agency, by=self.bob,
            sentences={"en": OFFER, "es": "Llámenos al 555-0100, de 8 a 17 h."},
        )  # fmt: skip
        case, parent = self.case, self.case.post.external_id
        for number in range(2):
            send_reply(
                case=case, text=f"Answer {number}: at {number + 8}. — Alice", by=self.alice,
                form_token=f"t{number}", expected_version=None,
            )  # fmt: skip
            outbox.deliver_due()
            case = self.file_case(
                external_id=f"again-{number}", parent_external_id=parent,
                author_external_id="dana", author_name="Dana R.", text="That is no answer!",
            )  # fmt: skip
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{case.pk}/")
            expect(page.locator("#reply-check")).to_contain_text("in public 2 times")
            self.picture(page, "limit")
            field = page.get_by_label("Reply to Dana R.")
            field.focus()
            page.keyboard.press("Alt+1")
            expect(field).to_have_value(OFFER)
            expect(page.locator("[data-rule=no_next_step]")).to_have_count(0)

    def test_pages_are_accessible_in_both_themes_sizes_and_languages(self) -> None:
        scheduled = self.schedule()
        failing = self.file_case(external_id="f", text="Is the library open?", author_name="Rosa")
        platform_of(account_of(self.channel)).fail_next("refused", on="send")
        send_reply(
            case=failing, text="On Sunday too. — Alice", by=self.alice, form_token="f",
            expected_version=None,
        )  # fmt: skip
        outbox.deliver_due()
        other = self.file_case(external_id="late", text="Where do I pay?", author_name="Luis M.")
        schedule_reply(
            case=other, words=Words(text="At the window. — Alice", form_token="l"), by=self.alice,
            leaves_at=clock.now() + timedelta(hours=1), expected_version=None,
        )  # fmt: skip
        ScheduledReply.objects.exclude(pk=scheduled.pk).update(
            leaves_at=clock.now() - timedelta(hours=1)
        )
        self.assertEqual(leave_due(), 1)
        looks = (
            (WIDE, "light", "en"), (PHONE, "dark", "es"), (PHONE, "light", "en"),
            (WIDE, "dark", "es"),
        )  # fmt: skip
        pages = {
            "scheduled": "/riverton/replies/scheduled/",
            "unsent": "/riverton/replies/unsent/",
            "sending": "/riverton/settings/sending/",
            "today": "/riverton/today/",
            "conversation": self.path,
        }
        for size, theme, language in looks:
            self.bob.language = language
            self.bob.save()
            with self.window(self.bob, size=size, theme=theme) as page:
                for name, path in pages.items():
                    page.goto(path)
                    told = f"{name}-{size['width']}-{theme}-{language}"
                    self.picture(page, f"send-{told}", whole=True)
                    self.assert_accessible(page, told)
                    self.assert_fits(page, told)
