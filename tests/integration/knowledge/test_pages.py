"""The pages of knowledge, and what stands beside a reply."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.models import User
from levelhead.kernel import clock
from levelhead.knowledge.finding import shelves
from levelhead.knowledge.models import Answer, AnswerUse
from levelhead.knowledge.queries import today_of
from levelhead.replies.models import Reply
from tests.base import MONDAY
from tests.integration.knowledge.answering import REPORT, TRASH, Answering
from tests.integration.web.pages import Elements, PagesTestCase

# Session, person, place, live head; counts and rows; the strip.
LIST_QUERIES = 12
# And the posts made from it, with what came of its uses.
ANSWER_QUERIES = 16


class KnowledgePagesTest(Answering, PagesTestCase):
    def form(self, **changes: str) -> dict[str, str]:
        return {
            "title": "Front desk hours",
            "questions_en": "When do you open?\r\n\r\n when do you open? \nopening hours",
            "text_en": "[[greeting]], from 8 to 5.",
            "questions_es": "",
            "text_es": "",
            "source": "Directive 12",
            "owner": str(self.bob.pk),
            "review_on": (today_of(self.agency) + timedelta(days=30)).isoformat(),
            **changes,
        }

    def test_an_empty_list_teaches(self) -> None:
        page = self.look("knowledge")
        assert "No answer is written yet" in page
        assert "[[name of the person]]" in page
        assert self.path("answer-new") in page
        self.sign_in(self.victor)
        assert self.path("answer-new") not in self.look("knowledge")

    def test_written_then_approved_by_a_colleague_then_retired(self) -> None:
        response = self.client.post(self.path("answer-new"), self.form(), follow=True)
        page = response.content.decode()
        answer = Answer.objects.get()
        assert answer.questions == {
            "en": ["When do you open?", "when do you open?", "opening hours"]
        }
        assert (answer.owner, answer.edited_by) == (self.bob, self.alice)
        assert "Kept as a draft" in page
        assert "a colleague who may reply must approve it" in page
        assert '<mark class="part">[[greeting]]</mark>' in page
        self.sign_in(self.bob)
        assert "may approve your own" not in self.look("answer", answer.pk)
        sent = {"version": "1", "review_on": self.form()["review_on"]}
        page = self.client.post(
            self.path("answer-approve", answer.pk), sent, follow=True
        ).content.decode()
        assert "Approved. It is offered" in page
        page = self.client.post(
            self.path("answer-retire", answer.pk), {"version": "1"}, follow=True
        ).content.decode()
        assert "retired and never offered" in page

    def test_who_is_alone_is_told_so(self) -> None:
        answer = self.write()
        self.bob.memberships.update(active=False)
        page = self.look("answer", answer.pk)
        assert "so you may approve your own; the record says so" in page
        sent = {"version": "1", "review_on": self.form()["review_on"]}
        self.client.post(self.path("answer-approve", answer.pk), sent)
        assert "also changed it last: nobody else could approve" in self.look("answer", answer.pk)

    def test_mistakes_keep_what_was_written(self) -> None:
        response = self.client.post(
            self.path("answer-new"),
            self.form(title="", text_en="<script>[[greeting]</script>", review_on="never"),
        )
        page = response.content.decode()
        assert response.status_code == 400
        assert "Give the answer a title." in page
        assert "A part to fill in is not whole" in page
        assert "&lt;script&gt;[[greeting]&lt;/script&gt;" in page
        assert "<script>[[" not in page
        assert not Answer.objects.exists()

    def test_somebody_elses_change_is_not_overwritten(self) -> None:
        answer = self.write()
        path = self.path("answer-edit", answer.pk)
        self.client.post(path, self.form(version="1", title="First"))
        response = self.client.post(path, self.form(version="1", title="Second"))
        assert response.status_code == 409
        assert "Somebody changed this answer" in response.content.decode()
        assert 'value="Second"' in response.content.decode()
        answer.refresh_from_db()
        assert (answer.title, answer.version) == ("First", 2)
        page = self.look("answer", answer.pk)
        assert "Version 1 by Alice" in page
        assert "It was never approved." in page

    def test_the_list_is_searched_and_narrowed(self) -> None:
        desk = self.write_approved()
        trash = self.write(**TRASH)
        for query, wanted in (
            ("recepcion sabados", [desk.pk]),
            ("TRUCK", [trash.pk]),
            ("truck desk", []),
            ("%", []),
            ("", [trash.pk, desk.pk]),
        ):
            assert self.listed(q=query) == wanted, query
        assert self.listed(show="draft") == [trash.pk]
        assert self.listed(show="approved") == [desk.pk]
        assert self.listed(show="retired") == []
        assert "No answer is in this state." in self.look("knowledge", show="retired")
        with clock.use(clock.ManualClock(clock.now() + timedelta(days=100))):
            self.sign_in(self.alice)
            assert self.listed(show="stale") == [desk.pk]
            assert "Past its review date: not offered" in self.look("knowledge")

    def listed(self, **query: str) -> list[int]:
        return [
            int(value or 0)
            for value in Elements(self.look("knowledge", **query)).with_attribute("data-answer")
        ]

    def test_many_answers_cost_no_more_queries(self) -> None:
        for number in range(60):
            self.write(title=f"Answer {number}")
        with CaptureQueriesContext(connection) as asked:
            first = self.listed()
        assert len(asked) <= LIST_QUERIES, "\n".join(q["sql"][:120] for q in asked)
        rest = self.listed(before=str(first[-1]))
        assert len(first) == 50
        assert len(set(first + rest)) == 60
        with CaptureQueriesContext(connection) as asked:
            self.look("answer", first[0])
        assert len(asked) <= ANSWER_QUERIES, "\n".join(q["sql"][:120] for q in asked)

    def test_hostile_addresses_are_no_error(self) -> None:
        for query in ({"before": "9" * 30}, {"show": "x"}, {"q": "\x00" * 300}, {"q": "' OR 1"}):
            self.look("knowledge", **query)
        answer = self.write()
        for data in ({}, {"version": "x"}, {"version": "1", "review_on": "9999-99-99"}):
            status = self.client.post(self.path("answer-approve", answer.pk), data).status_code
            assert status in (400, 409), data


class OfferPagesTest(Answering, PagesTestCase):
    """With the real models."""

    def setUp(self) -> None:
        super().setUp()
        shelves.forget()
        self.addCleanup(shelves.forget)
        context = clock.use(clock.ManualClock(MONDAY))
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def test_a_fitting_answer_is_offered_and_used(self) -> None:
        desk = self.write_approved()
        self.write_approved(**TRASH)
        case = self.file_case(text="Hi, when does the front desk open tomorrow?")
        page = self.look("conversation", case.pk)
        assert f'data-use-answer="{desk.pk}"' in page
        assert "fits:" in page
        assert Elements(page).with_attribute("data-use-answer") == [str(desk.pk)]
        # Without scripts: the link opens the page with the words in the field.
        page = self.look("conversation", case.pk, answer=desk.pk)
        assert "[[greeting]], the front desk is open Monday to Friday, 8 to 5.</textarea>" in page
        assert f'name="answers" value="{desk.pk}"' in page
        assert '<mark class="part">[[greeting]]</mark>' in page
        response = self.act(
            "reply", case, 400, text=desk.texts["en"], form_token="t", answers=str(desk.pk)
        )
        refused = response.content.decode()
        assert "still has a part to fill in: [[greeting]]" in refused
        assert f'name="answers" value="{desk.pk}"' in refused
        assert not Reply.objects.exists()
        self.act(
            "reply", case, text="Good morning, from 8 to 5.", form_token="t", answers=str(desk.pk)
        )
        assert AnswerUse.objects.get().answer == desk
        page = self.look("answer", desk.pk)
        assert "1 time" in page
        assert "Good morning, from 8 to 5." in page
        assert self.path("conversation", case.pk) in page
        assert "Used 1 time" in self.look("knowledge")

    def test_out_of_scope_it_is_said_plainly(self) -> None:
        for given in ({}, TRASH, REPORT):
            self.write_approved(**given)
        case = self.file_case(text="The mayor's tax plan is theft and you all know it!")
        page = self.look("conversation", case.pk)
        assert 'data-offer="none"' in page
        assert "No approved answer fits this post." in page
        assert "data-use-answer" not in page

    def test_a_draft_cannot_be_chosen_by_address(self) -> None:
        draft = self.write()
        case = self.file_case(text="When does the front desk open?")
        page = self.look("conversation", case.pk, answer=draft.pk)
        assert 'data-offer="empty"' in page
        assert draft.texts["en"] not in page

    def test_who_may_not_reply_is_offered_nothing(self) -> None:
        self.write_approved()
        case = self.file_case(text="When does the front desk open?")
        self.sign_in(self.victor)
        assert 'id="offer"' not in self.look("conversation", case.pk)

    def test_a_spanish_post_is_answered_in_spanish_on_a_spanish_page(self) -> None:
        desk = self.write_approved()
        User.objects.filter(pk=self.alice.pk).update(language="es")
        case = self.file_case(text="Buenas, ¿a qué hora abre la recepción mañana?")
        page = self.look("conversation", case.pk)
        assert "Respuestas que encajan" in page
        assert f'data-answer-text="{desk.texts["es"]}"' in page
