"""All notes of a conversation, and changing one."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.inbox.forms import read_note
from levelhead.inbox.models import Note
from levelhead.inbox.noting import edit_note as change
from levelhead.inbox.noting import find_note, may_edit, version_of
from levelhead.inbox.pages import read_id
from levelhead.inbox.thread import NOTES, find_case, list_colleagues
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.web.middleware import status_of


@require_GET
@member(Ability.READ)
def notes(request: AgencyRequest, post_id: int) -> HttpResponse:
    """The notes of a conversation, newest last; older ones page by page."""
    case = find_case(request.agency, post_id)
    rows = Note.objects.filter(conversation_id=case.conversation_id).select_related("by")
    before = read_id(request.GET.get("before"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-id")[: NOTES + 1])
    more = len(found) > NOTES
    shown = found[:NOTES][::-1]
    return render(
        request,
        "inbox/notes.html",
        {
            "case": case,
            "notes": shown,
            "before": shown[0].pk if more else None,
            "may_work": request.member.may(Ability.WORK),
        },
    )


@require_http_methods(["GET", "POST"])
@member(Ability.WORK)
def edit_note(request: AgencyRequest, post_id: int, note_id: int) -> HttpResponse:
    """Change one's own note while it is new."""
    case = find_case(request.agency, post_id)
    note = find_note(request.agency, case.conversation_id, note_id)
    error: Conflict | Invalid | None = None
    text, status = note.text, HTTPStatus.OK
    if request.method == "POST":
        text = read_note(request.POST)
        try:
            change(note=note, text=text, seen=request.POST.get("seen", "")[:40], by=request.person)
        except (Conflict, Invalid) as wrong:
            error, status = wrong, HTTPStatus(status_of(wrong))
            note.refresh_from_db()
        else:
            messages.success(request, _("The note is changed. Its earlier words are on record."))
            path = reverse("conversation", args=[request.agency.slug, post_id])
            return HttpResponseRedirect(path + "?view=all#notes-of-case")
    return render(
        request,
        "inbox/note.html",
        {
            "case": case,
            "note": note,
            "text": text,
            "seen": version_of(note),
            "error": error,
            # What was typed too late is still there to copy.
            "open": may_edit(note, request.person) or error is not None,
            "colleagues": list_colleagues(request.agency),
        },
        status=status,
    )
