"""A reply asks, is decided on by somebody else, and leaves exactly once."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest import mock

import pytest

from levelhead.accounts.models import Agency, Membership
from levelhead.alerts.models import Alert
from levelhead.approvals import asking, deciding
from levelhead.approvals.domain import When
from levelhead.approvals.finishing import ask_next, send_approved
from levelhead.approvals.models import ApprovalDemand, ApprovalDraft, ApprovalRequest
from levelhead.approvals.queries import read_page, read_report
from levelhead.approvals.rules import set_counsel, switch_rule
from levelhead.approvals.showing import changes_of
from levelhead.channels import outbox
from levelhead.channels.domain import IncomingKind
from levelhead.channels.models import OutboxItem
from levelhead.commitments.models import Commitment
from levelhead.connectors.memory import forget_platforms
from levelhead.inbox.actions import close_case
from levelhead.inbox.domain import CaseState
from levelhead.inbox.models import Case
from levelhead.issues.actions import add_conversation, open_issue, set_level
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.notifications.models import Notification
from levelhead.records.models import RecordEvent
from levelhead.records.verify import verify_records
from levelhead.replies.actions import send_reply
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply
from tests.base import DeskTestCase
from tests.integration.approvals.asking import TEXT, Approving


class ApprovalTestCase(Approving, DeskTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.start_clock()


class WayTest(ApprovalTestCase):
    def test_without_a_rule_a_reply_leaves_at_once_and_costs_one_look(self) -> None:
        case = self.case()
        with mock.patch.object(asking, "_Door", side_effect=AssertionError):
            self.send(case)
        assert OutboxItem.objects.count() == 1
        assert not Agency.objects.get(pk=self.agency.pk).approves

    def test_asked_approved_and_sent_once_by_its_author(self) -> None:
        self.rule()
        request = self.ask()
        assert not OutboxItem.objects.exists()
        assert Case.objects.get().state == CaseState.OPEN
        assert Case.objects.get().due_at is not None
        self.approve(request)
        assert send_approved() == 0
        assert not OutboxItem.objects.exists()
        self.leave()
        send_approved()
        reply = Reply.objects.get()
        assert (reply.text, reply.by) == (TEXT, self.alice)
        request.refresh_from_db()
        assert (request.state, request.reply, request.decided_by) == ("sent", reply, self.bob)
        outbox.deliver_due()
        assert Case.objects.get().state == CaseState.ANSWERED
        said = [
            json.loads(event.payload)
            for event in RecordEvent.objects.filter(action__contains=":approval:").order_by("id")
        ]
        assert said[0]["rules"][0]["because"] == [["always", []]]
        assert said[1]["text"] == TEXT
        assert said[1]["author"] == self.alice.pk
        assert said[-1] == {
            "approval": request.pk, "reply": reply.pk, "author": self.alice.pk,
            "approver": self.bob.pk,
        }  # fmt: skip
        assert verify_records().holds

    def test_the_same_form_twice_asks_once(self) -> None:
        self.rule()
        case = self.case()
        first, second = self.ask(case), self.ask(case)
        assert first.pk == second.pk
        assert ApprovalDraft.objects.count() == 1
        self.approve(first)
        self.leave()
        # The old form once more, after all is done.
        with pytest.raises(Waits):
            self.send(case)
        assert Reply.objects.count() == 1

    def test_nobody_approves_their_own_whatever_else_they_are(self) -> None:
        self.rule()
        set_counsel(agency=self.agency, user_ids=[self.bob.pk], by=self.bob)
        request = self.ask(by=self.bob)
        with pytest.raises(NotAllowed, match="own"):
            self.approve(request)
        with pytest.raises(NotAllowed):
            self.approve(request, by=self.rita)
        with pytest.raises(NotAllowed):
            self.approve(request, by=self.charlie)
        assert self.approve(request, by=self.dora).state == "approved"

    def test_another_agencys_rules_and_requests_are_their_own(self) -> None:
        self.rule()
        theirs = self.file_case(channel_id=self.other_channel.pk, text="When do you open?")
        self.send(theirs, by=self.charlie, token="theirs")
        assert Reply.objects.count() == 1
        self.ask()
        page = read_page(self.other_agency, self.charlie)
        assert page.mine + page.others == []

    def test_approved_with_a_change_names_both_and_shows_the_difference(self) -> None:
        self.rule()
        request = self.ask()
        other = TEXT.replace("8", "9")
        changed = self.approve(request, text=other)
        pieces = changes_of(changed)
        assert "".join(p.text for p in pieces if p.kind != "in") == TEXT
        assert "".join(p.text for p in pieces if p.kind != "out") == other
        self.leave()
        reply = Reply.objects.get()
        assert (reply.text, reply.by) == (other, self.alice)
        event = RecordEvent.objects.get(action="person:approval:changed")
        payload = json.loads(event.payload)
        assert (payload["text_before"], payload["text"]) == (TEXT, other)
        assert event.actor == f"user:{self.bob.pk}"

    def test_a_change_is_checked_as_any_reply_is(self) -> None:
        self.rule()
        request = self.ask()
        for words in ("", "Dear [[name]], at 9.", "x" * 70_000):
            with pytest.raises(Invalid):
                self.approve(request, text=words)
        held = "The suspect is guilty, he did it. — Alice"
        with pytest.raises(Invalid, match="check holds"):
            self.approve(request, text=held)
        assert ApprovalRequest.objects.get().text == TEXT
        self.approve(request, text=held, all_the_same="Counsel said so")
        self.leave()
        assert Reply.objects.get().text == held
        # Undone, it is what the author wrote, with what the author may.
        assert ApprovalRequest.objects.get().terms["own"]["all_the_same"] == ""

    def test_undone_within_ten_seconds_and_not_later(self) -> None:
        self.rule()
        request = self.approve(self.ask(), text=TEXT.replace("8", "9"))
        self.wait(seconds=9)
        with pytest.raises(Conflict):
            deciding.undo(request=request, by=self.dora)
        back = deciding.undo(request=request, by=self.bob)
        assert (back.state, back.text, back.decided_by) == ("waiting", TEXT, None)
        self.leave()
        assert not Reply.objects.exists()
        self.approve(request)
        self.wait(seconds=10)
        with pytest.raises(Conflict, match="too late"):
            deciding.undo(request=request, by=self.bob)
        self.leave()
        assert Reply.objects.get().text == TEXT

    def test_sent_back_with_a_reason_and_asked_again_as_a_new_version(self) -> None:
        self.rule()
        case = self.case()
        request = self.ask(case)
        with pytest.raises(Invalid):
            deciding.send_back(request=request, reason=" ", by=self.bob, expected_version=None)
        deciding.send_back(
            request=request, reason="Name the street", by=self.bob, expected_version=None
        )
        again = self.ask(case, token="form-2", text=TEXT + " On Oak.")
        assert again.pk == request.pk
        assert (again.state, again.reason, again.version) == ("waiting", "", 3)
        assert again.drafts.count() == 2
        self.approve(again)
        self.leave()
        assert Reply.objects.get().text.endswith("On Oak.")

    def test_who_saw_an_older_version_does_not_decide_on_the_new(self) -> None:
        self.rule()
        case = self.case()
        request = self.ask(case)
        self.ask(case, token="form-2", text=TEXT + " On Oak.")
        with pytest.raises(Conflict):
            self.approve(request, expected_version=request.version)

    def test_taken_back_it_never_leaves(self) -> None:
        self.rule()
        request = self.ask()
        with pytest.raises(NotAllowed):
            deciding.take_back(request=request, by=self.rita, expected_version=None)
        self.approve(request)
        deciding.take_back(request=request, by=self.alice, expected_version=None)
        self.leave()
        assert not Reply.objects.exists()
        with pytest.raises(Conflict):
            self.approve(request)

    def test_what_happened_meanwhile_refuses_the_approval_in_words(self) -> None:
        self.rule(When(authors=(self.alice.pk,)))
        posts = {}
        for name in ("closed", "deleted", "edited", "answered"):
            incoming = self.incoming(text="When does the front desk open?", external_id=name)
            self.receive(incoming)
            posts[name] = self.ask(Case.objects.get(post__external_id=name), token=name)
        close_case(
            case=posts["closed"].case, reason="by phone", by=self.rita, expected_version=None
        )
        self.receive(
            self.incoming(external_id="deleted", kind=IncomingKind.DELETED, text=""),
            self.incoming(external_id="edited", text="When does the back desk open?"),
        )
        self.send(posts["answered"].case, by=self.dora, text="At 8. — Dora", token="dora")
        for name, request in posts.items():
            with self.subTest(name), pytest.raises(Conflict, match=name):
                self.approve(request)
            assert ApprovalRequest.objects.get(pk=request.pk).state == "waiting"

    def test_what_happens_in_the_ten_seconds_stops_it_loudly(self) -> None:
        self.rule()
        case = self.case()
        request = self.approve(self.ask(case))
        close_case(case=case, reason="by phone", by=self.rita, expected_version=None)
        self.leave()
        request.refresh_from_db()
        assert (request.state, Reply.objects.count()) == ("failed", 0)
        assert "closed in the meantime" in request.reason
        page = read_page(self.agency, self.alice)
        assert [one.request.pk for one in page.own] == [request.pk]

    def test_an_author_who_left_sends_nothing(self) -> None:
        self.rule()
        request = self.approve(self.ask())
        Membership.objects.filter(user=self.alice).update(active=False)
        self.leave()
        request.refresh_from_db()
        assert (request.state, Reply.objects.count()) == ("failed", 0)

    def test_killed_between_it_leaves_once_with_the_next_look(self) -> None:
        self.rule()
        request = self.approve(self.ask())
        self.wait(seconds=11)

        class Killed(BaseException):
            pass

        for place in ("levelhead.approvals.asking._follow_up", "levelhead.replies.actions.let_out"):
            with mock.patch(place, side_effect=Killed), pytest.raises(Killed):
                send_approved()
            request.refresh_from_db()
            assert (request.state, Reply.objects.count()) == ("approved", 0)
        send_approved()
        send_approved()
        request.refresh_from_db()
        assert (request.state, Reply.objects.count()) == ("sent", 1)
        assert OutboxItem.objects.count() == 1

    def test_what_breaks_is_tried_again_and_holds_up_nobody(self) -> None:
        self.rule()
        first = self.approve(self.ask(token="1"))
        self.approve(self.ask(token="2"))
        self.wait(seconds=11)
        real = send_reply

        def broken(**given: object) -> Reply:
            if given["form_token"] == first.sending_token:
                raise RuntimeError("the disk is full")
            return real(**given)  # type: ignore[arg-type]

        with mock.patch("levelhead.approvals.finishing.send_reply", broken):
            send_approved()
        assert Reply.objects.count() == 1
        self.wait(seconds=31)
        send_approved()
        assert Reply.objects.count() == 2

    def test_nobody_takes_the_place_of_an_approved_reply(self) -> None:
        self.rule()
        case = self.case()
        request = self.ask(case)
        for text in (TEXT, "Something else. — Alice"):
            with pytest.raises(Conflict):
                self.send(case, token=request.sending_token, text=text)
        self.approve(request)
        with pytest.raises(Conflict):
            self.send(case, token=request.sending_token, text="Something else. — Alice")
        assert not Reply.objects.exists()

    def test_two_rules_want_two_people(self) -> None:
        set_counsel(agency=self.agency, user_ids=[self.rita.pk], by=self.bob)
        self.rule()
        self.rule(When(words=("desk",)), name="Counsel", who="counsel",
                  must=("The desk",), must_not=("No",))  # fmt: skip
        request = self.ask()
        half = self.approve(request)
        assert half.state == "waiting"
        with pytest.raises(Conflict, match="already"):
            self.approve(request)
        # Counsel's change has the first asked again: the words are not those that were approved.
        other = TEXT.replace("8", "9")
        assert self.approve(request, by=self.rita, text=other).state == "waiting"
        assert self.approve(request).state == "approved"
        self.leave()
        assert Reply.objects.get().text == other

    def test_a_changed_draft_may_need_more_or_nobody(self) -> None:
        self.rule(When(words=("desk",)), must=("The desk",), must_not=("No",))
        case = self.file_case(text="When do you open?")
        request = self.ask(case)
        self.send(case, token="form-2", text="At 8. — Alice")
        request.refresh_from_db()
        assert (request.state, Reply.objects.count()) == ("taken_back", 1)

    def test_another_writer_is_told_that_one_waits(self) -> None:
        self.rule()
        case = self.case()
        self.ask(case)
        with pytest.raises(Conflict, match="Another reply"):
            self.send(case, token="form-2", by=self.dora)

    def test_promises_and_holding_words_wait_with_it(self) -> None:
        self.rule()
        case = self.case()
        due = clock.now() + timedelta(days=2)
        Case.objects.filter(pk=case.pk).update(substance_due=None)
        request = self.ask(
            case, text="We will call you by Friday. — Alice", holding=True, full_answer_due=due
        )
        assert not Commitment.objects.exists()
        self.approve(request)
        self.leave()
        reply = Reply.objects.get()
        assert (reply.holding, reply.full_answer_due) == (True, due)
        assert Commitment.objects.get().state == "asked"

    def test_an_issue_from_a_level_on_needs_counsel(self) -> None:
        set_counsel(agency=self.agency, user_ids=[self.rita.pk], by=self.bob)
        self.rule(When(issue_level=2), who="counsel")
        case = self.case()
        issue = open_issue(
            agency_id=self.agency.pk, name="Drone programme", owner=self.bob, by=self.bob
        )
        add_conversation(issue=issue, case=case, by=self.bob)
        set_level(issue=issue, level=2, why="press", by=self.bob, expected_version=None)
        request = self.ask(case)
        demand = ApprovalDemand.objects.get(request=request)
        assert demand.because == [["issue", ["Drone programme", "2"]]]
        page = read_page(self.agency, self.rita)
        assert page.mine[0].lines[0].why == (
            "the case is part of the issue “Drone programme” at level 2"
        )
        assert not read_page(self.agency, self.bob).mine

    def test_a_first_word_to_somebody_in_danger_goes_and_is_told(self) -> None:
        self.rule()
        told: list[tuple[str, list[int]]] = []
        case = self.file_case(text="Man with a gun at Pier Street right now, please send someone")
        assert case.show_911
        with mock.patch.object(asking, "_on_asked", [lambda r, p: told.append((r.state, list(p)))]):
            reply = self.send(case, text="Call 911 now. — Alice")
        assert reply.outbox_item.state == "queued"
        request = ApprovalRequest.objects.get()
        assert (request.state, request.reply) == ("told", reply)
        assert told == [("told", [self.bob.pk, self.dora.pk])]
        assert len(read_page(self.agency, self.bob).told) == 1
        with pytest.raises(NotAllowed):
            deciding.see(request=request, by=self.rita)
        deciding.see(request=request, by=self.bob)
        assert not read_page(self.agency, self.bob).told
        # No way round a rule: the same words elsewhere are asked about.
        self.ask(token="form-2", text="Call 911 now. — Alice")

    def test_a_rule_may_hold_even_those(self) -> None:
        self.rule(life_goes=False)
        self.ask(self.file_case(text="Man with a gun at Pier Street now"), text="Call 911. — A")

    def test_nobody_decides_in_time_and_the_next_is_asked_loudly(self) -> None:
        self.rule(who=f"person:{self.rita.pk}")
        request = self.ask()
        half = (request.case.due_at - clock.now()) / 2
        assert request.escalate_at == clock.now() + half
        assert not read_page(self.agency, self.bob).mine
        self.wait(seconds=half.total_seconds() - 1)
        assert ask_next() == 0
        self.wait(seconds=2)
        assert (ask_next(), ask_next()) == (1, 0)
        assert read_page(self.agency, self.bob).mine[0].late
        called = Alert.objects.filter(kind="approval").values_list("owner_id", flat=True)
        assert set(called) == {self.bob.pk, self.dora.pk}
        assert self.approve(request).state == "approved"

    def test_a_rule_has_minutes_of_its_own(self) -> None:
        self.rule(minutes=7)
        assert self.ask().escalate_at == clock.now() + timedelta(minutes=7)

    def test_where_nobody_else_is_left_nothing_is_kept(self) -> None:
        self.rule(who=f"person:{self.rita.pk}", then=f"person:{self.dora.pk}")
        Membership.objects.filter(user__in=[self.rita, self.dora]).update(active=False)
        with pytest.raises(Invalid, match="nobody but you"):
            self.send(self.case())
        assert not ApprovalRequest.objects.exists()

    def test_a_rule_that_is_off_asks_nothing(self) -> None:
        rule = self.rule()
        switch_rule(
            agency=self.agency, rule_id=rule.pk, on=False, by=self.bob, expected_version=None
        )
        self.send(self.case())

    def test_the_report_counts_by_rule(self) -> None:
        self.rule()
        one = self.ask(token="1")
        two = self.ask(token="2")
        self.ask(token="3")
        self.wait(minutes=10)
        self.approve(one, text=TEXT.replace("8", "9"))
        deciding.send_back(request=two, reason="Shorter", by=self.bob, expected_version=None)
        line = read_report(self.agency)[0]
        assert (line.asked, line.decided, line.minutes) == (3, 2, 10)
        assert (line.changed_percent, line.sent_back_percent) == (50, 50)


class ToldTest(ApprovalTestCase):
    def test_who_may_approve_is_told_once_for_each_version_and_the_author_is_not(self) -> None:
        self.rule()
        request = self.ask()
        told = Notification.objects.filter(kind="approval")
        assert {one.user for one in told} == {self.bob, self.dora}
        assert all(f"/approvals/{request.pk}/" in one.address for one in told)
