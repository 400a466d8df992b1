"""Asking another agency into the room, saying yes, and ending its seat."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.incidents import guests, queries
from levelhead.incidents.models import Guest
from levelhead.incidents.work import act_in_room, host_seat
from levelhead.kernel.errors import Invalid, NotFound


@require_POST
@member(Ability.REPLY)
def invite(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Ask an agency in."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        asked = guests.invite(
            incident=seat.incident, slug=request.POST.get("agency", "")[:100], by=request.person
        )
        return _("%(name)s is invited. Somebody there must accept.") % {"name": asked.guest.name}

    return act_in_room(request, seat, act, part="#guests-title")


@require_POST
@member(Ability.WORK)
def end(request: AgencyRequest, incident_id: int, guest_id: int) -> HttpResponse:
    """End the seat of an agency."""
    seat = host_seat(request, incident_id)
    found = Guest.objects.filter(incident=seat.incident, pk=guest_id).first()
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))

    def act() -> str:
        guests.end(seat=found, by=request.person)
        return _("Their seat has ended. They see nothing of this incident any more.")

    return act_in_room(request, seat, act, part="#guests-title")


@require_POST
@member(Ability.WORK)
def join(request: AgencyRequest, guest_id: int) -> HttpResponse:
    """Say yes for one's own agency."""
    found = next((one for one in queries.list_seats(request.agency) if one.pk == guest_id), None)
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    try:
        guests.accept(seat=found, by=request.person)
    except Invalid as error:
        messages.error(request, error.message)
        return redirect("incidents", agency=request.agency.slug)
    messages.success(request, _("You are in the room. What you add is seen by the host at once."))
    return redirect("incident", agency=request.agency.slug, incident_id=found.incident_id)
