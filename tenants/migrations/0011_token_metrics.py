"""What a provider had ready, and what nobody sees, are metrics of their own."""

from __future__ import annotations

from django.db import migrations, models

METRICS = [
    ("runs", "Runs"), ("steps", "Steps"), ("model_calls", "Model Calls"), ("tokens_in", "Tokens In"),
    ("tokens_out", "Tokens Out"), ("tokens_cached", "Tokens Cached"), ("tokens_reasoning", "Tokens Reasoning"),
    ("cost_usd", "Cost Usd"), ("storage_bytes", "Storage Bytes"),
]  # fmt: skip


class Migration(migrations.Migration):
    """Two more metrics; no column changes."""

    dependencies = [("tenants", "0010_folded_messages")]
    operations = [migrations.AlterField("usagerecord", "metric", models.CharField(choices=METRICS, max_length=20))]
