"""The people of an agency, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from levelhead.accounts import people as actions
from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability, Role
from levelhead.accounts.models import Membership, User
from levelhead.accounts.queries import find_place, list_people
from levelhead.kernel.errors import Invalid, LevelheadError, NotAllowed
from levelhead.web.middleware import status_of


@require_GET
@never_cache
@member(Ability.MANAGE)
def people(request: AgencyRequest) -> HttpResponse:
    """Everybody who has or had a place."""
    return _show(request)


@require_POST
@never_cache
@member(Ability.MANAGE)
def add(request: AgencyRequest) -> HttpResponse:
    """Give somebody a place; a password that was drawn is shown on this answer alone."""
    given = request.POST
    try:
        place, password = actions.invite(
            agency=request.agency, by=request.person, role=_role(given.get("role", "")),
            email=given.get("email", "")[:254], name=given.get("name", "")[:200],
        )  # fmt: skip
    except Invalid as error:
        return _show(request, error=error)
    if password is None:
        messages.success(
            request,
            _("%(name)s has a place here now, and signs in as before.") % {"name": place.user.name},
        )
        return redirect("people", agency=request.agency.slug)
    return _show(request, drawn=(place.user, password))


@require_POST
@never_cache
@member(Ability.MANAGE)
def role(request: AgencyRequest, user_id: int) -> HttpResponse:
    """Have a person be something else here."""
    return _change(
        request, user_id,
        lambda place: actions.change_role(
            place=place, role=_role(request.POST.get("role", "")), by=request.person
        ),
    )  # fmt: skip


@require_POST
@never_cache
@member(Ability.MANAGE)
def end(request: AgencyRequest, user_id: int) -> HttpResponse:
    """End a person's place."""
    return _change(
        request, user_id, lambda place: actions.end_place(place=place, by=request.person)
    )


@require_POST
@never_cache
@member(Ability.MANAGE)
def give_back(request: AgencyRequest, user_id: int) -> HttpResponse:
    """Give a person their place back."""
    return _change(
        request, user_id, lambda place: actions.give_back_place(place=place, by=request.person)
    )


@require_POST
@never_cache
@member(Ability.MANAGE)
def password(request: AgencyRequest, user_id: int) -> HttpResponse:
    """Draw a new password for a person; shown on this answer alone."""
    place = find_place(request.agency, user_id)
    try:
        drawn = actions.new_password(place=place, by=request.person)
    except Invalid as error:
        return _show(request, error=error)
    if place.user_id == request.person.pk:
        update_session_auth_hash(request, place.user)
    return _show(request, drawn=(place.user, drawn))


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def own_password(request: HttpRequest) -> HttpResponse:
    """Change one's own password."""
    if not isinstance(request.user, User):
        raise NotAllowed(_("Sign in first."))
    error = None
    if request.method == "POST":
        try:
            actions.change_own_password(
                user=request.user, old=request.POST.get("old", "")[:1_000],
                new=request.POST.get("new", "")[:1_000],
                again=request.POST.get("again", "")[:1_000],
            )  # fmt: skip
        except Invalid as wrong:
            error = wrong
        else:
            # Other devices are signed out; this one stays.
            update_session_auth_hash(request, request.user)
            messages.success(request, _("Your password is changed. Other devices are signed out."))
            return redirect("me")
    return render(
        request, "accounts/password.html",
        {"error": error, "wrong": error.data.get("field") if error else ""},
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
    )  # fmt: skip


def _change(
    request: AgencyRequest, user_id: int, act: Callable[[Membership], Membership]
) -> HttpResponse:
    place = find_place(request.agency, user_id)
    try:
        act(place)
    except Invalid as error:
        return _show(request, error=error)
    messages.success(request, _("Saved."))
    return redirect("people", agency=request.agency.slug)


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        raise Invalid(_("Choose what the person may do."), field="role") from error


def _show(
    request: AgencyRequest,
    *,
    error: LevelheadError | None = None,
    drawn: tuple[User, str] | None = None,
) -> HttpResponse:
    places = list_people(request.agency)
    given = request.POST if error is not None else {}
    return render(
        request, "accounts/people.html",
        {
            "places": [one for one in places if one.active],
            "ended": [one for one in places if not one.active],
            "roles": [one.value for one in Role], "error": error, "given": given,
            "drawn": drawn, "chosen": given.get("role", Role.WRITER.value),
        },
        status=status_of(error) if error else HTTPStatus.OK,
    )  # fmt: skip
