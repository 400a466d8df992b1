"""The page of learning in a real browser: no barriers, nothing cut off, and live."""

from __future__ import annotations

from levelhead.accounts.models import User
from levelhead.learning import actions
from levelhead.learning.domain import ProposalState
from levelhead.learning.models import Proposal
from levelhead.learning.trying import _finish
from tests.browser.base import PHONE, WIDE, BrowserTestCase
from tests.integration.learning.teaching import Teaching

SIZES = {"wide": WIDE, "phone": PHONE}
PATH = "/riverton/settings/learning/"


class LearningTests(Teaching, BrowserTestCase):
    def look(self, name: str) -> None:
        for size_name, size in SIZES.items():
            for theme in ("light", "dark"):
                what = f"{name}-{size_name}-{theme}"
                with self.subTest(what), self.window(self.bob, size=size, theme=theme) as page:
                    page.goto(PATH)
                    self.picture(page, what, whole=True)
                    self.assert_fits(page, what)
                    self.assert_accessible(page, what)

    def test_before_there_is_anything(self) -> None:
        self.look("learning-empty")

    def test_with_too_few_corrections(self) -> None:
        self.correct(12)
        self.look("learning-few")

    def test_a_proposal_and_what_is_in_force(self) -> None:
        self.correct(20)
        self.propose(1)
        actions.accept(agency=self.agency, number=1, by=self.bob)
        self.propose(2)
        self.look("learning-proposal")

    def test_a_proposal_that_makes_some_of_it_worse(self) -> None:
        self.correct(20)
        shares = {
            "corrections": {"count": 20, "before": 2, "after": 15, "gained": 14, "lost": 1},
            "kept": {"count": 0, "before": 0, "after": 0, "gained": 0, "lost": 0},
            "suite": {"count": 2913, "before": 2670, "after": 2651, "gained": 112, "lost": 131},
        }
        self.propose(1, shares)
        self.look("learning-worse")

    def test_nothing_to_gain_in_spanish(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(language="es")
        self.correct(20)
        self.propose(1, state=ProposalState.DECLINED)
        self.propose(2, state=ProposalState.NOTHING, why_not="no_gain", adapter=None)
        self.look("learning-nothing-es")

    def test_the_outcome_shows_by_itself_and_the_button_accepts_it(self) -> None:
        self.correct(20)
        with self.window(self.bob) as page:
            page.goto(PATH)
            page.get_by_role("button", name="Try what could be learned").click()
            page.get_by_text("It is being tried now").wait_for()
            page.locator("[data-live-mark][data-state=live]").wait_for()
            asked = Proposal.objects.get()
            ready = self.propose(2, state=ProposalState.DECLINED)
            Proposal.objects.filter(pk=asked.pk).update(
                state=ProposalState.AT_WORK, begun_at=asked.asked_at
            )
            asked.refresh_from_db()
            _finish(
                asked, state=ProposalState.READY, figures=ready.figures, base=ready.base,
                adapter=ready.adapter, adapter_hash=ready.adapter_hash,
            )  # fmt: skip
            Proposal.objects.filter(pk=ready.pk).delete()
            page.get_by_role("button", name="Accept", exact=True).wait_for()
            self.assertEqual(page.get_by_text("It is being tried").count(), 0)
            page.get_by_role("button", name="Accept", exact=True).click()
            page.get_by_text("accepted by Bob").wait_for()
        asked.refresh_from_db()
        self.assertEqual(asked.state, ProposalState.ACCEPTED)
