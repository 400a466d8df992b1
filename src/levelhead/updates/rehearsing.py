"""Sending an update without sending it: every check that sending makes, and nothing kept."""

from __future__ import annotations

from django.db import transaction

from levelhead.accounts.models import User
from levelhead.incidents.models import Incident
from levelhead.updates.actions import send_update
from levelhead.updates.domain import Wish
from levelhead.updates.models import Update


class _Rehearsed(Exception):  # noqa: N818  # nothing went wrong
    """Takes back everything that was written."""


def rehearse(*, incident: Incident, wish: Wish, by: User, corrects: Update | None = None) -> None:
    """Raise what sending would raise now. Checks that are added there are made here too."""
    try:
        with transaction.atomic():
            send_update(incident=incident, wish=wish, by=by, corrects=corrects)
            raise _Rehearsed
    except _Rehearsed:
        return
