"""The desk's side: asking, the case's clock, the first word, release, posting, and who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.channels import outbox
from levelhead.channels.models import OutboxItem
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.live.models import LiveEvent
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import withdraw_reply
from levelhead.replies.models import Reply
from levelhead.research import actions
from levelhead.research.domain import Kind, RequestState
from levelhead.research.models import MailOut, ResearchFile, ResearchPolicy, ResearchRequest
from tests.base import MONDAY
from tests.integration.research.asking import CLERK, QUESTION, Asking, with_mail
from tests.integration.web.pages import PagesTestCase


class DeskTest(Asking, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = clock.ManualClock(MONDAY)
        self.enterContext(clock.use(self.clock))

    def form(self, **changes: str) -> dict[str, str]:
        return {"question": QUESTION, "to_email": CLERK, "day": "2026-03-18", "kind": "question",
                **changes}  # fmt: skip

    def press(self, name: str, one: ResearchRequest, status: int = 200, **data: object) -> str:
        response = self.client.post(self.path(name, one.pk), data, follow=True)
        assert response.status_code == status, response.status_code
        return response.content.decode()

    def answered(self, **fields: object) -> ResearchRequest:
        one = self.ask(**fields)
        data = {"do": "answer", "text": "No, only when a call comes in.",
                "files": SimpleUploadedFile("log.pdf", b"%PDF-1 log")}  # fmt: skip
        assert Client().post(self.link(one), data).status_code == 302
        one.refresh_from_db()
        return one

    # Asking -------------------------------------------------------------------------------------

    def test_asked_from_the_case_page_with_mail_recorded_and_live(self) -> None:
        case = self.file_case(text="Do they film my yard?")
        with with_mail():
            response = self.client.post(
                self.path("question-ask", case.pk), self.form(), follow=True
            )
        page = response.content.decode()
        assert "on its way" in page
        one = ResearchRequest.objects.get()
        assert (one.state, one.asked_by, one.by_mail) == ("waiting", self.alice, True)
        assert MailOut.objects.get().to_email == CLERK
        assert RecordEvent.objects.filter(action="person:research:asked").count() == 1
        assert LiveEvent.objects.filter(kind="research.changed").exists()
        # What the case waits for stands beside its clock.
        assert f'data-waits-for="{one.pk}"' in page

    def test_mistakes_keep_what_was_typed(self) -> None:
        case = self.file_case()
        for change in ({"to_email": "clerk"}, {"question": " "}, {"day": "2020-01-01"},
                       {"day": "soon"}, {"day": ""}, {"question": "x" * 4_001}):  # fmt: skip
            data = self.form(**change)
            response = self.client.post(self.path("question-ask", case.pk), data)
            assert response.status_code == 400, change
            if change.get("question") is None:
                assert QUESTION in response.content.decode()
        assert not ResearchRequest.objects.exists()

    def test_hostile_words_are_shown_as_words(self) -> None:
        case = self.file_case()
        self.client.post(self.path("question-ask", case.pk),
                         self.form(question="<script>alert(1)</script>\x00 why?"))  # fmt: skip
        one = ResearchRequest.objects.get()
        assert "\x00" not in one.question
        for path in (self.path("question", one.pk), self.path("research"), self.link(one),
                     self.path("conversation", case.pk)):  # fmt: skip
            page = self.client.get(path).content.decode()
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert" in page

    def test_a_flood_of_questions_is_bounded(self) -> None:
        case = self.file_case()
        for _ in range(10):
            self.ask(case)
        with pytest.raises(Invalid):
            self.ask(case)

    def test_records_request_by_the_laws_days_from_when_the_post_came_in(self) -> None:
        case = self.file_case()
        self.clock.advance(timedelta(days=1))
        page = self.client.get(self.path("conversation", case.pk)).content.decode()
        assert "To be checked by counsel" in page
        actions.change_policy(agency=self.agency, records_days=5, passes_on=False, checked=True,
                              by=self.bob)  # fmt: skip
        self.client.post(self.path("question-ask", case.pk), self.form(kind="records", day=""))
        one = ResearchRequest.objects.get()
        assert one.kind == Kind.RECORDS
        # Monday the 16th, five working days: Monday the 23rd, when the office closes.
        assert one.due_at.isoformat() == "2026-03-23T22:00:00+00:00"
        assert "To be checked by counsel" not in self.look("conversation", case.pk)

    # Coming back --------------------------------------------------------------------------------

    def test_from_the_answer_to_the_thread(self) -> None:
        one = self.answered()
        assert "answered, to be released" in self.look("question", one.pk)
        assert OutboxItem.objects.count() == 0
        page = self.press("question-release", one, text="Drones fly only on a call. — Alice",
                          version=one.version)  # fmt: skip
        assert "nothing is public before that is sent" in page
        assert OutboxItem.objects.count() == 0
        form = self.client.get(self.path("conversation", one.case_id) + f"?research={one.pk}")
        assert "Drones fly only on a call. — Alice</textarea>" in form.content.decode()
        self.client.post(self.path("reply", one.case_id), {
            "text": "Drones fly only on a call. — Alice", "form_token": "t1",
            "version": Case.objects.get(pk=one.case_id).version, "research": one.pk,
        })  # fmt: skip
        one.refresh_from_db()
        assert one.state == RequestState.POSTED
        item = OutboxItem.objects.get()
        assert item.parent_external_id == one.case.post.external_id
        assert one.reply_id == item.reply.pk
        # Taken back before it left: it may be posted again.
        withdraw_reply(reply=Reply.objects.get(), by=self.alice)
        one.refresh_from_db()
        assert (one.state, one.reply_id) == (RequestState.RELEASED, None)
        outbox.deliver_due()

    def test_an_answer_that_is_not_released_gets_into_no_reply(self) -> None:
        one = self.answered()
        for path in (f"?research={one.pk}", "?research=7", "?research=x"):
            page = self.client.get(self.path("conversation", one.case_id) + path).content.decode()
            assert "only when a call comes in.</textarea>" not in page

    def test_the_colleague_does_not_release_their_own_answer(self) -> None:
        one = self.answered(to_email="Alice@example.org", by=self.bob)
        with pytest.raises(Invalid, match="somebody else"):
            actions.release(request=one, text="Yes", by=self.alice, expected_version=None)
        assert actions.release(request=one, text="Yes", by=self.bob, expected_version=None)

    def test_two_people_release_at_once(self) -> None:
        one = self.answered()
        actions.release(request=one, text="Yes", by=self.bob, expected_version=one.version)
        page = self.press("question-release", one, status=409, text="No", version=one.version)
        assert "Something changed on this question" in page
        with pytest.raises(Conflict):
            actions.release(request=one, text="No", by=self.alice, expected_version=None)

    def test_nothing_is_released_that_was_not_answered_or_is_posted(self) -> None:
        one = self.ask()
        for act in (actions.release, actions.take_release_back):
            words = {"text": "x"} if act is actions.release else {}
            with pytest.raises(Conflict):
                act(request=one, by=self.bob, expected_version=None, **words)
        done = self.answered()
        actions.release(request=done, text="x", by=self.bob, expected_version=None)
        ResearchRequest.objects.filter(pk=done.pk).update(state=RequestState.POSTED)
        with pytest.raises(Conflict):
            actions.release(request=done, text="y", by=self.bob, expected_version=None)
        done.refresh_from_db()
        assert done.released_text == "x"

    def test_asked_back_with_a_new_link(self) -> None:
        one = self.answered()
        old = self.link(one)
        self.press("question-again", one, missing="And by day?", day="2026-03-20")
        one.refresh_from_db()
        assert one.state == RequestState.WAITING
        assert Client().get(old).status_code == 404
        page = Client().get(self.link(one)).content.decode()
        assert "And by day?" in page
        assert "only when a call" not in page

    def test_file_is_saved_never_shown(self) -> None:
        self.answered()
        file = ResearchFile.objects.get()
        response = self.client.get(self.path("question-file", file.pk))
        assert response.content == b"%PDF-1 log"
        assert response["Content-Disposition"] == 'attachment; filename="log.pdf"'
        assert "sandbox" in response["Content-Security-Policy"]

    # The first word -----------------------------------------------------------------------------

    def test_the_holding_reply_promises_a_date_that_becomes_a_commitment(self) -> None:
        for lang, text, promise in (
            ("en", "Do your drones film my yard at night, and who sees it?", "by March 19"),
            ("es", "¿Sus drones graban mi patio por la noche y quién lo ve?", "19 de marzo"),
        ):
            with self.subTest(lang):
                one = self.ask(self.file_case(text=text, lang=lang, author_name="Dana"))
                page = self.look("conversation", one.case_id)
                assert f"?holding={one.pk}" in page
                page = self.client.get(
                    self.path("conversation", one.case_id) + f"?holding={one.pk}"
                ).content.decode()
                draft = page.partition('id="reply-text"')[2].partition("</textarea>")[0]
                words = draft.partition(">\n")[2]
                assert promise in words, words
                assert "Dana" in words
                self.client.post(self.path("reply", one.case_id), {
                    "text": words, "form_token": f"h-{lang}",
                    "version": Case.objects.get(pk=one.case_id).version,
                })  # fmt: skip
                found = Commitment.objects.get(case_id=one.case_id)
                assert found.due_at is not None, found.readings
                assert found.due_at.astimezone().date().isoformat() == "2026-03-19"
                one.refresh_from_db()
                assert one.state == RequestState.WAITING

    # The list -----------------------------------------------------------------------------------

    def test_an_empty_list_teaches(self) -> None:
        assert "choose “Ask a colleague”" in self.look("research")
        assert reverse("research", args=["riverton"]) in self.look("inbox")

    def test_the_list_is_paged_by_key_with_bounded_queries(self) -> None:
        case = self.file_case()
        first = self.ask(case)
        rows = [ResearchRequest(agency=self.agency, case=case, kind="question", question=f"Q{n}",
                                to_email=CLERK, asked_by=self.alice, state="waiting",
                                due_at=first.due_at + timedelta(minutes=n), token_hash=f"h{n}",
                                link_expires_at=first.link_expires_at)
                for n in range(60)]  # fmt: skip
        ResearchRequest.objects.bulk_create(rows)
        self.look("research")
        with self.assertNumQueries(10):
            page = self.look("research")
        assert page.count("data-research=") == 50
        after = page.partition("&amp;after=")[2].partition('"')[0]
        assert self.look("research", after=after).count("data-research=") == 11
        self.clock.advance(timedelta(days=3))
        assert "61 answers are overdue." in self.look("research")

    # Who may ------------------------------------------------------------------------------------

    def test_charlie_of_another_agency_reaches_nothing(self) -> None:
        one = self.answered()
        file = ResearchFile.objects.get()
        self.client.force_login(self.charlie)
        gets = [("research", ()), ("question", (one.pk,)), ("question-file", (file.pk,)),
                ("research-policy", ())]  # fmt: skip
        for slug in ("riverton", "maple"):
            for name, args in gets:
                code = self.client.get(reverse(name, args=[slug, *args])).status_code
                own = slug == "maple" and not args
                assert code == (200 if own else 404), (slug, name)
            for name in ("withdraw", "revoke", "renew", "remind", "due", "pass-on", "again",
                         "release", "unrelease", "mail"):  # fmt: skip
                path = reverse(f"question-{name}", args=[slug, one.pk])
                assert self.client.post(path, {"text": "x"}).status_code == 404, (slug, name)
            path = reverse("question-ask", args=[slug, one.case_id])
            assert self.client.post(path, self.form()).status_code == 404
        given = {"request": one, "by": self.charlie, "expected_version": None}
        with pytest.raises(NotAllowed):
            actions.release(text="x", **given)  # type: ignore[arg-type]
        with pytest.raises(NotAllowed):
            actions.withdraw(reason="x", **given)  # type: ignore[arg-type]
        with pytest.raises(NotAllowed):
            self.ask(one.case, by=self.charlie)
        one.refresh_from_db()
        assert one.state == RequestState.ANSWERED

    def test_victor_looks_and_does_not_ask_or_get_the_link(self) -> None:
        one = self.ask()
        self.client.force_login(self.victor)
        page = self.look("question", one.pk)
        assert self.link(one) not in page
        assert "Ask a colleague</summary>" not in self.look("conversation", one.case_id)
        for name in ("withdraw", "renew", "release"):
            assert self.client.post(self.path(f"question-{name}", one.pk)).status_code == 403
        assert self.client.get(self.path("research-policy")).status_code == 403

    def test_settings_of_the_agency(self) -> None:
        assert self.client.get(self.path("research-policy")).status_code == 403
        self.client.force_login(self.bob)
        assert "To be checked by counsel" in self.look("research-policy")
        for bad in ("0", "251", "ten", "-1", "9" * 50):
            path = self.path("research-policy")
            assert self.client.post(path, {"records_days": bad}).status_code == 400, bad
        self.client.post(self.path("research-policy"),
                         {"records_days": "7", "checked": "yes", "passes_on": "yes"})  # fmt: skip
        policy = ResearchPolicy.objects.get(agency=self.agency)
        assert (policy.records_days, policy.passes_on, policy.checked_by) == (7, True, self.bob)
        # Another number has not been checked by having been saved beside the box.
        self.client.post(self.path("research-policy"), {"records_days": "8"})
        policy.refresh_from_db()
        assert policy.checked_at is None

    def test_people_signed_out_are_led_to_the_door(self) -> None:
        User.objects.filter(pk=self.alice.pk).update(is_active=True)
        self.client.logout()
        assert self.client.get(self.path("research")).status_code == 302
