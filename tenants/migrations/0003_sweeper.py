"""When each ticket's next wake-up is due, and the doors that keep it so."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations, models
from django.db.models.functions import Now

SQL = (Path(__file__).parent / "tickets.sql").read_text()


def wake_all(apps, schema_editor):  # type: ignore[no-untyped-def]
    """Let the first sweep look at every ticket that somebody may wait for."""
    tickets = apps.get_model("tenants", "RunTicket").objects.using(schema_editor.connection.alias)
    tickets.filter(state__in=("ready", "claimed")).update(wake_at=Now())


class Migration(migrations.Migration):
    """One partial index takes the place of two: the sweeper asks for nothing but what is due."""

    dependencies = [("tenants", "0002_doors")]
    operations = [
        migrations.RemoveIndex(model_name="runticket", name="ticket_ready"),
        migrations.RemoveIndex(model_name="runticket", name="ticket_leased"),
        migrations.AlterField(
            model_name="runticket",
            name="not_before",
            field=models.DateTimeField(blank=True, help_text="Empty: at once", null=True),
        ),
        migrations.AlterField(
            model_name="runticket",
            name="state",
            field=models.CharField(
                choices=[
                    ("ready", "Ready"),
                    ("claimed", "Claimed"),
                    ("parked", "Parked"),
                    ("done", "Done"),
                    ("dead", "Dead"),
                ],
                default="ready",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="runticket",
            name="wake_at",
            field=models.DateTimeField(
                blank=True, help_text="When the sweeper sends a worker the next message", null=True
            ),
        ),
        migrations.AddField(
            model_name="runticket",
            name="wakes",
            field=models.PositiveSmallIntegerField(default=0, help_text="Messages of the sweeper since the last news"),
        ),
        migrations.AddField(
            model_name="runticket",
            name="reason",
            field=models.CharField(blank=True, default="", help_text="Code of what a dead run died of", max_length=40),
        ),
        migrations.AddIndex(
            model_name="runticket",
            index=models.Index(condition=models.Q(("wake_at__isnull", False)), fields=["wake_at"], name="ticket_wake"),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.RunPython(wake_all, migrations.RunPython.noop),
    ]
