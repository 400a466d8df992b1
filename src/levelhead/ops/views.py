"""The health page and the metrics: for machines, so in JSON and in Prometheus' text."""

from __future__ import annotations

import ipaddress
import threading
import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import split_domain_port
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from levelhead.accounts.domain import Ability
from levelhead.accounts.models import Membership
from levelhead.kernel.errors import NotAllowed
from levelhead.ops.health import Health, look

# Anybody may ask; so often at most is the database asked.
_LOOK_EVERY_SECONDS = 1.0
_lock = threading.Lock()
_last: tuple[float, Health] | None = None
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_PROXY_HEADERS = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "X-Forwarded-Host", "Via")


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 where everything that must work does, else 503 with the sentences that say what."""
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last[0] >= _LOOK_EVERY_SECONDS:
            _last = (time.monotonic(), look())
        found = _last[1]
    return JsonResponse(found.as_json(), status=200 if found.ok else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures for a caller on this machine; those of their agencies for who manages some."""
    agency_ids: list[int] | None = None
    if not from_this_machine(request):
        agency_ids = _managed(request)
        if not agency_ids:
            error = NotAllowed(
                "Figures are for callers on this machine (http://127.0.0.1) and for people who "
                "manage an agency here."
            )
            return JsonResponse(error.as_json(), status=403)
    from levelhead.ops.metrics import CONTENT_TYPE, metrics_text

    return HttpResponse(metrics_text(agency_ids), content_type=CONTENT_TYPE)


def from_this_machine(request: HttpRequest) -> bool:
    """Whether the call was made on this machine, and not handed on by a proxy on it."""
    if any(name in request.headers for name in _PROXY_HEADERS):
        return False
    host, _ = split_domain_port(request.get_host())
    if host not in _LOOPBACK_NAMES:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _managed(request: HttpRequest) -> list[int]:
    if not request.user.is_authenticated:
        return []
    places = Membership.objects.filter(user_id=request.user.pk, active=True)
    return [place.agency_id for place in places if place.may(Ability.MANAGE)]
