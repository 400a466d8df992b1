"""No way to send goes round the rules: every caller is walked, and a new one fails here."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse

from levelhead.accounts.models import Agency
from levelhead.approvals.domain import When
from levelhead.approvals.finishing import send_one
from levelhead.approvals.models import ApprovalRequest
from levelhead.channels import outbox
from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.connectors.memory import forget_platforms
from levelhead.corrections.models import CorrectionDue
from levelhead.corrections.sending import correct_replies
from levelhead.inbox.models import Case
from levelhead.incidents.actions import declare
from levelhead.incidents.domain import IncidentKind
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.ledger.actions import add_fact
from levelhead.replies.actions import retry_reply
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.scheduled_leaving import leave_due
from levelhead.replies.scheduling import Words, schedule_reply
from tests.base import DeskTestCase
from tests.integration.api.asking import Program, key_of
from tests.integration.approvals.asking import TEXT, Approving

SOURCE = Path(__file__).resolve().parents[3] / "src" / "levelhead"


def callers_of(name: str) -> set[str]:
    """The modules of the program that call a function by this name."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func
            spelled = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if spelled == name:
                found.add(path.relative_to(SOURCE).as_posix())
    return found


class NoWayRoundTest(Approving, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.start_clock()
        # Each caller of send_reply, and a proof that it asks.
        self.proofs: dict[str, Callable[[Case], None]] = {
            "replies/views.py": self.by_form,
            "api/endpoints/replies.py": self.by_program,
            "approvals/finishing.py": self.by_worker,
        }

    def by_form(self, case: Case) -> None:
        """The form, with each of the things that it may carry."""
        self.client.force_login(self.alice)
        path = reverse("reply", args=["riverton", case.pk])
        for extra in (
            {},
            {"holding": "yes", "full_by": "2026-03-19T12:00"},
            {"research": "1", "answers": "1"},
        ):
            given = {"text": TEXT, "form_token": f"form {len(extra)}", **extra}
            assert self.client.post(path, given).status_code == 302
        # The same once more.
        self.client.post(path, {"text": TEXT, "form_token": "form 0"})

    def by_program(self, case: Case) -> None:
        program = Program("riverton", key_of(self.agency, self.alice))
        path = f"/cases/{case.pk}/reply"
        answer = program.post(path, {"text": TEXT}, once="once")
        assert answer.status_code == 200
        told = answer.json()
        request = ApprovalRequest.objects.get(case=case)
        assert (told["state"], told["id"], told["approval"]) == (
            "waits_for_approval", "", str(request.pk),
        )  # fmt: skip
        # What was answered is kept, and so is what it tells of.
        assert program.post(path, {"text": TEXT}, once="once").json() == told
        assert ApprovalRequest.objects.filter(case=case).count() == 1

    def by_worker(self, case: Case) -> None:
        """The worker sends what is approved and nothing else, whoever calls it."""
        request = self.ask(case)
        send_one(request.pk)
        self.approve(request, text=TEXT + " ")

    def test_every_caller_has_a_proof(self) -> None:
        # A scheduled reply is held instead of asked about, a correction follows a reply; see below.
        ways = {*self.proofs, "replies/scheduling.py", "corrections/sending.py"}
        assert callers_of("send_reply") == ways, "a new way to send: prove that it asks"

    def test_nothing_but_replies_puts_a_reply_into_the_outbox(self) -> None:
        # What else may leave, and why it is no reply: name it here.
        # posting.py adds the further posts of a reply that was let out; posts are no replies.
        # Updates have a gate of their own: two people for each fact; the benchmark sends to itself.
        assert callers_of("enqueue") == {
            "replies/actions.py", "replies/posting.py", "posts/actions.py", "updates/actions.py",
            "benchmarks/fan_out.py",
        }  # fmt: skip
        assert {one for one in callers_of("create") if "replies" in one} == {
            "replies/actions.py", "replies/posting.py"
        }  # fmt: skip

    def test_a_scheduled_reply_is_held_when_a_rule_came_since(self) -> None:
        case = self.case()
        schedule_reply(
            case=case, words=Words(text=TEXT, form_token="later"), by=self.alice,
            leaves_at=clock.now() + timedelta(hours=1), expected_version=None,
        )  # fmt: skip
        self.rule()
        self.wait(hours=1, seconds=1)
        assert leave_due() == 1
        assert not OutboxItem.objects.exists()
        held = ScheduledReply.objects.get()
        assert held.state == "held"
        assert "approved first" in held.held_detail

    def test_what_a_rule_wants_approved_is_not_scheduled(self) -> None:
        self.rule()
        case = self.case()
        with pytest.raises(Invalid, match="approved first"):
            schedule_reply(
                case=case, words=Words(text=TEXT, form_token="later"), by=self.alice,
                leaves_at=clock.now() + timedelta(hours=1), expected_version=None,
            )  # fmt: skip
        assert not ScheduledReply.objects.exists()
        # Nobody was asked either: the form can still be sent, and is asked about then.
        assert not ApprovalRequest.objects.exists()
        with pytest.raises(Waits):
            self.send(case, token="later")

    def test_no_caller_sends_while_a_rule_asks(self) -> None:
        self.rule()
        for name, prove in self.proofs.items():
            case = self.case()
            with self.subTest(name):
                prove(case)
                assert not OutboxItem.objects.exists(), name
                assert ApprovalRequest.objects.filter(case=case).exists()

    def test_the_correction_of_a_reply_asks(self) -> None:
        case = self.case()
        reply = self.send(case)
        self.wait(minutes=1)
        outbox.deliver_due()
        incident = declare(
            agency=self.agency, kind=IncidentKind.FLOOD, title="High water", why="The river rises.",
            by=self.alice, form_token="declared",
        )  # fmt: skip
        fact = add_fact(
            incident=incident, text="Mill Street is closed.", by=self.alice, confirmed_how="Seen."
        )
        due = CorrectionDue.objects.create(
            agency_id=case.agency_id, incident=incident, fact=fact, version=1, reply=reply,
            said='{"en": "Mill Street is open."}', drafts='{"en": "Mill Street is closed."}',
            by=self.alice,
        )  # fmt: skip
        self.rule()
        (outcome,) = correct_replies(dues=[due], by=self.alice, form_token="correct")
        assert outcome.reply is None
        assert "waits for approval" in outcome.trouble
        assert Reply.objects.get() == reply
        assert ApprovalRequest.objects.filter(case=case).exists()

    def test_a_caller_that_knows_nothing_of_approvals_sends_nothing(self) -> None:
        self.rule()
        case = self.case()
        with pytest.raises(Conflict, match="waits for approval by Bob or Dora"):
            self.send(case)
        assert not Reply.objects.exists()

    def test_a_retry_of_what_nobody_approved_asks_when_a_rule_came_since(self) -> None:
        reply = self.send(self.case())
        OutboxItem.objects.update(state=OutboxState.FAILED)
        self.rule()
        reply = Reply.objects.get(pk=reply.pk)
        with pytest.raises(Invalid, match="needs approval"):
            retry_reply(reply=reply, by=self.alice)
        assert OutboxItem.objects.get().state == OutboxState.FAILED
        key = key_of(self.agency, self.alice)
        answer = Program("riverton", key).post(f"/replies/{reply.pk}/retry", {}, once="again")
        assert answer.status_code == 400

    def test_a_retry_of_what_was_approved_goes(self) -> None:
        self.rule()
        self.approve(self.ask())
        self.leave()
        OutboxItem.objects.update(state=OutboxState.FAILED)
        retry_reply(reply=Reply.objects.get(), by=self.alice)
        outbox.deliver_due()
        assert OutboxItem.objects.get().state == OutboxState.SENT

    def test_a_rule_about_an_overruled_finding_sees_it(self) -> None:
        self.rule(When(overruled=True))
        held = "The suspect is guilty, he did it. — Alice"
        request = self.ask(text=held, all_the_same="Counsel said so")
        assert request.terms["all_the_same"] == "Counsel said so"
        self.approve(request)
        self.leave()
        assert Reply.objects.get().text == held
        self.send(self.case(), token="plain")

    def test_programs_decide_with_the_scope_and_the_word_of_their_person(self) -> None:
        self.rule()
        request = self.ask()
        alice, bob = (Program("riverton", key_of(self.agency, p)) for p in (self.alice, self.bob))
        listed = bob.get("/approvals", mine="true").json()["items"]
        assert [one["id"] for one in listed] == [str(request.pk)]
        assert listed[0]["rules"][0]["why"] == "every reply is approved here"
        assert alice.get("/approvals", mine="true").json()["items"] == []
        path = f"/approvals/{request.pk}"
        assert alice.post(f"{path}/approve", {}).status_code == 403
        done = bob.post(f"{path}/approve", {"version": 1}, once="yes").json()
        assert (done["state"], done["decided_by"]["name"]) == ("approved", "Bob")
        assert bob.post(f"{path}/undo", {}, once="no").json()["state"] == "waiting"
        late = bob.post(f"{path}/approve", {"version": 1}, once="late")
        assert late.status_code == 409
        bob.post(f"{path}/send-back", {"reason": "Shorter"}, once="back")
        assert alice.get(path).json()["reason"] == "Shorter"
        assert alice.post(f"{path}/take-back", {}, once="mine").json()["state"] == "taken_back"

    def test_the_door_of_one_agency_is_not_that_of_another(self) -> None:
        self.rule()
        assert not Agency.objects.get(pk=self.other_agency.pk).approves
        theirs = self.file_case(channel_id=self.other_channel.pk, text="When do you open?")
        self.send(theirs, by=self.charlie)
        with pytest.raises(Waits):
            self.send(self.case(), token="form-2")
