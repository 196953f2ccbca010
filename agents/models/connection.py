"""Model connections: where a model is reached, with which key, at what price."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from tenants.records import Record

HTTP_ADDRESS = RegexValidator(
    r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", "Enter an address such as https://models.example/v1."
)


class ModelConnection(Record):
    """An OpenAI-compatible endpoint; its key is stored encrypted and never shown."""

    class Provider(models.TextChoices):
        """Who answers; ``embedded`` is the small model on this machine."""

        EMBEDDED = "embedded"
        OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=30, choices=Provider, default=Provider.OPENAI_COMPATIBLE)
    base_url = models.CharField(
        max_length=500, blank=True, validators=[HTTP_ADDRESS], help_text="Empty: the platform's own model"
    )
    encrypted_key = models.TextField(blank=True, editable=False)
    model_names = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, help_text="The first is the default"
    )
    is_default = models.BooleanField(default=False)
    timeout_s = models.PositiveIntegerField(default=120, validators=[MinValueValidator(1)])
    price_in_usd = models.DecimalField("USD per million tokens in", max_digits=12, decimal_places=4, default=0)
    price_out_usd = models.DecimalField("USD per million tokens out", max_digits=12, decimal_places=4, default=0)

    class Meta:
        ordering = ("name",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="one_default_connection"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_key(self) -> bool:
        """Say whether a key is stored."""
        return bool(self.encrypted_key)
