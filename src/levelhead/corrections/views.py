"""Looking at corrections, sending them from their drafts, and deciding that none is needed."""

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
from levelhead.corrections.actions import decide
from levelhead.corrections.domain import MOST_AT_ONCE, REASON_LIMIT, DueState
from levelhead.corrections.models import CorrectionDue
from levelhead.corrections.planning import plan_of
from levelhead.corrections.queries import find_due, find_incident, find_update
from levelhead.corrections.sending import Press, correct_replies, send_correction
from levelhead.corrections.showing import closed_of, due_of
from levelhead.inbox.pages import read_id
from levelhead.incidents.models import Incident
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.updates.domain import LEAD_LIMIT, LINE_LIMIT, MOST_LINES
from levelhead.web.middleware import status_of

LANGUAGES = ("en", "es")


def _show(
    request: AgencyRequest,
    incident: Incident,
    *,
    error: LevelheadError | None = None,
    typed: dict[str, Any] | None = None,
) -> HttpResponse:
    return render(
        request,
        "corrections/corrections.html",
        {
            **due_of(incident),
            "incident": incident,
            "closed": closed_of(incident),
            "error": error,
            "typed": typed or {},
        },
        status=status_of(error) if error is not None else 200,
    )


@require_GET
@member(Ability.READ)
def corrections(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """What is to be put right in an incident, and what was."""
    return _show(request, find_incident(request.agency, incident_id))


def _read_press(given: QueryDict) -> Press:
    def number(text: str) -> int:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    facts = []
    for pair in given.getlist("fact")[:MOST_LINES]:
        pk, _mark, version = pair.partition("-")
        facts.append((read_id(pk) or 0, number(version)))
    return Press(
        leads={lang: given.get(f"lead-{lang}", "")[: LEAD_LIMIT + 1] for lang in LANGUAGES},
        known={
            lang: [one[: LINE_LIMIT + 1] for one in given.getlist(f"known-{lang}")[:MOST_LINES]]
            for lang in LANGUAGES
        },
        after_number=number(given.get("after", "")),
        facts=facts,
        form_token=given.get("form_token", "")[:41],
        all_the_same=given.get("all_the_same", "")[: REASON_LIMIT + 1],
    )


@require_POST
@member(Ability.REPLY)
def send(request: AgencyRequest, update_id: int) -> HttpResponse:
    """Send the correction of an update from its draft."""
    update = find_update(request.agency, update_id)
    dues = CorrectionDue.objects.filter(update_of=update, state=DueState.OPEN)
    plan = plan_of(update, list(dues.select_related("fact__superseded_by", "update_of")))
    press = _read_press(request.POST)
    try:
        sent = send_correction(plan=plan, press=press, by=request.person)
    except (Conflict, Invalid) as error:
        typed = {
            "update": update.pk, "leads": press.leads, "known": press.known,
            "all_the_same": press.all_the_same, "held": error.code == "update_stopped",
        }  # fmt: skip
        return _show(request, update.incident, error=error, typed=typed)
    messages.success(
        request,
        _("Correction sent as update %(n)d, to every channel of update %(wrong)d.")
        % {"n": sent.number, "wrong": update.number},
    )
    left = dues.all().count()
    if left:
        messages.warning(
            request,
            ngettext(
                "%(n)d correction of it is still open: what you sent does not name it.",
                "%(n)d corrections of it are still open: what you sent does not name them.",
                left,
            )
            % {"n": left},
        )
    return redirect("corrections", agency=request.agency.slug, incident_id=update.incident_id)


@require_POST
@member(Ability.REPLY)
def replies(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Answer the chosen ones again, each in its thread."""
    incident = find_incident(request.agency, incident_id)
    ids = [pk for text in request.POST.getlist("due")[: MOST_AT_ONCE + 1] if (pk := read_id(text))]
    dues = list(CorrectionDue.objects.filter(incident=incident, pk__in=ids).order_by("pk"))
    try:
        if not dues:
            raise Invalid(_("Choose the replies first. Nothing was sent."))
        done = correct_replies(
            dues=dues, by=request.person, form_token=request.POST.get("form_token", ""),
            all_the_same=request.POST.get("all_the_same", "")[: REASON_LIMIT + 1],
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return _show(request, incident, error=error)
    sent = sum(1 for one in done if one.reply is not None)
    if sent:
        messages.success(
            request,
            ngettext("%(n)d correction is on its way.", "%(n)d corrections are on their way.", sent)
            % {"n": sent},
        )
    for one in done:
        if one.trouble:
            messages.error(
                request,
                _("“%(text)s” was not sent: %(why)s")
                % {"text": one.due.first_draft[:60], "why": one.trouble},
            )
    return redirect("corrections", agency=request.agency.slug, incident_id=incident.pk)


@require_POST
@member(Ability.REPLY)
def settle(request: AgencyRequest, due_id: int) -> HttpResponse:
    """Say why nothing is to be corrected."""
    due = find_due(request.agency, due_id)
    reason = request.POST.get("reason", "")[: REASON_LIMIT + 1]
    try:
        decide(due=due, reason=reason, by=request.person)
    except (Conflict, Invalid) as error:
        typed = {"due": due.pk, "reason": reason}
        return _show(request, due.incident, error=error, typed=typed)
    messages.success(request, _("Settled without a correction. The reason is on the record."))
    return redirect("corrections", agency=request.agency.slug, incident_id=due.incident_id)
