"""Two people at one case: they see each other, hold one pen, answer once and lose no word."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta

from playwright.sync_api import Page, Request, Response, expect
from playwright.sync_api import TimeoutError as TookTooLong

from levelhead.channels import outbox
from levelhead.channels.accounts import account_of, pool
from levelhead.connectors.memory import forget_platforms, platform_of
from levelhead.drafts.models import Draft
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.presence.models import Pen, Presence
from levelhead.replies.models import Reply
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.interleaving import (
    Accepts,
    Known,
    Step,
    assert_nothing_lost_nothing_double,
    plan,
    told_of,
    type_into,
)

TEXT = "#reply-text"
NOTE = "[data-draft-note]"


class WritingTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        pool.close()
        self.case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        Case.objects.update(queue="needs")
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def go(self, page: Page, path: str = "") -> None:
        page.goto(path or self.path)
        expect(page.locator("[data-live-mark]")).to_contain_text("Live")

    def test_each_sees_the_other_within_a_second_and_the_list_shows_it(self) -> None:
        with self.window(self.alice) as alice, self.window(self.bob) as bob:
            self.go(alice)
            self.go(bob)
            expect(alice.locator("#presence")).to_contain_text(
                "Bob is looking at this", timeout=1_500
            )
            expect(bob.locator("#presence")).to_contain_text("Alice is looking at this")
            row = alice.locator(f"#row-{self.case.pk}")
            expect(row.locator("[data-looks]")).to_contain_text("Bob")
            bob.locator(TEXT).press_sequentially("We")
            expect(alice.locator("#presence")).to_contain_text(
                "Bob is writing a reply", timeout=1_500
            )
            expect(row.locator("[data-writes]")).to_contain_text("Bob writes")
            bob.goto("about:blank")
            signs = alice.locator("#presence [data-writes], #presence [data-looks]")
            expect(signs).to_have_count(0, timeout=3_000)
            expect(alice.locator("#presence")).to_contain_text("1 draft of colleagues")
            expect(row.locator("[data-writes]")).to_have_count(0)

    def test_the_second_reads_the_draft_so_far_and_cannot_type(self) -> None:
        with self.window(self.alice) as alice, self.window(self.bob) as bob:
            self.go(alice)
            self.go(bob)
            alice.locator(TEXT).press_sequentially("At 8 <i>in</i> the morning", delay=20)
            expect(bob.locator("[data-so-far]")).to_have_text("At 8 <i>in</i> the morning")
            expect(bob.locator(TEXT)).not_to_be_editable()
            expect(alice.locator(TEXT)).to_be_editable()
            expect(alice.locator(NOTE)).to_contain_text("Kept on the server at")
            self.picture(bob, "writing-second")

    def test_the_pen_is_taken_over_at_once_and_no_word_is_lost(self) -> None:
        with self.window(self.alice) as alice, self.window(self.bob) as bob:
            self.go(alice)
            self.go(bob)
            alice.locator(TEXT).press_sequentially("At 8")
            expect(bob.locator("[data-so-far]")).to_have_text("At 8")
            # Not saved yet when the pen goes.
            alice.locator(TEXT).press_sequentially(" sharp")
            bob.get_by_role("button", name="Take over the pen").click()
            expect(bob.locator(TEXT)).to_be_editable()
            expect(bob.locator(TEXT)).to_have_value(re.compile("^At 8"))
            expect(alice.locator("#presence")).to_contain_text(
                "Bob took over the pen", timeout=1_500
            )
            expect(alice.locator(TEXT)).not_to_be_editable()
            expect(alice.locator(TEXT)).to_have_value("At 8 sharp")
            self.picture(alice, "writing-taken")
            expect(alice.locator(NOTE)).to_contain_text("Kept on the server at")
            self.assertTrue(Draft.objects.filter(owner=self.alice, text="At 8 sharp").exists())
            bob.locator(TEXT).fill("At 8. — Bob")
            bob.get_by_role("button", name="Send reply").click()
            expect(bob.locator("#replies")).to_contain_text("Waiting to be sent.")
            expect(alice.locator("#replies")).to_contain_text("Reply by Bob")
        self.assertEqual(Reply.objects.count(), 1)

    def test_who_sends_while_another_writes_is_told_who_and_may_take_over_in_that_step(
        self,
    ) -> None:
        with self.window(self.alice) as alice, self.window(self.bob) as bob:
            self.go(bob)
            # Alice's page does not hear of it: her stream is cut.
            alice.route("**/live/riverton/**", lambda route: route.abort())
            alice.route("**/here/**", lambda route: route.abort())
            alice.route("**/save/", lambda route: route.abort())
            alice.goto(self.path)
            alice.locator(TEXT).fill("At 9. — Alice")
            bob.locator(TEXT).press_sequentially("At")
            expect(bob.locator(NOTE)).to_contain_text("Kept on the server at")
            expect(alice.locator(NOTE)).to_contain_text("Kept on this page only")
            alice.get_by_role("button", name="Send reply").click()
            expect(alice.get_by_role("alert")).to_contain_text("Bob is writing a reply")
            expect(alice.locator(TEXT)).to_have_value("At 9. — Alice")
            self.assertFalse(Reply.objects.exists())
            self.picture(alice, "writing-refused")
            self.assert_accessible(alice, "a refused reply")
            alice.get_by_role("button", name="Take over the pen and send").click()
            expect(alice.locator("#replies")).to_contain_text("Waiting to be sent.")
        self.assertEqual(Reply.objects.get().by, self.alice)

    def test_words_are_there_after_a_crash_on_another_device_and_after_signing_in_again(
        self,
    ) -> None:
        with self.window(self.alice) as page:
            self.go(page)
            page.locator(TEXT).press_sequentially("Half a thought")
            expect(page.locator(NOTE)).to_contain_text("Kept on the server at")
            while Draft.objects.get().text != "Half a thought":
                page.wait_for_timeout(100)
        with self.window(self.alice, size=PHONE) as phone:
            self.go(phone)
            expect(phone.locator(TEXT)).to_have_value("Half a thought")

    def test_a_lost_network_is_said_and_made_up_for(self) -> None:
        with self.window(self.alice) as page:
            self.go(page)
            page.locator(TEXT).press_sequentially("At 8")
            expect(page.locator(NOTE)).to_contain_text("Kept on the server at")
            page.route("**/save/", lambda route: route.abort())
            page.locator(TEXT).fill("At 8 in the morning")
            expect(page.locator(NOTE)).to_contain_text("Kept on this page only")
            page.reload()
            expect(page.locator(TEXT)).to_have_value("At 8 in the morning")
            page.unroute("**/save/")
            expect(page.locator(NOTE)).to_contain_text("Kept on the server at", timeout=12_000)
        self.assertEqual(Draft.objects.get().text, "At 8 in the morning")

    def test_several_drafts_are_begun_named_switched_compared_and_deleted_with_undo(self) -> None:
        with self.window(self.alice) as page:
            self.go(page)
            page.locator(TEXT).fill("At 8, thank you.")
            page.get_by_role("button", name="Start another draft").click()
            expect(page.locator(TEXT)).to_have_value("")
            page.locator(TEXT).fill("At nine, thank you.")
            name = page.get_by_role("textbox", name="Name", exact=True)
            name.fill("The late one")
            name.press("Enter")
            expect(page.locator(NOTE)).to_contain_text("Kept on the server at")
            page.get_by_role("button", name="First draft").click()
            expect(page.locator(TEXT)).to_have_value("At 8, thank you.")
            expect(page.get_by_role("button", name="The late one")).to_be_visible()
            self.picture(page, "writing-drafts")
            self.assert_accessible(page, "two drafts")
            page.get_by_role("link", name="All drafts and their history").click()
            for box in page.get_by_label("Compare").all():
                box.check()
            page.get_by_role("button", name="Show the two chosen side by side").click()
            expect(page.locator(".draft-pair mark")).to_have_count(2)
            self.picture(page, "drafts-compared", whole=True)
            self.assert_accessible(page, "the drafts compared")
            page.go_back()
            page.go_back()
            self.go(page)
            page.get_by_role("button", name="Delete this draft").click()
            expect(page.locator(TEXT)).to_have_value("At nine, thank you.")
            page.get_by_role("button", name="Undo: draft deleted").click()
            expect(page.locator(TEXT)).to_have_value("At 8, thank you.")
        self.assertFalse(Reply.objects.exists())

    def test_it_looks_right_in_light_and_dark_wide_and_narrow_in_both_languages(self) -> None:
        now = clock.now()
        Presence.objects.create(
            agency=self.agency, case=self.case, user=self.victor, window="v", seen_at=now
        )
        Presence.objects.create(
            agency=self.agency, case=self.case, user=self.bob, window="b", seen_at=now
        )
        Pen.objects.create(agency=self.agency, case=self.case, holder=self.bob, since=now)
        for owner, text, name in (
            (self.bob, "From 8 to 17, Monday to Friday. On holidays we are closed, and", ""),
            (self.alice, "At 8.", "Short"),
            (self.alice, "Thank you for asking, Dana. We open at 8.", "Warm"),
        ):
            Draft.objects.create(
                agency=self.agency, case=self.case, owner=owner, key=f"{owner}{name}", text=text,
                name=name,
            )  # fmt: skip
        later = now + timedelta(seconds=90)
        for language, locale in (("en", "en-US"), ("es", "es-US")):
            self.alice.language = language
            self.alice.save()
            for theme in ("light", "dark"):
                for size, of in (("wide", WIDE), ("phone", PHONE)):
                    Presence.objects.update(seen_at=later)
                    Pen.objects.update(active_at=later)
                    name = f"writing-{language}-{theme}-{size}"
                    with self.window(self.alice, size=of, theme=theme, language=locale) as page:
                        self.go(page) if language == "en" else page.goto(self.path)
                        expect(page.locator("[data-so-far]")).to_be_visible()
                        page.locator("#presence").scroll_into_view_if_needed()
                        self.assert_accessible(page, name)
                        self.assert_fits(page, name)
                        self.picture(page, name)
                        page.goto(f"/riverton/drafts/of/{self.case.pk}/")
                        self.assert_accessible(page, f"drafts-{language}-{theme}-{size}")
                        self.assert_fits(page, name)
                        self.picture(page, f"drafts-{language}-{theme}-{size}", whole=True)

    def test_without_scripts_what_is_stored_shows_and_a_button_keeps_the_draft(self) -> None:
        with self.window(self.bob, scripts=False) as page:
            page.goto(self.path)
            page.locator(TEXT).fill("At 8")
            page.get_by_role("button", name="Keep as a draft").click()
            expect(page.locator("#messages")).to_contain_text("The draft is kept.")
            expect(page.locator(TEXT)).to_have_value("At 8")
        with self.window(self.alice, scripts=False) as page:
            page.goto(self.path)
            expect(page.locator("#presence")).to_contain_text("Bob is writing a reply")
            expect(page.locator("[data-so-far]")).to_have_text("At 8")
            page.get_by_role("button", name="Take over the pen").click()
            expect(page.locator(TEXT)).to_have_value("At 8")
            page.locator(TEXT).fill("At 8. — Alice")
            page.get_by_role("button", name="Send reply").click()
            expect(page.locator("#replies")).to_contain_text("Waiting to be sent.")


class TwoWindows:
    """Does a plan's steps in two real windows of two people."""

    def __init__(self, case: Case, pages: tuple[Page, Page]) -> None:
        self.case, self.pages = case, pages
        self.path = f"/riverton/inbox/{case.pk}/"
        self.known = Known()
        self.accepts = Accepts(platform_of(account_of(case.channel)))
        for page in pages:
            page.on("response", self._hear)

    def _hear(self, response: Response) -> None:
        if response.url.endswith("/save/") and response.status == 200:
            self.known.texts.append(_text_of(response.request))

    def run(self, steps: list[Step]) -> None:
        for step in steps:
            page = self.pages[step.who]
            getattr(self, step.action)(page, step.words)
        for page in self.pages:
            page.wait_for_timeout(300)
            page.goto("about:blank")
        outbox.deliver_due()
        assert_nothing_lost_nothing_double(self.case, self.accepts, self.known)

    def open(self, page: Page, words: str) -> None:
        page.goto(self.path)
        expect(page.locator("[data-live-mark]")).to_contain_text("Live")

    def reload(self, page: Page, words: str) -> None:
        self.open(page, words)

    def beat(self, page: Page, words: str) -> None:
        self.open(page, words)

    def _ready(self, page: Page) -> bool:
        return page.locator(TEXT).count() == 1

    def type(self, page: Page, words: str) -> None:
        if self._ready(page) and page.locator(TEXT).is_editable():
            field = page.locator(TEXT)
            # The colleague may take the pen in the middle of it.
            with suppress(TookTooLong):
                field.fill(type_into(field.input_value(), words), timeout=1_000)

    def autosave(self, page: Page, words: str) -> None:
        self.type(page, words)
        if page.url != "about:blank":
            page.wait_for_timeout(2_300)

    def _press(self, page: Page, name: str) -> None:
        button = page.get_by_role("button", name=name, exact=True)
        if page.url == "about:blank" or button.count() != 1:
            return
        before = set(Reply.objects.values_list("pk", flat=True))
        seen = page.locator("#work [name=version]").first
        version = int(seen.get_attribute("value") or "0") if seen.count() else 0
        # The colleague may take the button away in the middle of it.
        with suppress(TookTooLong), page.expect_response(_is_act, timeout=4_000):
            button.click(timeout=2_000)
        page.wait_for_timeout(200)
        for reply in Reply.objects.exclude(pk__in=before):
            after = Case.objects.get(pk=self.case.pk).version
            # A later page has seen at least the version that this reply made.
            self.known.replies[reply.pk] = (2 * version + 1, 2 * after)
            self.known.texts.append(reply.text)

    def send(self, page: Page, words: str) -> None:
        self.type(page, words)
        self._press(page, "Send reply")

    def take_over(self, page: Page, words: str) -> None:
        self._press(page, "Take over the pen")

    def withdraw(self, page: Page, words: str) -> None:
        self._press(page, "Take back")

    def note(self, page: Page, words: str) -> None:
        if page.url != "about:blank" and page.get_by_label("Note for colleagues").count():
            page.get_by_label("Note for colleagues").fill(words)
            page.get_by_role("button", name="Add note").click()
            expect(page.locator("#notes")).to_contain_text(words)
            self.known.notes.append(words)

    def assign(self, page: Page, words: str) -> None:
        if page.url != "about:blank" and page.locator("[data-action=assign-me]").count():
            page.locator("[data-action=assign-me]").click()
            page.wait_for_load_state("networkidle")

    def crash(self, page: Page, words: str) -> None:
        """Nothing leaves the page any more, not even a farewell."""
        page.context.set_offline(True)
        page.goto("about:blank")
        page.context.set_offline(False)

    def leave(self, page: Page, words: str) -> None:
        page.goto("about:blank")

    def deliver(self, page: Page, words: str) -> None:
        outbox.deliver_due()

    def new_draft(self, page: Page, words: str) -> None:
        self._press(page, "Start another draft")

    def delete_draft(self, page: Page, words: str) -> None:
        self._press(page, "Delete this draft")


def _is_act(response: Response) -> bool:
    """What a person did, not what the page does by itself."""
    by_itself = ("/here/", "/gone/", "/save/", "/check/", "/draft/")
    return response.request.method == "POST" and not response.url.endswith(by_itself)


def _text_of(request: Request) -> str:
    body = request.post_data or ""
    found = re.search(r'name="text"\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
    return found[1].replace("\r\n", "\n") if found else ""


class InterleavedWindowsTests(BrowserTestCase):
    LEFT_OUT = frozenset(
        {
            "send_twice", "take_over_and_send", "snooze", "close", "silence", "claim", "trouble",
            "copy", "lost_answer", "sign_out",
        }
    )  # fmt: skip

    def test_ten_interleavings_answer_once_and_lose_nothing(self) -> None:
        sent = 0
        for seed in range(1, 11):
            forget_platforms()
            pool.close()
            case = self.file_case(text=f"When does the front desk open? {seed}")
            steps = plan(seed, steps=10, leave_out=self.LEFT_OUT)
            with self.window(self.alice) as alice, self.window(self.bob) as bob:
                desk = TwoWindows(case, (alice, bob))
                try:
                    desk.run(steps)
                except AssertionError as error:
                    self.fail(f"{error}\n{told_of(seed, steps)}")
                self.noise = [line for line in self.noise if "net::ERR" not in line]
            sent += len(desk.known.replies)
        self.assertGreater(sent, 3)
