"""Runs can be listed by what they cost."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index for the order of that list."""

    dependencies = [("workflows", "0019_saved_views")]
    operations = [
        migrations.AddIndex("run", models.Index(fields=["-cost_usd", "-id"], name="run_by_cost")),
    ]
