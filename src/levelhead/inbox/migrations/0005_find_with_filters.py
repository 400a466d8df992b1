"""What finding with filters stands on: when a post came in, whose it is, and clauses."""

from __future__ import annotations

import json

from django.db import migrations, models

HEADS = ("private_data", "spam", "scam_link")
LIKELY = 0.5
BATCH = 2_000
AUTHORS = {"author_by_handle": "lower(handle)", "author_by_name": "lower(name)"}


def mark_clauses(apps, schema_editor):
    """Mark the cases that are there already by what was said of their posts."""
    case = apps.get_model("inbox", "Case")
    assessment = apps.get_model("inbox", "Assessment")
    case.objects.filter(models.Q(label="removable") | models.Q(disposition="moderate")).exclude(
        state="own"
    ).update(may_break=True)
    last = 0
    while True:
        rows = list(
            assessment.objects.filter(pk__gt=last, post__from_agency=False)
            .order_by("pk")
            .values_list("pk", "scores")[:BATCH]
        )
        if not rows:
            return
        last = rows[-1][0]
        found = [pk for pk, scores in rows if _shows_sign(scores)]
        for start in range(0, len(found), 500):
            case.objects.filter(pk__in=found[start : start + 500], corrected=False).update(
                may_break=True
            )


def _shows_sign(scores):
    try:
        safety = json.loads(scores).get("safety", {})
        return any(safety.get(head, 0.0) >= LIKELY for head in HEADS)
    except (ValueError, AttributeError, TypeError):
        return False


def index_authors(apps, schema_editor):
    """Beginnings of names and handles, whatever the database's own order of letters is."""
    collation = "" if schema_editor.connection.vendor == "sqlite" else ' COLLATE "C"'
    for name, folded in AUTHORS.items():
        schema_editor.execute(
            f"CREATE INDEX {name} ON inbox_author (agency_id, ({folded}){collation})"
        )


def drop_author_indexes(apps, schema_editor):
    """Take them away."""
    for name in AUTHORS:
        schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_clocks_of_a_case")]
    operations = [
        migrations.AddField(
            model_name="case",
            name="may_break",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(mark_clauses, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["agency", "post"],
                name="case_by_clause",
                condition=models.Q(may_break=True),
            ),
        ),
        migrations.AddIndex(
            model_name="post",
            index=models.Index(fields=["agency", "received_at", "id"], name="post_by_arrival"),
        ),
        migrations.RunPython(index_authors, drop_author_indexes),
    ]
