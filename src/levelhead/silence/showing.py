"""What the incident room shows of the calls that its clock made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from levelhead.alerts.domain import OF_INCIDENTS, AlertState
from levelhead.alerts.models import Alert
from levelhead.incidents.domain import Tone
from levelhead.incidents.models import Incident
from levelhead.kernel import clock

SHOWN: Final = 3
_WAIT: Final = (AlertState.OPEN, AlertState.UNANSWERED, AlertState.NOBODY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A call of the clock, and whether anybody answered it."""

    alert: Alert
    waits: bool
    rung: int


def clock_of(incident: Incident) -> dict[str, Any]:
    """For the section about calls: how loud the clock is, and who was called. Two queries."""
    silence = incident.silence
    tone = silence.tone(clock.now()) if silence is not None else Tone.CALM
    alerts = (
        Alert.objects.filter(
            incident=incident.pk, agency_id=incident.agency_id,
            kind__in=[kind.value for kind in OF_INCIDENTS],
        )
        .exclude(state=AlertState.OVER.value)
        .select_related("acknowledged_by")
        .prefetch_related("rings")
        .order_by("-pk")
    )  # fmt: skip
    return {
        "silence": silence,
        "tone": tone.value,
        "calls": [
            Called(alert=alert, waits=alert.state in _WAIT, rung=len(alert.rings.all()))
            for alert in (alerts[:SHOWN] if incident.runs else ())
        ],
    }
