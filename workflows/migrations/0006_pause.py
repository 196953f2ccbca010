"""A person may pause a run."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_effects")]

    operations = [
        migrations.AlterModelOptions(
            name="run",
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": (("cancel_run", "Can cancel run"), ("pause_run", "Can pause run")),
            },
        ),
        migrations.AddField(model_name="run", name="pause_requested", field=models.BooleanField(default=False)),
    ]
