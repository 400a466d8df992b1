"""Webhooks: verified and kept at once, filed by the worker. A call kept is a call filed."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import structlog
from django.db import IntegrityError, transaction

from levelhead.channels.accounts import connected
from levelhead.channels.actions import keep_page, note_failure, note_success, set_aside
from levelhead.channels.models import Channel, ChannelState, Inbound
from levelhead.channels.ports import Receiver
from levelhead.kernel import clock
from levelhead.kernel.errors import ChannelGarbled, Invalid, LevelheadError, NotFound

log = structlog.get_logger(__name__)

BODY_LIMIT = 5 * 1024 * 1024


def keep_call(*, channel: Channel, headers: Mapping[str, str], body: bytes) -> bool:
    """Verify a webhook call and keep it; gives whether it is new.

    Raises BadSignature, Invalid for a body that is too large, NotFound for a channel that takes
    no calls.
    """
    if len(body) > BODY_LIMIT:
        raise Invalid(f"The call has {len(body)} bytes; at most {BODY_LIMIT} are taken.")
    if channel.state == ChannelState.PAUSED:
        raise NotFound("This channel is paused.")
    with connected(channel) as connector:
        if not isinstance(connector, Receiver):
            raise NotFound("This channel takes no calls.")
        connector.verify(headers=headers, body=body)
    try:
        with transaction.atomic():
            Inbound.objects.create(
                agency_id=channel.agency_id,
                channel=channel,
                digest=sha256(body).hexdigest(),
                body=body,
                received_at=clock.now(),
            )
    except IntegrityError:
        return False
    return True


def file_inbound(*, limit: int = 100) -> int:
    """File kept calls in the order they came; gives how many were done."""
    waiting = Inbound.objects.filter(done_at__isnull=True).select_related("channel")
    done = 0
    for call in waiting.order_by("id")[:limit]:
        try:
            with connected(call.channel) as connector:
                if not isinstance(connector, Receiver):
                    raise ChannelGarbled(f"{call.channel.name} takes no calls any more.")
                page = connector.parse(bytes(call.body))
            news = keep_page(call.channel, page, place="webhook")
            note_success(call.channel, posts=news)
        except ChannelGarbled as error:
            set_aside(
                channel_id=call.channel_id,
                agency_id=call.agency_id,
                place="webhook",
                reason=error.message,
                raw=bytes(call.body).decode("utf-8", "replace"),
            )
            note_failure(call.channel, error)
        except LevelheadError as error:
            # It stays and is tried again; calls of other channels go on.
            note_failure(call.channel, error)
            continue
        Inbound.objects.filter(pk=call.pk).update(done_at=clock.now())
        done += 1
    return done
