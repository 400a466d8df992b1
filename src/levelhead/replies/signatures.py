"""The signature of a reply that is being written or sent."""

from __future__ import annotations

from levelhead.accounts.models import User
from levelhead.inbox.models import Case
from levelhead.replies.choosing import choice_of, signature_for, signer_of
from levelhead.replies.models import SendingChoice
from levelhead.replies.signing import added_signature


def sign(
    case: Case,
    text: str,
    *,
    by: User,
    choice: SendingChoice | None = None,
    signature: str | None = None,
) -> str:
    """What is added to the words of a reply to `case`; empty for nothing.

    A `signature` that was settled before is taken as it is. One query where no `choice` is given.
    """
    if signature is not None:
        return signature
    choice = choice or choice_of(case.agency_id)
    wanted = signature_for(choice, channel=case.post.channel, person=by, agency=case.agency)
    return added_signature(text, wanted, signer_of(by, case.agency)) if wanted else ""
