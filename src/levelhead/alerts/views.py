"""Alerts and duty, where calls go, and the link by which somebody says that they see to it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import read_moment
from levelhead.accounts.models import User
from levelhead.alerts import actions
from levelhead.alerts.domain import ADDRESS_LIMIT, NAME_LIMIT, AlertState
from levelhead.alerts.forms import read_minutes, read_number
from levelhead.alerts.queries import (
    find_alert,
    find_by_link,
    find_shift,
    find_target,
    list_alerts,
    read_duty,
    read_settings,
)
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import list_colleagues
from levelhead.kernel.errors import ChannelError, ConfigurationError, Conflict, Invalid


def _colleague(request: AgencyRequest, name: str) -> User | None:
    found = read_id(request.POST.get(name))
    if found is None:
        return None
    return User.objects.filter(pk=found, memberships__agency=request.agency).first()


def _do(request: AgencyRequest, back: str, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except (Invalid, Conflict, ChannelError, ConfigurationError) as error:
        messages.error(request, error.message)
    return redirect(back, agency=request.agency.slug)


@require_GET
@member(Ability.READ)
def alerts(request: AgencyRequest) -> HttpResponse:
    """Who is on duty, and what people were called for."""
    found, more = list_alerts(request.agency, read_id(request.GET.get("before")))
    may_work = request.member.may(Ability.WORK)
    context = {
        "alerts": found, "more": more, "duty": read_duty(request.agency), "may_work": may_work,
        "colleagues": list_colleagues(request.agency) if may_work else [],
        "nobody": read_settings(request.agency).nobody,
    }  # fmt: skip
    return render(request, "alerts/alerts.html", context)


@require_POST
@member(Ability.WORK)
def acknowledge(request: AgencyRequest, alert_id: int) -> HttpResponse:
    """Say that one sees to it."""

    def act() -> str:
        actions.acknowledge(alert=find_alert(request.agency, alert_id), by=request.person)
        return _("You see to it. Nobody else is called.")

    response = _do(request, "alerts", act)
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, {request.get_host()}):
        # To the room in which the button stood; what went wrong is said there too.
        return redirect(back)
    return response


@require_POST
@member(Ability.WORK)
def add_shift(request: AgencyRequest) -> HttpResponse:
    """Put somebody on duty."""

    def act() -> str:
        user = _colleague(request, "user")
        if user is None:
            raise Invalid(_("Choose a colleague of your agency."))
        zone = request.agency.zone
        actions.add_shift(
            agency=request.agency, user=user, by=request.person,
            starts_at=read_moment(request.POST.get("starts", "")[:30], zone),
            ends_at=read_moment(request.POST.get("ends", "")[:30], zone),
        )  # fmt: skip
        return _("%(name)s is on the roster.") % {"name": user.name}

    return _do(request, "alerts", act)


@require_POST
@member(Ability.WORK)
def end_shift(request: AgencyRequest, shift_id: int) -> HttpResponse:
    """End a shift, or hand it over."""

    def act() -> str:
        to = _colleague(request, "to")
        if to is None and request.POST.get("hand_over"):
            raise Invalid(_("Choose a colleague of your agency."))
        actions.end_shift(shift=find_shift(request.agency, shift_id), by=request.person, to=to)
        if to is None:
            return _("The shift has ended.")
        return _("Handed over to %(name)s.") % {"name": to.name}

    return _do(request, "alerts", act)


@require_GET
@member(Ability.MANAGE)
def settings(request: AgencyRequest) -> HttpResponse:
    """Where calls go, in which order, and how fast."""
    return render(request, "alerts/settings.html", {"calls": read_settings(request.agency)})


@require_POST
@member(Ability.MANAGE)
def add_target(request: AgencyRequest) -> HttpResponse:
    """A place where calls go."""

    def act() -> str:
        if request.POST.get("user") and _colleague(request, "user") is None:
            raise Invalid(_("Choose a colleague of your agency."))
        actions.add_target(
            agency=request.agency, user=_colleague(request, "user"), by=request.person,
            name=request.POST.get("name", "")[: NAME_LIMIT + 1],
            address=request.POST.get("address", "")[: ADDRESS_LIMIT + 1],
        )  # fmt: skip
        return _("Added. Try it, so that you know that calls arrive.")

    return _do(request, "alert-settings", act)


@require_POST
@member(Ability.MANAGE)
def remove_target(request: AgencyRequest, target_id: int) -> HttpResponse:
    """Call there no more."""

    def act() -> str:
        actions.remove_target(target=find_target(request.agency, target_id), by=request.person)
        return _("Taken away. Nobody is called there any more.")

    return _do(request, "alert-settings", act)


@require_POST
@member(Ability.MANAGE)
def try_target(request: AgencyRequest, target_id: int) -> HttpResponse:
    """Make a call that says it is a try."""

    def act() -> str:
        actions.try_target(target=find_target(request.agency, target_id), by=request.person)
        return _("The service took the call. Look whether it arrived.")

    return _do(request, "alert-settings", act)


@require_POST
@member(Ability.MANAGE)
def rules(request: AgencyRequest) -> HttpResponse:
    """How long whoever is called has, and who is the chief."""

    def act() -> str:
        actions.change_rules(
            agency=request.agency, by=request.person,
            life_minutes=read_number(request.POST.get("life", "")),
            clock_minutes=read_number(request.POST.get("clock", "")),
            chief=_colleague(request, "chief"),
        )  # fmt: skip
        return _("Saved.")

    return _do(request, "alert-settings", act)


@require_POST
@member(Ability.MANAGE)
def person(request: AgencyRequest) -> HttpResponse:
    """A person's place in the order, and their quiet hours."""

    def act() -> str:
        user = _colleague(request, "user")
        if user is None:
            raise Invalid(_("Choose a colleague of your agency."))
        given = request.POST
        actions.place_person(
            agency=request.agency, user=user, by=request.person,
            position=read_number(given["position"]) if given.get("position") else None,
            quiet_from=read_minutes(given.get("quiet_from", "")),
            quiet_to=read_minutes(given.get("quiet_to", "")),
        )  # fmt: skip
        return _("Saved.")

    return _do(request, "alert-settings", act)


@require_http_methods(["GET", "POST"])
@never_cache
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a call's link. Looking changes nothing: phones look at links by themselves."""
    alert, target = find_by_link(token[:400])
    if request.method == "POST":
        alert = actions.acknowledge_from(alert=alert, target=target)
    done = alert.state == AlertState.ACKNOWLEDGED
    return render(
        request,
        "alerts/link.html",
        {
            "alert": alert, "done": done, "over": alert.state == AlertState.OVER,
            "count": alert.told.count(),
        },
        status=HTTPStatus.OK,
    )  # fmt: skip
