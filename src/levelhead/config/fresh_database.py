"""An empty database gets all tables at once, as the models are now, instead of step by step.

The steps (Django's migrations) draw every related model anew for each of some 380 operations,
which took 26 s; this takes about one. What comes of both is the same: a test compares them.
"""

from __future__ import annotations

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, router
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder


def is_empty() -> bool:
    """Whether the database has no table at all."""
    return not connection.introspection.table_names()


def make_tables() -> None:
    """Make every table and note each step as taken, in one transaction."""
    with connection.schema_editor() as editor:
        for app in apps.get_app_configs():
            for model in router.get_migratable_models(app, connection.alias):
                editor.create_model(model)
        finish(editor)
    emit_post_migrate_signal(0, False, connection.alias)


def finish(editor: BaseDatabaseSchemaEditor) -> None:
    """After the tables: what the models do not say (search indexes, triggers), and the notes.

    Steps that are about data find none.
    """
    executor = MigrationExecutor(connection)
    plan = [step for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    for step in plan:
        for operation in step.operations:
            if isinstance(operation, RunPython):
                operation.code(apps, editor)  # type: ignore[arg-type]
    recorder = MigrationRecorder(connection)
    editor.create_model(recorder.Migration)
    recorder.migration_qs.bulk_create(
        [recorder.Migration(app=step.app_label, name=step.name) for step in plan]
    )
