"""The page on which an administrator looks at what could be learned, and decides."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.learning import actions
from levelhead.learning.domain import ACCEPTABLE
from levelhead.learning.queries import list_figures, look_up_standing
from levelhead.web.middleware import status_of


def _show(request: AgencyRequest, *, status: int = HTTPStatus.OK) -> HttpResponse:
    standing = look_up_standing(request.agency)
    figures, by_label = list_figures(standing.newest) if standing.newest else ([], [])
    return render(
        request,
        "learning/learning.html",
        {
            "standing": standing,
            "figures": figures,
            "by_label": by_label,
            # What speaks against accepting: parts that lose, and parts too small to show a loss.
            "worse": [row for row in figures if row.fewer],
            "unseen": next((row for row in figures if row.name == "kept" and row.too_few), None),
            "acceptable": {state.value for state in ACCEPTABLE},
        },
        status=status,
    )


@require_GET
@member(Ability.MANAGE)
def learning(request: AgencyRequest) -> HttpResponse:
    """How many corrections there are, what they would change, and what is in force."""
    return _show(request)


def _act(request: AgencyRequest, act: Callable[[], str | None]) -> HttpResponse:
    """Do it and say so, where `act` has something to say; a mistake is said on the page."""
    try:
        done = act()
    except (Conflict, Invalid) as error:
        messages.error(request, error.message)
        return _show(request, status=status_of(error))
    if done:
        messages.success(request, done)
    return redirect("learning", agency=request.agency.slug)


@require_POST
@member(Ability.MANAGE)
def ask(request: AgencyRequest) -> HttpResponse:
    """Have it tried what the corrections teach."""

    def act() -> None:
        # The page says itself what is under way, and stops when it is done; a message would stay.
        actions.ask_for_try(agency=request.agency, by=request.person)

    return _act(request, act)


@require_POST
@member(Ability.MANAGE)
def accept(request: AgencyRequest, number: int) -> HttpResponse:
    """Put a proposal in force."""

    def act() -> str:
        actions.accept(agency=request.agency, number=number, by=request.person)
        return _("In force for the posts to come. You can take it back at any time.")

    return _act(request, act)


@require_POST
@member(Ability.MANAGE)
def decline(request: AgencyRequest, number: int) -> HttpResponse:
    """Set a proposal aside."""

    def act() -> str:
        actions.decline(agency=request.agency, number=number, by=request.person)
        return _("Set aside; nothing changed. It stays in the list below.")

    return _act(request, act)


@require_POST
@member(Ability.MANAGE)
def revert(request: AgencyRequest) -> HttpResponse:
    """Take back what is in force."""

    def act() -> str:
        _taken_back, now = actions.revert(agency=request.agency, by=request.person)
        if now is None:
            return _("Taken back: posts are read by the shipped models alone again.")
        return _("Taken back: proposal %(number)d is in force again.") % {"number": now.number}

    return _act(request, act)
