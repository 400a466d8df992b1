"""Replies that failed and that nobody has to look at any more say so themselves."""

from __future__ import annotations

from django.db import migrations


def let_go(apps, schema_editor):  # type: ignore[no-untyped-def]
    """Until now only the case said whether a failed reply still mattered."""
    reply = apps.get_model("replies", "Reply")
    part = apps.get_model("replies", "ReplyPart")
    item = apps.get_model("channels", "OutboxItem")
    firsts = reply.objects.filter(case__reply_failed=False, outbox_item__state="failed")
    further = part.objects.filter(reply__case__reply_failed=False, outbox_item__state="failed")
    for ids in (firsts, further):
        item.objects.filter(pk__in=ids.values("outbox_item_id")).update(state="given_up")


class Migration(migrations.Migration):
    dependencies = [("replies", "0004_leaving"), ("channels", "0003_leaves_at")]

    operations = [migrations.RunPython(let_go, migrations.RunPython.noop)]
