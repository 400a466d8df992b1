"""Where a person arrives, what they chose for themselves, and the settings of an agency."""

from __future__ import annotations

import zoneinfo
from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.actions import change_agency_settings, change_own_settings
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import (
    SettingsForm,
    read_moment,
    read_settings_form,
    region_choices,
    settings_form,
)
from levelhead.accounts.models import User
from levelhead.accounts.previewing import list_public_days, next_friday, show_examples
from levelhead.accounts.queries import list_places
from levelhead.doctrine.clocks import Schedule
from levelhead.kernel import clock
from levelhead.kernel.errors import Invalid, NotAllowed
from levelhead.web.context import THEME_COOKIE, THEMES

YEAR_SECONDS = 365 * 86_400


@require_GET
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """To the person's agency, or to a choice where there are several."""
    places = list_places(_person(request))
    if len(places) == 1:
        return redirect("today", agency=places[0].agency.slug)
    return render(request, "accounts/chooser.html", {"places": places})


@require_GET
@member(Ability.READ)
def agency_home(request: AgencyRequest) -> HttpResponse:
    """To what waits today."""
    return redirect("today", agency=request.agency.slug)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def me(request: HttpRequest) -> HttpResponse:
    """Language and appearance."""
    person = _person(request)
    places = list_places(person)
    back = _safe_next(request)
    if request.method == "POST":
        theme = request.POST.get("theme", "auto")
        try:
            person = change_own_settings(
                user=person,
                language=request.POST.get("language", ""),
                public_name=request.POST.get("public_name"),
            )
        except Invalid as error:
            messages.error(request, error.message)
            return render(
                request,
                "accounts/me.html",
                {"places": places, "back": back, "languages": settings.LANGUAGES},
                status=HTTPStatus.BAD_REQUEST,
            )
        translation.activate(person.language)
        messages.success(request, _("Saved."))
        response = HttpResponseRedirect(reverse("me"))
        response.set_cookie(
            THEME_COOKIE,
            theme if theme in THEMES else "auto",
            max_age=YEAR_SECONDS,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
        return response
    return render(
        request,
        "accounts/me.html",
        {"places": places, "back": back, "languages": settings.LANGUAGES},
    )


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def agency_settings(request: AgencyRequest) -> HttpResponse:
    """Name, zone, office hours and holidays; with what they mean for the clocks."""
    status = HTTPStatus.OK
    if request.method == "GET":
        form = settings_form(request.agency)
    else:
        form = read_settings_form(request.POST)
        schedule = form.schedule()
        if not form.errors and request.POST.get("do") != "preview":
            try:
                change_agency_settings(
                    agency=request.agency,
                    by=request.person,
                    name=form.name,
                    zone=form.zone,
                    schedule=schedule,
                )
            except Invalid as error:
                field = "zone" if "zone" in error.message else "name"
                form.errors[str(error.data.get("field", field))] = error.message
            else:
                messages.success(
                    request, _("Saved. Clocks that run already keep their times; new ones follow.")
                )
                return redirect("agency-settings", agency=request.agency.slug)
        if form.errors:
            status = HTTPStatus.BAD_REQUEST
    return _show_settings(request, form, status)


def _show_settings(request: AgencyRequest, form: SettingsForm, status: HTTPStatus) -> HttpResponse:
    """The form and what it means; while it is wrong, what the hours in force mean."""
    preview = request.POST.get("do") == "preview" and not form.errors
    schedule = request.agency.office_schedule
    if not form.errors:
        schedule = Schedule.from_json({"zone": form.zone, **form.schedule()})
    now = clock.now()
    moments = [next_friday(schedule, now)]
    comes = request.POST.get("comes", "")[:30]
    asked = read_moment(comes, schedule.zone)
    if asked is not None:
        moments.insert(0, asked)
    return render(
        request,
        "accounts/settings.html",
        {
            "form": form,
            "zones": _zones(),
            "regions": region_choices(),
            "public_days": list_public_days(schedule, timezone.localdate(now)),
            "examples": show_examples(schedule, moments, get_language() or "en"),
            "preview": preview,
            "comes": comes if asked is not None else "",
            "comes_wrong": bool(comes) and asked is None,
            "shown_zone": schedule.zone,
        },
        status=status,
    )


@require_GET
def sign_up_closed(request: HttpRequest) -> HttpResponse:
    """People are invited; nobody signs up."""
    return render(request, "accounts/invited_only.html", status=HTTPStatus.FORBIDDEN)


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(name for name in zoneinfo.available_timezones() if "/" in name))


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise NotAllowed(_("Sign in first."))
    return request.user


def _safe_next(request: HttpRequest) -> str:
    """Where the person came from, if it is one of our pages."""
    target = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if ours and target.startswith("/") else ""
