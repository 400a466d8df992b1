"""The one page behind a signed link: nobody signs in, and nothing else can be reached from it."""

from __future__ import annotations

import zoneinfo
from http import HTTPStatus
from typing import Final

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from levelhead.kernel.errors import Conflict, Invalid
from levelhead.research.answering import answer_by_link, not_mine
from levelhead.research.domain import (
    ANSWER_LIMIT,
    FILE_BYTES,
    FILES_AT_ONCE,
    FILES_BYTES,
    REASON_LIMIT,
    RequestState,
)
from levelhead.research.links import find_by_token, hash_of
from levelhead.research.models import ResearchRequest
from levelhead.research.queries import public_thread

# In ten minutes: looks at a link, words sent by it, and tokens of one address that open nothing.
WINDOW_SECONDS: Final = 600
LOOKS: Final = 240
WORDS: Final = 30
MISSES: Final = 40
# The words, the names of the files, and the form around them.
BODY_BYTES: Final = FILES_BYTES + 1_000_000
_ANSWERED: Final = (RequestState.ANSWERED, RequestState.RELEASED, RequestState.POSTED)


# The token in the address is what lets in, not a cookie: there is nothing to forge across sites.
# So the check that reads the whole form first is left out, and a body too large is never read.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """The question to a colleague, and their answer."""
    found = find_by_token(token)
    if found is None:
        # Only tokens that open nothing are counted by address: nobody can lock a colleague out.
        if _too_often(f"miss:{request.META.get('REMOTE_ADDR', '')}", MISSES):
            return _closed(request, "often", HTTPStatus.TOO_MANY_REQUESTS)
        return _closed(request, "unknown", HTTPStatus.NOT_FOUND)
    kind, most = ("words", WORDS) if request.method == "POST" else ("look", LOOKS)
    if _too_often(f"{kind}:{hash_of(token)}", most):
        return _closed(request, "often", HTTPStatus.TOO_MANY_REQUESTS)
    if found.state in _ANSWERED:
        status = HTTPStatus.CONFLICT if request.method == "POST" else HTTPStatus.OK
        return _closed(request, "answered", status)
    if not found.link_is_live:
        return _closed(request, _why_closed(found), HTTPStatus.GONE)
    with timezone.override(zoneinfo.ZoneInfo(found.agency.zone)):
        if request.method == "POST":
            return _take(request, found, token)
        return _page(request, found)


def _why_closed(found: ResearchRequest) -> str:
    if found.state == RequestState.WITHDRAWN or found.link_revoked_at is not None:
        return "revoked"
    return "expired"


def _take(request: HttpRequest, found: ResearchRequest, token: str) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > BODY_BYTES:
        return _page(
            request, found, status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            error=_("That is more than %(n)d MB; nothing was sent. Leave files out, and say where "
                    "the desk can fetch them.") % {"n": FILES_BYTES // 1_000_000},
        )  # fmt: skip
    try:
        text = request.POST.get("text", "")[: ANSWER_LIMIT + 1]
        if request.POST.get("do") == "not-mine":
            not_mine(
                request=found,
                link_number=found.link_number,
                to_email=request.POST.get("to_email", "")[:300],
                note=request.POST.get("note", "")[: REASON_LIMIT + 1],
            )
            done = found.agency.name
            return _closed(request, "told", HTTPStatus.OK, agency=done)
        answer_by_link(
            request=found,
            link_number=found.link_number,
            text=text,
            files=[one for one in request.FILES.getlist("files") if isinstance(one, UploadedFile)],
        )
    except UnreadablePostError:
        return _page(request, found, error=_("The sending broke off; nothing was kept. Try again."))
    except (Conflict, Invalid) as error:
        typed = {name: request.POST.get(name, "")[: ANSWER_LIMIT + 1] for name in request.POST}
        return _page(
            request, found, error=error.message, typed=typed, status=HTTPStatus.BAD_REQUEST
        )
    return redirect("ask", token=token)


def _page(
    request: HttpRequest,
    found: ResearchRequest,
    *,
    error: str = "",
    typed: dict[str, str] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    return _bare(
        render(
            request,
            "research/ask.html",
            {
                "one": found,
                "posts": public_thread(found),
                "error": error,
                "typed": typed or {},
                "megabytes": FILE_BYTES // 1_000_000,
                "most_files": FILES_AT_ONCE,
            },
            status=status,
        )
    )


def _closed(request: HttpRequest, why: str, status: int, *, agency: str = "") -> HttpResponse:
    """A page that says why, and nothing of what was asked."""
    return _bare(
        render(request, "research/closed.html", {"why": why, "agency": agency}, status=status)
    )


def _bare(response: HttpResponse) -> HttpResponse:
    """The address holds the token: no other site, search engine or cache gets it."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _too_often(what: str, most: int) -> bool:
    """Count, and say whether it is too much for this window; each process counts for itself."""
    key = f"research:{hash_of(what)}"
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        return int(cache.incr(key)) > most
    except ValueError:
        # It ran out between the two.
        return False
