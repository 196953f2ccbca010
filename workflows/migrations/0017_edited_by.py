"""A version knows who edited it last, too, whoever published it."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Add a column without a default; no row is written again."""

    dependencies = [("workflows", "0016_approval_policies"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.AddField(
            "workflowversion",
            "edited_by",
            models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Who saved the draft last that this was published from, whoever published it",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
