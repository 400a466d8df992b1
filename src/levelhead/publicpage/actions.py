"""Keeping the files as the incident is: wanted in the transaction, written right after it.

The row says what is wanted and what is written, so a process that dies in between leaves it to the
worker, and writing twice changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from levelhead.accounts.models import Agency
from levelhead.incidents.models import Incident, LogEntry
from levelhead.kernel import clock
from levelhead.kernel.text import clean_text
from levelhead.publicpage.domain import PublicIncident
from levelhead.publicpage.folder import held, public_folder, write_files
from levelhead.publicpage.front import gather_front, render_front
from levelhead.publicpage.gathering import gather, picture_files
from levelhead.publicpage.models import Snapshot
from levelhead.publicpage.rendering import render_incident
from levelhead.publicpage.site import site

log = structlog.get_logger(__name__)

# A disk that is full is looked at again after so long, at most.
LONGEST_WAIT: Final = timedelta(seconds=30)
ROUND: Final = 20
# What everybody shall see. Rumors that are answered tell of themselves in the log.
_SHOWN: Final = (
    "person:update:sent", "person:incident:over", "person:incident:level_set",
    "person:incident:named", "person:incident:reopened",
)  # fmt: skip
_SHOWN_OF: Final = ("person:rumor:",)


def note_told(incident: Incident, entry: LogEntry) -> None:
    """Something happened in an incident: where everybody shall see it, the files change."""
    if entry.action in _SHOWN or entry.action.startswith(_SHOWN_OF):
        want(incident)


def want(incident: Incident) -> None:
    """Have the incident's files written anew once this transaction is kept.

    Before the first update there is nothing that everybody may know.
    """
    if not incident.updates_count:
        return
    with transaction.atomic():
        page = _ask_for(incident.agency_id, incident)
        front = _ask_for(incident.agency_id, None)
    transaction.on_commit(lambda: (write(page), write(front)))


def want_front(agency: Agency) -> None:
    """Have the agency's front page written anew once this transaction is kept."""
    with transaction.atomic():
        front = _ask_for(agency.pk, None)
    transaction.on_commit(lambda: write(front))


def _ask_for(agency_id: int, incident: Incident | None) -> int:
    row, _made = Snapshot.objects.get_or_create(agency_id=agency_id, incident=incident)
    Snapshot.objects.filter(pk=row.pk).update(wanted=F("wanted") + 1, next_attempt_at=clock.now())
    return row.pk


def write(snapshot_id: int) -> bool:
    """Write the files of a row as things are now. Says False, loudly, where that failed.

    What lay there before then lies there still; the worker tries again.
    """
    try:
        _write(snapshot_id)
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        log.exception(
            "the public page could not be written; the one before stays, and it is tried again",
            snapshot=snapshot_id, why=why,
        )  # fmt: skip
        _note_failure(snapshot_id, why)
        return False
    return True


def _write(snapshot_id: int) -> None:
    row = Snapshot.objects.select_related("agency", "incident__agency").get(pk=snapshot_id)
    folder = public_folder(settings.ENVIRONMENT.data) / row.agency.slug
    # Whoever comes second reads after the first has written: older words never replace newer ones.
    with held(folder):
        row.refresh_from_db(fields=["wanted", "written"])
        wanted = row.wanted
        if row.incident is None:
            write_files(folder, render_front(gather_front(row.agency)))
        else:
            incident = Incident.objects.select_related("agency").get(pk=row.incident.pk)
            page = gather(incident, version=wanted)
            if page is not None:
                _write_incident(folder / incident.slug, incident, page)
        now = clock.now()
        Snapshot.objects.filter(pk=row.pk, written__lte=wanted).update(
            written=wanted, written_at=now, attempts=0, last_error="", failing_since=None,
            hub_next_attempt_at=now,
        )  # fmt: skip


def _write_incident(folder: Path, incident: Incident, page: PublicIncident) -> None:
    """Pictures first: no page names one that is not there. Words go out without them, too."""
    lacking: OSError | None = None
    try:
        write_files(folder, picture_files(incident, folder))
    except OSError as error:
        lacking = error
    write_files(folder, render_incident(page, site()))
    if lacking is not None:
        raise lacking


def _note_failure(snapshot_id: int, why: str) -> None:
    row = Snapshot.objects.filter(pk=snapshot_id).first()
    if row is None:
        return
    now = clock.now()
    pause = min(timedelta(seconds=2.0 ** min(row.attempts, 10)), LONGEST_WAIT)
    Snapshot.objects.filter(pk=snapshot_id).update(
        attempts=F("attempts") + 1, last_error=clean_text(why, 500), next_attempt_at=now + pause,
        failing_since=row.failing_since or now,
    )  # fmt: skip


def write_due() -> int:
    """What a process that died, or a full disk, left unwritten; gives how many were tried."""
    due = Snapshot.objects.filter(written__lt=F("wanted"), next_attempt_at__lte=clock.now())
    keys = list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:ROUND])
    for key in keys:
        write(key)
    return len(keys)


def write_missing() -> int:
    """Files that are gone, as after a restore: have them written again. Once, at the start."""
    root = public_folder(settings.ENVIRONMENT.data)
    asked = 0
    rows = Snapshot.objects.filter(written__gt=0).select_related("agency", "incident")
    for row in rows.iterator(chunk_size=200):
        folder = root / row.agency.slug
        file = (folder / row.incident.slug if row.incident else folder) / "index.html"
        if not file.exists():
            Snapshot.objects.filter(pk=row.pk).update(wanted=F("wanted") + 1)
            asked += 1
    return asked
