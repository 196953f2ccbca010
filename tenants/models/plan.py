"""Plans: what a tenant may use."""

from __future__ import annotations

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models

from tenants.records import Timestamped


class Plan(Timestamped):
    """Limits that a tenant's work is held to; 0 means none."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    runs_per_day = models.PositiveIntegerField(default=0, help_text="0 = no limit")
    runs_at_once = models.PositiveIntegerField(default=0, help_text="0 = no limit")
    tokens_per_day = models.PositiveBigIntegerField(default=0, help_text="0 = no limit")
    tokens_per_month = models.PositiveBigIntegerField(default=0, help_text="0 = no limit")
    cost_usd_per_month = models.DecimalField(
        "USD per month",
        max_digits=12,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0)],
        help_text="0 = no limit",
    )
    storage_mb = models.PositiveIntegerField(default=0, help_text="0 = no limit")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
