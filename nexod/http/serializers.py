"""What bodies are made of: closed inputs, JSON objects, and the answers that several apps share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

NAMED_AT_MOST = 20


class Closed:
    """Mixed into a serializer: a field that it does not have is refused, never lost in silence. Read-only ones are passed over,
    so that what was read can be sent back."""

    def to_internal_value(self: Any, data: Any) -> Any:
        """Return the validated fields; raises for those that are not declared."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name)[:100] for name in set(data) - set(self.fields))
            if unknown:
                known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
                message = f"There is no such field; there are {known}." if known else "There are no fields here."
                raise serializers.ValidationError({name: [message] for name in unknown[:NAMED_AT_MOST]}, code="unknown")
        return super().to_internal_value(data)  # type: ignore[misc]


class ClosedSerializer(Closed, serializers.Serializer[Any]):
    """A body of which every field is known."""


@extend_schema_field(OpenApiTypes.OBJECT)
class JsonObjectField(serializers.JSONField):
    """A JSON object."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the object; raises for any other JSON value."""
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("This is not a JSON object.", code="not_an_object")
        return value


class JsonListField(serializers.JSONField):
    """A JSON array; ``extend_schema_field`` says of what."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the list; raises for any other JSON value."""
        if not isinstance(data, list):
            raise serializers.ValidationError("This is not a JSON array.", code="not_a_list")
        return super().to_internal_value(data)


class EmptySerializer(ClosedSerializer):
    """A body without fields."""
