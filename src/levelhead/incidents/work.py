"""What is done in the room by forms: level, headline, roles, notes, the end; and the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.accounts.models import User
from levelhead.inbox.pages import read_id, read_version
from levelhead.incidents import actions, queries
from levelhead.incidents.domain import RoomRole
from levelhead.incidents.forms import read_field, read_level
from levelhead.incidents.models import LogEntry
from levelhead.incidents.templatetags.incident import log_line_words, room_role_words
from levelhead.incidents.views import show_room
from levelhead.kernel.csv_rows import csv_row
from levelhead.kernel.errors import Conflict, Invalid
from levelhead.replies.scheduled_queries import find_scheduled
from levelhead.replies.scheduling import release_one


def act_in_room(
    request: AgencyRequest, seat: queries.Seat, act: Callable[[], str], *, part: str = ""
) -> HttpResponse:
    """Do it and say so; a mistake is said in the room, with what was typed."""
    try:
        told = act()
    except (Conflict, Invalid) as error:
        return show_room(request, queries.find_seat(request.agency, seat.incident.pk), error=error)
    messages.success(request, told)
    response = redirect("incident", agency=request.agency.slug, incident_id=seat.incident.pk)
    response["Location"] += part
    return response


def host_seat(request: AgencyRequest, incident_id: int) -> queries.Seat:
    """The seat of one's own agency: guests do not lead. Raises NotFound."""
    return queries.Seat(incident=queries.find_own(request.agency, incident_id), hosts=True)


@require_POST
@member(Ability.REPLY)
def level(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Raise or lower it, with the reason."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        actions.set_level(
            incident=seat.incident, level=read_level(request.POST),
            why=read_field(request.POST, "level_why"), by=request.person,
            expected_version=read_version(request.POST),
        )  # fmt: skip
        return _("The level is set.")

    return act_in_room(request, seat, act)


@require_POST
@member(Ability.REPLY)
def name(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Say better what happened and where, and what posts are found by."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        actions.name_incident(
            incident=seat.incident, title=read_field(request.POST, "title"),
            place=read_field(request.POST, "place"), watched=read_field(request.POST, "watched"),
            by=request.person, expected_version=read_version(request.POST),
        )  # fmt: skip
        return _("Kept. The public page has the new headline; its address stays.")

    return act_in_room(request, seat, act)


@require_POST
@member(Ability.REPLY)
def over(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Stand it down, with the reason."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        if request.POST.get("sure") != "yes":
            raise Invalid(_("Tick that everybody will read that it is over. Nothing was changed."))
        actions.stand_down(
            incident=seat.incident, why=read_field(request.POST, "over_why"), by=request.person,
            expected_version=read_version(request.POST),
        )  # fmt: skip
        return _("The incident is over. What is stopped stays stopped until you release it.")

    return act_in_room(request, seat, act)


@require_POST
@member(Ability.REPLY)
def again(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Go on with one that was over, with the reason."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        actions.reopen(
            incident=seat.incident, why=read_field(request.POST, "again_why"), by=request.person,
            expected_version=read_version(request.POST),
        )  # fmt: skip
        return _("The incident goes on. Say the next word.")

    return act_in_room(request, seat, act)


@require_POST
@member(Ability.WORK)
def role(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Give a role, or hand it over."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        given = request.POST.get("role", "")
        if given not in {one.value for one in RoomRole}:
            raise Invalid(_("Choose a role."))
        person = User.objects.filter(pk=read_id(request.POST.get("person")) or 0).first()
        if person is None:
            raise Invalid(_("Choose a colleague of your agency."))
        actions.give_role(
            incident=seat.incident, role=RoomRole(given), user=person, by=request.person
        )
        return _("%(name)s %(role)s now.") % {
            "name": person.name, "role": room_role_words(given),
        }  # fmt: skip

    return act_in_room(request, seat, act)


@require_POST
@member(Ability.WORK)
def note(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """Write a line into the log; guests too."""
    seat = queries.find_seat(request.agency, incident_id)

    def act() -> str:
        actions.note(
            incident=seat.incident, text=read_field(request.POST, "note"), by=request.person
        )
        return _("Noted in the log.")

    return act_in_room(request, seat, act, part="#log-title")


@require_POST
@member(Ability.REPLY)
def release(request: AgencyRequest, incident_id: int, scheduled_id: int) -> HttpResponse:
    """Let one scheduled reply leave although all are stopped."""
    seat = host_seat(request, incident_id)

    def act() -> str:
        release_one(scheduled=find_scheduled(request.agency, scheduled_id), by=request.person)
        return _("Released. It leaves at its time; if that has passed, it is held and says so.")

    return act_in_room(request, seat, act, part="#frozen-title")


@require_GET
@member(Ability.READ)
def log(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The log as an activity log, to read and to print."""
    seat = queries.find_seat(request.agency, incident_id)
    return render(
        request,
        "incidents/log.html",
        {
            "incident": seat.incident,
            "entries": queries.whole_log(seat.incident),
            "duties": seat.incident.duties.select_related("user").order_by("pk")[:200],
        },
    )


@require_GET
@member(Ability.READ)
def log_csv(request: AgencyRequest, incident_id: int) -> HttpResponse:
    """The same as a table to take away."""
    seat = queries.find_seat(request.agency, incident_id)
    response = HttpResponse(
        "".join(_rows(queries.whole_log(seat.incident))),
        content_type="text/csv; charset=utf-8",
        status=HTTPStatus.OK,
    )
    response["Content-Disposition"] = (
        f'attachment; filename="incident-{seat.incident.number}-log.csv"'
    )
    return response


def _rows(entries: list[LogEntry]) -> Iterator[str]:
    yield csv_row([_("Date and time"), _("Name"), _("Activity"), _("Words"), _("Details")])
    for entry in entries:
        at = timezone.localtime(entry.at)
        yield csv_row(
            [
                f"{at:%Y-%m-%d %H:%M:%S %Z}",
                entry.by.name if entry.by else "Levelhead",
                log_line_words(entry),
                entry.text,
                entry.details,
            ]
        )
