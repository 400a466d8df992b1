"""The public register, and how a person of the desk puts something on it."""

from __future__ import annotations

import zoneinfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.commitments import public
from levelhead.commitments.forms import read_reason
from levelhead.commitments.models import Commitment
from levelhead.commitments.queries import find_public_agency, list_public
from levelhead.commitments.views import act_on

# A browser or a proxy may keep it so long: a page for everybody is read by many.
SECONDS = 60


@require_GET
def promises(request: HttpRequest, agency: str) -> HttpResponse:
    """What the agency said it will do, for everybody; no sign-in, no cookie, no script."""
    shown = find_public_agency(agency)
    with timezone.override(zoneinfo.ZoneInfo(shown.zone)):
        response = render(
            request, "commitments/promises.html", {"agency": shown, "page": list_public(shown)}
        )
    response["Cache-Control"] = f"public, max-age={SECONDS}"
    return response


@require_POST
@member(Ability.MANAGE)
def turn(request: AgencyRequest) -> HttpResponse:
    """Show the register to everybody, or to nobody."""
    on = request.POST.get("on") == "yes"
    public.turn_register(agency=request.agency, on=on, by=request.person)
    messages.success(
        request,
        _("Everybody can see the register now.") if on else _("Nobody can see the register now."),
    )
    return redirect("commitments", agency=request.agency.slug)


@require_POST
@member(Ability.REPLY)
def publish(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Put a commitment on the register, or change its words there."""

    def act(found: Commitment, version: int | None) -> str:
        public.publish(
            commitment=found,
            text=read_reason(request.POST, "public_text"),
            outcome=read_reason(request.POST, "public_outcome"),
            by=request.person,
            expected_version=version,
        )
        return _("It is on the register.")

    return act_on(request, commitment_id, act)


@require_POST
@member(Ability.REPLY)
def unpublish(request: AgencyRequest, commitment_id: int) -> HttpResponse:
    """Take a commitment off the register."""

    def act(found: Commitment, version: int | None) -> str:
        public.unpublish(commitment=found, by=request.person, expected_version=version)
        return _("It is off the register. What it said there stays on the record.")

    return act_on(request, commitment_id, act)
