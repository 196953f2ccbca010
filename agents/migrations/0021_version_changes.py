"""Keep with an agent's version who changed what since the one before."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Versions from before know their author alone."""

    dependencies = [("agents", "0020_version_contributors")]

    operations = [
        migrations.AddField(
            model_name="agentversion",
            name="changes",
            field=models.JSONField(
                default=list,
                help_text="[{field, by: [{id, name}]}]: who changed what since the version before, named as then",
            ),
        ),
    ]
