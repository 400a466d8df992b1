"""Whether this installation is well: what the health page, the metrics and the doctor look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import F, Min

from levelhead.channels.models import OutboxItem, OutboxState
from levelhead.config.database import pending_migrations
from levelhead.kernel import clock
from levelhead.kernel.errors import ConfigurationError
from levelhead.publicpage.models import Snapshot
from levelhead.runtime.heartbeat import read_heartbeat, read_running, worker_troubles

WAITING_STATES = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.UNCLEAR)
# A message that has waited so long is worth a look.
LONG_WAIT_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """How it stands; `troubles` are the sentences that make it not well."""

    database: bool
    # Steps that the database still needs; None where that cannot be told.
    migrations_pending: int | None
    # Roles of the `levelhead serve` of this machine.
    roles: tuple[str, ...]
    worker_age_seconds: float | None
    outbox_oldest_seconds: float | None
    troubles: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything that must work does."""
        return not self.troubles

    def as_json(self) -> dict[str, object]:
        """The form that leaves the program."""
        return {
            "ok": self.ok,
            "database": self.database,
            "migrations_pending": self.migrations_pending,
            "roles": list(self.roles),
            "worker_heartbeat_age_seconds": _rounded(self.worker_age_seconds),
            "outbox_oldest_waiting_seconds": _rounded(self.outbox_oldest_seconds),
            "troubles": list(self.troubles),
            "warnings": list(self.warnings),
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def oldest_waiting_seconds() -> float | None:
    """How long the oldest message that is to leave has waited."""
    oldest = OutboxItem.objects.filter(state__in=WAITING_STATES).aggregate(at=Min("created_at"))
    if oldest["at"] is None:
        return None
    return max(0.0, float((clock.now() - oldest["at"]).total_seconds()))


def unwritten_pages() -> str:
    """A sentence where public pages could not be written; empty where all are as they should be."""
    failing = Snapshot.objects.filter(failing_since__isnull=False, written__lt=F("wanted"))
    row = failing.order_by("failing_since").first()
    if row is None:
        return ""
    return f"Public pages are not written: {row.last_error} What was there before still shows."


def look() -> Health:
    """How it stands now."""
    data: Path = settings.ENVIRONMENT.data
    troubles: list[str] = []
    warnings: list[str] = []
    database, pending, oldest = True, None, None
    try:
        connection.ensure_connection()
        pending = len(pending_migrations())
        if pending:
            troubles.append(f"The database is {pending} steps behind the program.")
        else:
            oldest = oldest_waiting_seconds()
            unwritten = unwritten_pages()
            if unwritten:
                troubles.append(unwritten)
    except DatabaseError:
        database = False
        troubles.append("The database does not answer.")
    except ConfigurationError as error:
        troubles.append(error.message)
    if oldest is not None and oldest > LONG_WAIT_SECONDS:
        warnings.append(f"A message has waited {oldest:.0f} seconds to leave.")
    running = read_running(data)
    roles = running.roles if running else ()
    beat = read_heartbeat(data)
    if "worker" in roles:
        troubles += worker_troubles(beat)
    return Health(
        database=database,
        migrations_pending=pending,
        roles=roles,
        worker_age_seconds=beat.age_seconds if beat else None,
        outbox_oldest_seconds=oldest,
        troubles=tuple(troubles),
        warnings=tuple(warnings),
    )
