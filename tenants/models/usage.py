"""What each tenant used on each day."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tenants.models.tenant import Tenant


class UsageRecord(models.Model):
    """The amount of one metric that one tenant used on one day (UTC)."""

    class Metric(models.TextChoices):
        """Units are in the name; storage is the change of a day in bytes. Cached tokens are among those in, reasoning among out."""

        RUNS = "runs"
        STEPS = "steps"
        MODEL_CALLS = "model_calls"
        TOKENS_IN = "tokens_in"
        TOKENS_OUT = "tokens_out"
        TOKENS_CACHED = "tokens_cached"
        TOKENS_REASONING = "tokens_reasoning"
        COST_USD = "cost_usd"
        STORAGE_BYTES = "storage_bytes"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="usage")
    day = models.DateField()
    metric = models.CharField(max_length=20, choices=Metric)
    amount = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        ordering = ("-day", "tenant", "metric")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tenant", "day", "metric"], name="usage_once_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.day} {self.metric} {self.amount}"
