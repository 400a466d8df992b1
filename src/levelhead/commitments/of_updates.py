"""Asking about the promises of an update; an update is never held up by it."""

from __future__ import annotations

import json
from collections.abc import Sequence

import structlog
from django.db import transaction

from levelhead.accounts.models import Agency
from levelhead.commitments.actions import record
from levelhead.commitments.domain import WHAT_LIMIT, CommitmentState
from levelhead.commitments.models import Commitment
from levelhead.doctrine.promises import Promise, find_promises
from levelhead.updates.domain import Words
from levelhead.updates.models import Update

log = structlog.get_logger(__name__)


def ask_about_update(update: Update, texts: Sequence[Words]) -> None:
    """Keep what an update promises, until a person says what it is.

    In the update's transaction; whatever goes wrong here, the update goes out.
    """
    try:
        with transaction.atomic():
            _ask(update, texts[0])
    except Exception:
        log.exception("the promises of an update were not looked for", update=update.pk)


def _ask(update: Update, words: Words) -> None:
    # What the public is to do, and what the ledger says, is no promise of ours.
    said = "\n".join((words.lead, *words.doing))
    incident = update.incident
    agency = Agency.objects.get(pk=update.agency_id)
    for promise in find_promises(said, sent_at=update.at, schedule=agency.office_schedule):
        sentence = promise.sentence[:WHAT_LIMIT]
        # Updates say the same again and again: it is one promise.
        if not Commitment.objects.filter(
            agency_id=update.agency_id, incident=incident.pk, said=sentence
        ).exists():
            _keep(update, promise, sentence)


def _keep(update: Update, promise: Promise, sentence: str) -> None:
    due = promise.due
    certain = due.readings[0] if due is not None and due.certain else None
    readings = due.readings if due is not None and certain is None else ()
    asked = Commitment.objects.create(
        agency_id=update.agency_id,
        incident=update.incident_id,
        headline=update.incident.title,
        said=sentence,
        what=sentence,
        owner=update.by,
        due_at=certain,
        readings=json.dumps([moment.isoformat() for moment in readings]),
        state=CommitmentState.ASKED,
        made_by=update.by,
        made_at=update.at,
    )
    record(
        asked,
        "system:commitment:found",
        by=None,
        payload={"update": update.pk, "said": sentence},
    )
