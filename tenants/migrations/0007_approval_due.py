"""Approvals have times: due, reminders, escalation."""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("asked", "Asked"), ("ended", "Ended"), ("approval", "Approval"),
]  # fmt: skip


class Migration(migrations.Migration):
    """One more kind; no column changes."""

    dependencies = [("tenants", "0006_kept_messages")]
    operations = [migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20))]
