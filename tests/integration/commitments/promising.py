"""A desk that promises: a reply with promises in it, and commitments at any distance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from levelhead.accounts.models import User
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.inbox.models import Case
from levelhead.kernel import clock
from levelhead.replies.actions import send_reply
from levelhead.replies.models import Reply
from tests.base import People

PROMISE = "Sorry, Sam. We will fix the light on Oak by Friday. Thank you for telling us. — Alice"


class Promising(People):
    """Makes replies and commitments."""

    def promise(
        self, text: str = PROMISE, *, case: Case | None = None, by: User | None = None
    ) -> Reply:
        """A reply that was sent."""
        case = case or self.file_case(text="The light on Oak has been out for weeks.")
        return send_reply(
            case=case, text=text, by=by or self.alice, form_token=f"form-{case.pk}",
            expected_version=None,
        )  # fmt: skip

    def make(self, *, due_in: timedelta | None = timedelta(days=2), **fields: Any) -> Commitment:
        """A commitment, due so long from now."""
        case = fields.pop("case", None) or self.file_case(text="When will you mow the park?")
        return Commitment.objects.create(
            **{
                "agency_id": case.agency_id,
                "case": case,
                "what": "Mow the park on Elm",
                "owner": self.alice,
                "due_at": clock.now() + due_in if due_in is not None else None,
                "state": CommitmentState.OPEN,
                "made_by": self.alice,
                **fields,
            }
        )
