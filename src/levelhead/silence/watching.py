"""Calling people when an incident is declared, and when its next word is late or nearly so."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import F

from levelhead.alerts.domain import AlertKind
from levelhead.alerts.raising import end_of_incident, raise_of_incident
from levelhead.incidents.domain import IncidentState, RoomRole, Tone
from levelhead.incidents.models import Duty, Incident, LogEntry
from levelhead.incidents.recording import tell
from levelhead.kernel import clock
from levelhead.silence.domain import CRISIS, Stage, threatens_life
from levelhead.silence.models import SilenceCall

# Running incidents that one round looks at, those whose word is due first.
ROUND: Final = 200
_KINDS: Final = {Stage.SOON: AlertKind.WORD_SOON, Stage.OUT: AlertKind.WORD_OUT}
_WORDS: Final = tuple(_KINDS.values())


def follow(incident: Incident, entry: LogEntry) -> None:
    """Of what happens in an incident: declared, raised, a word sent, over. In its transaction."""
    raised = entry.action == "person:incident:level_set" and _became_crisis(entry)
    if raised or entry.action == "person:incident:declared":
        _call_to(incident, entry)
    elif entry.action == "person:update:sent":
        end_of_incident(incident.pk, _WORDS, entry.at)
    elif entry.action == "person:incident:over":
        end_of_incident(incident.pk, (*_WORDS, AlertKind.DECLARED), entry.at)


def _became_crisis(entry: LogEntry) -> bool:
    before, after = entry.told["level"]
    return bool(after == CRISIS and before != CRISIS)


def _call_to(incident: Incident, entry: LogEntry) -> None:
    alert = raise_of_incident(
        incident.agency_id, AlertKind.DECLARED, incident.pk, headline=incident.title, at=entry.at,
        life=threatens_life(incident.kind, incident.level),
        knows=[entry.by_id] if entry.by_id else (),
    )  # fmt: skip
    if alert is not None:
        tell(incident, "system:silence:declared", by=None, payload={"alert": alert.pk})


def watch_silence() -> int:
    """Call people for every promise that is nearly over, or over; gives how many."""
    now = clock.now()
    running = Incident.objects.filter(state=IncidentState.RUNNING.value)
    count = 0
    for incident in running.order_by("next_word_due", "pk")[:ROUND]:
        stage = _stage_of(incident, now)
        if stage is None or _called(incident, stage):
            continue
        count += _call(incident.pk, now)
    return count


def _stage_of(incident: Incident, now: datetime) -> Stage | None:
    silence = incident.silence
    tone = silence.tone(now) if silence is not None else Tone.CALM
    return {Tone.SOON: Stage.SOON, Tone.LATE: Stage.OUT}.get(tone)


def _called(incident: Incident, stage: Stage) -> bool:
    return SilenceCall.objects.filter(
        incident=incident, due=F("incident__next_word_due"), stage=stage.value
    ).exists()


def _call(incident_id: int, now: datetime) -> bool:
    with transaction.atomic():
        # Whoever sends an update locks it too: a word that comes now ends this before it begins.
        incident = Incident.objects.select_for_update().get(pk=incident_id)
        stage = _stage_of(incident, now)
        silence = incident.silence
        if stage is None or silence is None or _called(incident, stage):
            return False
        lead = Duty.objects.filter(
            incident=incident, role=RoomRole.LEAD.value, until__isnull=True
        ).first()
        if stage is Stage.OUT:
            # The louder one takes its place.
            end_of_incident(incident.pk, (AlertKind.WORD_SOON,), now)
        alert = raise_of_incident(
            incident.agency_id, _KINDS[stage], incident.pk, headline=incident.title, at=now,
            life=threatens_life(incident.kind, incident.level), word_due=silence.due,
            owner_id=lead.user_id if lead is not None else None,
        )  # fmt: skip
        SilenceCall.objects.create(
            agency_id=incident.agency_id, incident=incident, due=silence.due, stage=stage.value,
            at=now, first=silence.first, alert=alert,
        )  # fmt: skip
        tell(
            incident, f"system:silence:{stage.value}", by=None,
            payload={
                "due": silence.due.isoformat(), "first": silence.first,
                "alert": alert.pk if alert is not None else None,
            },
        )  # fmt: skip
    return True
