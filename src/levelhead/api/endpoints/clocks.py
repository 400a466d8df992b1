"""Clocks: which run, stopping one and letting it go on, how they ended."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Router
from ninja.params.functions import Query

from levelhead.accounts.domain import Ability
from levelhead.api import shapes_rooms as shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.endpoints.research import with_zone
from levelhead.api.shapes import Change
from levelhead.api.telling_rooms import tell_clock, tell_clock_state, tell_report
from levelhead.clocks.actions import pause_clock, resume_clock
from levelhead.clocks.domain import WaitingOn
from levelhead.clocks.reporting import make_report, read_asked
from levelhead.inbox.queries import PAGE, list_cases, read_choice
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import Invalid

router = Router(tags=["clocks"])


@router.get("/{agency}/clocks", response=shapes.ClockPage, summary="Running clocks")
def clocks(
    request: HttpRequest,
    agency: str,
    after: str = Query("", description="From `next`."),
) -> shapes.ClockPage:
    """By due time, what ran out first, 50 at a time. A clock that stands still is not there."""
    caller = enter(request, agency, Ability.READ)
    choice = read_choice({"view": "all", "sort": "clock", "after": after})
    page = list_cases(caller.agency, caller.person, choice, shown=PAGE)
    following = f"{request.path}{page.more}" if page.more else ""
    return shapes.ClockPage(items=[tell_clock(case) for case in page.rows], next=following)


@router.get("/{agency}/clocks/report", response=shapes.ClockReport, summary="The report")
def report(
    request: HttpRequest,
    agency: str,
    days: str = Query("28", description="7, 28 or 90."),
    channel: str = Query("", description="Only this channel's id."),
    clock_class: str = Query("", alias="class", description="Only this class of clocks."),
) -> shapes.ClockReport:
    """How many clocks were kept and missed in a period, and what runs out next."""
    caller = enter(request, agency, Ability.READ)
    asked = read_asked({"days": days, "channel": channel, "class": clock_class})
    return tell_report(make_report(caller.agency, asked, (get_language() or "en")[:2]))


@router.post("/{agency}/cases/{case_id}/pause", response=shapes.ClockState, summary="Stop it")
def pause(request: HttpRequest, agency: str, case_id: str, body: shapes.Pause) -> shapes.ClockState:
    """The clocks of a case stand still while somebody else is waited for."""
    caller = enter(request, agency, Ability.WORK)
    if body.waiting_on not in set(WaitingOn):
        raise Invalid(_("Choose one of: %(ways)s.") % {"ways": ", ".join(WaitingOn)})
    until = with_zone(body.until)

    def act() -> shapes.ClockState:
        done = pause_clock(
            case=find_case(caller.agency, read_row(case_id)),
            waiting_on=WaitingOn(body.waiting_on), note=body.reason, until=until,
            by=caller.person, expected_version=body.version,
        )  # fmt: skip
        return tell_clock_state(done)

    return once(request, caller, act)


@router.post("/{agency}/cases/{case_id}/resume", response=shapes.ClockState, summary="Let it go on")
def resume(request: HttpRequest, agency: str, case_id: str, body: Change) -> shapes.ClockState:
    """Before the time that was named."""
    caller = enter(request, agency, Ability.WORK)

    def act() -> shapes.ClockState:
        found = find_case(caller.agency, read_row(case_id))
        return tell_clock_state(
            resume_clock(case=found, by=caller.person, expected_version=body.version)
        )

    return once(request, caller, act)
