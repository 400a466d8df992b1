"""The pages of approval: what they show, what they take, what hostile input does to them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency
from levelhead.approvals.domain import When
from levelhead.approvals.models import ApprovalRequest, ApprovalRule, ApprovalRuleVersion, Counsel
from levelhead.approvals.rules import save_rule
from levelhead.commitments.models import Commitment
from levelhead.connectors.memory import forget_platforms
from levelhead.kernel.errors import Conflict, Invalid, NotAllowed
from levelhead.records.models import RecordEvent
from levelhead.replies.models import Reply
from tests.integration.approvals.asking import TEXT, Approving
from tests.integration.web.pages import PagesTestCase

# Session, person, place, live head; what waits, demands, people; the report; the strip.
PAGE_QUERIES = 22


class PagesTest(Approving, PagesTestCase):
    def setUp(self) -> None:
        super().setUp()
        forget_platforms()
        self.start_clock()

    def form(self, **given: object) -> dict[str, object]:
        return {
            "name": "Drones", "reason": "A council matter", "who": "role:administrator",
            "then": "ability:manage", "words": "drone*\navión", "words_in": "either",
            "life_goes": "yes", "must": "The drones fly.", "must_not": "The desk opens at 8.",
            **given,
        }  # fmt: skip

    def test_a_rule_is_made_changed_and_switched_off_with_its_history(self) -> None:
        self.sign_in(self.bob)
        made = self.client.post(self.path("approval-rule-new"), self.form())
        assert made.status_code == 302, made.content.decode()
        row = ApprovalRule.objects.get()
        assert Agency.objects.get(pk=self.agency.pk).approves
        page = self.look("approval-rule", row.pk)
        assert 'data-outcome="right"' in page
        assert 'data-outcome="wrong"' not in page
        assert "Asked about: “drone*” is in it." in page
        changed = self.form(version=1, reason="The council asked", minutes="30")
        assert self.client.post(self.path("approval-rule", row.pk), changed).status_code == 302
        late = self.client.post(self.path("approval-rule", row.pk), changed)
        assert late.status_code == 409
        self.client.post(self.path("approval-rule-switch", row.pk), {"on": "no", "version": "2"})
        row.refresh_from_db()
        assert (row.on, row.version) == (False, 3)
        reasons = [one.content["reason"] for one in ApprovalRuleVersion.objects.order_by("number")]
        assert reasons == ["A council matter", "The council asked", "The council asked"]
        assert RecordEvent.objects.filter(subject=f"approval_rule:{row.pk}").count() == 3
        assert "Switch it on" in self.look("approval-rules")

    def test_a_rule_that_does_not_do_what_its_examples_say_is_not_saved(self) -> None:
        self.sign_in(self.bob)
        for wrong, said in (
            ({"must": "The planes fly."}, "must be asked about, and is not"),
            ({"must_not": "Los AVIONES y el avion."}, "must not be asked about, and is"),
            ({"must": "", "must_not": ""}, "needs an example"),
            ({"must": "[colour: red] drones"}, "cannot be read"),
            ({"who": "person:999999"}, "Choose who"),
            ({"who": "counsel"}, "Nobody could approve"),
            ({"labels": "nonsense"}, "not there any more"),
            ({"minutes": "٣"}, "minutes"),
            ({"minutes": "0"}, "minutes"),
            ({"active_from": "soon"}, "date and a time"),
            (
                {"active_from": "2026-05-01T08:00", "active_until": "2026-04-01T08:00"},
                "end before it begins",
            ),
            ({"words": "*"}, "stands behind"),
            ({"reason": " "}, "Say why"),
            ({"name": "x" * 200}, "name"),
        ):
            answer = self.client.post(self.path("approval-rule-new"), self.form(**wrong))
            with self.subTest(wrong=wrong):
                assert answer.status_code == 400
                assert said in answer.content.decode()
        assert not ApprovalRule.objects.exists()
        assert not Agency.objects.get(pk=self.agency.pk).approves

    def test_where_nobody_else_could_approve_it_is_said_at_saving(self) -> None:
        self.sign_in(self.bob)
        bob = f"person:{self.bob.pk}"
        answer = self.client.post(self.path("approval-rule-new"), self.form(who=bob, then=bob))
        assert "Nobody else could approve what Bob writes" in answer.content.decode()
        answer = self.client.post(self.path("approval-rule-new"), self.form(who=bob), follow=True)
        assert "what Bob writes goes to whoever is asked next" in answer.content.decode()

    def test_hostile_words_in_a_rule_stay_words(self) -> None:
        self.sign_in(self.bob)
        evil = "<script>alert(1)</script>\x00drone*"
        self.client.post(
            self.path("approval-rule-new"), self.form(name=evil, reason=evil, must="drone " + evil)
        )
        row = ApprovalRule.objects.get()
        for page in (self.look("approval-rules"), self.look("approval-rule", row.pk)):
            assert "<script>alert" not in page
            assert "\x00" not in page

    def test_rules_are_kept_by_who_manages_and_by_nobody_else(self) -> None:
        rule = self.rule()
        self._person(self.other_agency, "erin", Role.ADMINISTRATOR)
        theirs = self.rule(agency=self.other_agency, by=self.charlie)
        for person, status in ((self.alice, 403), (self.victor, 403), (self.charlie, 404)):
            self.sign_in(person)
            for name, args in (("approval-rules", ()), ("approval-rule", (rule.pk,))):
                assert self.client.get(self.path(name, *args)).status_code == status
        self.sign_in(self.bob)
        assert self.client.get(self.path("approval-rule", theirs.pk)).status_code == 404
        wanted = self.path("approval-rule-switch", theirs.pk)
        assert self.client.post(wanted, {"on": "no"}).status_code == 404
        with pytest.raises(NotAllowed):
            self.rule(by=self.alice)
        self.client.post(
            self.path("approval-counsel"), {"counsel": [self.rita.pk, self.charlie.pk]}
        )
        assert list(Counsel.objects.values_list("user_id", flat=True)) == [self.rita.pk]

    def test_the_form_says_who_will_be_asked_before_it_is_sent(self) -> None:
        case = self.case()
        assert "data-foreseen" not in self.look("conversation", case.pk)
        self.rule(When(words=("desk",)), must=("desk",), must_not=("no",))
        page = self.look("conversation", case.pk)
        assert "This will be asked of <strong>Bob or Dora</strong>, because “desk” is in it" in page
        other = self.case(text="When do you open?")
        assert "data-foreseen" not in self.look("conversation", other.pk)
        live = self.client.post(self.path("reply-check", other.pk), {"text": "The desk opens."})
        assert "This will be asked of" in live.content.decode()

    def test_sent_by_the_form_it_waits_and_the_case_shows_it(self) -> None:
        self.rule()
        case = self.case()
        words = "We will call you by Friday. — Alice"
        answer = self.client.post(
            self.path("reply", case.pk),
            {
                "text": words, "form_token": "t1", "version": case.version, "p0-said":
                "We will call you by Friday.", "p0-answer": "keep", "p0-what": "Call her",
                "p0-owner": self.alice.pk, "p0-day": "2026-03-20", "p0-at": "", "x": "y",
            },
            follow=True,
        )  # fmt: skip
        page = answer.content.decode()
        assert "Nothing was sent yet: it waits for approval by Bob or Dora." in page
        assert "Waits for approval by Bob or Dora" in page
        assert "The clock goes on: due" in page
        request = ApprovalRequest.objects.get()
        assert "x=" not in request.terms["form"]
        self.sign_in(self.bob)
        assert "Look at it and decide" in self.look("conversation", case.pk)
        assert "Waits for your approval" in self.look("today")
        self.client.post(self.path("approval-approve", request.pk), {"version": request.version})
        assert "leaves in a moment" in self.look("approvals")
        self.leave()
        promise = Commitment.objects.get()
        assert (promise.state, promise.what) == ("open", "Call her")
        assert "Written by Alice, approved by Bob." in self.look("conversation", case.pk)

    def test_the_author_changes_it_in_the_reply_form(self) -> None:
        self.rule()
        case = self.case()
        request = self.ask(case)
        page = self.look("conversation", case.pk, change=request.pk)
        assert f"{TEXT}</textarea>" in page.replace("&#x27;", "'")
        self.client.post(self.path("reply", case.pk), {"text": "At 9. — Alice", "form_token": "t2"})
        request.refresh_from_db()
        assert (request.text, request.version) == ("At 9. — Alice", 2)
        # Nobody else gets somebody's words into their form.
        self.sign_in(self.dora)
        assert f"{TEXT}</textarea>" not in self.look("conversation", case.pk, change=request.pk)
        for evil in ("x", "٣", "9" * 40):
            self.look("conversation", case.pk, change=evil)

    def test_the_approver_sees_the_thread_and_decides_on_the_page(self) -> None:
        self.rule()
        request = self.ask()
        self.sign_in(self.bob)
        page = self.look("approval", request.pk)
        for words in ("When does the front desk open?", "Approve with a change", "Send back"):
            assert words in page
        back = self.client.post(self.path("approval-send-back", request.pk), {"reason": " "})
        assert back.status_code == 400
        evil = "<script>alert(1)</script>"
        self.client.post(self.path("approval-send-back", request.pk), {"reason": evil})
        assert self.client.post(self.path("approval-undo", request.pk)).status_code == 302
        self.client.post(self.path("approval-send-back", request.pk), {"reason": evil})
        self.sign_in(self.alice)
        seen = self.look("conversation", request.case_id)
        assert "<script>alert" not in seen
        assert "Change it and ask again" in seen
        mine = self.look("approvals")
        assert "sent back" in mine

    def test_who_is_not_asked_cannot_decide_and_other_agencies_see_nothing(self) -> None:
        self.rule()
        request = self.ask()
        for person, status in ((self.alice, 403), (self.victor, 403), (self.charlie, 404)):
            self.sign_in(person)
            for name in ("approval-approve", "approval-send-back"):
                answer = self.client.post(self.path(name, request.pk), {"reason": "no"})
                assert answer.status_code == status, (person.name, name)
        theirs = f"/{self.other_agency.slug}/approvals/{request.pk}/"
        assert self.client.get(theirs).status_code == 404
        assert ApprovalRequest.objects.get().state == "waiting"

    def test_many_requests_cost_no_more_queries_than_one(self) -> None:
        self.rule()
        for number in range(25):
            self.ask(token=f"form-{number}")
        self.sign_in(self.bob)
        with CaptureQueriesContext(connection) as asked:
            page = self.look("approvals")
        assert page.count("data-approval=") == 25
        assert len(asked) <= PAGE_QUERIES, "\n".join(q["sql"][:120] for q in asked)

    def test_where_no_rule_was_made_no_page_asks_more(self) -> None:
        case = self.case()
        for name, args in (("conversation", (case.pk,)), ("today", ())):
            with CaptureQueriesContext(connection) as asked:
                self.look(name, *args)
            assert not [q for q in asked if "approvals_" in q["sql"]], name

    def test_a_rule_changed_by_two_at_once_keeps_the_first(self) -> None:
        row = self.rule()
        with pytest.raises(Conflict):
            self.save_again(row, version=0)
        with pytest.raises(Invalid):
            self.save_again(row, version=1, name="")
        assert not Reply.objects.exists()

    def save_again(self, row: ApprovalRule, *, version: int, **fields: object) -> None:
        from levelhead.approvals.forms import RuleForm, read_choices, want

        given = {"name": "N", "reason": "R", "who": "role:administrator", **fields}
        form = RuleForm(**given)  # type: ignore[arg-type]
        wanted = want(form, read_choices(self.agency), self.agency)
        save_rule(
            agency=self.agency, rule_id=row.pk, wanted=wanted, by=self.bob, expected_version=version
        )
