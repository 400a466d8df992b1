"""Story A: from a night's posts to an empty Today, by keyboard alone and with the thumb."""

from __future__ import annotations

import random
import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.actions import assign_case, close_case, let_stand, place_of, tally_move
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.fitting import fit_answers
from levelhead.records.models import RecordEvent
from levelhead.replies.models import Reply
from levelhead.today.actions import let_all_stand, undo
from tests.browser.base import PHONE, BrowserTestCase
from tests.integration.knowledge.answering import Answering

NAMES = ("Dana", "Luis", "Amy", "Omar", "Ruth", "Wei", "Ines")


class TodayTests(Answering, BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        shelves.forget()
        self.addCleanup(shelves.forget)
        self.desk = self.write_approved()

    def place(self, queue: str, text: str, number: int = 1, **fields: Any) -> list[Case]:
        """Posts where the test wants them, whatever the models of the day say of them."""
        posts = [
            self.incoming(text=f"{text} ({n})" if number > 1 else text,
                          author_name=NAMES[n % len(NAMES)])
            for n in range(number)
        ]  # fmt: skip
        self.receive(*posts)
        cases = list(Case.objects.filter(post__external_id__in=[p.external_id for p in posts]))
        given = {"state": "open", "queue": queue, "answer_due": False, "due_at": None, **fields}
        for case in cases:
            before = place_of(case)
            for name, value in given.items():
                setattr(case, name, value)
            case.save()
            tally_move(before, place_of(case))
        return cases

    def fill_the_night(self) -> None:
        """140 posts."""
        self.place("stand", "Lovely parade, thank you all", 127, rule="triage/9-praise")
        self.place("clause", "I will kill you, officer, tonight", 3)
        self.place("now", "My neighbor has a gun and is shouting", 1, priority=3, show_911=True)
        self.place(
            "needs",
            "Why did the helicopter circle over Elm Park?",
            4,
            due_at=clock.now(),
            rule="triage/4-question-open",
            label="question",
        )
        self.place("needs", "When does the front desk open?", 5, due_at=clock.now(),
                   rule="triage/4-question-open", label="question", answer_due=True)  # fmt: skip
        while fit_answers(50):
            pass
        self.assertEqual(Case.objects.filter(answer=self.desk).count(), 5)

    def counts(self, page: Page) -> dict[str, str]:
        return {
            str(place.get_attribute("data-count-of")): place.inner_text()
            for place in page.locator("[data-count-of]").all()
        }

    def focused(self, page: Page) -> Locator:
        return page.locator("*:focus")

    def test_story_a_by_keyboard(self) -> None:
        self.fill_the_night()
        with self.window(self.alice) as page:
            page.goto("/")
            expect(page).to_have_url(re.compile("/riverton/today/$"))
            self.assertEqual(
                self.counts(page), {"needs": "5", "fits": "5", "clause": "3", "stand": "127"}
            )
            self.picture(page, "today", whole=True)
            self.assert_accessible(page, "Today")
            self.assert_fits(page, "Today")
            keys = page.keyboard

            def reply(said: str) -> None:
                """Open the focused row and answer it; `said` replaces what is chosen."""
                keys.press("Enter")
                expect(page.locator("#conversation-title")).to_be_visible()
                field = page.locator("#reply-text")
                if "answer=" not in page.url:
                    keys.press("r")
                expect(field).to_be_focused()
                keys.type(said)
                keys.press("Control+Enter")
                expect(page.locator("[data-case-state=answering]")).to_be_visible()
                keys.press("t")
                expect(page.locator("[data-today]")).to_be_visible()

            # Danger first: it cannot be let stand, it is answered.
            keys.press("j")
            expect(self.focused(page)).to_contain_text("gun")
            keys.press("s")
            page.wait_for_timeout(200)
            expect(page.locator("[data-count-of=needs]")).to_have_text("5")
            reply("Call 911 now.")
            for left in (3, 2, 1):
                expect(page.locator("[data-count-of=needs]")).to_have_text(str(left + 1))
                keys.press("j")
                reply("A helicopter looked for a lost child. She is home.")
            # The last of them is a rant after all.
            keys.press("j")
            keys.press("s")
            expect(page.locator("[data-count-of=needs]")).to_have_count(0)
            # Each answer that fits is made to speak to the person.
            for left in (5, 4, 3, 2, 1):
                expect(page.locator("[data-count-of=fits]")).to_have_text(str(left))
                if left == 5:
                    # The row that took the place of the last one has the focus.
                    expect(self.focused(page)).to_contain_text("Front desk hours")
                else:
                    keys.press("j")
                reply("Hello, neighbor")
            expect(page.locator("[data-count-of=fits]")).to_have_count(0)
            # What may break a clause is looked at, one by one.
            for left in (3, 2, 1):
                expect(page.locator("[data-count-of=clause]")).to_have_text(str(left))
                keys.press("j")
                keys.press("Enter")
                expect(page.locator("#conversation-title")).to_be_visible()
                keys.press("s")
                expect(page.locator("[data-undo]").first).to_be_visible()
                keys.press("t")
                expect(page.locator("[data-today]")).to_be_visible()
            # The rest stands; taken back once, because a finger slipped.
            keys.press("l")
            expect(page.locator("[data-undo]")).to_contain_text("127 posts were let stand.")
            keys.press("u")
            expect(page.locator("[data-count-of=stand]")).to_have_text("127")
            keys.press("l")
            expect(page.locator("[data-today-empty]")).to_contain_text("Nothing waits.")
            self.picture(page, "today-empty")
            self.assert_accessible(page, "an empty Today")
        self.assertEqual(Case.objects.filter(state=CaseState.OPEN).count(), 0)
        self.assertEqual(Case.objects.filter(state=CaseState.ANSWERING).count(), 9)
        sent = Reply.objects.filter(text__startswith="Hello, neighbor, the front desk is open")
        self.assertEqual(sent.count(), 5)
        stood = RecordEvent.objects.filter(action="person:case:let_stand")
        self.assertEqual(stood.count(), 127 * 2 + 4)

    def test_story_a_with_the_thumb(self) -> None:
        self.place("stand", "Lovely parade, thank you all", 134, rule="triage/9-praise")
        self.place("clause", "I will kill you, officer, tonight", 2)
        self.place(
            "needs",
            "Why did the helicopter circle over Elm Park?",
            2,
            due_at=clock.now(),
            rule="triage/4-question-open",
            label="question",
        )
        self.place("needs", "When does the front desk open?", 2, due_at=clock.now(),
                   rule="triage/4-question-open", label="question", answer_due=True)  # fmt: skip
        fit_answers(50)
        with self.window(self.alice, size=PHONE) as page:
            page.goto("/riverton/today/")
            self.picture(page, "today-phone", whole=True)
            self.assert_fits(page, "Today on a phone")
            self.assert_accessible(page, "Today on a phone")
            for button in page.locator(".today-do .usa-button, [data-stand], .more a").all():
                box = button.bounding_box()
                assert box is not None
                self.assertGreaterEqual(box["height"], 48, button.inner_text())
            for part, said in (("needs", "Thank you for asking. It is over now."), ("fits", "")):
                for left in (2, 1):
                    expect(page.locator(f"[data-count-of={part}]")).to_have_text(str(left))
                    page.locator(f"#today-{part} .row-link").first.click()
                    field = page.locator("#reply-text")
                    expect(field).to_be_visible()
                    field.fill(said or field.input_value().replace("[[greeting]]", "Hello Amy"))
                    page.locator("[data-action=send]").click()
                    expect(page.locator("[data-case-state=answering]")).to_have_count(1)
                    page.locator(".pane-head").get_by_text("Today").click()
            for left in (2, 1):
                expect(page.locator("[data-count-of=clause]")).to_have_text(str(left))
                page.locator("#today-clause [data-stand]").first.click()
            expect(page.locator("[data-count-of=clause]")).to_have_count(0)
            page.locator("[data-stand-all]").click()
            # Not the one of the post before.
            expect(page.locator("[data-undo]")).to_contain_text("134 posts were let stand.")
            bar = page.locator("[data-undo-button]")
            box = bar.bounding_box()
            assert box is not None
            # Within reach of the thumb.
            self.assertGreater(box["y"], PHONE["height"] - 160)
            self.picture(page, "today-phone-undo")
            bar.click()
            expect(page.locator("[data-count-of=stand]")).to_have_text("134")
            page.locator("[data-stand-all]").click()
            expect(page.locator("[data-today-empty]")).to_be_visible()
            self.assert_fits(page, "an empty Today on a phone")
            self.picture(page, "today-phone-empty")
        self.assertEqual(Case.objects.filter(state=CaseState.OPEN).count(), 0)

    def test_the_page_equals_a_fresh_load_after_each_event(self) -> None:
        draw = random.Random(4)  # not for secrets
        queues = ("now", "needs", "clause", "stand", "stand")
        for n in range(16):
            self.place(draw.choice(queues), f"Something to begin with, {n}")
        with self.window(self.alice) as page, self.window(self.alice) as fresh:
            page.goto("/riverton/today/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")

            def act() -> str:
                what = draw.choice(
                    ("post", "ask", "stand", "close", "assign", "all", "undo", "retire")
                )
                still = list(Case.objects.filter(state="open").exclude(queue="now"))
                case = draw.choice(still) if still else None
                if what == "post" or case is None:
                    self.file_post(text=f"Thank you all, number {draw.random()}")
                elif what == "ask":
                    self.file_post(text="When does the front desk open on Saturday?")
                    fit_answers(20)
                elif what == "stand":
                    let_stand(cases=[case], by=self.bob)
                elif what == "close":
                    close_case(case=case, reason="x", by=self.bob, expected_version=None)
                elif what == "assign":
                    assign_case(case=case, owner=self.bob, by=self.bob, expected_version=None)
                elif Case.objects.filter(state="open", queue="stand").exists():
                    batch = let_all_stand(agency=self.agency, upto=(1 << 62), by=self.bob)
                    if what == "undo":
                        undo(agency=self.agency, batch_id=batch.pk, by=self.bob)
                return what

            for number in range(24):
                what = act()
                fresh.goto("/riverton/today/")
                wanted = self.said(fresh)
                for _ in range(80):
                    if self.said(page) == wanted:
                        break
                    page.wait_for_timeout(100)
                    wanted = self.said(fresh)
                self.assertEqual(self.said(page), wanted, f"step {number}: {what}")

    def said(self, page: Page) -> str:
        """What Today says, without how long ago."""
        text = page.locator("#today").inner_text()
        return re.sub(r"\d+ min ago|just now", "", text)

    def test_a_refresh_keeps_the_focus_and_what_was_opened(self) -> None:
        cases = self.place("stand", "Lovely parade", 40, rule="triage/9-praise")
        with self.window(self.alice) as page:
            page.goto("/riverton/today/")
            expect(page.locator("[data-live-mark]")).to_contain_text("Live")
            page.locator("#more-stand a").press("Enter")
            expect(page.locator(".today-row")).to_have_count(30)
            for _ in range(12):
                page.keyboard.press("j")
            held = self.focused(page).get_attribute("id")
            self.assertRegex(str(held), "^today-link-")
            self.place("needs", "Why is the road closed?", rule="triage/4-question-open")
            let_stand(cases=[cases[-1]], by=self.bob)
            expect(page.locator("[data-count-of=stand]")).to_have_text("39")
            expect(page.locator("#today-stand .today-row")).to_have_count(30)
            self.assertEqual(self.focused(page).get_attribute("id"), held)

    def test_dark_and_without_scripts(self) -> None:
        self.fill_the_night()
        with self.window(self.alice, theme="dark") as page:
            page.goto("/riverton/today/")
            self.picture(page, "today-dark", whole=True)
            self.assert_accessible(page, "Today in the dark")
        with self.window(self.alice, scripts=False) as page:
            page.goto("/riverton/today/")
            page.locator("#more-stand a").click()
            expect(page.locator("h1")).to_have_text("Can stand")
            expect(page.locator(".today-row")).to_have_count(25)
            page.goto("/riverton/today/")
            page.locator("[data-stand-all]").click()
            expect(page.locator("[data-undo]")).to_contain_text("127 posts were let stand.")
            page.locator("[data-undo-button]").click()
            expect(page.locator("[data-count-of=stand]")).to_have_text("127")
