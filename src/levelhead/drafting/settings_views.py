"""The page on which an administrator says whether a model may draft, and which."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.drafting.budget import used_in
from levelhead.drafting.choosing import Wanted, choice_of, choose, is_private, try_endpoint
from levelhead.drafting.domain import (
    CONTACT_LIMIT,
    KEY_LIMIT,
    LANGUAGES,
    MODEL_LIMIT,
    SECONDS,
    URL_LIMIT,
)
from levelhead.drafting.models import DraftingChoice
from levelhead.drafting.wording import TROUBLES
from levelhead.kernel.errors import Invalid


def _read(given: QueryDict) -> Wanted:
    return Wanted(
        on=given.get("on") == "yes",
        base_url=given.get("base_url", "")[: URL_LIMIT + 10],
        model=given.get("model", "")[: MODEL_LIMIT + 10],
        key=given.get("key", "")[: KEY_LIMIT + 10].strip(),
        forget_key=given.get("forget_key") == "yes",
        seconds=_number(given.get("seconds", "")),
        monthly_tokens=_number(given.get("monthly_tokens", "")),
        languages=given.getlist("language")[:10],
        sends=given.get("sends", "")[:10],
        contact=given.get("contact", "")[: CONTACT_LIMIT + 100],
    )


def _number(text: str) -> int | None:
    text = text.strip().replace(",", "").replace(".", "").replace(" ", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


@require_http_methods(["GET", "POST"])
@member(Ability.MANAGE)
def drafting(request: AgencyRequest) -> HttpResponse:
    """The settings; after a mistake with what was typed."""
    error: Invalid | None = None
    choice = choice_of(request.agency)
    if request.method == "POST":
        wanted = _read(request.POST)
        try:
            choose(agency=request.agency, wanted=wanted, by=request.person)
        except Invalid as refusal:
            error = refusal
            _put_back(choice, wanted, request.POST)
        else:
            messages.success(
                request,
                _("Saved. Drafting is on: the button is beside every reply.")
                if wanted.on
                else _("Saved. Drafting is off."),
            )
            return redirect("drafting-settings", agency=request.agency.slug)
    return _show(request, choice, error)


def _grouped(number: object) -> str:
    # After a mistake it is what was typed.
    return number_format(number, force_grouping=True) if isinstance(number, int) else str(number)


def _put_back(choice: DraftingChoice, wanted: Wanted, given: QueryDict) -> None:
    for name in ("on", "base_url", "model", "sends", "contact"):
        setattr(choice, name, getattr(wanted, name))
    choice.languages = list(wanted.languages)
    for name in ("seconds", "monthly_tokens"):
        setattr(choice, name, given.get(name, "")[:20])


def _show(request: AgencyRequest, choice: DraftingChoice, error: Invalid | None) -> HttpResponse:
    used = used_in(request.agency)
    return render(
        request,
        "drafting/settings.html",
        {
            "choice": choice,
            "error": error,
            "wrong": error.data.get("field", "") if error is not None else "",
            "used": used,
            "used_tokens": _grouped(used.tokens),
            "ceiling": _grouped(choice.monthly_tokens),
            "reached": used.stopped_at is not None and not error,
            "percent": min(100, round(100 * used.tokens / max(choice.monthly_tokens, 1)))
            if isinstance(choice.monthly_tokens, int)
            else 0,
            "languages": LANGUAGES,
            "seconds": SECONDS,
            "private": is_private(),
            "tried": TROUBLES.get(choice.tried_trouble, ""),
        },
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
    )


@require_POST
@member(Ability.MANAGE)
def try_it(request: AgencyRequest) -> HttpResponse:
    """Ask the model for next to nothing, and say exactly what came of it."""
    try:
        try_endpoint(agency=request.agency, by=request.person)
    except Invalid as error:
        return _show(request, choice_of(request.agency), error)
    return redirect("drafting-settings", agency=request.agency.slug)
