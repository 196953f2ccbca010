"""Model connections: where a model is reached, with which key, at what price."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from tenants.records import Record

HTTP_ADDRESS = RegexValidator(
    r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", "Enter an address such as https://models.example/v1."
)


MAX_CACHE_S = 30 * 24 * 3600


def limit(of: str) -> models.PositiveIntegerField[int | None, int | None]:
    """Return the field of a limit; empty is without."""
    return models.PositiveIntegerField(
        of, null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: without limit"
    )


class ModelConnection(Record):
    """A provider's address and key; keys are stored encrypted and never shown. Limits hold for all workers together."""

    class Provider(models.TextChoices):
        """Who answers; ``embedded`` is the small model on this machine."""

        EMBEDDED = "embedded", "The platform's own"
        OPENAI = "openai", "OpenAI"
        ANTHROPIC = "anthropic", "Anthropic"
        GOOGLE = "google", "Google Gemini"
        AZURE = "azure", "Azure OpenAI"
        BEDROCK = "bedrock", "Amazon Bedrock"
        MISTRAL = "mistral", "Mistral"
        OLLAMA = "ollama", "Ollama"
        VLLM = "vllm", "vLLM"
        OPENAI_COMPATIBLE = "openai_compatible", "OpenAI-compatible"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=30, choices=Provider, default=Provider.OPENAI_COMPATIBLE)
    base_url = models.CharField(
        max_length=500, blank=True, validators=[HTTP_ADDRESS], help_text="Empty: the provider's own address"
    )
    options = models.JSONField(
        default=dict, blank=True, help_text="What this provider needs or takes beside, such as api_version or region"
    )
    encrypted_key = models.TextField(blank=True, editable=False)
    encrypted_former_key = models.TextField(blank=True, editable=False)
    former_key_until = models.DateTimeField(null=True, blank=True, editable=False)
    model_names = ArrayField(
        models.CharField(max_length=120), default=list, blank=True, help_text="The first is the default"
    )
    is_default = models.BooleanField(default=False)
    timeout_s = models.PositiveIntegerField(default=120, validators=[MinValueValidator(1)])
    max_concurrent = limit("calls at once")
    requests_per_minute = limit("requests a minute")
    tokens_per_minute = limit("tokens a minute")
    cache_s = models.PositiveIntegerField(
        "answers kept for, in seconds", default=0, validators=[MaxValueValidator(MAX_CACHE_S)],
        help_text="An identical call is answered from the workspace's cache for so long; 0: never",
    )  # fmt: skip
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

    @property
    def has_former_key(self) -> bool:
        """Say whether the key before it is still tried where this one is refused."""
        return bool(self.encrypted_former_key and self.former_key_until and self.former_key_until > timezone.now())
