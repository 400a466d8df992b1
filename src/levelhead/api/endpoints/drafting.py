"""Drafts by a language model: asked for, looked at, cancelled. Nothing here sends anything."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency
from levelhead.api import shapes_rooms as shapes
from levelhead.api.calling import enter, once
from levelhead.api.endpoints.cases import read_row
from levelhead.api.telling_rooms import tell_model_draft
from levelhead.drafting.asking import cancel
from levelhead.drafting.making import ask_and_start
from levelhead.drafting.models import MadeDraft
from levelhead.inbox.thread import find_case
from levelhead.kernel.errors import NotFound

router = Router(tags=["drafts"])


@router.post(
    "/{agency}/cases/{case_id}/draft", response=shapes.ModelDraft, summary="Ask for a draft"
)
def draft(request: HttpRequest, agency: str, case_id: str) -> shapes.ModelDraft:
    """Have a language model draft a reply from what the agency has approved.

    The answer comes at once with the state `asking`; look again until it is another. Where no
    source fits, the model is not asked and the state is `nothing`. Refused where drafting is off,
    where one is being made for the same person and case, and where the month's tokens are used up.
    Nothing is sent: give the words to a person, then send them with `draft_read`.
    """
    caller = enter(request, agency, Ability.REPLY)

    def act() -> shapes.ModelDraft:
        found = find_case(caller.agency, read_row(case_id))
        return tell_model_draft(ask_and_start(case=found, agency=caller.agency, by=caller.person))

    return once(request, caller, act)


@router.get("/{agency}/drafts/{draft_id}", response=shapes.ModelDraft, summary="One draft")
def one_draft(request: HttpRequest, agency: str, draft_id: str) -> shapes.ModelDraft:
    """How far it is, its words, its sources, and what was struck."""
    caller = enter(request, agency, Ability.REPLY)
    return tell_model_draft(_find(caller.agency, draft_id))


@router.post("/{agency}/drafts/{draft_id}/cancel", response=shapes.ModelDraft, summary="Cancel it")
def cancel_draft(request: HttpRequest, agency: str, draft_id: str) -> shapes.ModelDraft:
    """Wait for it no longer; only whoever asked can."""
    caller = enter(request, agency, Ability.REPLY)

    def act() -> shapes.ModelDraft:
        cancel(made=_find(caller.agency, draft_id), by=caller.person)
        return tell_model_draft(_find(caller.agency, draft_id))

    return once(request, caller, act)


def _find(agency: Agency, draft_id: str) -> MadeDraft:
    found = MadeDraft.objects.filter(agency=agency, pk=read_row(draft_id)).first()
    if found is None:
        raise NotFound(_("There is no such draft."))
    return found
