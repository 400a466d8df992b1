from django.db import migrations


def start_here(apps, schema_editor):
    """What happened before notifications came is no news: following begins at the head."""
    chains = apps.get_model("records", "RecordChain").objects.filter(name="desk")
    place = apps.get_model("notifications", "FollowPlace")
    for agency_id, seq in chains.values_list("agency_id", "seq"):
        place.objects.get_or_create(agency_id=agency_id, defaults={"seq": seq})


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0001_initial"),
        ("records", "0001_initial"),
    ]

    operations = [migrations.RunPython(start_here, migrations.RunPython.noop)]
