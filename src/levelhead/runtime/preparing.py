"""Making the database fit the program, before anything is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import OperationalError, connection

from levelhead.config.database import bring_up_to_date, pending_migrations
from levelhead.kernel.errors import ConfigurationError
from levelhead.runtime.places import hold_role

# One number for all machines that share a PostgreSQL: who holds it changes the schema.
_ADVISORY_LOCK = 0x1E7E_14EA
_PATIENCE_SECONDS = 60.0


def prepare_database() -> list[str]:
    """Set up an empty database, and bring one file of SQLite up to date; gives the steps taken.

    A PostgreSQL that others may be using is not changed under them. Raises ConfigurationError
    where it must be changed first, where a newer program made it, and where it cannot be reached.
    """
    try:
        if not pending_migrations():
            return []
        with _alone():
            pending = pending_migrations()
            if pending and connection.vendor != "sqlite" and not _is_empty():
                raise ConfigurationError(
                    f"The database is {len(pending)} steps behind this Levelhead. Stop it on all "
                    "machines, make a backup, run `levelhead init` once, then start again."
                )
            return bring_up_to_date()
    except OperationalError as error:
        raise ConfigurationError(unreachable_sentence(error)) from error


def unreachable_sentence(error: OperationalError) -> str:
    """What to tell a person when the database does not answer."""
    reason = " ".join(str(error).split())
    if connection.vendor == "sqlite":
        return (
            f"The database file {connection.settings_dict['NAME']} cannot be used ({reason}). "
            "Look at its permissions and at the free space of its disk."
        )
    at = f"{connection.settings_dict['HOST']}:{connection.settings_dict['PORT'] or 5432}"
    return (
        f"The database at {at} cannot be reached ({reason}). Start it, or correct "
        "LEVELHEAD_DATABASE."
    )


def _is_empty() -> bool:
    return "django_migrations" not in connection.introspection.table_names()


@contextmanager
def _alone() -> Iterator[None]:
    """Be the only one who changes the schema."""
    if connection.vendor == "sqlite":
        place = hold_role(settings.ENVIRONMENT.data, "schema", wait_seconds=_PATIENCE_SECONDS)
        try:
            yield
        finally:
            place.give_up()
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
