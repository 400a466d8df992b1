"""Full-text search: FTS5 on SQLite, a generated column with GIN on PostgreSQL."""

from __future__ import annotations

from django.db import migrations

SQLITE = [
    # Words only; the text itself stays in inbox_post. Filled by inbox.store, which is three
    # times faster than a trigger.
    """CREATE VIRTUAL TABLE inbox_postwords USING fts5(
       text, content='inbox_post', content_rowid='id', tokenize='unicode61 remove_diacritics 2')""",
]
POSTGRESQL = [
    # Words past the limit of a tsvector are not worth failing for: the beginning is indexed.
    """ALTER TABLE inbox_post ADD COLUMN words tsvector
       GENERATED ALWAYS AS (to_tsvector('simple', left(text, 20000))) STORED""",
    "CREATE INDEX inbox_post_words ON inbox_post USING gin (words)",
]


def add(apps, schema_editor):
    """Create the index for the database at hand."""
    statements = SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL
    for statement in statements:
        schema_editor.execute(statement)


def remove(apps, schema_editor):
    """Drop it."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE inbox_postwords")
    else:
        schema_editor.execute("ALTER TABLE inbox_post DROP COLUMN words")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunPython(add, remove)]
