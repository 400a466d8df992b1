"""Sending later, and the page of all that waits for its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.forms import read_moment
from levelhead.accounts.models import Agency
from levelhead.inbox.models import Case
from levelhead.inbox.pages import back_to_conversation, read_version, show_conversation
from levelhead.kernel.errors import Conflict, Invalid, LevelheadError
from levelhead.replies import scheduling
from levelhead.replies.choosing import choice_of
from levelhead.replies.forms import ReplyForm
from levelhead.replies.models import Reply, ScheduledReply
from levelhead.replies.moments import Chosen, Oddity, read_chosen
from levelhead.replies.scheduled_queries import find_scheduled, list_scheduled


def say_sent(reply: Reply) -> str:
    """What a person is told once a reply is on its way; a screen reader reads it once."""
    seconds = reply.outbox_item.hold_seconds
    first = (
        _("Your first word is on its way. The case stays open until the full answer.")
        if reply.holding
        else _("Your reply is on its way.")
    )
    if not seconds:
        return first
    return (
        first
        + " "
        + ngettext(
            "It leaves in %(n)d second; until then you can take it back with u.",
            "It leaves in %(n)d seconds; until then you can take it back with u.",
            seconds,
        )
        % {"n": seconds}
    )


def say_moment(at: datetime) -> str:
    """Weekday, date and time where the agency is."""
    local = timezone.localtime(at)
    return f"{formats.date_format(local, 'l, ' + formats.get_format('DATE_FORMAT'))}, {local:%H:%M}"


def read_leave(request: AgencyRequest) -> Chosen:
    """The moment that a person chose: of a button, else of the field. Raises Invalid."""
    given = request.POST.get("leave", "")
    if given == "at":
        given = request.POST.get("leave_at", "")
    try:
        return read_chosen(given, request.agency.office_schedule)
    except Invalid as error:
        raise Invalid(
            _("Give a date and a time, such as 2027-03-16 08:00. Nothing was scheduled.")
        ) from error


def send_later(request: AgencyRequest, case: Case, form: ReplyForm) -> HttpResponse:
    """Have the reply of the form leave at another time."""
    try:
        chosen = read_leave(request)
        scheduled = scheduling.schedule_reply(
            case=case,
            words=scheduling.Words(
                text=form.text, form_token=form.token, answer_ids=form.answer_ids,
                all_the_same=form.all_the_same, holding=form.holding, posts=form.posts,
                full_answer_due=read_moment(form.full_by, request.agency.zone),
                research_id=form.research_id, replaces=form.scheduled_id,
            ),
            leaves_at=chosen.at,
            by=request.person,
            expected_version=read_version(request.POST),
        )  # fmt: skip
    except (Conflict, Invalid) as error:
        return show_conversation(request, case.pk, error=error, reply_form=form)
    _tell_scheduled(request, scheduled, chosen, case)
    return back_to_conversation(request, case.pk)


def _tell_scheduled(
    request: AgencyRequest, scheduled: ScheduledReply, chosen: Chosen, case: Case
) -> None:
    messages.success(request, _("Leaves %(when)s.") % {"when": say_moment(scheduled.leaves_at)})
    if chosen.oddity is Oddity.SKIPPED:
        messages.warning(
            request,
            _("On that day clocks go forward and skip that time; it is the first moment after."),
        )
    elif chosen.oddity is Oddity.TWICE:
        messages.warning(
            request,
            _("On that day clocks go back and show that time twice; it is the first of the two."),
        )
    if case.due_at is not None and case.due_at < scheduled.leaves_at:
        messages.warning(
            request,
            _("The clock of this case runs out before, %(when)s. Send a first word, or send now.")
            % {"when": say_moment(case.due_at)},
        )


@require_GET
@member(Ability.READ)
def scheduled_page(request: AgencyRequest) -> HttpResponse:
    """All that leaves later or is held, by time."""
    return _show(request)


def _show(
    request: AgencyRequest, *, error: LevelheadError | None = None, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "replies/scheduled.html",
        {
            "page": list_scheduled(request.agency, after=request.GET.get("after", "")),
            "choice_of_agency": choice_of(request.agency.pk),
            "may_reply": request.member.may(Ability.REPLY),
            "error": error,
        },
        status=status,
    )


def _act(
    request: AgencyRequest,
    scheduled_id: int,
    act: Callable[[ScheduledReply], str],
) -> HttpResponse:
    scheduled = find_scheduled(request.agency, scheduled_id)
    try:
        told = act(scheduled)
    except (Conflict, Invalid) as error:
        return show_conversation(request, scheduled.case_id, error=error)
    if told:
        messages.success(request, told)
    if request.POST.get("from") == "list":
        return HttpResponseRedirect(reverse("scheduled", args=[request.agency.slug]))
    return back_to_conversation(request, scheduled.case_id)


@require_POST
@member(Ability.REPLY)
def send_now(request: AgencyRequest, scheduled_id: int) -> HttpResponse:
    """Send it now."""
    return _act(
        request,
        scheduled_id,
        lambda one: say_sent(scheduling.send_scheduled_now(scheduled=one, by=request.person)),
    )


@require_POST
@member(Ability.REPLY)
def take_back(request: AgencyRequest, scheduled_id: int) -> HttpResponse:
    """Have it not leave."""

    def act(one: ScheduledReply) -> str:
        scheduling.take_back_scheduled(scheduled=one, by=request.person)
        return _("Taken back. It does not leave.")

    return _act(request, scheduled_id, act)


@require_POST
@member(Ability.REPLY)
def change_time(request: AgencyRequest, scheduled_id: int) -> HttpResponse:
    """Have it leave at another time."""

    def act(one: ScheduledReply) -> str:
        chosen = read_leave(request)
        moved = scheduling.move_scheduled(scheduled=one, leaves_at=chosen.at, by=request.person)
        _tell_scheduled(request, moved, chosen, one.case)
        return ""

    return _act(request, scheduled_id, act)


@require_POST
@member(Ability.REPLY)
def freeze(request: AgencyRequest) -> HttpResponse:
    """Let no scheduled reply leave by itself."""
    return _freezing(
        request,
        lambda agency: scheduling.freeze_scheduled(
            agency, request.person, request.POST.get("reason", "")
        ),
        _("Frozen. No scheduled reply leaves by itself until they are released."),
    )


@require_POST
@member(Ability.REPLY)
def release(request: AgencyRequest) -> HttpResponse:
    """Let them leave again."""
    return _freezing(
        request,
        lambda agency: scheduling.release_scheduled(agency, request.person),
        _("Released. Those whose time passed meanwhile are held and wait for you."),
    )


def _freezing(request: AgencyRequest, act: Callable[[Agency], int], told: str) -> HttpResponse:
    try:
        act(request.agency)
    except Invalid as error:
        return _show(request, error=error, status=400)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("scheduled", args=[request.agency.slug]))
