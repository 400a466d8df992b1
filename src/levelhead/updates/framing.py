"""The texts around an update: its head, the promised time, the address of the whole."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from levelhead.channels.models import Channel
from levelhead.channels.shapes import shape_of
from levelhead.incidents.models import Incident
from levelhead.knowledge.queries import kind_of_channel
from levelhead.updates.domain import Frame, UpdateKind, Words, compose

# A text on a channel whose platform says no limit.
PLAIN_LIMIT: Final = 5_000
# A place that is short enough stands in the head of what goes to channels.
PLACE_IN_HEAD: Final = 60


def public_path(incident: Incident) -> str:
    """Path of the incident's public page."""
    return f"/public/{incident.agency.slug}/{incident.slug}/"


def public_address(incident: Incident) -> str:
    """Address of the public page; empty where the installation has no public address."""
    base = str(settings.ENVIRONMENT.public_url)
    return base.rstrip("/") + public_path(incident) if base else ""


def frame_for(
    incident: Incident,
    *,
    number: int,
    kind: UpdateKind,
    at: datetime,
    next_word_at: datetime | None,
    lang: str,
) -> Frame:
    """What stands around update `number` in one language, with times in the agency's zone."""
    zone = ZoneInfo(incident.agency.zone)
    with translation.override(lang):
        when = date_format(at.astimezone(zone), "TIME_FORMAT")
        head = {
            UpdateKind.WORD: _("Update %(number)d, %(time)s"),
            UpdateKind.CORRECTION: _("Correction, update %(number)d, %(time)s"),
            UpdateKind.LAST: _("Last update, %(number)d, %(time)s"),
        }[kind] % {"number": number, "time": when}
        if incident.place and len(incident.place) <= PLACE_IN_HEAD:
            head = f"{head} · {incident.place}"
        promised = ""
        if next_word_at is not None:
            promised = _("Next update by %(time)s.") % {
                "time": date_format(next_word_at.astimezone(zone), "TIME_FORMAT")
            }
            # "9:40 a.m." brings its own full stop.
            promised = promised.replace("..", ".")
        return Frame(
            head=head,
            next_word=promised,
            link=public_address(incident),
            link_label=_("All of it:"),
            unknown_label=_("We do not know yet:"),
        )


def compose_for(channel: Channel, words: Words, frame: Frame) -> str | None:
    """The fullest text that the channel takes; None where nothing fits."""
    return compose(words, frame, lambda text: takes(channel, text))


def takes(channel: Channel, text: str) -> bool:
    """Whether one post on the channel holds the text."""
    shape = shape_of(channel.platform, channel.settings)
    if shape is not None:
        return shape.takes(text)
    limit = kind_of_channel(channel).limit
    return len(text) <= (limit or PLAIN_LIMIT)
