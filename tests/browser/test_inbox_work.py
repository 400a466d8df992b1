"""The inbox at work: filters and views, near-copies, many at once, putting aside; in a browser."""

from __future__ import annotations

import random
from datetime import timedelta

from playwright.sync_api import Page, expect

from levelhead.analysis.domain import Label
from levelhead.inbox import actions, bulk
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, Tally
from levelhead.inbox.sleeping import snooze_case, wake_case
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from tests.browser.base import PHONE, BrowserTestCase

PETITION = "I am {} and I ask the council to stop the drone programme before it films our yards"


class InboxWorkTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        names = ("Dana", "Luis", "Kim", "Eli")
        self.copies = [
            self.file_case(text=PETITION.format(name), author_name=name) for name in names
        ]
        self.other = self.file_case(text="Where do I get my report?", author_name="Zoe")
        Case.objects.update(queue="needs", label="question", due_at=None)
        Tally.objects.all().delete()
        Tally.objects.create(
            agency=self.agency, state="open", queue="needs", label="question", cases=5
        )

    def test_copies_fold_open_and_are_decided_after_a_sample(self) -> None:
        for size, theme, name in ((None, "light", "wide"), (PHONE, "dark", "phone")):
            given = {"size": size} if size else {}
            with self.window(self.alice, theme=theme, **given) as page:  # type: ignore[arg-type]
                page.goto("/riverton/inbox/")
                expect(page.locator("[data-case]")).to_have_count(2)
                self.picture(page, f"inbox-copies-{name}")
                self.assert_accessible(page, "list with copies")
                self.assert_fits(page, "list with copies")
                page.get_by_text("4 like this").click()
                expect(page.get_by_role("heading", level=1)).to_contain_text("4 open posts")
                self.picture(page, f"inbox-like-{name}", whole=True)
                self.assert_accessible(page, "sample of copies")
                self.assert_fits(page, "sample of copies")
                page.get_by_role("button", name="Let all stand").click()
                expect(page.locator("[data-case]")).to_have_count(1)
                self.assertEqual(Case.objects.filter(state=CaseState.STOOD).count(), 4)
                page.keyboard.press("u")
                expect(page.locator("[data-case]")).to_have_count(2)

    def test_a_view_is_saved_shown_with_its_count_and_changed(self) -> None:
        with self.window(self.alice) as page:
            page.goto("/riverton/inbox/?view=all&q=drone")
            page.get_by_text("Save this as a view").click()
            form = page.locator(".save-view")
            form.get_by_label("Name").fill("Drones")
            form.get_by_label("Everybody in the agency sees it").check()
            self.assert_accessible(page, "saving a view")
            self.picture(page, "inbox-filters", whole=True)
            form.get_by_role("button", name="Save the view").click()
            chip = page.locator("[data-saved-view]")
            expect(chip).to_contain_text("Drones")
            expect(chip.locator(".count")).to_have_text("4")
            self.picture(page, "inbox-view")
            actions.let_stand(cases=[self.copies[0]], by=self.bob)
            page.get_by_text("Change the view “Drones”").click()
            page.get_by_role("button", name="Delete this view").click()
            expect(page.locator("[data-saved-view]")).to_have_count(0)
            page.keyboard.press("u")
            expect(page.locator("[data-saved-view]")).to_have_count(1)
        with self.window(self.bob, size=PHONE, theme="dark") as page:
            page.goto("/riverton/inbox/?view=all&q=drone")
            self.picture(page, "inbox-filters-phone", whole=True)
            self.assert_fits(page, "filters")
            self.assert_accessible(page, "filters on a phone")

    def test_a_case_is_put_aside_by_keyboard_and_taken_back(self) -> None:
        with self.window(self.alice) as page:
            page.goto(f"/riverton/inbox/{self.other.pk}/")
            page.keyboard.press("z")
            expect(page.locator("#snooze button").first).to_be_focused()
            self.assert_accessible(page, "snooze")
            self.picture(page, "inbox-snooze")
            page.keyboard.press("Enter")
            expect(page.locator("[data-undo]")).to_be_visible()
            self.assertEqual(Case.objects.get(pk=self.other.pk).state, CaseState.SNOOZED)
            expect(page.locator(f"#row-{self.other.pk}")).to_have_count(0)
            page.keyboard.press("u")
            expect(page.locator(f"#row-{self.other.pk}")).to_have_count(1)
            self.assertEqual(Case.objects.get(pk=self.other.pk).state, CaseState.OPEN)

    def test_the_open_list_is_what_a_fresh_one_would_be(self) -> None:
        rng = random.Random(7)
        with self.window(self.alice) as open_list, self.window(self.alice) as fresh:
            open_list.goto("/riverton/inbox/")
            for turn in range(12):
                self.do_something(rng, turn)
                fresh.goto("/riverton/inbox/")
                self.assert_same(open_list, fresh)

    def do_something(self, rng: random.Random, turn: int) -> None:
        case = rng.choice(list(Case.objects.filter(agency=self.agency)))
        do = rng.choice(["stand", "assign", "label", "snooze", "wake", "reopen", "post", "copy"])
        try:
            if do == "stand":
                actions.let_stand(cases=[case], by=self.bob)
            elif do == "assign":
                bulk.assign_many(agency=self.agency, ids=[case.pk], owner=self.bob, by=self.bob)
            elif do == "label":
                bulk.label_many(
                    agency=self.agency, ids=[case.pk], label=rng.choice(list(Label)), by=self.bob
                )
            elif do == "snooze":
                until = clock.now() + timedelta(days=3)
                snooze_case(case=case, until=until, by=self.bob, expected_version=None)
            elif do == "wake":
                wake_case(case=case, by=self.bob, expected_version=None)
            elif do == "reopen":
                actions.reopen_case(case=case, by=self.bob, expected_version=None)
            elif do == "post":
                self.file_case(text=f"Where is room {turn}?", author_name=f"Guest {turn}")
            else:
                self.file_case(text=PETITION.format(f"Copy{turn}"), author_name=f"C {turn}")
        except Invalid:
            return

    def assert_same(self, open_list: Page, fresh: Page) -> None:
        read = """() => [...document.querySelectorAll('#rows .row')].map(row => [
            row.id, row.dataset.version, row.querySelector('.row-marks').innerText,
            (row.querySelector('.row-like') || {innerText: ''}).innerText])
            .concat([...document.querySelectorAll('#views-nav a')].map(a => a.innerText))"""
        wanted = fresh.evaluate(read)
        for _ in range(60):
            if open_list.evaluate(read) == wanted:
                return
            open_list.wait_for_timeout(100)
        self.assertEqual(open_list.evaluate(read), wanted)
