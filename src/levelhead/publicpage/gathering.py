"""The one door between the desk and everybody: what an incident's public files may say.

Updates that were sent and what is said around them. No log, no fact that no update says, no name
of a person of the desk, no reason that was given inside.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from levelhead.incidents.domain import IncidentKind
from levelhead.incidents.models import Incident, LogEntry
from levelhead.publicpage.domain import LANGUAGES, PublicIncident, PublicRumor, PublicUpdate, plain
from levelhead.research.recording import mail_is_set_up
from levelhead.rumors.queries import rumors_for as answered_rumors
from levelhead.updates.domain import UpdateKind, Words
from levelhead.updates.models import Citation, Update

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
        .prefetch_related("texts")
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
        )
        for row in rows
    )


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
