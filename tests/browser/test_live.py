"""What somebody else does shows without a reload, and disturbs nobody who works."""

from __future__ import annotations

from django.db import transaction
from playwright.sync_api import Route, expect

from levelhead.channels.models import Channel
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.actions import add_note, assign_case, let_stand
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.live.actions import announce
from tests.browser.base import BrowserTestCase


class LiveTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.case = self.file_case(text="When does the front desk open?", author_name="Dana R.")
        self.path = f"/riverton/inbox/{self.case.pk}/"

    def test_a_new_post_shows_in_the_list(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            new = self.file_case(text="Where do I pay a parking ticket?", author_name="Luis M.")
            expect(page.locator(f"#row-{new.pk}")).to_be_visible()
            expect(page.locator("[data-view=needs] .count")).to_have_text("2")

    def test_nothing_is_missed_between_the_page_and_its_stream(self) -> None:
        with self.window(self.alice) as page:
            # The page is made, then something happens, and only then the stream is opened.
            held: list[Route] = []
            page.route("**/live/riverton/**", lambda route: held.append(route))
            page.goto("/riverton/inbox/")
            new = self.file_case(text="Where do I pay a parking ticket?")
            while not held:
                page.wait_for_timeout(20)
            held[0].continue_()
            expect(page.locator(f"#row-{new.pk}")).to_be_visible()

    def test_a_colleagues_work_shows(self) -> None:
        with self.window(self.alice) as page, self.window(self.bob) as other:
            page.goto(self.path)
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            other.goto(self.path)
            other.get_by_label("Note for colleagues").fill("I know this one.")
            other.get_by_role("button", name="Add note").click()
            expect(page.locator("#notes")).to_contain_text("I know this one.")
            other.get_by_role("button", name="Assign to me").click()
            expect(page.locator("#case-facts")).to_contain_text("Bob")
            expect(page.locator("#log")).to_contain_text("Bob")

    def test_a_half_typed_reply_its_cursor_and_an_open_form_stay(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            page.get_by_text("Change the decision").click()
            page.get_by_label("Why (others learn from it)").fill("half a thought")
            field = page.get_by_label("Reply to Dana R.")
            field.fill("We open at 8")
            field.evaluate("f => f.setSelectionRange(3, 7)")
            assign_case(case=self.case, owner=self.bob, by=self.bob, expected_version=None)
            add_note(conversation=self.case.conversation, text="Mine.", by=self.bob)
            expect(page.locator("#notes")).to_contain_text("Mine.")
            expect(page.locator("#case-facts")).to_contain_text("Bob")
            expect(field).to_have_value("We open at 8")
            expect(field).to_be_focused()
            self.assertEqual(field.evaluate("f => [f.selectionStart, f.selectionEnd]"), [3, 7])
            expect(page.get_by_label("Why (others learn from it)")).to_have_value("half a thought")

    def test_scroll_and_chosen_rows_stay(self) -> None:
        cases = [self.file_case(text=f"Question number {n}, when?") for n in range(40)]
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            page.locator(f"#check-{cases[5].pk}").check()
            row = page.locator(f"#row-{cases[10].pk}")
            row.scroll_into_view_if_needed()
            before = row.bounding_box()
            new = self.file_case(text="The newest of all, when?")
            expect(page.locator("[data-view=needs] .count")).to_have_text("42")
            page.wait_for_timeout(300)
            after = row.bounding_box()
            assert before is not None
            assert after is not None
            self.assertAlmostEqual(before["y"], after["y"], delta=4)
            expect(page.locator(f"#check-{cases[5].pk}")).to_be_checked()
            expect(page.locator(f"#row-{new.pk}")).to_have_count(1)

    def test_a_channel_that_fails_shows_on_top_of_every_page(self) -> None:
        with self.window(self.alice) as page:
            page.goto(self.path)
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            with transaction.atomic():
                Channel.objects.filter(pk=self.channel.pk).update(
                    failures=2, last_error="503", last_error_at=clock.now()
                )
                announce(
                    agency_id=self.agency.pk, kind="channel.changed",
                    payload={"channel": self.channel.pk},
                )  # fmt: skip
            expect(page.locator("#strip-state")).to_contain_text("not proven")

    def test_a_lost_stream_is_said_and_made_up_for(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            port = self.streams.port
            self.streams.stop()
            expect(page.locator("[data-live-mark]")).to_contain_text("Reconnecting", timeout=15_000)
            new = self.file_case(text="Where do I pay a parking ticket?")
            type(self).streams = type(self.streams)(page_port=self.server_thread.port, port=port)
            self.streams.start()
            expect(page.locator(f"#row-{new.pk}")).to_be_visible(timeout=15_000)
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")

    def test_a_storm_of_events_asks_the_server_seldom(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            asked: list[str] = []
            page.on("request", lambda r: asked.append(r.url) if "/inbox/" in r.url else None)
            for n in range(30):
                self.file_post(text=f"Question in a storm {n}, when?")
                page.wait_for_timeout(100)
            expect(page.locator("[data-case]")).to_have_count(31)
            # Twice a second for a list and its strip, whatever comes.
            self.assertLessEqual(len(asked), 14)

    def test_a_row_that_was_let_stand_by_a_colleague_goes(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            let_stand(cases=[Case.objects.get(pk=self.case.pk)], by=self.bob)
            expect(page.locator(f"#row-{self.case.pk}")).to_have_count(0)
            expect(page.locator("[data-view=needs] .count")).to_have_text("0")
