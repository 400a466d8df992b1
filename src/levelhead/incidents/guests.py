"""Another agency in the room: invited by the host, accepted there, until the host or the end."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from levelhead.accounts.access_rules import require
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, User
from levelhead.incidents.actions import lock_incident
from levelhead.incidents.models import Guest, Incident
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid
from levelhead.kernel.text import clean_name
from levelhead.records.append import append_events
from levelhead.records.domain import DESK_CHAIN, EventToRecord


def invite(*, incident: Incident, slug: str, by: User) -> Guest:
    """Ask an agency of this installation in. Nobody there sees more than the headline until
    somebody accepts. Raises NotAllowed, Invalid.
    """
    require(by, incident.agency_id, Ability.REPLY)
    with transaction.atomic():
        locked = lock_incident(incident, by=by)
        agency = Agency.objects.filter(slug=clean_name(slug, 60).lower()).first()
        if agency is None:
            raise Invalid(_("No agency of this installation has that short name."))
        if agency.pk == locked.agency_id:
            raise Invalid(_("That is your own agency; it is in the room already."))
        seat, new = Guest.objects.get_or_create(
            incident=locked, guest=agency, defaults={"agency_id": locked.agency_id, "by": by}
        )
        if not new and seat.until is None:
            return seat
        if not new:
            # Asked again after their seat ended: they say yes again.
            seat.by, seat.at = by, clock.now()
            seat.accepted_at, seat.accepted_by, seat.until = None, None, None
            seat.save()
        tell(locked, "person:incident:guest_invited", by=by, text=agency.name,
             payload={"agency": agency.pk}, screens=[agency.pk])  # fmt: skip
    return seat


def accept(*, seat: Guest, by: User) -> Guest:
    """Say yes for one's agency: from now on its people see the room. Raises NotAllowed, Invalid."""
    require(by, seat.guest_id, Ability.WORK)
    with transaction.atomic():
        incident = Incident.objects.select_for_update().get(pk=seat.incident_id)
        locked = Guest.objects.select_related("guest").get(pk=seat.pk)
        if not incident.runs or locked.until is not None:
            raise Invalid(_("This invitation does not hold any more."))
        if locked.accepted_at is not None:
            return locked
        locked.accepted_at, locked.accepted_by = clock.now(), by
        locked.save()
        # Their own record has it too.
        append_events(
            agency_id=locked.guest_id, chain=DESK_CHAIN, at=clock.now(),
            events=[
                EventToRecord(
                    subject=f"incident:{incident.pk}", action="person:incident:guest_accepted",
                    actor=f"user:{by.pk}", payload={"host": incident.agency_id},
                )
            ],
        )  # fmt: skip
        tell(incident, "person:incident:guest_accepted", by=by, text=locked.guest.name,
             payload={"agency": locked.guest_id})  # fmt: skip
    return locked


def end(*, seat: Guest, by: User) -> Guest:
    """End their seat: they see nothing of it from now on. Raises NotAllowed, Invalid."""
    with transaction.atomic():
        incident = lock_incident(seat.incident, by=by)
        locked = Guest.objects.select_related("guest").get(pk=seat.pk, incident=incident)
        if locked.until is not None:
            return locked
        # Told while they still sit: their screens ask again, and find the room closed.
        tell(incident, "person:incident:guest_ended", by=by, text=locked.guest.name,
             payload={"agency": locked.guest_id})  # fmt: skip
        locked.until = clock.now()
        locked.save(update_fields=["until"])
    return locked
