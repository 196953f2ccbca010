"""What a plan allows in a month, and the door through which a call is held to it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from django.core.validators import MinValueValidator
from django.db import migrations, models

SQL = (Path(__file__).parent / "monthly_limits.sql").read_text()


class Migration(migrations.Migration):
    """0, as everywhere in a plan, is no limit."""

    dependencies = [("tenants", "0004_due_times")]
    operations = [
        migrations.AddField(
            model_name="plan",
            name="tokens_per_month",
            field=models.PositiveBigIntegerField(default=0, help_text="0 = no limit"),
        ),
        migrations.AddField(
            model_name="plan",
            name="cost_usd_per_month",
            field=models.DecimalField(
                decimal_places=2,
                default=Decimal(0),
                help_text="0 = no limit",
                max_digits=12,
                validators=[MinValueValidator(0)],
                verbose_name="USD per month",
            ),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
