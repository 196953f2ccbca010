"""A step's time limit bounds what it waits for, where waiting is all that it does."""

from __future__ import annotations

from django.db import migrations, models

HELP = "What is due is the end of the step's time, not what it waits for"


class Migration(migrations.Migration):
    """One more column of waits."""

    dependencies = [("workflows", "0023_approval_recounts")]
    operations = [
        migrations.AddField("wait", "times_out", models.BooleanField(default=False, help_text=HELP)),
    ]
