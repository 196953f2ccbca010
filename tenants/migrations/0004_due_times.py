"""When something of a tenant is next due, and the doors to that."""

from __future__ import annotations

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

SQL = (Path(__file__).parent / "due_times.sql").read_text()


class Migration(migrations.Migration):
    """One table for all tenants, so that nobody asks each of them."""

    dependencies = [
        ("tenants", "0003_sweeper"),
    ]

    operations = [
        migrations.CreateModel(
            name="DueTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery")],
                        max_length=20,
                    ),
                ),
                ("item", models.UUIDField()),
                ("due_at", models.DateTimeField()),
                ("wake_at", models.DateTimeField(help_text="When the sweeper sends a worker the next message")),
                (
                    "wakes",
                    models.PositiveSmallIntegerField(default=0, help_text="Messages of the sweeper for this time"),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="due_times",
                        to="tenants.tenant",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["wake_at"], name="due_wake")],
                "constraints": [models.UniqueConstraint(fields=("tenant", "item"), name="due_once")],
            },
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
