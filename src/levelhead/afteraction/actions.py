"""A lesson of an incident becomes a commitment."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.afteraction.domain import LESSON_LIMIT, TOKEN_LIMIT
from levelhead.afteraction.models import Lesson
from levelhead.commitments.actions import commit_after
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_text
from levelhead.incidents.recording import tell
from levelhead.kernel.errors import Invalid


def learn(
    *,
    incident: Incident,
    text: str,
    owner: User,
    due_at: datetime | None,
    by: User,
    form_token: str,
) -> Lesson:
    """Write down what is to be done better, and who sees to it. Raises NotAllowed, Invalid.

    The same form gives the same lesson.
    """
    require(by, incident.agency_id, Ability.WORK)
    text = read_text(text, LESSON_LIMIT, _("Say what is to be done better."))
    if not form_token or len(form_token) > TOKEN_LIMIT:
        raise Invalid(
            _("This form is not valid any more. Load the page again; copy your text first.")
        )
    known = Lesson.objects.filter(agency_id=incident.agency_id, form_token=form_token)
    found = known.first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            locked = lock_incident(incident, by=by, over_too=True)
            commitment = commit_after(
                agency_id=locked.agency_id, incident=locked.pk, headline=locked.title, what=text,
                due_at=due_at, owner=owner, by=by,
            )  # fmt: skip
            lesson = Lesson.objects.create(
                agency_id=locked.agency_id, incident=locked, text=text, commitment=commitment,
                by=by, form_token=form_token,
            )  # fmt: skip
            tell(
                locked, "person:incident:lesson", by=by, text=text,
                payload={"commitment": commitment.pk, "owner": owner.pk},
            )  # fmt: skip
            return lesson
    except IntegrityError:
        twice = known.first()
        if twice is None:
            raise
        return twice
