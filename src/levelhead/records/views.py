"""The page of the record."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id
from levelhead.records.queries import list_agency_events, list_chains


@require_GET
@member(Ability.RECORDS)
def records(request: AgencyRequest) -> HttpResponse:
    """What happened last, and how to prove that nothing was changed since."""
    lines, more = list_agency_events(request.agency, read_id(request.GET.get("before")))
    return render(
        request,
        "records/records.html",
        {"lines": lines, "more": more, "chains": list_chains(request.agency)},
    )
