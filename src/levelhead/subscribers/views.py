"""Subscribing and ending it, for everybody: no sign-in, no cookie, no script.

These forms stand on files that carry no token of ours. Nothing here acts for a signed-in person:
a link goes to an address and nowhere else, and only who has that mail goes on.
"""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from levelhead.incidents.models import Incident
from levelhead.kernel.errors import NotFound
from levelhead.publicpage.domain import LANGUAGES
from levelhead.subscribers.actions import ask_for, end_subscription, subscribe
from levelhead.subscribers.domain import ASKED_AN_HOUR, read_address
from levelhead.subscribers.links import find_to_end, read_confirm

_HOUR_SECONDS = 3_600


def _find(agency: str, slug: str) -> Incident:
    """An incident of which something was said in public. Raises NotFound."""
    found = Incident.objects.select_related("agency").filter(
        agency__slug=agency, slug=slug, updates_count__gt=0
    )
    incident = found.first()
    if incident is None:
        raise NotFound(_("There is no such page."))
    return incident


def _say(
    request: HttpRequest, incident: Incident, lang: str, name: str, status: int = 200, **given: str
) -> HttpResponse:
    with translation.override(lang):
        response = render(
            request,
            f"subscribers/{name}.html",
            {"incident": incident, "lang": lang, **given},
            status=status,
        )
        response["Content-Language"] = lang
    # The address of a page carries a token: it is told to nobody.
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@csrf_exempt
@require_POST
def ask(request: HttpRequest, agency: str, slug: str) -> HttpResponse:
    """Send a link to an address; the answer is the same whatever the address has already."""
    incident = _find(agency, slug)
    lang = _read_lang(request, incident)
    email = read_address(request.POST.get("email", ""))
    if email is None:
        return _say(request, incident, lang, "wrong_address", 400)
    if not _may_ask(request):
        return _say(request, incident, lang, "too_often", 429)
    ask_for(incident=incident, email=email, lang=lang)
    return _say(request, incident, lang, "asked")


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, agency: str, slug: str, token: str) -> HttpResponse:
    """The link in the mail: a button, because programs that guard mailboxes open links too."""
    incident = _find(agency, slug)
    asked = read_confirm(token)
    if asked is None or asked.incident_id != incident.pk:
        return _say(request, incident, _read_lang(request, incident), "old_link", 410)
    if request.method != "POST":
        return _say(request, incident, asked.lang, "confirm", email=asked.email)
    made = subscribe(asked)
    if made is None:
        return _say(request, incident, asked.lang, "over", 410)
    return _say(request, incident, asked.lang, "subscribed")


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, agency: str, slug: str, token: str) -> HttpResponse:
    """No more mails: by the button, or by the mail program's own (RFC 8058)."""
    incident = _find(agency, slug)
    found = find_to_end(incident, token)
    if found is None:
        return _say(request, incident, _read_lang(request, incident), "old_link", 410)
    if request.method != "POST":
        return _say(request, incident, found.lang, "end")
    end_subscription(found)
    return _say(request, incident, found.lang, "ended")


def _read_lang(request: HttpRequest, incident: Incident) -> str:
    lang = request.POST.get("lang", "")
    return lang if lang in LANGUAGES else incident.lang


def _may_ask(request: HttpRequest) -> bool:
    """Not too often from one place; the place itself is not kept."""
    place = salted_hmac("levelhead.subscribers.place", _place(request)).hexdigest()
    key = f"subscribers:{place}"
    cache.add(key, 0, _HOUR_SECONDS)
    try:
        return cache.incr(key) <= ASKED_AN_HOUR
    except ValueError:
        return True


def _place(request: HttpRequest) -> str:
    """Where a request is from; behind a proxy, what the proxy says of it."""
    if settings.ENVIRONMENT.https:
        # The last one is what our own proxy saw; those before are what the asker says.
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if seen:
            return seen[:64]
    return str(request.META.get("REMOTE_ADDR", ""))
