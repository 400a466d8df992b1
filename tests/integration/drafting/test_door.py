"""A model's words leave only once somebody said that they are right, whichever way they take."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from levelhead.approvals.models import ApprovalRequest
from levelhead.channels.models import OutboxItem
from levelhead.drafting.domain import MadeState, Unread
from levelhead.drafting.door import say_read
from levelhead.drafting.models import MadeDraft
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.kernel.errors import NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.replies.actions import send_reply, withdraw_reply
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.scheduled_leaving import leave_due
from levelhead.replies.scheduling import Words, schedule_reply
from tests.base import DeskTestCase
from tests.integration.api.asking import Program, key_of
from tests.integration.approvals.asking import Approving
from tests.integration.drafting.desk import DRAFT, TRUE, Drafting
from tests.integration.drafting.fake_model import sentences

OWN = "Good morning Dana. Somebody will be glad to see you at the lobby. — Alice"


class DoorTest(Drafting, Approving, DeskTestCase):
    ask = Drafting.ask  # type: ignore[assignment]

    def setUp(self) -> None:
        super().setUp()
        self.start_model()
        self.start_clock()
        self.turn_on()
        self.approved()
        self.case_ = self.ask()
        self.draft = self.made(self.case_)

    def send(self, text: str = DRAFT, **fields: Any) -> Reply:  # type: ignore[override]
        given = {"by": self.alice, "form_token": f"f{text}"[:40], "expected_version": None}
        return send_reply(case=self.case_, text=text, **{**given, **fields})

    def by_form(self, text: str = DRAFT, **more: object) -> Any:
        self.client.force_login(self.alice)
        given = {"text": text, "form_token": "t", **more}
        return self.client.post(reverse("reply", args=["riverton", self.case_.pk]), given)

    def assert_nothing_left(self) -> None:
        assert not Reply.objects.exists()
        assert not OutboxItem.objects.exists()

    def test_whatever_was_put_around_it(self) -> None:
        for text in (
            DRAFT, TRUE, f"Hello Dana! {TRUE} — Alice", TRUE.upper(),
            "the front desk is open Monday — or so they say",
            TRUE.replace(" ", " ​"), f"{OWN}\n\n{TRUE}",
        ):  # fmt: skip
            with self.subTest(text), pytest.raises(Unread, match="nobody has said"):
                self.send(text)
        self.assert_nothing_left()

    def test_words_of_ones_own_need_no_tick(self) -> None:
        reply = self.send(OWN)
        self.draft.refresh_from_db()
        assert self.draft.reply_id is None
        assert reply.text.startswith(OWN)
        assert not RecordEvent.objects.filter(action="person:drafting:sent").exists()

    def test_once_read_it_leaves_and_the_record_says_what_was_changed(self) -> None:
        say_read(case=self.case_, text=DRAFT, by=self.alice)
        say_read(case=self.case_, text=DRAFT, by=self.bob)
        text = f"Good morning Dana. {TRUE} — Alice"
        reply = self.send(text)
        self.draft.refresh_from_db()
        assert (self.draft.read_by, self.draft.reply) == (self.alice, reply)
        assert self.draft.changed_percent is not None
        assert 0 < self.draft.changed_percent < 60
        told = json.loads(RecordEvent.objects.get(action="person:drafting:sent").payload)
        assert told == {
            "reply": reply.pk, "draft": self.draft.pk, "model": "fake-model-1",
            "host": self.draft.host, "prompt_sha256": self.draft.prompt_sha256,
            "answer_sha256": self.draft.answer_sha256,
            "sources": [
                f"answer:{self.draft.sources[0]['id']}:{self.draft.sources[0]['version']}"
            ],
            "changed_percent": self.draft.changed_percent, "read_by": self.alice.pk,
        }  # fmt: skip
        assert RecordEvent.objects.filter(action="person:drafting:read").count() == 1

    def test_unchanged_is_nought_percent(self) -> None:
        say_read(case=self.case_, text=DRAFT, by=self.alice)
        self.send()
        self.draft.refresh_from_db()
        assert self.draft.changed_percent == 0

    def test_who_may_say_so(self) -> None:
        for person in (self.victor, self.charlie):
            with pytest.raises(NotAllowed):
                say_read(case=self.case_, text=DRAFT, by=person)
        self.draft.refresh_from_db()
        assert self.draft.read_by is None

    def test_saying_so_of_other_words_says_nothing_of_these(self) -> None:
        say_read(case=self.case_, text=OWN, by=self.alice)
        with pytest.raises(Unread):
            self.send()

    def test_a_newer_draft_wants_its_own_word(self) -> None:
        say_read(case=self.case_, text=DRAFT, by=self.alice)
        self.fake.says = sentences(("Thank you.", ()), ("The front desk is open, 8 to 5.", (1,)))
        newer = self.made(self.case_)
        assert newer.state == MadeState.READY
        with pytest.raises(Unread):
            self.send(newer.text)
        say_read(case=self.case_, text=newer.text, by=self.alice)
        self.send(newer.text)

    def test_a_colleague_who_takes_it_over_can_say_so(self) -> None:
        with pytest.raises(Unread):
            self.send(by=self.bob)
        self.client.force_login(self.bob)
        page = self.client.get(reverse("conversation", args=["riverton", self.case_.pk]))
        assert 'name="drafting_read"' in page.content.decode()
        say_read(case=self.case_, text=DRAFT, by=self.bob)
        assert self.send(by=self.bob).by == self.bob

    # Every way out ------------------------------------------------------------------------------

    def test_by_the_form(self) -> None:
        refused = self.by_form()
        assert refused.status_code == 400
        page = refused.content.decode()
        assert "I have read it and it is right" in page
        assert TRUE in page.split("<textarea")[1]
        self.assert_nothing_left()
        assert self.by_form(drafting_read="yes").status_code == 302
        assert Reply.objects.get().text.startswith(DRAFT)

    def test_by_the_form_to_leave_later(self) -> None:
        later = {"leave": "at", "leave_at": "2026-03-17T10:00"}
        assert self.by_form(**later).status_code == 400
        assert not ScheduledReply.objects.exists()
        assert self.by_form(drafting_read="yes", **later).status_code == 302
        left = ScheduledReply.objects.get().leaves_at - clock.now()
        self.wait(seconds=left.total_seconds() + 1)
        assert leave_due() == 1
        assert Reply.objects.get().text.startswith(DRAFT)

    def test_without_the_form_it_is_not_scheduled(self) -> None:
        with pytest.raises(Unread, match="nobody has said"):
            schedule_reply(
                case=self.case_, words=Words(text=DRAFT, form_token="later"), by=self.alice,
                leaves_at=clock.now() + timedelta(hours=1), expected_version=None,
            )  # fmt: skip
        assert not ScheduledReply.objects.exists()
        self.assert_nothing_left()

    def test_what_was_scheduled_before_is_not_held_by_a_draft_that_came_after(self) -> None:
        MadeDraft.objects.all().delete()
        self.wait(minutes=1)
        schedule_reply(
            case=self.case_, words=Words(text=TRUE, form_token="later"), by=self.alice,
            leaves_at=clock.now() + timedelta(hours=1), expected_version=None,
        )  # fmt: skip
        self.wait(minutes=1)
        self.made(self.case_, by=self.bob)
        # The token of a scheduled reply opens the door for its own words only.
        with pytest.raises(Unread):
            self.send(DRAFT, form_token="later")
        self.wait(minutes=59, seconds=1)
        leave_due()
        assert ScheduledReply.objects.get().state == "sent"

    def test_by_a_program(self) -> None:
        program = Program("riverton", key_of(self.agency, self.alice))
        path = f"/cases/{self.case_.pk}/reply"
        refused = program.post(path, {"text": DRAFT}, once="1")
        assert refused.status_code == 400
        assert refused.json()["error"]["code"] == "drafting_unread"
        self.assert_nothing_left()
        sent = program.post(path, {"text": DRAFT, "draft_read": True}, once="2")
        assert sent.status_code == 200, sent.content
        assert Reply.objects.get().text.startswith(DRAFT)

    def test_with_approval_it_is_read_before_anybody_is_asked(self) -> None:
        self.rule()
        with pytest.raises(Unread):
            self.send()
        assert not ApprovalRequest.objects.exists()
        say_read(case=self.case_, text=DRAFT, by=self.alice)
        with pytest.raises(Waits):
            self.send()
        Approving.approve(self, ApprovalRequest.objects.get())
        self.leave()
        assert Reply.objects.get().text.startswith(DRAFT)
        self.draft.refresh_from_db()
        assert self.draft.changed_percent == 0

    def test_a_forged_token_of_approval_opens_nothing(self) -> None:
        for token in ("approved:1", "approval-1", f"approved:{self.draft.pk}"):
            with pytest.raises(Unread):
                self.send(form_token=token)

    def test_taken_back_and_sent_again(self) -> None:
        say_read(case=self.case_, text=DRAFT, by=self.alice)
        with self.settings(REPLY_UNDO_SECONDS=30):
            reply = self.send()
        withdraw_reply(reply=reply, by=self.alice)
        assert self.send(form_token="again").pk != reply.pk

    def test_another_conversation_is_not_asked_about_it(self) -> None:
        other = self.ask()
        send_reply(case=other, text=TRUE, by=self.alice, form_token="o", expected_version=None)
        assert Reply.objects.get().case == Case.objects.get(pk=other.pk)

    def test_nothing_of_drafting_can_send(self) -> None:
        """Making a draft, however it ends, puts nothing on its way."""
        for mode in ("well", "fails", "floods", "breaks_off"):
            self.fake.mode = mode
            self.made(self.ask())
            self.forget()
        self.assert_nothing_left()
