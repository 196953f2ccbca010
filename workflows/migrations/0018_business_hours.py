"""When an organisation works."""

from __future__ import annotations

from django.db import migrations, models

import workflows.models.business_hours


class Migration(migrations.Migration):
    """One row in each tenant, or none."""

    dependencies = [("workflows", "0017_edited_by")]
    operations = [
        migrations.CreateModel(
            name="BusinessHours",
            fields=[
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("id", models.SmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ("zone", models.CharField(default="UTC", help_text="Such as Europe/Berlin", max_length=60)),
                (
                    "week",
                    models.JSONField(
                        default=workflows.models.business_hours.office_week, help_text="Weekday: [[from, to], ...]"
                    ),
                ),
                ("holidays", models.JSONField(blank=True, default=list, help_text="[{date, name}, ...]")),
            ],
            options={
                "verbose_name": "business hours",
                "verbose_name_plural": "business hours",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="business_hours_once")],
            },
        ),
    ]
