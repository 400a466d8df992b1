"""The one door between the desk and everybody: what an incident's public files may say.

Updates that were sent and what is said around them. No log, no fact that no update says, no name
of a person of the desk, no reason that was given inside.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings

from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident, LogEntry
from levelhead.kernel.errors import NotFound
from levelhead.pictures.domain import SUFFIXES
from levelhead.pictures.keeping import bytes_of
from levelhead.publicpage.domain import (
    LANGUAGES,
    PublicIncident,
    PublicPicture,
    PublicRumor,
    PublicUpdate,
    plain,
)
from levelhead.research.recording import mail_is_set_up
from levelhead.rumors.queries import rumors_for as answered_rumors
from levelhead.updates.domain import UpdateKind, Words
from levelhead.updates.models import Citation, Update, UpdatePicture

log = structlog.get_logger(__name__)

_LEVELS_IN = ("person:incident:declared", "person:incident:level_set")


def gather(incident: Incident, *, version: int) -> PublicIncident | None:
    """What everybody may read of it; None before its first update."""
    updates = _gather_updates(incident)
    if not updates:
        return None
    return PublicIncident(
        key=incident.pk,
        agency=plain(incident.agency.name),
        agency_slug=incident.agency.slug,
        zone=incident.agency.zone,
        slug=incident.slug,
        title=plain(incident.title),
        place=plain(incident.place),
        kind=IncidentKind(incident.kind),
        lang=incident.lang if incident.lang in LANGUAGES else LANGUAGES[0],
        version=version,
        updates=updates,
        over_at=incident.over_at,
        level=incident.level,
        rumors=tuple(rumors_for(incident)),
        by_mail=mail_is_set_up() and bool(settings.ENVIRONMENT.public_url) and incident.runs,
    )


def rumors_for(incident: Incident) -> list[PublicRumor]:
    """The rumors that the agency answered, the newest answer first; one query."""
    return [
        PublicRumor(
            claim=plain(one.claim), verdict=one.verdict, answer=plain(one.explanation),
            at=one.answered_at, lang=incident.lang if incident.lang in LANGUAGES else LANGUAGES[0],
        )
        for one in answered_rumors(incident)
    ]  # fmt: skip


def _gather_updates(incident: Incident) -> tuple[PublicUpdate, ...]:
    rows = list(
        Update.objects.filter(incident=incident)
        .select_related("corrects")
        .prefetch_related("texts", "pictures__picture")
        .order_by("number")
    )
    cited = set(
        Citation.objects.filter(update_of__incident=incident).values_list("update_of_id", flat=True)
    )
    levels = _levels(incident)
    corrected: dict[int, list[int]] = {}
    for row in rows:
        if row.corrects is not None:
            corrected.setdefault(row.corrects.number, []).append(row.number)
    return tuple(
        PublicUpdate(
            number=row.number,
            kind=UpdateKind(row.kind),
            at=row.at,
            next_word_at=row.next_word_at,
            texts=tuple(
                _plain_words(one.words)
                for one in sorted(row.texts.all(), key=lambda text: not text.main)
            ),
            corrects=row.corrects.number if row.corrects else None,
            corrected_by=tuple(corrected.get(row.number, ())),
            level=next((level for at, level in levels if at <= row.at), incident.level),
            confirmed=row.pk in cited,
            pictures=tuple(_public_picture(one) for one in row.pictures.all()),
        )
        for row in rows
    )


def _public_picture(shown: UpdatePicture) -> PublicPicture:
    picture = shown.picture
    told: dict[str, str] = json.loads(shown.alts)
    return PublicPicture(
        file=f"picture-{picture.sha256[:16]}.{SUFFIXES[picture.content_type]}",
        small_file=f"picture-{picture.small_sha256[:16]}.jpg",
        content_type=picture.content_type, size=picture.size,
        width=picture.small_width, height=picture.small_height,
        alts={lang: plain(alt) for lang, alt in told.items()},
    )  # fmt: skip


def picture_files(incident: Incident, folder: Path) -> dict[str, bytes]:
    """Name -> bytes of the pictures of its updates that `folder` does not hold yet.

    One that is gone is left out, loudly: the words that stand beside it are worth more.
    """
    files = {}
    rows = UpdatePicture.objects.filter(update_of__incident=incident).select_related("picture")
    for row in rows.order_by("pk"):
        names = _public_picture(row)
        for name, small in ((names.file, False), (names.small_file, True)):
            # A name says which bytes: one that is there is right.
            if (folder / name).exists():
                continue
            try:
                files[name] = bytes_of(row.picture, small=small)
            except NotFound as error:
                log.exception("a picture is not on the public page", file=name, why=error.message)
    return files


def _levels(incident: Incident) -> list[tuple[datetime, int]]:
    """Since when it had which level, newest first: an alert of then is not graver by now."""
    found = []
    rows = LogEntry.objects.filter(incident=incident, action__in=_LEVELS_IN).order_by("-pk")
    for row in rows:
        level = row.told["level"]
        found.append((row.at, int(level[-1] if isinstance(level, list) else level)))
    return found


def _plain_words(words: Words) -> Words:
    return Words(
        lang=words.lang,
        lead=plain(words.lead),
        known=tuple(plain(one) for one in words.known),
        unknown=tuple(plain(one) for one in words.unknown),
        doing=tuple(plain(one) for one in words.doing),
        actions=tuple((who, plain(text)) for who, text in words.actions),
    )
