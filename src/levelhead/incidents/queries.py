"""What the pages show of incidents: one's seat in the room, the list, roles and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from levelhead.accounts.models import Agency
from levelhead.incidents.domain import IncidentState, RoomRole, Silence
from levelhead.incidents.models import Duty, Guest, Incident, LogEntry
from levelhead.kernel.errors import NotFound

PAGE: Final = 20
RUNNING: Final = 20
LOG_PAGE: Final = 50
# Lines of a log that is printed or taken away; an incident of days has some thousands.
LOG_WHOLE: Final = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """An incident, and in which part somebody sits in its room."""

    incident: Incident
    # Whether it is their own agency's; guests see the room and do less.
    hosts: bool


def find_seat(agency: Agency, incident_id: int) -> Seat:
    """An incident of this agency, or one in which it sits as a guest now. Raises NotFound."""
    seated = Q(
        state=IncidentState.RUNNING.value, guests__guest=agency,
        guests__accepted_at__isnull=False, guests__until__isnull=True,
    )  # fmt: skip
    found = (
        Incident.objects.select_related("agency", "declared_by", "over_by", "issue")
        .filter(Q(agency=agency) | seated, pk=incident_id)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return Seat(incident=found, hosts=found.agency_id == agency.pk)


def find_own(agency: Agency, incident_id: int) -> Incident:
    """An incident of this agency. Raises NotFound, for guests too."""
    seat = find_seat(agency, incident_id)
    if not seat.hosts:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    return seat.incident


def list_running(agency: Agency) -> list[Incident]:
    """Those that go on, whose word is due first on top."""
    rows = Incident.objects.filter(agency=agency, state=IncidentState.RUNNING.value)
    return list(rows.select_related("declared_by").order_by("next_word_due", "pk")[:RUNNING])


def list_over(agency: Agency, *, before: int | None) -> tuple[list[Incident], int | None]:
    """Those that are over, newest first, and where the next page begins."""
    rows = Incident.objects.filter(agency=agency, state=IncidentState.OVER.value)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("over_by").order_by("-pk")[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def list_seats(agency: Agency) -> list[Guest]:
    """Running incidents of others that this agency was invited into."""
    rows = Guest.objects.filter(
        guest=agency, until__isnull=True, incident__state=IncidentState.RUNNING.value
    )
    return list(rows.select_related("incident__agency", "by").order_by("-pk")[:RUNNING])


def list_guests(incident: Incident) -> list[Guest]:
    """Who was invited, and where that stands."""
    rows = Guest.objects.filter(incident=incident).select_related("guest", "by", "accepted_by")
    return list(rows.order_by("pk")[:RUNNING])


def list_roles(incident: Incident) -> list[tuple[RoomRole, Duty | None]]:
    """Every role with who has it now."""
    held = {
        duty.role: duty
        for duty in Duty.objects.filter(incident=incident, until__isnull=True).select_related(
            "user"
        )
    }
    return [(role, held.get(role.value)) for role in RoomRole]


def list_log(
    incident: Incident, *, before: int | None = None, most: int = LOG_PAGE
) -> tuple[list[LogEntry], int | None]:
    """The log, newest first, and where the next page begins."""
    rows = _log(incident)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: most + 1])
    return found[:most], found[most - 1].pk if len(found) > most else None


def whole_log(incident: Incident) -> list[LogEntry]:
    """The log in the order of what happened."""
    return list(_log(incident).order_by("pk")[:LOG_WHOLE])


def _log(incident: Incident) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(incident=incident).select_related("by")


@dataclass(frozen=True, kw_only=True, slots=True)
class OnStrip:
    """The running incident whose word is due first, on top of every page."""

    pk: int
    title: str
    level: int
    silence: Silence
    # Further ones that run.
    more: int


def running_columns() -> dict[str, Any]:
    """For a query over agencies: the running incident whose word is due first."""
    running = Incident.objects.filter(
        agency=OuterRef("pk"), state=IncidentState.RUNNING.value
    ).order_by("next_word_due", "pk")
    counted = running.order_by().values("agency").annotate(n=Count("pk")).values("n")
    first = {
        "incident": "pk", "incident_title": "title", "incident_level": "level",
        "incident_due": "next_word_due", "incident_last": "last_word_at",
    }  # fmt: skip
    return {
        **{name: Subquery(running.values(column)[:1]) for name, column in first.items()},
        "incident_since": Subquery(
            running.annotate(since=Coalesce("last_word_at", "detected_at")).values("since")[:1]
        ),
        "incidents": Subquery(counted),
    }


def running_of(row: dict[str, Any]) -> OnStrip | None:
    """From the columns of `running_columns`."""
    if row["incident"] is None:
        return None
    return OnStrip(
        pk=row["incident"],
        title=row["incident_title"],
        level=row["incident_level"],
        silence=Silence(
            since=row["incident_since"],
            due=row["incident_due"],
            first=row["incident_last"] is None,
        ),
        more=(row["incidents"] or 1) - 1,
    )
