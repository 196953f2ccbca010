"""What several resources show: totals, reasons, choices that may be absent."""

from __future__ import annotations

from typing import Any

from django.db.models import TextChoices
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class TotalsSerializer(serializers.Serializer[Any]):
    """What was used; ``seconds`` of work, waiting for people not counted."""

    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost_usd = serializers.FloatField()
    model_calls = serializers.IntegerField()
    seconds = serializers.FloatField()


class ReasonSerializer(serializers.Serializer[Any]):
    """Why something failed: programs match on ``code``, people read ``message``; where it was, and how often it was tried."""

    code = serializers.CharField()
    message = serializers.CharField()
    node = serializers.CharField(default="")
    attempts = serializers.IntegerField(default=0, help_text="How often a step was tried; 0: not counted")
    details = serializers.SerializerMethodField()

    @extend_schema_field({"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "array", "items": {}}]})
    def get_details(self, reason: dict[str, Any]) -> Any:
        """Return facts by name, or what is wrong with each field."""
        return reason.get("details", {})


class OptionalChoice(serializers.ChoiceField):
    """A choice that is stored as "" when there is none, and shown as null."""

    def __init__(self, choices: type[TextChoices], **options: Any) -> None:
        super().__init__(choices=choices.choices, allow_null=True, read_only=True, **options)

    def to_representation(self, value: Any) -> Any:
        """Return the choice or null."""
        return value or None


@extend_schema_field(OpenApiTypes.OBJECT)
class StoredObject(serializers.JSONField):
    """A JSON object as it is stored; read only."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)
