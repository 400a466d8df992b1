"""What the sender said on the reply form about the promises in it."""

from __future__ import annotations

from django.http import QueryDict

from levelhead.accounts.models import Agency, User
from levelhead.commitments.actions import accept_commitment, refuse_promise
from levelhead.commitments.domain import CommitmentState
from levelhead.commitments.forms import due_of, find_owner, read_all_terms
from levelhead.commitments.models import Commitment
from levelhead.kernel.errors import LevelheadError
from levelhead.replies.models import Reply


def answer_on_form(*, reply: Reply, agency: Agency, given: QueryDict, by: User) -> tuple[int, int]:
    """Do as the form says with the promises of a reply that is on its way.

    Gives how many are commitments now, and on how many somebody still has to decide. What cannot
    be done as the form says is asked about again: the reply is out in any case.
    """
    asked = list(
        Commitment.objects.filter(
            agency=agency, reply=reply, state=CommitmentState.ASKED.value
        ).order_by("pk")
    )
    answers = {terms.said: terms for terms in read_all_terms(given)} if asked else {}
    kept = left = 0
    for commitment in asked:
        terms = answers.get(commitment.said)
        try:
            if terms is not None and terms.answer == "keep":
                accept_commitment(
                    commitment=commitment,
                    what=terms.what,
                    due_at=due_of(terms, agency, readings=commitment.possible_dues),
                    owner=find_owner(agency, terms.owner),
                    by=by,
                    expected_version=None,
                )
                kept += 1
            elif terms is not None and terms.answer == "no":
                refuse_promise(commitment=commitment, by=by, expected_version=None)
            else:
                left += 1
        except LevelheadError:
            left += 1
    return kept, left
