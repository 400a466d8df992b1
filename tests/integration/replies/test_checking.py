"""The reply check on the form and at sending: what it knows, what it holds, what is overruled."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from levelhead.accounts.models import User
from levelhead.channels.models import OutboxItem
from levelhead.doctrine.reply.domain import RuleName
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply, withdraw_reply
from levelhead.replies.checking import check_draft, show_findings
from levelhead.replies.domain import Held
from levelhead.replies.models import Reply
from tests.base import DeskTestCase
from tests.integration.knowledge.answering import Answering

SAME = "Thank you for telling us. We take every concern seriously and will look into it. — Alice"
PRIVATE = "Thanks for asking, Sam. Call her back at 555-010-7788. We open at 8. — Alice"


FEE = "A copy of a report costs $25."


class CheckingTest(Answering, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.alice)
        self.case = self.file_case(text="When does the front desk open?")

    def send(self, text: str, *, token: str = "one", **given: object) -> Reply:
        fields = {"expected_version": None, "by": self.alice, **given}
        return send_reply(case=self.case, text=text, form_token=token, **fields)  # type: ignore[arg-type]

    def check(self, text: str, **given: str) -> str:
        path = reverse("reply-check", args=["riverton", self.case.pk])
        answer = self.client.post(path, {"text": text, **given}, headers={"hx-request": "true"})
        assert answer.status_code == 200
        return answer.content.decode()

    def rules(self, text: str) -> list[RuleName]:
        return [
            finding.rule for finding in check_draft(self.case, text, lang="en", person=self.alice)
        ]

    def test_findings_show_with_their_words_and_fixes(self) -> None:
        said = self.check(PRIVATE)
        assert 'data-rule="private_data"' in said
        assert "Holds the reply" in said
        assert "555-010-7788" in said
        assert "Take this sentence out" in said
        assert 'name="all_the_same"' in said
        assert "finding" not in self.check("")
        assert "finding" not in self.check("  \n ")

    def test_what_an_approved_answer_says_needs_no_other_source(self) -> None:
        answer = self.write_approved(texts={"en": f"{FEE} Ask at the records window."})
        said = f"Hi Sam. {FEE} — Alice"
        assert 'data-rule="source_missing"' in self.check(said)
        assert 'data-rule="source_missing"' not in self.check(said, answers=str(answer.pk))
        # Another figure is another matter, and so is an answer of somebody else.
        changed = said.replace("25", "30")
        assert 'data-rule="source_missing"' in self.check(changed, answers=str(answer.pk))
        draft = self.write(texts={"en": f"{FEE} Ask us."})
        assert 'data-rule="source_missing"' in self.check(said, answers=str(draft.pk))

    def test_marks_that_turn_the_direction_do_not_leave(self) -> None:
        reply = self.send("We open \u202eat 8\u202c. \u0627\u0647\u0644\u0627\u200f — Alice")
        assert reply.text == "We open at 8. \u0627\u0647\u0644\u0627\u200f — Alice"
        assert "\u202e" not in self.check("We open \u202eat 8.")

    def test_nothing_is_kept_of_a_check(self) -> None:
        events = RecordEvent.objects.count()
        self.check(PRIVATE)
        assert RecordEvent.objects.count() == events
        assert not Reply.objects.exists()

    def test_a_held_reply_does_not_leave(self) -> None:
        with pytest.raises(Held) as held:
            self.send(PRIVATE)
        assert held.value.data["rules"] == ["private_data"]
        with pytest.raises(Held):
            self.send(PRIVATE, all_the_same="  \x00 ".replace("\x00", " "))
        assert not OutboxItem.objects.exists()

    def test_overruled_it_leaves_and_the_record_says_why(self) -> None:
        self.send(PRIVATE, all_the_same="It is the clinic's own line")
        payload = json.loads(RecordEvent.objects.get(action="person:reply:sent").payload)
        assert payload["overruled"] == ["private_data"]
        assert payload["reason"] == "It is the clinic's own line"
        self.case = self.file_case()
        self.send("We open at 8. — Alice", token="two", all_the_same="not needed")
        payload = json.loads(
            RecordEvent.objects.filter(action="person:reply:sent").latest("seq").payload
        )
        assert "overruled" not in payload

    def test_the_form_comes_back_with_what_was_written(self) -> None:
        path = reverse("reply", args=["riverton", self.case.pk])
        held = self.client.post(path, {"text": PRIVATE, "form_token": "f", "version": "1"})
        self.assertContains(held, "The reply check holds this reply", status_code=400)
        self.assertContains(held, PRIVATE, status_code=400)
        self.assertContains(held, 'name="all_the_same"', status_code=400)
        sent = self.client.post(
            path,
            {"text": PRIVATE, "form_token": "f", "version": "1", "all_the_same": "Their line"},
        )
        assert sent.status_code == 302
        assert Reply.objects.count() == 1

    def test_the_same_words_again_are_noticed(self) -> None:
        for n in range(3):
            self.case = self.file_case(text=f"Why did officer {n} stop me on Elm last night?")
            self.send(SAME, token=f"same {n}", all_the_same="test")
        self.case = self.file_case(text="Who decides where drones may fly over yards?")
        assert RuleName.SAMENESS in self.rules(SAME)

    def test_replies_that_were_taken_back_count_for_nothing(self) -> None:
        for n in range(3):
            self.case = self.file_case(text=f"Why did officer {n} stop me on Elm last night?")
            withdraw_reply(reply=self.send(SAME, token=f"same {n}"), by=self.alice)
        self.case = self.file_case(text="Who decides where drones may fly over yards?")
        assert RuleName.SAMENESS not in self.rules(SAME)

    def test_replies_of_another_agency_are_not_looked_at(self) -> None:
        ours = self.case
        for n in range(3):
            self.case = self.file_case(
                channel_id=self.other_channel.pk, text=f"Why did deputy {n} stop me?"
            )
            self.send(SAME, token=f"theirs {n}", by=self.charlie)
        self.case = ours
        assert RuleName.SAMENESS not in self.rules(SAME)

    def test_it_speaks_the_writers_language_and_minds_the_askers(self) -> None:
        self.case = self.file_case(text="¿A qué hora abre la oficina los sábados por la mañana?")
        assert RuleName.WRONG_LANGUAGE in self.rules(
            "The office opens at eight on Saturdays. — Alice"
        )
        User.objects.filter(pk=self.alice.pk).update(language="es")
        assert "Antes de que salga" in self.check("The office opens at eight on Saturdays.")

    def test_one_key_signs(self) -> None:
        text = "The desk opens at 8 on weekdays."
        found = show_findings(
            check_draft(self.case, text, lang="en", person=self.alice), text, person=self.alice
        )
        fix = next(one.fix for one in found if one.finding.rule is RuleName.UNSIGNED)
        assert fix is not None
        assert text[: fix.start] + fix.text + text[fix.end :] == f"{text} — Alice"

    def test_hostile_words_stay_words(self) -> None:
        said = self.check('Call her back at 555-010-7788 "><script>alert(1)</script> \u202e💀.')
        assert "<script" not in said
        assert "555-010-7788" in said

    def test_a_check_asks_few_questions(self) -> None:
        self.send("We open at 8. — Alice")
        with self.assertNumQueries(3):
            check_draft(self.case, PRIVATE, lang="en", person=self.alice)
        huge = self.check("You people. " * 5_000)
        assert len(huge) < 200_000
