"""Changes of vectors are sent to stores outside by kept messages."""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("vectors", "Vectors"), ("asked", "Asked"), ("ended", "Ended"), ("approval", "Approval"),
]  # fmt: skip


class Migration(migrations.Migration):
    """One more kind; no column changes."""

    dependencies = [("tenants", "0007_approval_due")]
    operations = [migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20))]
