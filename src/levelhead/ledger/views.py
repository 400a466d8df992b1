"""Facts of an incident: all of them, adding one, and what is done with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id, read_version
from levelhead.incidents.forms import read_field
from levelhead.incidents.queries import Seat, find_own, find_seat
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.ledger import actions, queries
from levelhead.ledger.domain import REASSURING, FactStatus, FactSubject
from levelhead.ledger.models import Fact
from levelhead.web.middleware import status_of

# Minutes after which something reassuring is looked at again, to choose from.
RECHECKS = (15, 30, 60, 240)


def _read_subject(request: AgencyRequest) -> FactSubject:
    given = request.POST.get("subject", "")
    known = {one.value for one in FactSubject}
    return FactSubject(given) if given in known else FactSubject.GENERAL


def _read_until(request: AgencyRequest) -> datetime | None:
    given = request.POST.get("again", "")
    if given in {str(minutes) for minutes in RECHECKS}:
        return clock.now() + timedelta(minutes=int(given))
    return None


@require_GET
@member(Ability.READ)
def facts(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The whole ledger."""
    seat = find_seat(request.agency, incident_id)
    lines = queries.list_facts(seat.incident)
    return render(
        request,
        "ledger/facts.html",
        {
            "incident": seat.incident,
            "facts": lines,
            "facts_count": len(lines),
            "may_work": request.member.may(Ability.WORK) and seat.incident.runs,
        },
    )


@require_http_methods(["GET", "POST"])
@member(Ability.WORK)
def add(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Put a statement into the ledger; whoever knows it may vouch for it at once."""
    seat = find_seat(request.agency, incident_id)
    error: LevelheadError | None = None
    if request.method == "POST":
        try:
            made = actions.add_fact(
                incident=seat.incident, text=read_field(request.POST, "text"), by=request.person,
                subject=_read_subject(request), source=read_field(request.POST, "source"),
                confirmed_how=read_field(request.POST, "how"),
            )  # fmt: skip
        except (Conflict, Invalid) as wrong:
            error = wrong
        else:
            messages.success(request, _said(made))
            return redirect("incident", agency=request.agency.slug, incident_id=incident_id)
    typed = {name: read_field(request.POST, name) for name in ("text", "subject", "source", "how")}
    return render(
        request,
        "ledger/add.html",
        {
            "incident": seat.incident,
            "typed": typed,
            "subjects": [one.value for one in FactSubject],
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _said(fact: Fact) -> str:
    """Where a fact stands after what was done, and what it still needs."""
    if fact.status == FactStatus.CONFIRMED:
        return _("Fact %(n)d is confirmed. It can go into the next update.") % {"n": fact.number}
    if fact.needs > 1:
        return _(
            "Fact %(n)d waits: two people must confirm it, each from what they know themselves."
        ) % {"n": fact.number}
    return _("Fact %(n)d waits for somebody who confirms it.") % {"n": fact.number}


@require_GET
@member(Ability.READ)
def fact(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """One fact: how it stands, what can be done, what it was."""
    return _show(request, find_seat(request.agency, incident_id), fact_id)


def _show(
    request: AgencyRequest, seat: Seat, fact_id: int, *, error: LevelheadError | None = None
) -> HttpResponse:
    line = queries.find_fact(seat.incident, fact_id)
    may_work = request.member.may(Ability.WORK) and seat.incident.runs
    return render(
        request,
        "ledger/fact.html",
        {
            "incident": seat.incident,
            "line": line,
            "fact": line.fact,
            "may_confirm": may_work and line.waits and not line.vouched(request.person.pk),
            "vouched": line.waits and line.vouched(request.person.pk),
            "may_change": may_work and seat.hosts,
            "reassures": FactSubject(line.fact.subject) in REASSURING,
            "rechecks": RECHECKS,
            "versions": queries.list_versions(line.fact),
            "standing": queries.list_standing(line.fact) if may_work and seat.hosts else [],
            "subjects": [one.value for one in FactSubject],
            "typed": {name: read_field(request.POST, name) for name in request.POST}
            if error
            else {},
            "error": error,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


def _act(
    request: AgencyRequest,
    seat: Seat,
    fact_id: int,
    act: Callable[[Fact, int], Fact],
    say: Callable[[Fact], str],
) -> HttpResponse:
    found = queries.find_fact(seat.incident, fact_id).fact
    try:
        done = act(found, read_version(request.POST) or 0)
    except (Conflict, Invalid) as error:
        return _show(request, seat, fact_id, error=error)
    messages.success(request, say(done))
    return redirect("incident", agency=request.agency.slug, incident_id=seat.incident.pk)


@require_POST
@member(Ability.WORK)
def confirm(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """Vouch for it, and say how one knows; guests too."""
    return _act(
        request, find_seat(request.agency, incident_id), fact_id,
        lambda found, version: actions.confirm_fact(
            fact=found, how=read_field(request.POST, "how"), by=request.person,
            expected_version=version, valid_until=_read_until(request),
        ),
        _said,
    )  # fmt: skip


def _host(request: AgencyRequest, incident_id: int) -> Seat:
    return Seat(incident=find_own(request.agency, incident_id), hosts=True)


@require_POST
@member(Ability.WORK)
def change(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """Say it otherwise from now on."""
    return _act(
        request, _host(request, incident_id), fact_id,
        lambda found, version: actions.change_fact(
            fact=found, text=read_field(request.POST, "text"),
            why=read_field(request.POST, "change_why"), by=request.person,
            expected_version=version, source=read_field(request.POST, "source"),
            subject=_read_subject(request), confirmed_how=read_field(request.POST, "change_how"),
        ),
        _said,
    )  # fmt: skip


@require_POST
@member(Ability.WORK)
def false(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """Say that it is not true."""
    return _act(
        request, _host(request, incident_id), fact_id,
        lambda found, version: actions.mark_false(
            fact=found, why=read_field(request.POST, "false_why"), by=request.person,
            expected_version=version,
        ),
        lambda done: _("Fact %(n)d is marked as not true.") % {"n": done.number},
    )  # fmt: skip


@require_POST
@member(Ability.WORK)
def supersede(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """Say that another fact stands in its place."""

    def act(found: Fact, version: int) -> Fact:
        newer_id = read_id(request.POST.get("newer")) or 0
        newer = Fact.objects.filter(incident_id=found.incident_id, pk=newer_id).first()
        if newer is None:
            raise Invalid(_("Choose another fact of this incident."))
        return actions.supersede(
            fact=found, newer=newer, why=read_field(request.POST, "newer_why"),
            by=request.person, expected_version=version,
        )  # fmt: skip

    return _act(
        request, _host(request, incident_id), fact_id, act,
        lambda done: _("Fact %(n)d is replaced.") % {"n": done.number},
    )  # fmt: skip


@require_POST
@member(Ability.WORK)
def recheck(request: AgencyRequest, incident_id: int, fact_id: int) -> HttpResponse:
    """Say that it still holds, and when somebody looks again."""
    return _act(
        request, _host(request, incident_id), fact_id,
        lambda found, version: actions.recheck(
            fact=found, how=read_field(request.POST, "again_how"), by=request.person,
            expected_version=version, valid_until=_read_until(request),
        ),
        lambda done: _("Fact %(n)d still holds. It can be said again.") % {"n": done.number},
    )  # fmt: skip
