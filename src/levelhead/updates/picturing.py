"""Pictures of an update: what was chosen is checked, and goes where the platform takes it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from levelhead.channels.models import Channel
from levelhead.connectors.registry import platform_info
from levelhead.incidents.models import Incident
from levelhead.incidents.reading import read_line
from levelhead.kernel.errors import ConfigurationError, Invalid
from levelhead.pictures.domain import ALT_LIMIT, MOST
from levelhead.pictures.models import Picture
from levelhead.updates.domain import PictureWish
from levelhead.updates.models import Update, UpdatePicture


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A picture with what it shows, by language."""

    picture: Picture
    alts: dict[str, str]


def read_pictures(
    incident: Incident, wanted: Sequence[PictureWish], languages: Sequence[str]
) -> list[Chosen]:
    """The pictures of an update. Raises Invalid: too many, not ours, without words."""
    if len(wanted) > MOST:
        raise Invalid(_("At most %(n)d pictures. Nothing was sent.") % {"n": MOST})
    found = Picture.objects.filter(agency_id=incident.agency_id).in_bulk(
        [one.picture_id for one in wanted]
    )
    chosen = []
    for number, one in enumerate(wanted, start=1):
        picture = found.get(one.picture_id)
        if picture is None:
            raise Invalid(_("One of the pictures is not there. Give it again. Nothing was sent."))
        alts = {
            lang: read_line(one.alts.get(lang, ""), ALT_LIMIT, _say_what(number, lang))
            for lang in languages
        }
        chosen.append(Chosen(picture=picture, alts=alts))
    return chosen


def _say_what(number: int, lang: str) -> str:
    """For people who hear the page."""
    if lang == "es":
        told = _("Say in Spanish what picture %(n)d shows: some people hear it. Nothing was sent.")
    else:
        told = _("Say in English what picture %(n)d shows: some people hear it. Nothing was sent.")
    return told % {"n": number}


def keep_with(update: Update, chosen: Sequence[Chosen]) -> None:
    """Have the update show them."""
    UpdatePicture.objects.bulk_create(
        UpdatePicture(
            agency_id=update.agency_id, update_of=update, picture=one.picture, place=place,
            alts=json.dumps(one.alts),
        )
        for place, one in enumerate(chosen)
    )  # fmt: skip


def most_on(channel: Channel) -> int:
    """How many pictures one post on the channel can carry."""
    try:
        return platform_info(channel.platform).pictures
    except ConfigurationError:
        return 0


def those_for(channel: Channel, chosen: Sequence[Chosen], lang: str) -> list[tuple[Picture, str]]:
    """What goes with the post there."""
    return [(one.picture, one.alts[lang]) for one in chosen[: most_on(channel)]]
