"""The panel on the conversation, the settings, and the API."""

from __future__ import annotations

import json

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.models import Agency, User
from levelhead.drafting import making
from levelhead.drafting.asking import ask_for_draft
from levelhead.drafting.models import DraftingChoice, MadeDraft
from levelhead.inbox.models import Case, Post
from tests.integration.api.asking import Program, key_of
from tests.integration.drafting.desk import DRAFT, FALSE, KEY, TRUE, Drafting
from tests.integration.drafting.fake_model import sentences
from tests.integration.web.pages import PagesTestCase

# On top of a conversation's own where drafting is on: the choice, the drafts; and, where no draft
# is there and no answer fits, the released answers and the facts.
MORE_QUERIES = 4
HOSTILE = '<script>alert(1)</script> "><img src=x onerror=alert(1)> ‮evil'


class PanelTest(Drafting, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_model()
        self.approved()
        self.case_ = self.ask()

    def page(self, case: Case | None = None, **query: object) -> str:
        return self.look("conversation", (case or self.case_).pk, **query)

    def count(self, case: Case | None = None) -> int:
        self.page(case)
        with CaptureQueriesContext(connection) as asked:
            self.page(case)
        return len(asked)

    def press(self, name: str, *args: object, status: int = 302, **headers: str) -> str:
        response = self.client.post(self.path(name, *args), headers=headers)
        assert response.status_code == status, response.content[:300]
        return response.content.decode()

    def test_off_it_costs_and_shows_nothing(self) -> None:
        before = self.count()
        assert "drafting" not in self.page()
        self.turn_on(on=False)
        assert self.count() == before
        assert "drafting" not in self.page()

    def test_on_it_costs_little(self) -> None:
        plain = self.file_case(text="The mayor's tax plan is theft and you all know it!")
        before, before_plain = self.count(), self.count(plain)
        self.turn_on()
        assert self.count() <= before + MORE_QUERIES
        assert self.count(plain) <= before_plain + MORE_QUERIES
        for _ in range(12):
            self.made(self.case_)
        assert self.count() <= before + MORE_QUERIES

    def test_the_button_is_there_where_there_is_something_to_draft_from(self) -> None:
        self.turn_on()
        assert "Draft from what we know" in self.page()
        other = self.page(self.file_case(text="The mayor's tax plan is theft and you know it!"))
        assert "Draft from what we know" not in other
        assert "nothing can be drafted" in other
        assert "Ask a colleague" in other
        assert self.path("answer-new") in other
        french = self.file_case(text="Bonjour, quand est-ce que le guichet ouvre ses portes ?")
        Post.objects.filter(pk=french.pk).update(lang="fr")
        assert "not made in the language of this post" in self.page(french)

    def test_who_may_not_answer_sees_no_button_and_cannot_press_it(self) -> None:
        self.turn_on()
        self.made(self.case_)
        self.sign_in(self.victor)
        page = self.page()
        assert "drafting-ask" not in page
        assert DRAFT not in page
        self.press("drafting-ask", self.case_.pk, status=403)
        self.sign_in(self.charlie)
        self.press("drafting-ask", self.case_.pk, status=404)
        assert MadeDraft.objects.count() == 1

    def test_off_again_no_draft_is_made_but_what_was_made_shows(self) -> None:
        self.turn_on()
        self.made(self.case_)
        self.turn_on(on=False)
        assert "drafting-ask" not in self.page()
        assert "Drafted by a program" in self.page()
        self.press("drafting-ask", self.case_.pk, status=400)

    def test_marked_with_sources_struck_sentences_and_the_tick(self) -> None:
        self.turn_on()
        made = self.made(self.case_)
        page = self.page()
        assert "Drafted by a program from the sources below" in page
        assert self.path("answer", int(made.sources[0]["id"])) in page
        assert f'<s dir="auto">{FALSE}</s>' in page
        assert "a phone number that is in no source: <bdi>5550199</bdi>" in page
        assert 'name="drafting_read" value="yes" form="reply"' in page
        # Nothing is in the form by itself; a link puts it there without scripts.
        assert f">{DRAFT}</textarea>" not in page
        assert f"{DRAFT}</textarea>" in self.page(drafted=made.pk)
        assert f"{DRAFT}</textarea>" not in self.page(drafted=made.pk + 1)
        colleagues = self.ask()
        assert f"{DRAFT}</textarea>" not in self.page(colleagues, drafted=made.pk)

    def test_hostile_words_are_shown_as_words(self) -> None:
        self.turn_on(contact=HOSTILE)
        self.fake.says = sentences((TRUE, (1,)), (HOSTILE, (1,)), missing=(HOSTILE,))
        self.made(self.case_)
        page = self.page()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert "‮" not in page
        self.fake.mode, self.fake.error = "fails", {"error": {"message": HOSTILE}}
        self.made(self.case_)
        page = self.page()
        assert "There is no draft." in page
        assert "<script>alert(1)" not in page

    def test_asking_twice_says_that_it_is_being_made(self) -> None:
        self.turn_on()
        ask_for_draft(case=self.case_, agency=self.agency, by=self.alice)
        page = self.press("drafting-ask", self.case_.pk, status=409)
        assert "is being made already" in page
        assert "drafting-cancel" in page
        part = {"HX-Request": "true", "HX-Target": "drafting"}
        looked = self.client.get(self.path("drafting-look", self.case_.pk), headers=part)
        assert looked.status_code == 204
        made = MadeDraft.objects.get()
        self.sign_in(self.bob)
        self.press("drafting-cancel", made.pk, status=404)
        self.sign_in(self.alice)
        assert "drafting-ask" in self.press("drafting-cancel", made.pk, status=200, **part)
        made.refresh_from_db()
        assert made.state == "cancelled"

    def test_after_sending_the_page_says_who_changed_how_much(self) -> None:
        self.turn_on()
        self.made(self.case_)
        self.act("reply", self.case_, text=DRAFT, form_token="t", drafting_read="yes")
        page = self.page()
        assert "Drafted by a program (fake-model-1); Alice changed 0% of it" in page
        assert "Sent a reply drafted by a model" in page

    def test_in_spanish(self) -> None:
        self.turn_on()
        self.made(self.case_)
        User.objects.filter(pk=self.alice.pk).update(language="es")
        page = self.page()
        for english in ("I have read it", "Drafted by a program", "was struck", "Draft from what"):
            assert english not in page
        self.sign_in(self.bob)
        User.objects.filter(pk=self.bob.pk).update(language="es")
        settings = self.look("drafting-settings")
        for english in ("A language model may", "Time limit", "How the public", "Try it"):
            assert english not in settings


class SettingsPageTest(Drafting, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_model()
        self.sign_in(self.bob)

    def form(self, **fields: str) -> dict[str, str]:
        return {
            "on": "yes", "base_url": self.fake.url, "model": "small", "key": KEY, "seconds": "20",
            "monthly_tokens": "100,000", "language": "en", "sends": "post", "contact": "", **fields,
        }  # fmt: skip

    def save(self, status: int = 302, **fields: str) -> str:
        response = self.client.post(self.path("drafting-settings"), self.form(**fields))
        assert response.status_code == status
        return response.content.decode()

    def test_saved_shown_again_without_the_key_and_tried(self) -> None:
        assert "Off. Nothing is sent to any model." in self.look("drafting-settings")
        self.save()
        choice = DraftingChoice.objects.get()
        assert (choice.on, choice.seconds, choice.monthly_tokens) == (True, 20, 100_000)
        assert Agency.objects.get(pk=self.agency.pk).drafts
        page = self.look("drafting-settings")
        assert KEY not in page
        assert choice.sealed_key not in page
        assert "A key is kept, encrypted." in page
        self.client.post(self.path("drafting-try"))
        page = self.look("drafting-settings")
        assert "It works: fake-model-1 answered." in page
        self.fake.mode, self.fake.status = "fails", 404
        self.client.post(self.path("drafting-try"))
        assert "There is no such model at this address" in self.look("drafting-settings")

    def test_a_mistake_keeps_what_was_typed_but_not_the_key(self) -> None:
        page = self.save(400, base_url="ftp://x", contact="Front desk 555-0100")
        assert "This address cannot be used" in page
        assert "ftp://x" in page
        assert "Front desk 555-0100" in page
        assert KEY not in page
        assert not DraftingChoice.objects.exists()
        assert "nothing to try" not in page

    def test_trying_before_saving_says_what_to_do(self) -> None:
        response = self.client.post(self.path("drafting-try"))
        assert response.status_code == 400
        assert "Save an address" in response.content.decode()

    def test_the_settings_list_leads_there(self) -> None:
        assert self.path("drafting-settings") in self.look("agency-settings")


class ApiTest(Drafting, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.start_model()
        self.approved()
        self.case_ = self.ask()
        self.program = Program("riverton", key_of(self.agency, self.alice))

    def test_asked_for_made_and_looked_at(self) -> None:
        self.turn_on()
        path = f"/cases/{self.case_.pk}/draft"
        with self.captureOnCommitCallbacks() as kept:
            told = self.program.post(path, once="1").json()
            assert self.program.post(path, once="1").json() == told
        assert len(kept) == 1
        assert (told["state"], told["text"]) == ("asking", "")
        assert self.program.post(path).status_code == 409
        row = MadeDraft.objects.get()
        row.delete()
        made = self.made(self.case_)
        told = self.program.get(f"/drafts/{made.pk}").json()
        assert (told["state"], told["text"]) == ("ready", DRAFT)
        assert told["sentences"][2]["struck"] == "phone"
        assert told["sources"][0]["kind"] == "answer"
        assert "prompt" not in json.dumps(told).replace("prompt_sha256", "")

    def test_cancel(self) -> None:
        self.turn_on()
        asked = ask_for_draft(case=self.case_, agency=self.agency, by=self.alice)
        path = f"/drafts/{asked.made.pk}/cancel"
        bob = Program("riverton", key_of(self.agency, self.bob))
        assert bob.post(path).json()["state"] == "asking"
        assert self.program.post(path).json()["state"] == "cancelled"
        making.make(asked)
        assert self.fake.asked == []

    def test_off_and_shut(self) -> None:
        path = f"/cases/{self.case_.pk}/draft"
        assert self.program.post(path).status_code == 400
        self.turn_on()
        made = self.made(self.case_)
        looker = Program("riverton", key_of(self.agency, self.victor))
        reader = Program("riverton", key_of(self.agency, self.bob, scopes=("read", "work")))
        stranger = Program("riverton", key_of(self.other_agency, self.charlie))
        theirs = Program("maple", key_of(self.other_agency, self.charlie))
        for one in (path, f"/drafts/{made.pk}/cancel"):
            for program, status in ((looker, 403), (reader, 403), (stranger, 404), (theirs, 404)):
                assert program.post(one).status_code == status, one
        for program, status in ((looker, 403), (reader, 403), (stranger, 404), (theirs, 404)):
            assert program.get(f"/drafts/{made.pk}").status_code == status
        assert Program("riverton").post(path).status_code == 401
        assert MadeDraft.objects.count() == 1
