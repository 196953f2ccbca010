"""A try may be given the outputs of chosen nodes, which are not executed then."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add a column with a constant default; no row is written again."""

    dependencies = [("workflows", "0014_checkpoint_wrote")]
    operations = [
        migrations.AddField(
            "run",
            "pins",
            models.JSONField(
                default=dict, help_text="{node: {output, route}} of a try: these nodes are not executed, they give this"
            ),
        ),
        migrations.AlterField(
            "run", "is_try", models.BooleanField(default=False, help_text="Somebody tries an agent or a draft out")
        ),
    ]
