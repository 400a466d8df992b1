"""What is to be put right, and what was. Bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from levelhead.accounts.models import Agency
from levelhead.corrections.domain import DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import NotFound
from levelhead.updates.models import Update

COUNTED: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Incidents with something to put right; `count` stops at COUNTED."""

    count: int
    rows: list[tuple[Incident, int]]


def corrections_waiting(agency: Agency) -> Waiting:
    """For Today: which incidents have open corrections, and how many; two queries at most."""
    found = CorrectionDue.objects.filter(agency=agency, state=DueState.OPEN).order_by("-pk")
    ids = list(found.values_list("incident_id", flat=True)[:COUNTED])
    incidents = Incident.objects.in_bulk(set(ids)) if ids else {}
    rows = [(incidents[pk], ids.count(pk)) for pk in dict.fromkeys(ids)]
    return Waiting(count=len(ids), rows=rows)


def find_incident(agency: Agency, incident_id: int) -> Incident:
    """An incident of the agency. Raises NotFound."""
    found = Incident.objects.filter(agency=agency, pk=incident_id).select_related("agency").first()
    if found is None:
        raise NotFound(f"There is no incident {incident_id} here.")
    return found


def find_due(agency: Agency, due_id: int) -> CorrectionDue:
    """A correction of the agency. Raises NotFound."""
    rows = CorrectionDue.objects.filter(agency=agency, pk=due_id)
    found = rows.select_related("incident", "update_of", "reply__case", "fact").first()
    if found is None:
        raise NotFound(f"There is no correction {due_id} here.")
    return found


def find_update(agency: Agency, update_id: int) -> Update:
    """An update of the agency. Raises NotFound."""
    rows = Update.objects.filter(agency=agency, pk=update_id).select_related("incident__agency")
    found = rows.prefetch_related("texts", "deliveries__channel").first()
    if found is None:
        raise NotFound(f"There is no update {update_id} here.")
    return found


def corrected_by(incident: Incident) -> dict[int, list[int]]:
    """Number of an update -> numbers of the updates that correct it: "corrected by update 5"."""
    rows = Update.objects.filter(incident=incident, corrects__isnull=False).order_by("number")
    found: dict[int, list[int]] = {}
    for number, wrong in rows.values_list("number", "corrects__number"):
        found.setdefault(wrong, []).append(number)
    return found
