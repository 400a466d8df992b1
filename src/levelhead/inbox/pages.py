"""Putting the desk's page together: list, conversation and case, or the part that is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from levelhead.accounts.access import AgencyRequest
from levelhead.accounts.domain import Ability
from levelhead.analysis.domain import Label
from levelhead.approvals.showing import approvals_of, foresee_on, form_to_change
from levelhead.clocks.queries import show_clocks
from levelhead.commitments.forms import Terms, terms_of
from levelhead.commitments.queries import list_commitments_of
from levelhead.doctrine.domain import Disposition
from levelhead.drafting.showing import drafted_form, drafting_of
from levelhead.drafts.showing import show_writing
from levelhead.forecasts.queries import warnings_of
from levelhead.inbox import queries, thread
from levelhead.inbox.domain import NEXT_STATES, CaseState
from levelhead.inbox.forms import Typed
from levelhead.inbox.joined_page import joined_of
from levelhead.inbox.models import Case
from levelhead.inbox.newest import NO_ID
from levelhead.inbox.sleeping import list_presets
from levelhead.issues.queries import list_choices_for
from levelhead.kernel import clock
from levelhead.kernel.errors import LevelheadError
from levelhead.knowledge.finding import find_chosen, for_channel, offer_answers
from levelhead.knowledge.queries import kind_of_channel
from levelhead.presence.queries import mark_rows
from levelhead.records.queries import list_case_events
from levelhead.replies.forms import ReplyForm, new_reply_form, show_check
from levelhead.replies.queries import find_way_out, list_replies
from levelhead.replies.showing import show_preview
from levelhead.replies.showing_sending import show_sending
from levelhead.research.posting import holding_reply
from levelhead.research.queries import find_released
from levelhead.research.showing import ResearchOfCase, research_of_case
from levelhead.rumors.showing import CrisisOfCase, crisis_of_case
from levelhead.teamwork.queries import list_views
from levelhead.web.middleware import status_of
from levelhead.web.words import EMPTY, LANGUAGES, VIEWS, of

UNDO_KEY = "desk_undo"


def part_asked_for(request: HttpRequest) -> str:
    """The part of the page that a script asks for ("list", "more", "work"); empty for a page."""
    if request.headers.get("HX-Request") != "true":
        return ""
    target = request.headers.get("HX-Target", "")
    return target if target in ("list", "more", "work") else ""


def read_version(given: QueryDict) -> int | None:
    """The version of the case that the person saw."""
    text = given.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def read_id(text: str | None) -> int | None:
    """An id from an address; None where it is none."""
    if not text or not (text.isascii() and text.isdigit() and len(text) <= 19):
        return None
    number = int(text)
    return number if 0 < number <= NO_ID else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Undo:
    """What a person may take back, and until when."""

    # Where the button goes.
    address: str
    words: str
    seconds: int
    token: str = ""


def remember_undo(request: AgencyRequest, undo: Undo | None) -> None:
    """Offer to take the last thing back while it can be; None forgets it."""
    if undo is None:
        request.session.pop(UNDO_KEY, None)
        return
    request.session[UNDO_KEY] = {
        "address": undo.address,
        "words": undo.words,
        "token": undo.token,
        "agency": request.agency.pk,
        # A little less than the action allows, so that a button that shows also works.
        "until": time.time() + undo.seconds - 2,
    }


def _undo(request: AgencyRequest) -> dict[str, Any] | None:
    kept: dict[str, Any] | None = request.session.get(UNDO_KEY)
    if kept and kept["agency"] == request.agency.pk and kept["until"] > time.time():
        # What an older version of the program kept has no address.
        return kept if "address" in kept else None
    return None


def list_context(request: AgencyRequest) -> dict[str, object]:
    """What the list needs."""
    choice = queries.read_choice(request.GET)
    shown = read_id(request.GET.get("shown")) or queries.PAGE
    page = queries.list_cases(request.agency, request.person, choice, shown=shown)
    found: dict[str, object] = {
        "choice": choice,
        "page": page,
        "present": mark_rows(request.agency, request.person, [case.pk for case in page.rows]),
        "may_work": request.member.may(Ability.WORK),
        "may_reply": request.member.may(Ability.REPLY),
    }
    if part_asked_for(request) == "more":
        return found
    counts = queries.count_cases(request.agency, request.person, choice)
    channels = queries.list_channels(request.agency)
    return {
        **found,
        "counts": counts,
        "views": [
            {
                "key": view,
                "title": of(VIEWS, view),
                "count": counts.views[view],
                "more": view == "mine" and counts.mine_more,
                "address": choice.address_with(view=view if view != "needs" else ""),
                "open": view == choice.view,
            }
            for view in queries.VIEWS
        ],
        "view_title": of(VIEWS, choice.view),
        "empty": of(EMPTY, choice.view),
        "labels": [(label.value, counts.labels.get(label.value, 0)) for label in Label],
        "channels": channels,
        "languages": LANGUAGES.items(),
        "dispositions": list(Disposition),
        "states": list(CaseState),
        "people": thread.list_colleagues(request.agency),
        "saved": list_views(request.agency, request.person, choice),
        "undo": _undo(request),
    }


def show_list(request: AgencyRequest) -> HttpResponse:
    """The list, or the part of it that is asked for."""
    part = part_asked_for(request)
    template = {"list": "inbox/_list.html", "more": "inbox/_rows.html"}.get(part, "inbox/desk.html")
    return _vary(render(request, template, list_context(request)))


def conversation_context(
    request: AgencyRequest, post_id: int, *, reply_form: ReplyForm | None, typed: Typed
) -> dict[str, object]:
    """What the conversation and its case need. Raises NotFound."""
    case = thread.find_case(request.agency, post_id)
    may_work = request.member.may(Ability.WORK)
    may_reply = request.member.may(Ability.REPLY)
    states = NEXT_STATES[CaseState(case.state)]
    way_out = find_way_out(case)
    writing = show_writing(request, case)
    offer = None
    if may_reply and not way_out.closed:
        offer = offer_answers(request.agency, text=case.post.text, lang=case.post.lang)
        offer = for_channel(offer, kind_of_channel(case.post.channel))
        chosen = find_chosen(
            offer, read_id(request.GET.get("answer")), form=request.GET.get("form", "")
        )
        if reply_form is None and chosen is not None:
            reply_form = new_reply_form(text=chosen.text, answer_ids=(chosen.id,))
    drafting = drafting_of(request, case, offer.answers if offer is not None else None)
    if reply_form is None and offer is not None:
        reply_form = drafted_form(request, drafting)
    asked = research_of_case(case, request.agency, typed.asking)
    crisis = crisis_of_case(case)
    if reply_form is None and offer is not None:
        reply_form = _form_from_fact(request, crisis)
    if reply_form is None and offer is not None:
        reply_form = form_to_change(request, case)
    if reply_form is None and offer is not None:
        reply_form = _form_from_research(request, case, asked)
    sending = show_sending(request, case, reply_form, closed=way_out.closed)
    reply_form = sending.form
    if reply_form is None and offer is not None:
        reply_form = writing.resume()
    around = thread.read_thread(
        case.post,
        answers_after=read_id(request.GET.get("answers_after")),
        others_after=read_id(request.GET.get("others_after")),
    )
    promised = list_commitments_of(case)
    in_issues, other_issues = list_choices_for(case)
    shown = (
        show_check(case, reply_form, person=request.person, standing=sending.standing)
        if may_reply and not way_out.closed
        else []
    )
    joined = joined_of(case)
    return {
        "crisis": crisis,
        "joined": joined,
        "drafting": drafting,
        "approvals": approvals_of(request, case),
        "foreseen": foresee_on(request, case, reply_form, shown) if offer is not None else [],
        "in_issues": in_issues,
        "other_issues": other_issues,
        "clocks": show_clocks(case, request.agency),
        "research": asked,
        "commitments": [one for one in promised if one.state != "asked"],
        "asked": [(one, terms_of(one, request.agency)) for one in promised if one.state == "asked"]
        if may_work
        else [],
        "choice": queries.read_choice(request.GET),
        "case": case,
        "post": case.post,
        "thread": around,
        "warned": warnings_of(case, [*around.above, case.post]),
        "why": thread.explain_case(case, (get_language() or "en")[:2]),
        "notes": thread.list_notes(case),
        "revisions": thread.list_revisions(case.post),
        "replies": list_replies(case),
        "way_out": way_out,
        "writing": writing,
        "offer": offer,
        "events": list_case_events(case, joined.family if joined else ()),
        "colleagues": thread.list_colleagues(request.agency) if may_work else [],
        "all_labels": [label.value for label in Label],
        "all_dispositions": [disposition.value for disposition in Disposition],
        "may_work": may_work,
        "may_reply": may_reply,
        "may_stand": may_work and CaseState.STOOD in states and case.queue != "now",
        "may_close": may_work and CaseState.CLOSED in states,
        "may_reopen": may_work
        and CaseState.OPEN in states
        and case.state not in (CaseState.ANSWERING, CaseState.SNOOZED),
        "may_wake": may_work and case.state == CaseState.SNOOZED,
        "snoozes": list_presets(request.agency.office_schedule, clock.now())
        if may_work and case.state in (CaseState.OPEN, CaseState.SNOOZED)
        else [],
        "sending": sending,
        "reply_form": reply_form or new_reply_form(),
        "shown": shown,
        "preview": show_preview(
            case, request.agency, reply_form, request.person, sending.standing.choice
        )
        if may_reply
        else None,
        "typed": typed,
        "new_terms": typed.promised or Terms(owner=request.person.pk),
    }


def _form_from_research(
    request: AgencyRequest, case: Case, asked: ResearchOfCase
) -> ReplyForm | None:
    """The reply with a released answer in it, or a first word to whoever waits for one."""
    released = find_released(case, read_id(request.GET.get("research")))
    if released is not None:
        return new_reply_form(text=released.released_text, research_id=released.pk)
    holding = read_id(request.GET.get("holding"))
    for one in asked.waiting:
        if one.pk == holding:
            return new_reply_form(text=holding_reply(one, case, request.agency, request.person))
    return None


def _form_from_fact(request: AgencyRequest, crisis: CrisisOfCase) -> ReplyForm | None:
    """The reply with a confirmed fact in it, where no script put it there."""
    chosen = read_id(request.GET.get("fact"))
    return next(
        (new_reply_form(text=fact.text) for fact in crisis.facts if fact.pk == chosen), None
    )


NOTHING_TYPED = Typed()


def show_conversation(
    request: AgencyRequest,
    post_id: int,
    *,
    error: LevelheadError | None = None,
    reply_form: ReplyForm | None = None,
    typed: Typed = NOTHING_TYPED,
) -> HttpResponse:
    """The desk with a conversation open; after a mistake with its words and what was typed."""
    context = conversation_context(request, post_id, reply_form=reply_form, typed=typed)
    context["error"] = error
    if part_asked_for(request) == "work":
        context["undo"] = _undo(request)
        template = "inbox/_work.html"
    else:
        context |= list_context(request)
        template = "inbox/desk.html"
    status = status_of(error) if error is not None else 200
    return _vary(render(request, template, context, status=status))


def back_to_conversation(
    request: AgencyRequest, post_id: int, again: int | None = None
) -> HttpResponse:
    """To the conversation after something was done, with the same list beside it.

    With `again` the words of that reply are in the form.
    """
    path = reverse("conversation", args=[request.agency.slug, post_id])
    address = queries.read_choice(request.GET).address
    if again is not None:
        address += f"{'&' if address else '?'}again={again}"
    return HttpResponseRedirect(path + address)


def back_to_list(request: AgencyRequest) -> HttpResponse:
    """To the same list after something was done."""
    path = reverse("inbox", args=[request.agency.slug])
    return HttpResponseRedirect(path + queries.read_choice(request.GET).address)


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    return response
