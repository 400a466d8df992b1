"""Bringing the database to the version of the program."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from levelhead.kernel.errors import ConfigurationError


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
    if pending:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    return pending
