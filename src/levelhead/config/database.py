"""Bringing the database to the version of the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from levelhead.config import fresh_database
from levelhead.kernel.errors import ConfigurationError


@contextmanager
def said_plainly() -> Iterator[None]:
    """A database that cannot be reached or written becomes a ConfigurationError."""
    try:
        yield
    except OperationalError as error:
        # The driver goes on with hints on lines of their own, and may name the address twice.
        reason = (str(error).strip().splitlines() or ["no reason given"])[0].rstrip(".:")
        if connection.vendor == "sqlite":
            raise ConfigurationError(
                f"The database in the data folder {settings.ENVIRONMENT.data} cannot be used "
                f"({reason}); give this account the right to write the folder and its files, or "
                "set LEVELHEAD_DATA to another folder."
            ) from error
        raise ConfigurationError(
            f"The database that LEVELHEAD_DATABASE names cannot be used ({reason}); check the "
            "address and that PostgreSQL runs."
        ) from error


def pending_migrations() -> list[str]:
    """Names of the steps that the database still needs.

    Raises ConfigurationError for a database that a newer program made.
    """
    executor = MigrationExecutor(connection)
    ours = {app for app, _ in executor.loader.disk_migrations}
    newer = sorted(
        f"{app}.{name}"
        for app, name in executor.loader.applied_migrations
        if app in ours and (app, name) not in executor.loader.disk_migrations
    )
    if newer:
        raise ConfigurationError(
            f"The database was made by a newer Levelhead (it has {newer[-1]}). Install that "
            "version, or restore a backup of this one."
        )
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def bring_up_to_date() -> list[str]:
    """Apply pending steps; gives their names."""
    pending = pending_migrations()
    if pending and fresh_database.is_empty():
        fresh_database.make_tables()
    elif pending:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    return pending
