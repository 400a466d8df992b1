"""A desk whose replies need approval: rules, requests, and time that moves when told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from levelhead.accounts.domain import Role
from levelhead.accounts.models import Agency, User
from levelhead.approvals import deciding
from levelhead.approvals.domain import When, read_example
from levelhead.approvals.finishing import send_approved
from levelhead.approvals.models import ApprovalRequest, ApprovalRule
from levelhead.approvals.rules import THEN, Wanted, save_rule
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.gate import Waits
from levelhead.replies.models import Reply
from tests.base import MONDAY, People

TEXT = "The front desk opens at 8. See riverton.example/desk. — Alice"


class Approving(People):
    """Makes rules and asks by them. Alice writes; Bob and Dora administer; Rita keeps records."""

    dora: ClassVar[User]
    rita: ClassVar[User]

    @classmethod
    def make_people(cls) -> None:
        super().make_people()
        cls.dora = cls._person(cls.agency, "dora", Role.ADMINISTRATOR)
        cls.rita = cls._person(cls.agency, "rita", Role.RECORDS)

    def start_clock(self) -> None:
        """Have time stand still until `wait`."""
        self.clock = clock.ManualClock(MONDAY)
        context = clock.use(self.clock)
        context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)  # type: ignore[attr-defined]

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    def rule(
        self, when: When | None = None, *, agency: Agency | None = None, by: User | None = None,
        **fields: Any,
    ) -> ApprovalRule:  # fmt: skip
        """A rule in force: unless told otherwise, an administrator approves everything."""
        wanted = {
            "name": "Everything",
            "reason": "We begin with this desk",
            "who": "role:administrator",
            "then": THEN,
            "when": when or When(),
            "minutes": None,
            "life_goes": True,
            "active_from": None,
            "active_until": None,
            "must": (),
            "must_not": (),
            "examples": (),
            **fields,
        }
        wanted["examples"] = tuple(
            read_example(line, must=good, now=clock.now(), channels={}, people={})
            for name, good in (("must", True), ("must_not", False))
            for line in wanted[name]
        )
        row, _warnings = save_rule(
            agency=agency or self.agency, rule_id=None, wanted=Wanted(**wanted),
            by=by or self.bob, expected_version=None,
        )  # fmt: skip
        return row

    def case(self, **fields: Any) -> Case:
        """A question."""
        return self.file_case(**{"text": "When does the front desk open?", **fields})

    def send(self, case: Case, *, token: str = "form-1", **fields: Any) -> Reply:
        """Send a reply of Alice's as the form does."""
        given = {"text": TEXT, "by": self.alice, "expected_version": None, **fields}
        return send_reply(case=case, form_token=token, **given)

    def ask(self, case: Case | None = None, **fields: Any) -> ApprovalRequest:
        """A reply of Alice's that waits for approval."""
        try:
            self.send(case or self.case(), **fields)
        except Waits as waits:
            return ApprovalRequest.objects.get(pk=waits.request_id)
        raise AssertionError("It was sent without asking.")

    def approve(self, request: ApprovalRequest, **fields: Any) -> ApprovalRequest:
        """Bob approves."""
        return deciding.approve(
            **{"request": request, "by": self.bob, "expected_version": None, **fields}
        )

    def leave(self) -> None:
        """Let the ten seconds pass and the worker look."""
        self.wait(seconds=11)
        send_approved()
