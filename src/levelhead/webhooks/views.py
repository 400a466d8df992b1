"""The page on which an administrator says which programs are told what happens."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.kernel.errors import Invalid
from levelhead.webhooks import actions
from levelhead.webhooks.domain import Topic
from levelhead.webhooks.queries import list_targets


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def webhooks(request: AgencyRequest) -> HttpResponse:
    """The agency's webhooks, and a form for one more; a new secret is shown in the answer."""
    made, error = None, ""
    if request.method == "POST":
        try:
            made = actions.add_target(
                agency=request.agency,
                url=request.POST.get("url", ""),
                topics=request.POST.getlist("topic"),
                by=request.person,
            )
        except Invalid as refusal:
            error = refusal.message
    return render(
        request,
        "webhooks/webhooks.html",
        {
            "rows": list_targets(request.agency),
            "made": made,
            "error": error,
            "topics": [topic.value for topic in Topic],
            "chosen": request.POST.getlist("topic") if error else ["cases", "replies"],
            "url": request.POST.get("url", "") if error else "",
        },
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
    )


def _back(request: AgencyRequest, said: str) -> HttpResponse:
    messages.success(request, said)
    return redirect("webhooks", agency=request.agency.slug)


@require_POST
@member(Ability.MANAGE)
def pause(request: AgencyRequest, target_id: int) -> HttpResponse:
    """Tell it nothing for now."""
    actions.pause_target(agency=request.agency, target_id=target_id, by=request.person)
    return _back(request, _("Paused. What happens meanwhile is told when it goes on."))


@require_POST
@member(Ability.MANAGE)
def resume(request: AgencyRequest, target_id: int) -> HttpResponse:
    """Go on, or try now."""
    actions.resume_target(agency=request.agency, target_id=target_id, by=request.person)
    return _back(request, _("It is told what it has missed, in order."))


@require_POST
@member(Ability.MANAGE)
def remove(request: AgencyRequest, target_id: int) -> HttpResponse:
    """Tell it nothing any more."""
    actions.remove_target(agency=request.agency, target_id=target_id, by=request.person)
    return _back(request, _("The webhook is gone; its secret is worth nothing now."))
