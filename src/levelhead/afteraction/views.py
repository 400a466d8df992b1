"""The after-action report: to read, to print, to take away; and what was learned."""

from __future__ import annotations

import csv
import io
import secrets
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import read_moment
from levelhead.accounts.models import User
from levelhead.afteraction.actions import learn
from levelhead.afteraction.building import report_of
from levelhead.afteraction.domain import LESSON_LIMIT, TOKEN_LIMIT
from levelhead.afteraction.printing import print_pages
from levelhead.afteraction.wording import pages_of
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import list_colleagues
from levelhead.incidents.models import Incident
from levelhead.incidents.queries import find_own
from levelhead.kernel.csv_rows import safe_cell
from levelhead.kernel.errors import Invalid, LevelheadError
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def after_action(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The report as it stands now; while the incident runs, too."""
    return _show(request, find_own(request.agency, incident_id))


def _show(
    request: AgencyRequest, incident: Incident, *, error: LevelheadError | None = None
) -> HttpResponse:
    report = report_of(incident)
    pages = pages_of(report)
    typed = request.POST if error is not None else {}
    may_learn = request.member.may(Ability.WORK)
    return render(
        request,
        "afteraction/report.html",
        {
            "incident": incident, "report": report, "pages": pages, "error": error,
            "may_learn": may_learn,
            "colleagues": list_colleagues(request.agency) if may_learn else [],
            "typed_text": typed.get("text", "")[: LESSON_LIMIT + 1],
            "typed_due": typed.get("due", "")[:40],
            "token": secrets.token_urlsafe(16), "limit": LESSON_LIMIT,
        },
        status=status_of(error) if error is not None else HTTPStatus.OK,
    )  # fmt: skip


@require_GET
@member(Ability.READ)
def as_csv(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The same for a spreadsheet: each table under its title."""
    incident = find_own(request.agency, incident_id)
    pages = pages_of(report_of(incident))
    out = io.StringIO()
    write = csv.writer(out).writerow
    write([safe_cell(pages.title)])
    write([safe_cell(pages.subtitle)])
    for name, value in pages.summary:
        write([name, safe_cell(value)])
    for table in pages.tables:
        write([])
        write([table.title])
        write(list(table.columns))
        for row in table.rows:
            write([safe_cell(cell) for cell in row])
    response = HttpResponse("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_name(incident)}.csv"'
    return response


@require_GET
@member(Ability.READ)
def as_pdf(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The same to print and to file, tagged for screen readers."""
    incident = find_own(request.agency, incident_id)
    made = print_pages(pages_of(report_of(incident)), author=incident.agency.name)
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{_name(incident)}.pdf"'
    return response


@require_POST
@member(Ability.WORK)
def lesson(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Write down what to do better; it is a commitment from then on."""
    incident = find_own(request.agency, incident_id)
    try:
        owner = User.objects.filter(pk=read_id(request.POST.get("owner")) or 0).first()
        if owner is None:
            raise Invalid(_("Choose a colleague of your agency."))
        due = request.POST.get("due", "")[:40]
        due_at = read_moment(due, request.agency.zone) if due else None
        if due and due_at is None:
            raise Invalid(_("That is not a date and time. Nothing was kept yet."))
        learn(
            incident=incident, text=request.POST.get("text", "")[: LESSON_LIMIT + 1], owner=owner,
            due_at=due_at, by=request.person,
            form_token=request.POST.get("form_token", "")[: TOKEN_LIMIT + 1],
        )  # fmt: skip
    except Invalid as error:
        return _show(request, incident, error=error)
    messages.success(request, _("Kept, and on the list of commitments."))
    return redirect("after-action", agency=request.agency.slug, incident_id=incident.pk)


def _name(incident: Incident) -> str:
    day = timezone.localtime(incident.declared_at)
    return f"after-action-{incident.number}-{day:%Y-%m-%d}"
