"""The page on which an administrator makes keys for programs, and takes them back."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.api.actions import NewToken, make_token, revoke_token
from levelhead.api.domain import LIFETIMES, SCOPES
from levelhead.api.queries import list_tokens
from levelhead.kernel.errors import Invalid


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def tokens(request: AgencyRequest) -> HttpResponse:
    """The agency's keys, and a form for one more.

    A key that was made is shown in the answer to the form and nowhere else, so that no history,
    log or address holds it.
    """
    made, error = None, ""
    if request.method == "POST":
        days = request.POST.get("days", "")
        try:
            made = make_token(
                agency=request.agency,
                name=request.POST.get("name", ""),
                scopes=request.POST.getlist("scope"),
                days=int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0,
                by=request.person,
            )
        except Invalid as refusal:
            error = refusal.message
    return _show(request, made=made, error=error)


def _show(request: AgencyRequest, *, made: NewToken | None, error: str) -> HttpResponse:
    held, over, now = list_tokens(request.agency)
    typed = request.POST if error else None
    return render(
        request,
        "api/tokens.html",
        {
            "held": held,
            "over": over,
            "now": now,
            "made": made,
            "error": error,
            "scopes": [scope.value for scope in SCOPES],
            "chosen": typed.getlist("scope") if typed else ["read"],
            "lifetimes": LIFETIMES,
            "days": typed.get("days", "") if typed else "90",
            "name": typed.get("name", "") if typed else "",
            "base": request.build_absolute_uri(f"/api/v1/{request.agency.slug}/"),
        },
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
    )


@require_POST
@member(Ability.MANAGE)
def revoke(request: AgencyRequest, token_id: int) -> HttpResponse:
    """Take a key back."""
    token = revoke_token(agency=request.agency, token_id=token_id, by=request.person)
    messages.success(
        request,
        _("“%(name)s” is taken back. A program that uses it is refused from now on.")
        % {"name": token.name},
    )
    return redirect("api-tokens", agency=request.agency.slug)
