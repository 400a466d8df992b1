"""The agency's front page for everybody: which incidents run, and which there were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from levelhead.accounts.models import Agency
from levelhead.commitments.queries import register_is_on
from levelhead.incidents.domain import IncidentState
from levelhead.incidents.models import Incident
from levelhead.publicpage.domain import LANGUAGES, page_name, plain
from levelhead.publicpage.rendering import render_text, static_files

MOST_PAST: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An incident on the list."""

    title: str
    slug: str
    number: int
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Front:
    """What the front page says."""

    agency: str
    zone: str
    running: tuple[Listed, ...]
    past: tuple[Listed, ...]
    promises: bool


def gather_front(agency: Agency) -> Front:
    """The incidents of which something was said in public."""
    said = Incident.objects.filter(agency=agency, updates_count__gt=0)
    running = said.filter(state=IncidentState.RUNNING.value).order_by("-id")
    past = said.filter(state=IncidentState.OVER.value).order_by("-id")[:MOST_PAST]
    return Front(
        agency=plain(agency.name),
        zone=agency.zone,
        running=tuple(_listed(one) for one in running),
        past=tuple(_listed(one) for one in past),
        promises=register_is_on(agency),
    )


def _listed(incident: Incident) -> Listed:
    return Listed(
        title=plain(incident.title),
        slug=incident.slug,
        number=incident.updates_count,
        at=incident.last_word_at or incident.declared_at,
    )


def render_front(front: Front) -> Mapping[str, bytes]:
    """Its files, one for each language."""
    files = static_files(("page.css",))
    first = LANGUAGES[0]
    for lang in LANGUAGES:
        other = next(one for one in LANGUAGES if one != lang)
        files[page_name(first, lang)] = render_text(
            "publicpage/front.html",
            {"front": front, "lang": lang, "other": other, "other_file": page_name(first, other)},
            lang=lang,
            zone=front.zone,
        )
    return files
