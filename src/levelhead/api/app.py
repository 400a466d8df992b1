"""The API as a whole: its door, its errors, its addresses, its description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError
from ninja.throttling import SimpleRateThrottle

from levelhead.api.calling import Key
from levelhead.api.endpoints import (
    approvals,
    cases,
    clocks,
    conversations,
    desk,
    drafting,
    matters,
    replies,
    research,
    speaking,
)
from levelhead.kernel.errors import LevelheadError
from levelhead.web.middleware import status_of

VERSION = "1"
# Requests a minute that one key may make of one process; a program that asks more is told to wait.
PER_MINUTE = "600/m"


class KeyThrottle(SimpleRateThrottle):
    """Counts by key, not by what a caller looks like as text."""

    scope = "key"

    def get_cache_key(self, request: HttpRequest) -> str:
        """One count for each key."""
        return f"api-calls:{request.auth.token.pk}"  # type: ignore[attr-defined]


api = NinjaAPI(
    title="Levelhead",
    version=VERSION,
    description=(
        "Everything that the desk's screens show and do, for programs. Give a key as "
        "`Authorization: Bearer lh_…`; an administrator makes keys in the settings."
    ),
    auth=Key(),
    throttle=[KeyThrottle(PER_MINUTE)],
    # A page that shows it would need scripts from elsewhere; the description itself is here.
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
for router in (
    cases.router,
    conversations.router,
    replies.router,
    drafting.router,
    approvals.router,
    research.router,
    clocks.router,
    matters.issues_router,
    matters.topics_router,
    desk.answers_router,
    speaking.asked_router,
    speaking.posts_router,
    desk.commitments_router,
    desk.channels_router,
    desk.records_router,
):
    api.add_router("", router)


def _say(
    request: HttpRequest, status: int, code: str, message: str, data: dict[str, Any] | None = None
) -> HttpResponse:
    error = {"code": code, "message": message, "permanent": status < 500, "data": data or {}}
    return api.create_response(request, {"error": error}, status=status)


@api.exception_handler(LevelheadError)
def _spoken(request: HttpRequest, error: LevelheadError) -> HttpResponse:
    return api.create_response(request, error.as_json(), status=status_of(error))


@api.exception_handler(ValidationError)
def _unreadable(request: HttpRequest, error: ValidationError) -> HttpResponse:
    # Where, and what is wrong; never what was sent.
    places = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]}
        for one in error.errors
    ]
    message = _("The request cannot be used as it is; `data` says where. Nothing was done.")
    return _say(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message, {"places": places})


@api.exception_handler(AuthenticationError)
def _no_key(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    message = _("Send a key that is in force: `Authorization: Bearer lh_…`.")
    response = _say(request, HTTPStatus.UNAUTHORIZED, "no_key", message)
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Throttled)
def _too_often(request: HttpRequest, error: Throttled) -> HttpResponse:
    wait = int(error.wait or 60) + 1
    message = _("Too many requests; wait %(seconds)d seconds.") % {"seconds": wait}
    response = _say(request, HTTPStatus.TOO_MANY_REQUESTS, "too_often", message)
    response["Retry-After"] = str(wait)
    return response


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _say(request, error.status_code, "invalid", str(error))
