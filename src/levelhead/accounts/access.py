"""The door of every page below /<agency>/: who is asked to sign in, who is let in, who is not."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Agency, Membership, User
from levelhead.kernel.errors import NotAllowed, NotFound
from levelhead.live.models import LiveHead

P = ParamSpec("P")


class AgencyRequest(HttpRequest):
    """A request of a member, with what the door found out."""

    agency: Agency
    member: Membership
    # The signed-in person; `user` has a wider type in Django.
    person: User
    # Number of the last live event when the page began to be made: the stream goes on from here.
    live_seq: int


def member(
    ability: Ability,
) -> Callable[
    [Callable[Concatenate[AgencyRequest, P], HttpResponse]], Callable[..., HttpResponseBase]
]:
    """Let only members with `ability` through; the view gets an AgencyRequest.

    Signed out: to the sign-in page. No such agency, or not a member: not found, so that nobody
    learns which agencies there are. A member without the ability: not allowed, in words. Times
    within are the agency's.
    """

    def wrap(
        view: Callable[Concatenate[AgencyRequest, P], HttpResponse],
    ) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def door(
            request: HttpRequest, agency: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if not isinstance(request.user, User):
                return to_the_door(request)
            entered = _enter(request, agency, ability)
            with timezone.override(zoneinfo.ZoneInfo(entered.agency.zone)):
                return view(entered, *args, **kwargs)

        return never_cache(door)

    return wrap


def to_the_door(request: HttpRequest) -> HttpResponse:
    """To the sign-in page, and from there back to where the person was."""
    part = request.headers.get("HX-Request") == "true"
    if request.method == "GET":
        back = request.get_full_path()
    else:
        # What takes forms has no page of its own: back to the page that the form stood on.
        back = request.headers.get("HX-Current-URL" if part else "Referer", "")
        parts = urlsplit(back)
        ours = parts.netloc == request.get_host() and parts.path.startswith("/")
        back = f"{parts.path}?{parts.query}".rstrip("?") if ours else "/"
    door = redirect_to_login(back)
    if not part:
        return door
    # A part of a page was asked for; the door is not one: the whole window goes there.
    response = HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    response["HX-Redirect"] = door.url
    return response


def _enter(request: HttpRequest, slug: str, ability: Ability) -> AgencyRequest:
    person: User = request.user  # type: ignore[assignment]  # the door let nobody else in
    found = (
        Membership.objects.select_related("agency")
        .filter(user=person, agency__slug=slug, active=True)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no such page, or it is not yours to see."))
    entered: AgencyRequest = request  # type: ignore[assignment]  # it becomes one here
    entered.agency = found.agency
    entered.member = found
    entered.person = person
    if not found.may(ability):
        raise NotAllowed(
            _(
                "Your role in %(agency)s is %(role)s, which does not reach this page. "
                "An administrator of the agency can change that."
            )
            % {"agency": found.agency.name, "role": found.role},
            ability=ability.value,
        )
    # Before anything else is read: what changes from now on comes by the stream.
    entered.live_seq = (
        LiveHead.objects.filter(agency=found.agency).values_list("seq", flat=True).first() or 0
    )
    return entered
