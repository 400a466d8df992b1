"""Saved views of the list: shown with their counts, saved, changed, deleted, brought back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import Undo, back_to_list, remember_undo
from levelhead.inbox.queries import read_choice
from levelhead.kernel.errors import Invalid
from levelhead.teamwork import saving
from levelhead.teamwork.domain import NAME_LIMIT, UNDO_SECONDS
from levelhead.teamwork.models import SavedView
from levelhead.teamwork.queries import find_view, list_views


@require_GET
@member(Ability.READ)
def views(request: AgencyRequest) -> HttpResponse:
    """The saved views with their counts, for the head of a list that is open."""
    saved = list_views(request.agency, request.person, read_choice(request.GET), counted=True)
    return render(request, "teamwork/_views.html", {"saved": saved})


def _to(request: AgencyRequest, view: SavedView) -> HttpResponse:
    path = reverse("inbox", args=[request.agency.slug])
    return HttpResponseRedirect(path + saving.choice_of(view).address)


def _try(request: AgencyRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return act()
    except Invalid as error:
        messages.error(request, error.message)
        return back_to_list(request)


def _name(request: AgencyRequest) -> str:
    return request.POST.get("name", "")[: NAME_LIMIT + 1]


@require_POST
@member(Ability.READ)
def save(request: AgencyRequest) -> HttpResponse:
    """Keep what the list shows under a name."""

    def act() -> HttpResponse:
        view = saving.save_view(
            agency=request.agency,
            name=_name(request),
            choice=read_choice(request.GET),
            shared="shared" in request.POST,
            by=request.person,
        )
        messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
        return _to(request, view)

    return _try(request, act)


@require_POST
@member(Ability.READ)
def change(request: AgencyRequest, view_id: int) -> HttpResponse:
    """Give a view another name, or share it or not."""

    def act() -> HttpResponse:
        view = saving.change_view(
            view=find_view(request.agency, view_id),
            name=_name(request),
            shared="shared" in request.POST,
            by=request.person,
        )
        messages.success(request, _("The view is called “%(name)s”.") % {"name": view.name})
        return _to(request, view)

    return _try(request, act)


@require_POST
@member(Ability.READ)
def delete(request: AgencyRequest, view_id: int) -> HttpResponse:
    """Take a view off the list; undo is offered for a while."""
    view = saving.delete_view(view=find_view(request.agency, view_id), by=request.person)
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    remember_undo(
        request,
        Undo(
            address=reverse("view-restore", args=[request.agency.slug, view.pk]),
            words=_("Undo: view deleted"),
            seconds=UNDO_SECONDS,
        ),
    )
    return back_to_list(request)


@require_POST
@member(Ability.READ)
def restore(request: AgencyRequest, view_id: int) -> HttpResponse:
    """Bring back a view that was just deleted."""

    def act() -> HttpResponse:
        view = saving.restore_view(view=find_view(request.agency, view_id), by=request.person)
        remember_undo(request, None)
        messages.success(request, _("The view “%(name)s” is back.") % {"name": view.name})
        return _to(request, view)

    return _try(request, act)
