"""The pages of what is asked often, Today's part of it, and what is decided there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.asked.actions import bring_back, set_aside
from levelhead.asked.domain import GroupState
from levelhead.asked.models import AskedGroup
from levelhead.asked.queries import find_group, list_asked
from levelhead.channels import outbox
from levelhead.channels.accounts import pool
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.models import Answer
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply
from tests.integration.asked.asking import VACCINE, Asking
from tests.integration.web.pages import PagesTestCase

# Session, person, place, live head; counts and rows; channels, states, replies, posts; the strip.
LIST_QUERIES = 15


class AskedPagesTest(Asking, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        forget_platforms()
        pool.close()
        self.addCleanup(shelves.forget)

    def asked(self) -> AskedGroup:
        cases = self.ask_all()
        send_reply(
            case=cases[0], text="The clinic is on Saturday. — Alice", by=self.alice,
            form_token="f", expected_version=None,
        )  # fmt: skip
        outbox.deliver_due()
        self.note()
        return self.the_group()

    def form(self, group: AskedGroup, **fields: str) -> dict[str, str]:
        return {"version": str(group.version), **fields}

    def test_an_empty_list_teaches(self) -> None:
        assert "When three people ask alike" in self.look("asked")
        assert 'id="today-asked"' not in self.look("today")

    def test_the_list_says_how_many_where_and_what_was_answered(self) -> None:
        group = self.asked()
        page = self.look("asked")
        for words in ("asked 4 times", "by 4 people", "Town square", "1 of 4 got a reply",
                      "3 still wait", "questions in 30 days"):  # fmt: skip
            assert words in page, words
        assert sum(text in page for text in VACCINE) >= 3
        page = self.look("asked-one", group.pk)
        assert "The clinic is on Saturday." in page
        assert group.name in self.look("today")

    def test_many_questions_cost_no_more_queries(self) -> None:
        self.asked()
        with CaptureQueriesContext(connection) as one:
            self.look("asked")
        for start in range(3):
            for n, text in enumerate(
                (f"Where is bus line {start}{start} today?", f"Is bus line {start}{start} late?")
            ):
                self.ask(text, who=f"bus-{n}")
        AskedGroup.objects.update(people=3)
        self.note()
        with CaptureQueriesContext(connection) as many:
            self.look("asked")
        assert len(many) <= len(one) <= LIST_QUERIES, [len(one), len(many)]

    def test_writing_the_answer_begins_with_the_examples(self) -> None:
        group = self.asked()
        page = self.look("answer-new", asked=group.pk)
        assert sum(text in page for text in VACCINE) >= 3
        assert "The clinic is on Saturday." in page
        assert '<textarea class="usa-textarea" id="text_en"' in page
        sent = {
            "title": "Rabies clinic", "questions_en": VACCINE[0], "text_en": "On Saturday at ten.",
            "source": "Calendar", "owner": str(self.alice.pk), "review_on": "2020-01-01",
            "asked": str(group.pk),
        }  # fmt: skip
        response = self.client.post(self.path("answer-new"), sent)
        assert response.status_code == 400
        assert f'name="asked" value="{group.pk}"' in response.content.decode()
        assert self.the_group().answer is None
        sent["review_on"] = str(self.fields().review_on)
        assert self.client.post(self.path("answer-new"), sent).status_code == 302
        assert self.the_group().answer == Answer.objects.get()
        assert "Rabies clinic" in self.look("asked", show="in_work")

    def test_set_aside_with_a_reason_and_brought_back(self) -> None:
        group = self.asked()
        path = self.path("asked-aside", group.pk)
        for data, words in (
            (self.form(group, state="mixed", reason=" "), "Say why."),
            (self.form(group, state="open", reason="x"), "Say whether it is not one question"),
            ({"version": "99", "state": "mixed", "reason": "x"}, "Somebody decided"),
        ):
            response = self.client.post(path, data)
            assert response.status_code in (400, 409)
            assert words in response.content.decode()
        reason = "<b>two</b> things\x00"
        response = self.client.post(path, self.form(group, state="mixed", reason=reason))
        assert response.status_code == 302
        page = self.look("asked", show="aside")
        assert "Not one question" in page
        assert "&lt;b&gt;two&lt;/b&gt; things" in page
        group.refresh_from_db()
        self.client.post(self.path("asked-back", group.pk), self.form(group))
        assert self.the_group().state == GroupState.OPEN
        actions = RecordEvent.objects.filter(subject=f"asked:{group.pk}").order_by("seq")
        assert list(actions.values_list("action", flat=True)) == [
            "person:asked:set_aside", "person:asked:brought_back",
        ]  # fmt: skip

    def test_part_of_an_answer(self) -> None:
        group, answer = self.asked(), self.write_approved()
        path = self.path("asked-part", group.pk)
        response = self.client.post(path, self.form(group, answer="", question="x"))
        assert "Choose the answer" in response.content.decode()
        spanish = self.write_approved(title="Solo", texts={"es": "Sábado."}, questions={})
        response = self.client.post(path, self.form(group, answer=str(spanish.pk), question="x"))
        assert "no text in the language" in response.content.decode()
        response = self.client.post(path, self.form(group, answer=str(answer.pk), question=" "))
        assert "no question in it" in response.content.decode()
        sent = self.form(group, answer=str(answer.pk), question="Is there a rabies clinic?")
        assert self.client.post(path, sent).status_code == 302
        answer.refresh_from_db()
        assert "Is there a rabies clinic?" in answer.questions["en"]
        assert self.the_group().answer == answer

    def test_nobody_else_may(self) -> None:
        group = self.asked()
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                set_aside(group=group, state=GroupState.MIXED, reason="x", by=person,
                          expected_version=1)  # fmt: skip
            with pytest.raises(NotAllowed):
                bring_back(group=group, by=person, expected_version=1)
        with pytest.raises(NotFound):
            find_group(self.other_agency, group.pk)
        assert not list_asked(self.other_agency, show="open").rows
        self.sign_in(self.victor)
        page = self.look("asked-one", group.pk)
        assert self.path("asked-aside", group.pk) not in page
        assert self.client.post(self.path("asked-aside", group.pk)).status_code == 403
        self.sign_in(self.charlie)
        assert self.client.get(self.path("asked-one", group.pk)).status_code == 404

    def test_two_people_at_once(self) -> None:
        group = self.asked()
        set_aside(group=group, state=GroupState.MIXED, reason="x", by=self.alice,
                  expected_version=group.version)  # fmt: skip
        with pytest.raises(Conflict):
            set_aside(group=group, state=GroupState.MIXED, reason="y", by=self.bob,
                      expected_version=group.version)  # fmt: skip
        with pytest.raises(Invalid):
            set_aside(group=group, state=GroupState.MIXED, reason=" ", by=self.bob,
                      expected_version=group.version + 1)  # fmt: skip

    def test_nonsense_in_the_address_shows_the_list(self) -> None:
        self.asked()
        for after in ("x", "1", "99999999999.1", "1.\x00", "-1.2"):
            assert "asked 4 times" in self.look("asked", after=after, show="everything")
        assert "asked 4 times" not in self.look("asked", after="4.1")
