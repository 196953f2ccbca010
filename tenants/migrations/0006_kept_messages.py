"""Messages that are sent again until what they ask for is done; tokens above whatever a run has seen; urgent tickets first."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models

SQL = (Path(__file__).parent / "kept_messages.sql").read_text()
KINDS = [
    ("run", "Run"), ("schedule", "Schedule"), ("firing", "Firing"), ("delivery", "Delivery"),
    ("document", "Document"), ("asked", "Asked"), ("ended", "Ended"),
]  # fmt: skip


class Migration(migrations.Migration):
    """One item may be due for several reasons."""

    dependencies = [("tenants", "0005_monthly_limits")]
    operations = [
        migrations.AlterField("duetime", "kind", models.CharField(choices=KINDS, max_length=20)),
        migrations.RemoveConstraint("duetime", "due_once"),
        migrations.AddConstraint(
            "duetime", models.UniqueConstraint(fields=["tenant", "kind", "item"], name="due_once_a_kind")
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
