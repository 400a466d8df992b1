"""Giving out the pictures of updates to people of the desk."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.incidents.queries import find_seat
from levelhead.kernel.errors import NotFound
from levelhead.pictures.keeping import bytes_of
from levelhead.pictures.models import Picture
from levelhead.updates.models import UpdatePicture


@require_GET
@member(Ability.READ)
def picture(request: AgencyRequest, incident_id: int, picture_id: int) -> HttpResponse:
    """A picture of a sent update, or for the agency itself one that is being written."""
    seat = find_seat(request.agency, incident_id)
    found = Picture.objects.filter(agency_id=seat.incident.agency_id, pk=picture_id).first()
    shown = UpdatePicture.objects.filter(
        update_of__incident=seat.incident, picture_id=picture_id
    ).exists()
    if found is None or not (seat.hosts or shown):
        raise NotFound(_("There is no such page, or it is not yours to see."))
    small = request.GET.get("size") != "full"
    response = HttpResponse(
        bytes_of(found, small=small),
        content_type="image/jpeg" if small else found.content_type,
    )
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # The same address is always the same bytes, for this person alone.
    response["Cache-Control"] = "private, max-age=86400"
    return response
