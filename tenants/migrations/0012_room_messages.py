"""Messages that say that there is room in a budget, or in the plan, are kept until somebody has looked."""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("vectors", "Vectors"), ("asked", "Asked"), ("ended", "Ended"), ("approval", "Approval"),
    ("recount", "Recount"), ("budget", "Budget"), ("room", "Room"),
]  # fmt: skip


class Migration(migrations.Migration):
    """Two more kinds; no column changes."""

    dependencies = [("tenants", "0011_token_metrics")]
    operations = [migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20))]
