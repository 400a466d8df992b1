"""What the incident room, the conversation and the page of a rumor show."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from levelhead.inbox.models import Case
from levelhead.incidents.models import Incident
from levelhead.kernel import clock
from levelhead.ledger.domain import FactStatus
from levelhead.ledger.models import Fact
from levelhead.rumors.domain import HARMS
from levelhead.rumors.models import Rumor, RumorPost
from levelhead.rumors.queries import board, find_running, list_unposted
from levelhead.rumors.wording import line_for

CHOICES = 50
FACTS_OFFERED = 30


def board_of(incident: Incident) -> dict[str, object]:
    """What `rumors/_board.html` needs; four queries, whatever is linked."""
    return {
        "rumors": board(incident),
        "rumor_lines": [(row, line_for(row)) for row in list_unposted(incident)],
        "rumor_incident": incident,
        "rumor_token": secrets.token_urlsafe(18),
        "harms": HARMS,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class InIncident:
    """What a conversation can be used for in a running incident."""

    incident: Incident
    # The claims of the incident that it may make, and those that it makes.
    rumors: Sequence[Rumor]
    linked: Sequence[Rumor]


@dataclass(frozen=True, kw_only=True, slots=True)
class CrisisOfCase:
    """What a conversation shows while an incident runs; nothing is asked of it otherwise."""

    incidents: Sequence[InIncident] = ()
    # Confirmed facts that a reply can say.
    facts: Sequence[Fact] = ()
    token: str = ""


def crisis_of_case(case: Case) -> CrisisOfCase:
    """For the conversation page; one query where nothing runs, four otherwise."""
    running = find_running(case.agency_id)
    if not running:
        return CrisisOfCase()
    ids = [incident.pk for incident in running]
    rumors = list(Rumor.objects.filter(incident__in=ids).order_by("-pk")[:CHOICES])
    made = set(
        RumorPost.objects.filter(post_id=case.pk, rumor__incident__in=ids).values_list(
            "rumor_id", flat=True
        )
    )
    now = clock.now()
    facts = Fact.objects.filter(incident__in=ids, status=FactStatus.CONFIRMED).order_by("-pk")
    return CrisisOfCase(
        incidents=[
            InIncident(
                incident=incident,
                rumors=[
                    one for one in rumors if one.incident_id == incident.pk and one.pk not in made
                ],
                linked=[one for one in rumors if one.incident_id == incident.pk and one.pk in made],
            )
            for incident in running
        ],
        facts=[
            fact
            for fact in facts[:FACTS_OFFERED]
            if fact.valid_until is None or fact.valid_until > now
        ],
        token=secrets.token_urlsafe(18),
    )
