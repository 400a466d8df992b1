"""What the API tells and does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from django.core.cache import cache

from levelhead.api.actions import forget_calls
from levelhead.api.models import ApiCall
from levelhead.api.page import write_page
from levelhead.channels.models import OutboxItem
from levelhead.drafts.actions import Typed, save_draft
from levelhead.inbox.models import Case, Note
from levelhead.kernel import clock
from levelhead.records.models import RecordEvent
from tests.base import DeskTestCase
from tests.integration.api.asking import Program, key_of
from tests.integration.knowledge.answering import Answering


class EndpointTest(Answering, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.program = Program("riverton", key_of(self.agency, self.bob))

    def test_the_list_goes_on_where_it_ended(self) -> None:
        cases = [self.file_case(text=f"When does office {n} open?") for n in range(60)]
        seen: list[str] = []
        path = "/cases?view=needs"
        while path:
            page = self.program.get(path.removeprefix(self.program.base)).json()
            seen += [row["id"] for row in page["items"]]
            path = page["next"]
        assert seen == [str(case.pk) for case in reversed(cases)]

    def test_a_page_asks_the_database_few_questions(self) -> None:
        for n in range(30):
            self.file_case(text=f"When does office {n} open?")
        with self.assertNumQueries(6):
            self.program.get("/cases")  # the key, its person, the minute, the rows with their like
        assert len(self.program.get("/cases", q="office").json()["items"]) == 30
        assert self.program.get("/cases", label="praise").json()["items"] == []

    def test_one_case_tells_its_post_reasons_and_clock(self) -> None:
        post = self.file_post(text="When does the front desk open?")
        told = self.program.get(f"/cases/{post.pk}").json()
        assert told["post"]["text"] == "When does the front desk open?"
        assert told["label"] == "question"
        assert told["reasons"]
        assert told["due_at"] == told["ack_due"] or told["due_at"] == told["substance_due"]
        child = self.file_post(text="Same here", parent_external_id=post.external_id)
        thread = self.program.get(f"/cases/{post.pk}/thread").json()
        assert [one["id"] for one in thread["answers"]] == [str(child.pk)]
        assert thread["cut"] is False

    def test_a_version_that_is_old_changes_nothing(self) -> None:
        case = self.file_case()
        for action, body in {
            "assign": {"owner": None}, "close": {"reason": "x"}, "let-stand": {},
            "decide": {"label": "press"}, "reopen": {},
        }.items():  # fmt: skip
            with self.subTest(action=action):
                body = {**body, "version": case.version + 5}
                answer = self.program.post(f"/cases/{case.pk}/{action}", body)
                assert answer.status_code == 409, answer.content
        assert Case.objects.get(pk=case.pk).version == case.version

    def test_what_a_program_did_is_on_the_record_with_its_key(self) -> None:
        case = self.file_case()
        self.program.post(f"/cases/{case.pk}/close", {"reason": "by phone"})
        event = RecordEvent.objects.get(action="person:case:closed")
        assert event.actor == f"user:{self.bob.pk}"
        assert json.loads(event.payload)["through"].startswith("token:")
        self.file_case()
        filed = RecordEvent.objects.filter(action="channel:post:filed").latest("seq")
        assert "through" not in filed.payload

    def test_wrong_words_are_answered_with_the_right_ones(self) -> None:
        case = self.file_case()
        answer = self.program.post(f"/cases/{case.pk}/decide", {"label": "nonsense"})
        assert answer.status_code == 400
        assert "question" in answer.json()["error"]["message"]
        answer = self.program.post(f"/cases/{case.pk}/assign", {"owner": "charlie@example.org"})
        assert answer.status_code == 400

    def test_a_reply_needs_a_key_of_its_own_and_leaves_once(self) -> None:
        case = self.file_case()
        path, body = f"/cases/{case.pk}/reply", {"text": "At 8, every weekday."}
        assert self.program.post(path, body).status_code == 400
        assert not OutboxItem.objects.exists()
        first = self.program.post(path, body, once="a")
        again = self.program.post(path, body, once="a")
        assert first.status_code == again.status_code == 200
        assert first.json() == again.json()
        assert OutboxItem.objects.count() == 1
        # A day later the answer is forgotten, and still nothing leaves twice.
        ApiCall.objects.update(at=clock.now() - timedelta(days=2))
        assert forget_calls() == 1
        assert self.program.post(path, body, once="a").json()["id"] == first.json()["id"]
        assert OutboxItem.objects.count() == 1

    def test_a_reply_is_refused_while_a_person_writes_it(self) -> None:
        case = self.file_case()
        typed = Typed(text="We open", key="form")
        save_draft(case=case, by=self.alice, typed=typed, window="w")
        bobs = Program("riverton", key_of(self.agency, self.bob))
        answer = bobs.post(f"/cases/{case.pk}/reply", {"text": "At 8."}, once="b")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "pen_held"
        assert not OutboxItem.objects.exists()

    def test_the_same_request_twice_acts_once(self) -> None:
        case = self.file_case()
        path = f"/cases/{case.pk}/notes"
        first = self.program.post(path, {"text": "called"}, once="n1")
        assert self.program.post(path, {"text": "called"}, once="n1").json() == first.json()
        assert Note.objects.count() == 1
        other = self.program.post(path, {"text": "another"}, once="n1")
        assert other.status_code == 409
        assert Note.objects.count() == 1
        # The key of one program says nothing to another.
        second = Program("riverton", key_of(self.agency, self.alice))
        second.post(path, {"text": "called"}, once="n1")
        assert Note.objects.count() == 2

    def test_a_request_that_failed_may_come_again(self) -> None:
        case = self.file_case()
        path = f"/cases/{case.pk}/close"
        assert self.program.post(path, {"reason": " "}, once="c").status_code == 400
        assert not ApiCall.objects.exists()
        assert self.program.post(path, {"reason": "by phone"}, once="c").status_code == 200

    def test_keys_that_cannot_be_one(self) -> None:
        case = self.file_case()
        for key in ("x" * 101, "é"):
            answer = self.program.post(f"/cases/{case.pk}/notes", {"text": "hi"}, once=key)
            assert answer.status_code == 400
        assert not Note.objects.exists()

    def test_answers_commitments_channels_and_the_record(self) -> None:
        answer = self.write()
        told = self.program.get("/answers").json()["items"]
        assert [one["id"] for one in told] == [str(answer.pk)]
        assert told[0]["texts"] == answer.texts
        assert self.program.get("/commitments").json() == {
            "items": [], "next": "", "open": 0, "overdue": 0,
        }  # fmt: skip
        channels = self.program.get("/channels").json()["items"]
        assert [one["name"] for one in channels] == ["Town square"]
        assert "settings" not in channels[0]
        record = self.program.get("/records/desk").json()
        assert [event["seq"] for event in record["items"]] == list(
            range(1, len(record["items"]) + 1)
        )
        assert self.program.get("/records/desk", after=record["after"]).json()["items"] == []
        assert self.program.get("/records/nowhere").json()["items"] == []


def test_the_reference_is_of_this_version() -> None:
    renewed = "python -m levelhead.api.page > docs/reference/api.md"
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md"
    assert page.read_text() == write_page(), f"run {renewed}"
