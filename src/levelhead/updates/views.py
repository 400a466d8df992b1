"""Writing an update, looking at all of it, sending it; and one that was sent."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.pages import read_id
from levelhead.incidents.queries import find_own, find_seat
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.updates import actions, queries
from levelhead.updates.checking import Stopped, check_update
from levelhead.updates.composer import Composer
from levelhead.updates.domain import Audience
from levelhead.updates.forms import add_picture, new_composer, read_composer
from levelhead.updates.framing import public_path
from levelhead.updates.rehearsing import rehearse
from levelhead.web.middleware import status_of


@require_http_methods(["GET", "POST"])
@member(Ability.REPLY)
def write(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Write it, look at all of it, send it. Nothing goes without a look."""
    incident = find_own(request.agency, incident_id)
    if not incident.runs:
        messages.error(request, _("This incident is over. No update can be sent any more."))
        return redirect("incident", agency=request.agency.slug, incident_id=incident_id)
    if request.method == "GET":
        form = new_composer(incident, corrects=read_id(request.GET.get("corrects")))
        return _show(request, form)
    form = read_composer(incident, request.POST)
    step = request.POST.get("step", "look")
    try:
        file = request.FILES.get("new_picture")
        if file is not None:
            add_picture(form, request.POST, file, request.person)
        if step == "send" and form.check_channels():
            form.check()
            try:
                return _send(request, form)
            except Stopped as error:
                if error.final:
                    raise
                return _look_held(request, form)
        if step in ("look", "again", "send"):
            return _look(request, form, remake=step == "look")
    except (Conflict, Invalid) as error:
        return _show(request, form, error=error)
    return _show(request, form)


def _look_held(request: AgencyRequest, form: Composer) -> HttpResponse:
    """The look again, with what holds it and the place for the reason."""
    return _look(request, form, remake=False, unsaid=True)


def _send(request: AgencyRequest, form: Composer) -> HttpResponse:
    sent = actions.send_update(
        incident=form.incident, wish=form.wish(), by=request.person,
        corrects=form.corrects.update if form.corrects else None,
    )  # fmt: skip
    count = len(form.chosen)
    messages.success(
        request,
        ngettext(
            "Update %(number)d is on its way to %(n)d channel.",
            "Update %(number)d is on its way to %(n)d channels.",
            count,
        )
        % {"number": sent.number, "n": count},
    )
    return redirect("incident", agency=request.agency.slug, incident_id=form.incident.pk)


def _look(
    request: AgencyRequest, form: Composer, *, remake: bool, unsaid: bool = False
) -> HttpResponse:
    """The page that shows what goes where, after the same checks as sending makes.

    What the gate holds and a person may overrule stands on it, with a place for the reason.
    """
    form.check()
    if remake:
        at = form.next_word_at
        form.next_exact = at.isoformat() if at else ""
        form.fill_channels()
    else:
        form.check_channels()
    corrects = form.corrects.update if form.corrects else None
    if not any(row.error for row in form.chosen):
        try:
            rehearse(incident=form.incident, wish=form.wish(), by=request.person, corrects=corrects)
        except Stopped as error:
            if error.final:
                raise
    words = form.words()
    found = check_update(
        form.incident, words, facts=[one.line.fact for one in form.ticked],
        channel_texts=[
            *(row.text for row in form.chosen),
            *(alt for one in form.picture_wishes() for alt in one.alts.values()),
        ],
        corrects=corrects,
    )  # fmt: skip
    wrong = unsaid or any(row.error for row in form.chosen)
    return render(
        request,
        "updates/look.html",
        {
            "incident": form.incident, "form": form, "words": words, "main": words[0],
            "next_word_at": form.next_word_at, "public_path": public_path(form.incident),
            "found": found, "holds": any(one.stops for one in found), "unsaid": unsaid,
        },
        status=HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK,
    )  # fmt: skip


def _show(
    request: AgencyRequest, form: Composer, *, error: LevelheadError | None = None
) -> HttpResponse:
    theirs = None
    number = error.data.get("number") if error is not None else None
    if isinstance(number, int):
        # Somebody was faster: theirs stands beside, and the next try is meant as the one after.
        theirs = queries.find_update(form.incident, number)
        form.after_number = number
        form.next_exact = ""
        for row in form.channels:
            row.made, row.text = ("", row.text) if row.edited else ("", "")
    return render(
        request,
        "updates/write.html",
        {
            "incident": form.incident, "form": form, "error": error, "theirs": theirs,
            "audiences": list(Audience), "now": clock.now(),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )  # fmt: skip


@require_GET
@member(Ability.READ)
def update(request: AgencyRequest, incident_id: int, number: int) -> HttpResponse:
    """One that was sent: its words, and what became of it on each channel."""
    return _show_update(request, incident_id, number)


def _show_update(
    request: AgencyRequest, incident_id: int, number: int, *, error: LevelheadError | None = None
) -> HttpResponse:
    seat = find_seat(request.agency, incident_id)
    found = queries.find_update(seat.incident, number)
    may_reply = request.member.may(Ability.REPLY) and seat.hosts
    return render(
        request,
        "updates/update.html",
        {
            "incident": seat.incident, "sent": found, "error": error,
            "may_retry": may_reply, "may_send": may_reply and seat.incident.runs,
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )  # fmt: skip


@require_POST
@member(Ability.REPLY)
def retry(request: AgencyRequest, incident_id: int, delivery_id: int) -> HttpResponse:
    """Have an update that failed on one channel sent again."""
    incident = find_own(request.agency, incident_id)
    delivery = queries.find_delivery(incident, delivery_id)
    try:
        actions.retry_delivery(delivery=delivery, by=request.person)
    except (Conflict, Invalid) as error:
        return _show_update(request, incident_id, delivery.update_of.number, error=error)
    messages.success(request, _("The update is being sent again."))
    return redirect(
        "update", agency=request.agency.slug, incident_id=incident_id,
        number=delivery.update_of.number,
    )  # fmt: skip
