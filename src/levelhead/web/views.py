"""The line on top of every page, by itself, for screens that stay open."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability


@require_GET
@member(Ability.READ)
def strip_state(request: AgencyRequest) -> HttpResponse:
    """What must not be overlooked."""
    return render(request, "web/_strip_live.html")
