"""The report on clocks; stopping those of a case, and letting them go on."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import read_moment
from levelhead.clocks import actions
from levelhead.clocks.domain import NOTE_LIMIT, WaitingOn
from levelhead.clocks.reporting import PERIODS, SHOWN, as_csv, make_report, read_asked
from levelhead.inbox.models import Case
from levelhead.inbox.pages import back_to_conversation, read_version, show_conversation
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Conflict, Invalid


def _act(request: AgencyRequest, post_id: int, act: Callable[[Case], str]) -> HttpResponse:
    case = find_case(request.agency, post_id)
    try:
        done = act(case)
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error)
    messages.success(request, done)
    return back_to_conversation(request, post_id)


@require_GET
@member(Ability.READ)
def report(request: AgencyRequest) -> HttpResponse:
    """Clocks that run out, that ran out, and how they ended."""
    asked = read_asked(request.GET)
    context = {
        "report": make_report(request.agency, asked, (get_language() or "en")[:2]),
        "periods": PERIODS,
        "shown": SHOWN,
    }
    return render(request, "clocks/report.html", context)


@require_GET
@member(Ability.READ)
def report_csv(request: AgencyRequest) -> HttpResponse:
    """How clocks ended, as a table for a spreadsheet."""
    asked = read_asked(request.GET)
    response = HttpResponse(
        "".join(as_csv(request.agency, asked)), content_type="text/csv; charset=utf-8"
    )
    name = f"clocks-{request.agency.slug}-{asked.days}-days.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@member(Ability.WORK)
def pause(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Stop the clocks for a reason."""

    def act(case: Case) -> str:
        try:
            waiting_on = WaitingOn(request.POST.get("waiting_on", ""))
        except ValueError as error:
            raise Invalid(_("Choose what the case waits on.")) from error
        actions.pause_clock(
            case=case,
            waiting_on=waiting_on,
            note=request.POST.get("note", "")[: NOTE_LIMIT + 1],
            until=read_moment(request.POST.get("until", "")[:30], request.agency.zone),
            by=request.person,
            expected_version=read_version(request.POST),
        )
        return _("The clock stands still. It goes on by itself.")

    return _act(request, post_id, act)


@require_POST
@member(Ability.WORK)
def resume(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Let the clocks go on."""

    def act(case: Case) -> str:
        actions.resume_clock(
            case=case, by=request.person, expected_version=read_version(request.POST)
        )
        return _("The clock goes on, with the time that was left.")

    return _act(request, post_id, act)
