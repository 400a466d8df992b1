"""The desk: the list of cases, a conversation, and everything done to a case."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.inbox import actions
from levelhead.inbox.forms import Typed, read_decision, read_note
from levelhead.inbox.models import Case
from levelhead.inbox.pages import (
    NOTHING_TYPED,
    UNDO_KEY,
    Undo,
    back_to_conversation,
    back_to_list,
    read_id,
    read_version,
    remember_undo,
    show_conversation,
    show_list,
)
from levelhead.inbox.sleeping import list_presets, read_moment, snooze_case, wake_case
from levelhead.inbox.thread import find_case
from levelhead.kernel import clock
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.notifications.queries import say_who_was_told
from levelhead.web.templatetags.desk import short_time


@require_GET
@member(Ability.READ)
def inbox(request: AgencyRequest) -> HttpResponse:
    """The list of cases."""
    return show_list(request)


@require_GET
@member(Ability.READ)
def conversation(request: AgencyRequest, post_id: int) -> HttpResponse:
    """A post in its conversation, with its case."""
    return show_conversation(request, post_id)


def _act(
    request: AgencyRequest,
    post_id: int,
    act: Callable[[Case], str],
    *,
    typed: Typed = NOTHING_TYPED,
) -> HttpResponse:
    """Do something to a case and say so; a mistake is shown on the page, with what was typed."""
    case = find_case(request.agency, post_id)
    try:
        done = act(case)
    except (Conflict, Invalid) as error:
        return show_conversation(request, post_id, error=error, typed=typed)
    messages.success(request, done)
    return back_to_conversation(request, post_id)


@require_POST
@member(Ability.WORK)
def assign(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Give a case to a colleague, or to nobody."""

    def act(case: Case) -> str:
        owner_id = read_id(request.POST.get("owner"))
        owner = None
        if owner_id is not None:
            owner = User.objects.filter(pk=owner_id, memberships__agency=request.agency).first()
            if owner is None:
                raise Invalid(_("Choose a colleague of your agency."))
        actions.assign_case(
            case=case,
            owner=owner,
            by=request.person,
            expected_version=read_version(request.POST),
        )
        if owner is None:
            return _("Nobody owns this case now.")
        return _("%(name)s owns this case now.") % {"name": owner.name}

    return _act(request, post_id, act)


@require_POST
@member(Ability.WORK)
def decide(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Decide otherwise than proposed."""

    def act(case: Case) -> str:
        form = read_decision(request.POST, case)
        actions.change_decision(
            case=case,
            label=form.label,
            disposition=form.disposition,
            reason=form.reason,
            by=request.person,
            expected_version=read_version(request.POST),
        )
        return _("The decision was changed, and kept as a correction.")

    typed = Typed(reason=request.POST.get("reason", "")[: actions.REASON_LIMIT])
    return _act(request, post_id, act, typed=typed)


@require_POST
@member(Ability.WORK)
def note(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Tell colleagues something."""
    text = read_note(request.POST)

    def act(case: Case) -> str:
        added = actions.add_note(conversation=case.post.conversation, text=text, by=request.person)
        return _("Noted. Only colleagues see it.") + say_who_was_told(added)

    return _act(request, post_id, act, typed=Typed(note=text))


@require_POST
@member(Ability.WORK)
def close(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Close a case that was dealt with in another way."""
    reason = request.POST.get("reason", "")[: actions.REASON_LIMIT]

    def act(case: Case) -> str:
        actions.close_case(
            case=case,
            reason=reason,
            by=request.person,
            expected_version=read_version(request.POST),
        )
        return _("The case is closed.")

    return _act(request, post_id, act, typed=Typed(closing=reason))


@require_POST
@member(Ability.WORK)
def snooze(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Put a case aside until a time."""

    def act(case: Case) -> str:
        schedule = request.agency.office_schedule
        chosen = request.POST.get("preset", "")
        presets = {preset.key: preset.at for preset in list_presets(schedule, clock.now())}
        until = presets.get(chosen) or read_moment(
            request.POST.get("day", "")[:12], request.POST.get("at", "")[:8], schedule
        )
        asleep = snooze_case(
            case=case, until=until, by=request.person, expected_version=read_version(request.POST)
        )
        remember_undo(
            request,
            Undo(
                address=reverse("wake", args=[request.agency.slug, post_id]),
                words=_("Undo: put aside"),
                seconds=actions.UNDO_SECONDS,
            ),
        )
        return _("Put aside. It comes back at %(time)s at the latest.") % {
            "time": short_time(asleep.wake_at or until)
        }

    return _act(request, post_id, act)


@require_POST
@member(Ability.WORK)
def wake(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Take up a case that was put aside."""

    def act(case: Case) -> str:
        wake_case(case=case, by=request.person, expected_version=None)
        remember_undo(request, None)
        return _("The case is open again.")

    return _act(request, post_id, act)


@require_POST
@member(Ability.WORK)
def reopen(request: AgencyRequest, post_id: int) -> HttpResponse:
    """Take a case up again."""

    def act(case: Case) -> str:
        actions.reopen_case(
            case=case, by=request.person, expected_version=read_version(request.POST)
        )
        return _("The case is open again.")

    return _act(request, post_id, act)


@require_POST
@member(Ability.WORK)
def let_stand(request: AgencyRequest) -> HttpResponse:
    """Let the chosen posts stand; undo is offered for a while."""
    ids = [found for text in request.POST.getlist("case") if (found := read_id(text)) is not None]
    cases = list(Case.objects.filter(agency=request.agency, pk__in=ids[: actions.BULK_LIMIT + 1]))
    if not cases:
        messages.error(request, _("Choose at least one post first."))
        return back_to_list(request)
    try:
        outcome = actions.let_stand(cases=cases, by=request.person)
    except Invalid as error:
        messages.error(request, error.message)
        return back_to_list(request)
    if outcome.done:
        remember_undo(
            request,
            Undo(
                address=reverse("undo-let-stand", args=[request.agency.slug]),
                words=ngettext(
                    "Undo: %(n)d post let stand", "Undo: %(n)d posts let stand", len(outcome.done)
                )
                % {"n": len(outcome.done)},
                seconds=actions.UNDO_SECONDS,
                token=outcome.undo_token,
            ),
        )
    left = len(cases) - len(outcome.done)
    if outcome.done:
        messages.success(
            request,
            ngettext("%(n)d post can stand.", "%(n)d posts can stand.", len(outcome.done))
            % {"n": len(outcome.done)},
        )
    if left:
        messages.warning(
            request,
            ngettext(
                "%(n)d was left as it is: a life may be at stake, or it is not open any more.",
                "%(n)d were left as they are: a life may be at stake, or they are not open any "
                "more.",
                left,
            )
            % {"n": left},
        )
    opened = read_id(request.POST.get("open"))
    return back_to_conversation(request, opened) if opened else back_to_list(request)


@require_POST
@member(Ability.WORK)
def undo_let_stand(request: AgencyRequest) -> HttpResponse:
    """Take the last let-stand back."""
    kept = request.session.pop(UNDO_KEY, None)
    token = kept["token"] if kept else ""
    try:
        count = actions.undo_let_stand(agency=request.agency, undo_token=token, by=request.person)
    except Invalid as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            ngettext("%(n)d post is open again.", "%(n)d posts are open again.", count)
            % {"n": count},
        )
    opened = read_id(request.POST.get("open"))
    return back_to_conversation(request, opened) if opened else back_to_list(request)
