"""The rumor board, one rumor, and putting a post on the board."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.corrections.queries import find_incident
from levelhead.inbox.models import Post
from levelhead.inbox.pages import back_to_conversation, read_id, read_version, show_conversation
from levelhead.inbox.thread import find_case, list_colleagues
from levelhead.incidents.domain import REASON_LIMIT
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.ledger.models import Fact
from levelhead.rumors import actions
from levelhead.rumors.domain import (
    CLAIM_LIMIT,
    EXPLANATION_LIMIT,
    HARMS,
    MOST_LINKED_AT_ONCE,
    VERDICTS,
    RumorResponse,
    RumorState,
)
from levelhead.rumors.models import Rumor
from levelhead.rumors.queries import (
    find_rumor,
    list_links,
    list_usable_facts,
    propose_posts,
    spread_of,
)
from levelhead.rumors.showing import board_of
from levelhead.rumors.wording import line_for
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def rumors(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The board of an incident."""
    return _show_board(request, find_incident(request.agency, incident_id))


def _show_board(
    request: AgencyRequest,
    incident: Incident,
    *,
    error: LevelheadError | None = None,
    typed: str = "",
) -> HttpResponse:
    context = {**board_of(incident), "incident": incident, "error": error, "typed_claim": typed}
    status = status_of(error) if error is not None else 200
    return render(request, "rumors/rumors.html", context, status=status)


@require_GET
@member(Ability.READ)
def rumor(request: AgencyRequest, rumor_id: int) -> HttpResponse:
    """One rumor: its posts, what is done about it, and its answer."""
    return _show(request, find_rumor(request.agency, rumor_id))


def _show(
    request: AgencyRequest,
    found: Rumor,
    *,
    error: LevelheadError | None = None,
    typed: dict[str, Any] | None = None,
) -> HttpResponse:
    may_work = request.member.may(Ability.WORK) and found.incident.runs
    return render(
        request,
        "rumors/rumor.html",
        {
            "rumor": found,
            "spread": spread_of([found]).get(found.pk),
            "links": list_links(found),
            "proposed": propose_posts(found) if may_work else [],
            "facts": list_usable_facts(found.incident) if may_work else [],
            "colleagues": list_colleagues(request.agency) if may_work else [],
            "line": line_for(found) if found.answered_at else "",
            "verdicts": [one.value for one in VERDICTS],
            "responses": [one.value for one in RumorResponse],
            "harms": HARMS,
            "may_work": may_work,
            "may_answer": may_work and request.member.may(Ability.REPLY),
            "error": error,
            "held": error is not None and error.code == "update_stopped",
            "typed": typed or {},
        },
        status=status_of(error) if error is not None else 200,
    )


def _number(given: QueryDict, name: str) -> int:
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else -1


@require_POST
@member(Ability.WORK)
def add(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Put a claim on the board."""
    incident = find_incident(request.agency, incident_id)
    text = request.POST.get("text", "")[: CLAIM_LIMIT + 1]
    try:
        made = actions.add_rumor(
            incident=incident, text=text, by=request.person,
            form_token=request.POST.get("form_token", "")[:41], harm=_number(request.POST, "harm"),
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show_board(request, incident, error=error, typed=text)
    messages.success(request, _("Rumor %(n)d is on the board.") % {"n": made.number})
    return redirect("rumors", agency=request.agency.slug, incident_id=incident.pk)


@require_POST
@member(Ability.WORK)
def from_post(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Put what a post claims on the board of a running incident, or count it for one there."""
    case = find_case(request.agency, post_id)
    try:
        rumor_id = read_id(request.POST.get("rumor"))
        if rumor_id is not None:
            found = find_rumor(request.agency, rumor_id)
            actions.link_posts(rumor=found, posts=[case.post], by=request.person)
            messages.success(request, _("Counted for rumor %(n)d.") % {"n": found.number})
        else:
            incident = find_incident(request.agency, read_id(request.POST.get("incident")) or 0)
            claim = " ".join(case.post.text.split())[:CLAIM_LIMIT]
            made = actions.add_rumor(
                incident=incident, text=claim, by=request.person, post=case.post,
                form_token=request.POST.get("form_token", "")[:41],
            )  # fmt: skip
            messages.success(request, _("Rumor %(n)d is on the board.") % {"n": made.number})
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error)
    return back_to_conversation(request, post_id)


@require_POST
@member(Ability.WORK)
def link(request: AgencyRequest, rumor_id: int) -> HttpResponse:
    """Count the chosen posts for a claim."""
    found = find_rumor(request.agency, rumor_id)
    ids = [
        pk
        for text in request.POST.getlist("post")[: MOST_LINKED_AT_ONCE + 1]
        if (pk := read_id(text))
    ]
    posts = list(Post.objects.filter(agency=request.agency, pk__in=ids).select_related("author"))
    try:
        if not posts:
            raise Invalid(_("Choose the posts first."))
        count = actions.link_posts(rumor=found, posts=posts, by=request.person)
    except (Conflict, Invalid) as error:
        return _show(request, found, error=error)
    messages.success(
        request, ngettext("%(n)d post counted.", "%(n)d posts counted.", count) % {"n": count}
    )
    return redirect("rumor", agency=request.agency.slug, rumor_id=found.pk)


@require_POST
@member(Ability.WORK)
def unlink(request: AgencyRequest, rumor_id: int) -> HttpResponse:
    """Take a post off a claim."""
    found = find_rumor(request.agency, rumor_id)
    try:
        post_id = read_id(request.POST.get("post")) or 0
        actions.unlink_post(rumor=found, post_id=post_id, by=request.person)
    except (Conflict, Invalid) as error:
        return _show(request, found, error=error)
    return redirect("rumor", agency=request.agency.slug, rumor_id=found.pk)


@require_POST
@member(Ability.WORK)
def change(request: AgencyRequest, rumor_id: int) -> HttpResponse:
    """Say how much harm it does, what is done and who sees to it."""
    found = find_rumor(request.agency, rumor_id)
    try:
        response = request.POST.get("response", "")
        if response not in set(RumorResponse):
            raise Invalid(_("Choose what is done about it."))
        owner_id = read_id(request.POST.get("owner"))
        actions.set_rumor(
            rumor=found, harm=_number(request.POST, "harm"), response=RumorResponse(response),
            owner=User.objects.filter(pk=owner_id).first() if owner_id else None,
            by=request.person, expected_version=read_version(request.POST) or 0,
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show(request, find_rumor(request.agency, rumor_id), error=error)
    return redirect("rumor", agency=request.agency.slug, rumor_id=found.pk)


@require_POST
@member(Ability.REPLY)
def answer(request: AgencyRequest, rumor_id: int) -> HttpResponse:
    """Say what is so about a claim."""
    found = find_rumor(request.agency, rumor_id)
    typed = {
        "explanation": request.POST.get("explanation", "")[: EXPLANATION_LIMIT + 1],
        "verdict": request.POST.get("verdict", "")[:10],
        "fact": read_id(request.POST.get("fact")),
        "all_the_same": request.POST.get("all_the_same", "")[: REASON_LIMIT + 1],
    }
    try:
        if typed["verdict"] not in set(RumorState):
            raise Invalid(_("Choose what is so about it."))
        fact = None
        if typed["fact"] is not None:
            fact = Fact.objects.filter(incident=found.incident, pk=typed["fact"]).first()
        actions.answer_rumor(
            rumor=found, verdict=RumorState(str(typed["verdict"])), fact=fact,
            explanation=str(typed["explanation"]), all_the_same=str(typed["all_the_same"]),
            by=request.person, expected_version=read_version(request.POST) or 0,
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show(request, find_rumor(request.agency, rumor_id), error=error, typed=typed)
    messages.success(
        request, _("Answered. The public page says so; put the line into the next update too.")
    )
    return redirect("rumor", agency=request.agency.slug, rumor_id=found.pk)
