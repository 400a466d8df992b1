"""Where the updates of an incident stand, and what is decided about one that did not arrive."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.updates import actions, deciding
from levelhead.updates.models import UpdateDelivery
from levelhead.updates.receipts import channels_of, find_delivery


@require_GET
@member(Ability.READ)
def channels(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Each channel of an incident with its receipt."""
    incident = get_object_or_404(Incident, pk=incident_id, agency=request.agency)
    return render(
        request,
        "updates/channels.html",
        {
            "incident": incident,
            "channels": channels_of(incident),
            "may_reply": request.member.may(Ability.REPLY),
        },
    )


def _act(
    request: AgencyRequest,
    incident_id: int,
    delivery_id: int,
    act: Callable[[UpdateDelivery], str],
) -> HttpResponse:
    delivery = find_delivery(request.agency, incident_id, delivery_id)
    try:
        messages.success(request, act(delivery))
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
    # Back to the page on which the form stood.
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, {request.get_host()}):
        return redirect(back)
    return redirect("incident-channels", agency=request.agency.slug, incident_id=incident_id)


@require_POST
@member(Ability.REPLY)
def retry(request: AgencyRequest, incident_id: int, delivery_id: int) -> HttpResponse:
    """Have one that failed tried again."""

    def act(delivery: UpdateDelivery) -> str:
        actions.retry_delivery(delivery=delivery, by=request.person)
        return _("Update %(n)d is sent again on %(channel)s.") % _named(delivery)

    return _act(request, incident_id, delivery_id, act)


@require_POST
@member(Ability.REPLY)
def do_without(request: AgencyRequest, incident_id: int, delivery_id: int) -> HttpResponse:
    """Do without it there, with the reason."""

    def act(delivery: UpdateDelivery) -> str:
        why = request.POST.get("why", "")
        deciding.do_without(delivery=delivery, why=why, by=request.person)
        return _("%(channel)s does without update %(n)d. The reason is on the record.") % _named(
            delivery
        )

    return _act(request, incident_id, delivery_id, act)


@require_POST
@member(Ability.REPLY)
def send_after_all(request: AgencyRequest, incident_id: int, delivery_id: int) -> HttpResponse:
    """Take that back."""

    def act(delivery: UpdateDelivery) -> str:
        deciding.send_after_all(delivery=delivery, by=request.person)
        return _("Update %(n)d is looked up on %(channel)s, and sent if it is not there.") % _named(
            delivery
        )

    return _act(request, incident_id, delivery_id, act)


def _named(delivery: UpdateDelivery) -> dict[str, object]:
    return {"n": delivery.update_of.number, "channel": delivery.channel.name}
