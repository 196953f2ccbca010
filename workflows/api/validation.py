"""What is wrong with a definition, without saving it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from nexod.http.serializers import ClosedSerializer, JsonObjectField
from workflows.actions.references import TenantReferences
from workflows.definitions import validate


class ValidateDefinition(ClosedSerializer):
    """What is checked."""

    definition = JsonObjectField(required=False, help_text="Absent: the draft")


class ProblemSerializer(serializers.Serializer[Any]):
    """One thing that is wrong; ``node`` and ``field`` may be empty."""

    code = serializers.CharField()
    message = serializers.CharField()
    node = serializers.CharField()
    field = serializers.CharField()


class ValidationSerializer(serializers.Serializer[Any]):
    """Whether the definition can run in this workspace."""

    valid = serializers.BooleanField()
    problems = ProblemSerializer(many=True)


def verdict(definition: Any) -> dict[str, Any]:
    """Return what ValidationSerializer describes."""
    problems = validate(definition, TenantReferences())
    return {"valid": not problems, "problems": [asdict(problem) for problem in problems]}
