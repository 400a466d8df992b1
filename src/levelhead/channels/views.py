"""The health page of the channels, and the door for webhooks."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from levelhead.accounts.access import AgencyRequest, member
from levelhead.accounts.domain import Ability
from levelhead.channels.inbound import BODY_LIMIT, keep_call
from levelhead.channels.models import Channel
from levelhead.channels.queries import list_health, list_set_aside
from levelhead.kernel.errors import BadSignature, Invalid, LevelheadError, NotFound
from levelhead.web.middleware import status_of

log = structlog.get_logger(__name__)


@require_GET
@member(Ability.READ)
def channels(request: AgencyRequest) -> HttpResponse:
    """Which channels are at work, and what is wrong with the others."""
    set_aside, set_aside_count = list_set_aside(request.agency)
    return render(
        request,
        "channels/channels.html",
        {
            "channels": list_health(request.agency),
            "set_aside": set_aside,
            "set_aside_count": set_aside_count,
        },
    )


@csrf_exempt
@require_POST
def hook(request: HttpRequest, channel_id: int) -> JsonResponse:
    """Take a platform's call: 202 once it is kept, whether it is new or not."""
    try:
        channel = Channel.objects.filter(pk=channel_id).first()
        if channel is None:
            raise NotFound("There is no such channel.")
        kept = keep_call(channel=channel, headers=_headers(request), body=_body(request))
    except BadSignature as error:
        log.warning("webhook refused", channel=channel_id, why=error.message)
        return JsonResponse(error.as_json(), status=HTTPStatus.UNAUTHORIZED)
    except _TooLargeError as error:
        return JsonResponse(error.as_json(), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except LevelheadError as error:
        return JsonResponse(error.as_json(), status=status_of(error))
    return JsonResponse({"kept": True, "new": kept}, status=HTTPStatus.ACCEPTED)


class _TooLargeError(Invalid):
    """A body over the limit."""


def _headers(request: HttpRequest) -> dict[str, str]:
    """Header names in lower case, as connectors look for them."""
    return {name.lower(): value for name, value in request.headers.items()}


def _body(request: HttpRequest) -> bytes:
    too_large = _TooLargeError(
        f"The call is larger than {BODY_LIMIT} bytes; nothing of it was kept."
    )
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise too_large from error
    except UnreadablePostError as error:
        raise Invalid("The call ended before it was complete; send it again.") from error
    if len(body) > BODY_LIMIT:
        raise too_large
    return body
