"""The list of incidents, declaring one, and its room."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.alerts.queries import for_strip
from levelhead.corrections.showing import due_of
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import list_colleagues
from levelhead.incidents import actions, queries
from levelhead.incidents.domain import CADENCE, FIRST_WORD, LEVELS
from levelhead.incidents.forms import DeclareForm, new_form, origin_of, read_form, read_kind
from levelhead.incidents.kinds import kind_templates
from levelhead.incidents.stream import read_stream
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.ledger.queries import list_facts
from levelhead.publicpage.showing import share_of
from levelhead.replies.choosing import choice_of
from levelhead.replies.scheduled_queries import list_scheduled
from levelhead.rumors.showing import board_of
from levelhead.silence.showing import clock_of
from levelhead.updates.framing import public_path
from levelhead.updates.queries import list_updates
from levelhead.updates.receipts import channels_of
from levelhead.web.middleware import status_of

# Of the room's log so many lines; all of them have a page.
LOG_SHOWN = 8
FACTS_SHOWN = 40
UPDATES_SHOWN = 10


@require_GET
@member(Ability.READ)
def incidents(request: AgencyRequest) -> HttpResponse:
    """What runs, what this agency was asked to join, and what is over."""
    over, before = queries.list_over(request.agency, before=read_id(request.GET.get("before")))
    return render(
        request,
        "incidents/incidents.html",
        {
            "running": queries.list_running(request.agency),
            "seats": queries.list_seats(request.agency),
            "over": over,
            "more_before": before,
            "may_declare": request.member.may(Ability.REPLY),
            "may_work": request.member.may(Ability.WORK),
        },
    )


@require_http_methods(["GET", "POST"])
@member(Ability.REPLY)
def declare(request: AgencyRequest) -> HttpResponse:
    """Two taps and a sentence: what kind, what happened, declare."""
    given = request.POST if request.method == "POST" else request.GET
    kind = read_kind(given)
    if kind is None:
        origin = origin_of(request.agency, given)
        lang = get_language() or "en"
        kinds = [(one, template.in_language(lang)) for one, template in kind_templates().items()]
        return render(request, "incidents/kinds.html", {"kinds": kinds, "origin": origin})
    if request.method == "GET":
        return _show_declare(request, new_form(request.agency, kind, given))
    form = read_form(request.agency, kind, given)
    try:
        if not form.sentence.strip():
            raise Invalid(_("Say in one sentence what happened. Not declared yet."))
        made = actions.declare(
            agency=request.agency, kind=form.kind, title=form.title, why=form.sentence,
            by=request.person, form_token=form.token, level=form.level, place=form.place,
            lang=form.lang, detected_at=form.detected_at(request.agency), issue=form.origin.issue,
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show_declare(request, form, error=error)
    messages.success(
        request, _("Declared. Scheduled posts are stopped. Now the first word: look at it, send.")
    )
    return redirect("update-write", agency=request.agency.slug, incident_id=made.pk)


def _show_declare(
    request: AgencyRequest, form: DeclareForm, *, error: LevelheadError | None = None
) -> HttpResponse:
    running = queries.list_running(request.agency)
    return render(
        request,
        "incidents/declare.html",
        {
            "form": form,
            "error": error,
            "levels": [(level, CADENCE[level]) for level in LEVELS],
            "first_word": FIRST_WORD,
            "running": running,
            "scheduled": len(list_scheduled(request.agency).rows),
            "duty": for_strip(request.agency),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )


@require_GET
@member(Ability.READ)
def incident(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The room: facts, updates, the clock of silence, who does what, what people say."""
    return show_room(request, queries.find_seat(request.agency, incident_id))


def show_room(
    request: AgencyRequest, seat: queries.Seat, *, error: LevelheadError | None = None
) -> HttpResponse:
    """The page of an incident; after a mistake with its words and what was typed."""
    found = seat.incident
    may = request.member.may
    facts = list_facts(found)
    log, _more = queries.list_log(found, most=LOG_SHOWN)
    context = {
        "incident": found,
        "hosts": seat.hosts,
        "may_work": may(Ability.WORK) and found.runs,
        "may_note": may(Ability.WORK),
        "may_lead": may(Ability.WORK) and seat.hosts and found.runs,
        "may_send": may(Ability.REPLY) and seat.hosts and found.runs,
        "may_reopen": may(Ability.REPLY) and seat.hosts and not found.runs,
        "facts": facts[:FACTS_SHOWN],
        "facts_count": len(facts),
        "updates": list_updates(found, most=UPDATES_SHOWN),
        "channels": channels_of(found),
        "roles": queries.list_roles(found),
        "log": log,
        "levels": LEVELS,
        "typed": {name: request.POST.get(name, "")[:2_100] for name in request.POST}
        if error
        else {},
        "error": error,
        "public_path": public_path(found),
        "now": clock.now(),
        **board_of(found),
        "share": share_of(found),
    }
    if seat.hosts:
        choice = choice_of(found.agency_id)
        context |= {
            **due_of(found),
            "clock": clock_of(found),
            "may_reply": may(Ability.REPLY),
            "stream": read_stream(found) if found.runs else [],
            "colleagues": list_colleagues(request.agency) if may(Ability.WORK) else [],
            "guests": queries.list_guests(found),
            "others": [one for one in queries.list_running(request.agency) if one.pk != found.pk],
            # Also after the end: what was stopped stays so until somebody looked at it.
            "may_release": may(Ability.REPLY),
            "frozen": choice if choice.frozen_at else None,
            "scheduled": list_scheduled(request.agency) if choice.frozen_at else None,
        }
    return render(
        request,
        "incidents/room.html",
        context,
        status=status_of(error) if error else HTTPStatus.OK,
    )
