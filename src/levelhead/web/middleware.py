"""What every answer gets: a content policy, the person's language, and errors in words."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from levelhead.kernel.errors import (
    ChannelError,
    ConfigurationError,
    Conflict,
    Invalid,
    LevelheadError,
    NotAllowed,
    NotFound,
)
from levelhead.web.stream import stream_origin

log = structlog.get_logger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]

STATUS: dict[type[LevelheadError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.BAD_REQUEST,
    ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    ChannelError: HTTPStatus.BAD_GATEWAY,
}


def status_of(error: LevelheadError) -> int:
    """The HTTP status that fits."""
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return int(status)
    return int(HTTPStatus.INTERNAL_SERVER_ERROR)


class ContentSecurityPolicy:
    """Nothing but our own files runs, and nobody frames us."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        try:
            stream = stream_origin(request)
        except DisallowedHost:
            stream = ""
        response.headers.setdefault(
            "Content-Security-Policy",
            "; ".join(
                (
                    "default-src 'self'",
                    "img-src 'self' data:",
                    f"connect-src 'self' {stream}".rstrip(),
                    "object-src 'none'",
                    "base-uri 'none'",
                    "form-action 'self'",
                    "frame-ancestors 'none'",
                )
            ),
        )
        return response


class PersonalLanguage:
    """A signed-in person's own language; for others, what the browser asks for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with translation.override(translation.get_language_from_request(request)):
            response = self.get_response(request)
            patch_vary_headers(response, ("Accept-Language",))
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> None:
        """By now it is known who asks."""
        if request.user.is_authenticated and request.user.language in dict(settings.LANGUAGES):
            translation.activate(request.user.language)


def wants_json(request: HttpRequest) -> bool:
    """Whether a program asks, not a person."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


class SpokenErrors:
    """An error that a person can understand becomes a page, or JSON for a program."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        refused = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        if refused and request.method == "GET" and not wants_json(request):
            return self._no_page(request, response)
        return response

    def _no_page(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
        """Somebody loaded an address again that only takes forms."""
        status = HTTPStatus.METHOD_NOT_ALLOWED
        error = Invalid(
            _(
                "There is no page here: this address only takes a form. Nothing was sent or "
                "changed. Go back to the form, or begin at your desk."
            )
        )
        page = render(request, "web/error.html", {"error": error, "status": status}, status=status)
        page["Allow"] = response["Allow"]
        return page

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what happened, what was kept and what to do."""
        if not isinstance(error, LevelheadError):
            return None
        status = status_of(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("page failed", path=request.path, code=error.code, why=error.message)
        if wants_json(request):
            return JsonResponse(error.as_json(), status=status)
        # A part of a page is asked for: give a part.
        part = bool(request.headers.get("HX-Request"))
        return render(
            request,
            "web/_error.html" if part else "web/error.html",
            {"error": error, "status": status},
            status=status,
        )
