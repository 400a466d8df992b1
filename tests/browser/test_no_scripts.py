"""The whole work of a case without any script: plain links and forms."""

from __future__ import annotations

from levelhead.channels import outbox
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case, DecisionChange, Note
from levelhead.replies.models import Reply
from tests.base import PASSWORD
from tests.browser.base import BrowserTestCase


class NoScriptsTests(BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.case = self.file_case(text="When does the front desk open on Saturdays?")
        self.thanks = self.file_case(text="Thank you for the quick help today, you were great!")

    def now(self, case: Case) -> Case:
        return Case.objects.get(pk=case.pk)

    def test_sign_in_answer_a_question_and_sign_out(self) -> None:
        with self.window(None, scripts=False) as page:
            page.goto("/")
            page.get_by_label("E-mail address").fill(self.alice.email)
            page.get_by_label("Password").fill("not the right one")
            page.get_by_role("button", name="Sign in").click()
            self.assertIn("not signed in", page.get_by_role("alert").inner_text())
            page.get_by_label("E-mail address").fill(self.alice.email)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.get_by_role("link", name="front desk open on Saturdays").click()
            page.get_by_label("Reply to").fill("We open at 9 on Saturdays. — Alice")
            page.get_by_role("button", name="Send reply").click()
            page.get_by_text("Waiting to be sent.").wait_for()
            outbox.deliver_due()
            page.reload()
            page.get_by_text("On the platform since").wait_for()
            self.assertEqual(Reply.objects.get().text, "We open at 9 on Saturdays. — Alice")
            page.get_by_role("link", name="Alice").click()
            page.get_by_role("button", name="Sign out").click()
            page.goto("/riverton/inbox/")
            page.get_by_role("button", name="Sign in").wait_for()

    def test_assign_note_decide_close_and_open_again(self) -> None:
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/inbox/{self.case.pk}/")
            page.get_by_role("button", name="Assign to me").click()
            page.get_by_text("Alice owns this case now.").wait_for()
            self.assertEqual(self.now(self.case).owner, self.alice)
            page.get_by_label("Note for colleagues").fill("Saturdays change in May.")
            page.get_by_role("button", name="Add note").click()
            page.locator("#notes").get_by_text("Saturdays change in May.").wait_for()
            self.assertEqual(Note.objects.get().by, self.alice)
            page.get_by_text("Change the decision").click()
            page.get_by_label("What to do").select_option("correct")
            page.get_by_label("Why (others learn from it)").fill("The city hall's desk")
            page.get_by_role("button", name="Change", exact=True).click()
            page.get_by_text("The decision was changed").wait_for()
            self.assertEqual(DecisionChange.objects.get().disposition_after, "correct")
            page.get_by_text("Close without a reply").click()
            page.get_by_label("How was it dealt with?").fill("Called her")
            page.get_by_role("button", name="Close the case").click()
            page.get_by_text("The case is closed.").wait_for()
            self.assertEqual(self.now(self.case).state, CaseState.CLOSED)
            page.get_by_role("button", name="Open again").click()
            page.get_by_text("The case is open again.").wait_for()
            self.assertEqual(self.now(self.case).state, CaseState.OPEN)
            log = page.locator("#log").inner_text()
            for word in ("Alice", "The city hall's desk", "Called her"):
                self.assertIn(word, log)

    def test_let_several_stand_and_undo(self) -> None:
        with self.window(self.alice, scripts=False) as page:
            page.goto("/riverton/inbox/?view=all")
            for case in (self.case, self.thanks):
                page.locator(f"#check-{case.pk}").check()
            page.get_by_role("button", name="Let the chosen stand").click()
            page.get_by_text("2 posts can stand.").wait_for()
            self.assertEqual(self.now(self.thanks).state, CaseState.STOOD)
            page.get_by_role("button", name="Undo").click()
            page.get_by_text("2 posts are open again.").wait_for()
            self.assertEqual(self.now(self.thanks).state, CaseState.OPEN)

    def test_filter_and_search_keep_their_address(self) -> None:
        with self.window(self.alice, scripts=False) as page:
            page.goto("/riverton/inbox/?view=all")
            page.get_by_text("Filter and sort").click()
            page.get_by_label("Words").fill("saturd")
            page.get_by_role("button", name="Show", exact=True).click()
            page.get_by_role("link", name="front desk open on Saturdays").wait_for()
            self.assertEqual(page.locator("[data-case]").count(), 1)
            address = page.url
            page.get_by_role("link", name="front desk open on Saturdays").click()
            self.assertEqual(page.locator("[data-case]").count(), 1)
            page.goto(address)
            self.assertEqual(page.locator("[data-case]").count(), 1)

    def test_two_people_at_one_case_the_second_is_told_and_loses_nothing(self) -> None:
        with self.window(self.alice, scripts=False) as page:
            page.goto(f"/riverton/inbox/{self.case.pk}/")
            page.get_by_label("Reply to").fill("My careful words")
            with self.window(self.bob, scripts=False) as other:
                other.goto(f"/riverton/inbox/{self.case.pk}/")
                other.get_by_role("button", name="Assign to me").click()
            page.get_by_role("button", name="Send reply").click()
            self.assertIn("Somebody", page.get_by_role("alert").inner_text())
            self.assertEqual(page.get_by_label("Reply to").input_value(), "My careful words")
            self.assertFalse(Reply.objects.exists())
            # Having seen the change, the same words go out.
            page.get_by_role("button", name="Send reply").click()
            page.get_by_text("Waiting to be sent.").wait_for()
            self.assertEqual(Reply.objects.count(), 1)
