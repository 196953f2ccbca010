"""Questions about budgets."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """An approval may be about a budget, and says what the run may use on top of it."""

    dependencies = [
        ("agents", "0005_metering"),
        ("workflows", "0011_waits"),
    ]

    operations = [
        migrations.AddField(
            model_name="approval",
            name="allowance",
            field=models.DecimalField(
                decimal_places=6,
                help_text="What this run may use on top of the budget, if approved",
                max_digits=16,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="budget",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="questions", to="agents.budget"
            ),
        ),
        migrations.AlterField(
            model_name="approval",
            name="kind",
            field=models.CharField(
                choices=[("approval", "Approval"), ("effect", "Effect"), ("budget", "Budget")],
                default="approval",
                max_length=10,
            ),
        ),
    ]
