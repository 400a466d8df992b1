"""The database itself refuses to change or remove what is on the record."""

from __future__ import annotations

from django.db import migrations

SQLITE = [
    """CREATE TRIGGER records_recordevent_no_update BEFORE UPDATE ON records_recordevent
       BEGIN SELECT RAISE(ABORT, 'The record is append-only: an event is never changed.'); END""",
    """CREATE TRIGGER records_recordevent_no_delete BEFORE DELETE ON records_recordevent
       BEGIN SELECT RAISE(ABORT, 'The record is append-only: an event is never removed.'); END""",
]
SQLITE_BACK = [
    "DROP TRIGGER records_recordevent_no_update",
    "DROP TRIGGER records_recordevent_no_delete",
]
POSTGRESQL = [
    """CREATE FUNCTION records_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'The record is append-only: an event is never changed or removed.';
       END $$""",
    """CREATE TRIGGER records_recordevent_no_change BEFORE UPDATE OR DELETE
       ON records_recordevent FOR EACH ROW EXECUTE FUNCTION records_refuse_change()""",
    """CREATE TRIGGER records_recordevent_no_truncate BEFORE TRUNCATE
       ON records_recordevent FOR EACH STATEMENT EXECUTE FUNCTION records_refuse_change()""",
]
POSTGRESQL_BACK = [
    "DROP TRIGGER records_recordevent_no_truncate ON records_recordevent",
    "DROP TRIGGER records_recordevent_no_change ON records_recordevent",
    "DROP FUNCTION records_refuse_change()",
]


def add(apps, schema_editor):
    """Create the triggers for the database at hand."""
    statements = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for statement in statements:
        schema_editor.execute(statement)


def remove(apps, schema_editor):
    """Drop them."""
    statements = SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK
    for statement in statements:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
