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

    def test_what_is_under_way_is_said_only_while_it_is(self) -> None:
        self.correct(20)
        assert "decide on what comes of it" in self.press("learning-try")
        Proposal.objects.all().delete()
        Proposal.objects.all().delete()
        # No message waits for the next page either.
        self.client.post(self.path("learning-try"))
        Proposal.objects.all().delete()
        self.propose()
        assert "It is being tried" not in self.look("learning")

    def accept_button(self, page: str) -> str:
        form = page.split(f'action="{reverse("learning-accept", args=["riverton", 1])}"')[1]
        return form.split("<button")[1].split(">")[0]

    def test_gains_and_losses_are_counted_and_the_net_is_said(self) -> None:
        self.propose(shares={"kept": {"count": 40, "before": 31, "after": 31, "gained": 2,
                                      "lost": 2}})  # fmt: skip
        page = self.look("learning")
        assert "Newly right" in page
        assert "<td>22</td><td>1</td>" in page
        assert "21 more right than before" in page
        assert "As many right as before" in page
        assert "fewer right" not in page
        assert "makes some of it worse" not in page
        assert "outline" not in self.accept_button(page)

    def test_what_gets_worse_is_said_and_not_proposed(self) -> None:
        for name in ("kept", "suite", "grave"):
            with self.subTest(name):
                worse = {"count": 300, "before": 211, "after": 204, "gained": 6, "lost": 13}
                self.propose(shares={name: worse})
                page = self.look("learning")
                assert "7 fewer right than before" in page
                assert "<td>6</td><td>13</td>" in page
                assert "makes some of it worse" in page
                assert "211 → 204" in page
                assert "usa-button--outline" in self.accept_button(page)
                Proposal.objects.all().delete()

    def test_corrections_alone_come_with_a_warning(self) -> None:
        nothing = {"count": 0, "before": 0, "after": 0, "gained": 0, "lost": 0}
        self.propose(shares={"kept": nothing})
        page = self.look("learning")
        assert "No post of yours was left as labelled" in page
        assert "teach only one side" in page
        Proposal.objects.all().delete()
        self.propose(shares={"kept": {**nothing, "count": 19, "before": 19, "after": 19}})
        assert "Only 19 posts of yours were left as labelled" in self.look("learning")
        Proposal.objects.all().delete()
        self.propose(shares={"kept": {**nothing, "count": 20, "before": 20, "after": 20}})
        assert "teach only one side" not in self.look("learning")

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
