"""The page of learning: what it shows at each step, and that its buttons do what they say."""

from __future__ import annotations

from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.learning import in_force
from levelhead.learning.domain import ProposalState
from levelhead.learning.models import Proposal
from tests.integration.learning.teaching import Teaching
from tests.integration.web.pages import PagesTestCase


class LearningPageTest(Teaching, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.sign_in(self.bob)
        self.addCleanup(in_force.in_force().forget)

    def press(self, name: str, *args: object) -> str:
        response = self.client.post(self.path(name, *args), follow=True)
        assert response.status_code == 200, response.status_code
        return response.content.decode()

    def test_an_empty_page_teaches(self) -> None:
        page = self.look("learning")
        assert "open it, choose “Change the decision”" in page
        assert "0 of 20: 20 more are needed" in page
        assert reverse("learning-try", args=["riverton"]) not in page
        assert "The shipped models alone" in page

    def test_the_way_there_is_in_the_settings(self) -> None:
        assert reverse("learning", args=["riverton"]) in self.look("agency-settings")

    def test_too_few_corrections_are_refused_on_the_page_too(self) -> None:
        self.correct(2)
        assert "2 of 20: 18 more are needed" in self.look("learning")
        response = self.client.post(self.path("learning-try"))
        assert response.status_code == 400
        assert "There are 2 corrections" in response.content.decode()
        assert not Proposal.objects.exists()

    def test_asking_is_one_button_and_leaves_the_work_to_the_worker(self) -> None:
        self.correct(20)
        assert "Try what could be learned" in self.look("learning")
        page = self.press("learning-try")
        assert "It is being tried now" in page
        assert reverse("learning-try", args=["riverton"]) not in page
        assert Proposal.objects.get().state == ProposalState.WAITING
        assert self.client.post(self.path("learning-try")).status_code == 409

    def test_figures_then_accept_then_take_back(self) -> None:
        self.correct(20)
        self.propose()
        page = self.look("learning")
        assert "Proposal 1" in page
        assert "10%" in page
        assert "80%" in page
        assert "63–90" in page
        page = self.press("learning-accept", 1)
        assert "accepted by Bob" in page
        assert "In force for the posts to come" in page
        page = self.press("learning-revert")
        assert "read by the shipped models alone again" in page
        assert "Accept proposal 1 after all" in page
        page = self.press("learning-accept", 1)
        assert "accepted by Bob" in page

    def test_declining_keeps_a_way_back(self) -> None:
        self.correct(20)
        self.propose()
        page = self.press("learning-decline", 1)
        assert "Set aside; nothing changed" in page
        assert "Accept proposal 1 after all" in page

    def test_nothing_to_gain_is_said_and_cannot_be_accepted(self) -> None:
        self.correct(20)
        self.propose(state=ProposalState.NOTHING, why_not="no_gain", adapter=None, adapter_hash="")
        page = self.look("learning")
        assert "No change would make more posts right than wrong" in page
        assert reverse("learning-accept", args=["riverton", 1]) not in page
        assert self.client.post(self.path("learning-accept", 1)).status_code == 409

    def test_what_no_longer_fits_is_said(self) -> None:
        self.propose(
            state=ProposalState.ACCEPTED, base="encoder-2019/0", decided_by=self.bob,
        )  # fmt: skip
        assert "was made for other models" in self.look("learning")

    def test_it_speaks_spanish(self) -> None:
        User.objects.filter(pk=self.bob.pk).update(language="es")
        self.propose()
        page = self.look("learning")
        assert "Aprender de las correcciones" in page
        assert "Con ella" in page

    def test_numbers_beyond_every_row_are_not_there(self) -> None:
        for number in ("0", "99999999999", "9" * 30):
            path = f"/riverton/settings/learning/{number}/accept/"
            assert self.client.post(path).status_code in (400, 404), number
