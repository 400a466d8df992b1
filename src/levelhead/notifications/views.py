"""A person's notifications, and what they want to hear of."""

from __future__ import annotations

import time
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.alerts.forms import read_minutes
from levelhead.inbox.pages import UNDO_KEY, Undo, read_id, remember_undo
from levelhead.kernel.errors import Invalid
from levelhead.notifications import actions, delivering, preferring
from levelhead.notifications.forms import read_choices, read_kinds
from levelhead.notifications.models import Preferences
from levelhead.notifications.queries import (
    find_delivery,
    find_notification,
    list_notifications,
    read_preferences,
)


@require_GET
@member(Ability.READ)
def notifications(request: AgencyRequest) -> HttpResponse:
    """What concerns this person, unread first, by day."""
    page = list_notifications(
        request.agency, request.person, after=request.GET.get("after", "")[:30]
    )
    return render(
        request, "notifications/notifications.html", {"page": page, "undo": _undo(request)}
    )


def _undo(request: AgencyRequest) -> dict[str, object] | None:
    """The undo of this page, while there is time."""
    kept: dict[str, object] | None = request.session.get(UNDO_KEY)
    ours = reverse("notifications-unread-all", args=[request.agency.slug])
    if kept is None or kept.get("address") != ours:
        return None
    until = kept.get("until")
    return kept if isinstance(until, float) and until > time.time() else None


@require_GET
@member(Ability.READ)
def notification(request: AgencyRequest, notification_id: int) -> HttpResponse:
    """To what it tells of; it is read by that."""
    found = find_notification(request.agency, request.person, notification_id)
    actions.mark_read(agency=request.agency, person=request.person, notification_id=found.pk)
    return HttpResponseRedirect(found.address)


def _back(request: AgencyRequest) -> HttpResponse:
    return redirect("notifications", agency=request.agency.slug)


@require_POST
@member(Ability.READ)
def read(request: AgencyRequest, notification_id: int) -> HttpResponse:
    """Mark one as read, or as unread."""
    found = find_notification(request.agency, request.person, notification_id)
    actions.mark_read(
        agency=request.agency, person=request.person, notification_id=found.pk,
        read=request.POST.get("unread") != "yes",
    )  # fmt: skip
    return _back(request)


@require_POST
@member(Ability.READ)
def read_all(request: AgencyRequest) -> HttpResponse:
    """Mark all as read that the page showed or that are older; undo is offered."""
    upto = read_id(request.POST.get("upto")) or 0
    count, token = actions.mark_all_read(agency=request.agency, person=request.person, upto=upto)
    if count:
        words = ngettext("%(n)d is read now.", "%(n)d are read now.", count) % {"n": count}
        messages.success(request, words)
        undo = Undo(
            address=reverse("notifications-unread-all", args=[request.agency.slug]),
            words=_("Undo: mark all as read"),
            seconds=actions.UNDO_SECONDS,
            token=token,
        )
        remember_undo(request, undo)
    return _back(request)


@require_POST
@member(Ability.READ)
def unread_all(request: AgencyRequest) -> HttpResponse:
    """Take "mark all as read" back."""
    kept = request.session.pop(UNDO_KEY, None)
    try:
        count = actions.undo_all_read(
            agency=request.agency, person=request.person, token=str(kept["token"]) if kept else ""
        )
    except Invalid as error:
        messages.error(request, error.message)
    else:
        words = ngettext("%(n)d is unread again.", "%(n)d are unread again.", count)
        messages.success(request, words % {"n": count})
    return _back(request)


@require_http_methods(["GET", "POST"])
@member(Ability.READ)
def preferences(request: AgencyRequest) -> HttpResponse:
    """What this person wants to hear of, how and when."""
    typed = None
    if request.method == "POST":
        choices = read_choices(request.POST)
        try:
            preferring.change_preferences(
                agency=request.agency,
                person=request.person,
                choices=choices,
                quiet_from=read_minutes(request.POST.get("quiet_from", "")[:8]),
                quiet_to=read_minutes(request.POST.get("quiet_to", "")[:8]),
                digest_at=read_minutes(request.POST.get("digest_at", "")[:8]),
            )
        except Invalid as error:
            messages.error(request, error.message)
            typed = Preferences(
                agency=request.agency,
                user=request.person,
                choices={kind.value: choice.to_json() for kind, choice in choices.items()},
            )
        else:
            messages.success(request, _("Saved. It holds for what comes from now on."))
            return redirect("notification-preferences", agency=request.agency.slug)
    return render(
        request,
        "notifications/preferences.html",
        {"shown": read_preferences(request.agency, request.person, typed=typed)},
        status=HTTPStatus.BAD_REQUEST if typed is not None else HTTPStatus.OK,
    )


@require_POST
@member(Ability.MANAGE)
def duty(request: AgencyRequest) -> HttpResponse:
    """Which kinds also go to whoever is on duty."""
    preferring.change_duty_kinds(
        agency=request.agency, kinds=read_kinds(request.POST), by=request.person
    )
    messages.success(request, _("Saved. It holds for what comes from now on."))
    return redirect("notification-preferences", agency=request.agency.slug)


@require_POST
@member(Ability.READ)
def send_again(request: AgencyRequest, delivery_id: int) -> HttpResponse:
    """Have a mail or call that did not surely leave sent again."""
    found = find_delivery(request.agency, request.person, delivery_id)
    try:
        delivering.send_again(delivery=found, by=request.person)
    except Invalid as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("It is sent again."))
    return redirect("notification-preferences", agency=request.agency.slug)
