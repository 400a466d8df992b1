"""Asking the sender about the promises of a reply; a reply is never held up by it."""

from __future__ import annotations

import json

import structlog
from django.db import transaction

from levelhead.accounts.models import Agency, User
from levelhead.commitments.actions import close_unsent, record
from levelhead.commitments.domain import WHAT_LIMIT, CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.doctrine.promises import find_promises
from levelhead.replies.models import Reply

log = structlog.get_logger(__name__)


def ask_about_promises(reply: Reply) -> None:
    """Keep what a reply that is sent promises, until a person says what it is.

    In the reply's transaction; whatever goes wrong here, the reply goes out.
    """
    try:
        with transaction.atomic():
            _ask(reply)
    except Exception:
        log.exception("the promises of a reply were not looked for", reply=reply.pk)


def _ask(reply: Reply) -> None:
    agency = Agency.objects.get(pk=reply.agency_id)
    for promise in find_promises(reply.text, sent_at=reply.at, schedule=agency.office_schedule):
        due = promise.due
        certain = due.readings[0] if due is not None and due.certain else None
        asked = Commitment.objects.create(
            agency_id=reply.agency_id,
            case=reply.case,
            reply=reply,
            said=promise.sentence[:WHAT_LIMIT],
            what=promise.sentence[:WHAT_LIMIT],
            owner=reply.by,
            due_at=certain,
            readings=json.dumps(
                [moment.isoformat() for moment in due.readings]
                if due is not None and certain is None
                else []
            ),
            state=CommitmentState.ASKED,
            made_by=reply.by,
            made_at=reply.at,
        )
        record(
            asked,
            "system:commitment:found",
            by=None,
            payload={"reply": reply.pk, "said": asked.said},
        )


def forget_promises(reply: Reply, by: User) -> None:
    """A reply was taken back before it left: nobody was promised anything. In its transaction."""
    rows = Commitment.objects.select_for_update(of=("self",)).select_related("case")
    for commitment in rows.filter(reply=reply, agency_id=reply.agency_id).order_by("pk"):
        close_unsent(commitment, by)
