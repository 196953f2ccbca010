"""Messages that say what happened to an approval are kept until people are told."""

from __future__ import annotations

from django.db import migrations, models

KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("vectors", "Vectors"), ("asked", "Asked"), ("noted", "Noted"), ("ended", "Ended"),
    ("approval", "Approval"), ("recount", "Recount"), ("budget", "Budget"), ("room", "Room"),
]  # fmt: skip


class Migration(migrations.Migration):
    """One more kind; no column changes."""

    dependencies = [("tenants", "0012_room_messages")]
    operations = [migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20))]
