"""A crew's task may say who decides on its result."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add a column with a constant default; no row is written again."""

    dependencies = [("agents", "0011_vector_spaces")]
    operations = [
        migrations.AddField(
            "crewtask",
            "policy",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="Who decides on the result, how many of them, and by when; empty: anybody who may",
            ),
        ),
    ]
