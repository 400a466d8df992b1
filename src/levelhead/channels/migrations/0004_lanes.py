from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("channels", "0003_leaves_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxitem",
            name="lane",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="lane_place",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="outboxitem",
            name="urgent",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddConstraint(
            model_name="outboxitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("lane__isnull", False)),
                fields=("channel", "lane", "lane_place"),
                name="one_outbox_item_per_lane_place",
            ),
        ),
    ]
