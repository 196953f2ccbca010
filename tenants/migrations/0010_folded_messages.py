"""Messages that are asked for often and sent once; the first of them has approvals counted anew."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parent / "folded_messages.sql").read_text()
KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("vectors", "Vectors"), ("asked", "Asked"), ("ended", "Ended"), ("approval", "Approval"),
    ("recount", "Recount"),
]  # fmt: skip


class Migration(migrations.Migration):
    """One more kind, and two doors."""

    dependencies = [("tenants", "0009_suspensions")]
    operations = [
        migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
