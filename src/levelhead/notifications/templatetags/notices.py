"""Words of notifications for pages."""

from __future__ import annotations

from django import template

from levelhead.notifications.domain import DeliveryState, Kind, Mail, Way
from levelhead.notifications.words import DELIVERY_STATES, DESK_KINDS, MAILS, WAYS

register = template.Library()


@register.filter
def mail_words(value: str) -> str:
    """Whether and when a kind comes by e-mail."""
    return str(MAILS[Mail(value)])


@register.filter
def way_words(value: str) -> str:
    """How something left."""
    return str(WAYS[Way(value)])


@register.filter
def delivery_words(value: str) -> str:
    """What became of a mail or a call."""
    return str(DELIVERY_STATES[DeliveryState(value)])


@register.filter
def desk_kind_words(value: str) -> str:
    """A kind as whoever is on duty sees it."""
    return str(DESK_KINDS[Kind(value)])
