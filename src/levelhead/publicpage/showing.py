"""What the incident room shows of the public page."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from levelhead.incidents.models import Incident
from levelhead.publicpage.models import Snapshot
from levelhead.publicpage.site import site
from levelhead.subscribers.models import Letter, Subscriber
from levelhead.updates.framing import public_address, public_path


def share_of(incident: Incident) -> dict[str, Any]:
    """Where the public page is, how it stands, and how to put it elsewhere. Three queries."""
    row = Snapshot.objects.filter(incident=incident).first()
    path = public_path(incident)
    address = public_address(incident)
    subscribers = Subscriber.objects.filter(incident=incident, ended_at__isnull=True).count()
    letters = dict(
        Letter.objects.filter(incident=incident, kind="update")
        .values_list("state")
        .annotate(Count("pk"))
    )
    return {
        "public": row is not None,
        "path": path,
        "address": address,
        "row": row,
        "behind": row is not None and row.failing_since is not None,
        "subscribers": subscribers,
        "waiting": letters.get("queued", 0) + letters.get("sending", 0),
        "lost": letters.get("failed", 0) + letters.get("unclear", 0),
        "hub": site().hub,
        "embed": (
            f'<iframe src="{address or path}embed.html" title="{incident.agency.slug}" '
            'width="100%" height="260" loading="lazy"></iframe>'
        ),
    }
