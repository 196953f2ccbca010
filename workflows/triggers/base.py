"""What a kind of trigger is: a JSON Schema for its config, a check, and a sample of what its firings give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from nexod.kernel.errors import InvalidInput
from nexod.kernel.json_schemas import complaints

Json = dict[str, Any]
Complaint = tuple[str, str]
"""A field of the config, dotted, and what is wrong with it."""


class TriggerType:
    """Base of every kind. Subclasses set the class variables; ``check`` tells what JSON Schema cannot see."""

    kind: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    icon: ClassVar[str]
    schema: ClassVar[Mapping[str, Any]]

    def check(self, config: Json) -> list[Complaint]:
        """Return what is wrong with a config that fits the schema."""
        return []

    def sample(self, config: Json) -> Json:
        """Return an event such as its firings give, for trying the trigger by hand."""
        return {}

    def summary(self, config: Json) -> str:
        """Return the config in a few words."""
        return self.title


def checked_config(kind: TriggerType, config: object) -> Json:
    """Return the config with the schema's defaults filled in; raise InvalidInput with every field that is wrong."""
    if not isinstance(config, dict):
        raise refused([("config", "The config is a JSON object.")])
    defaults = {name: part["default"] for name, part in kind.schema["properties"].items() if "default" in part}
    filled = {**defaults, **config}
    found = [(item["field"], item["message"]) for item in complaints(filled, dict(kind.schema))]
    found = found or kind.check(filled)
    if found:
        raise refused([(f"config.{field}" if field else "config", message) for field, message in found])
    return filled


def refused(found: list[Complaint]) -> InvalidInput:
    """Return the error that names each field."""
    return InvalidInput(found[0][1], details=[{"field": field, "message": message} for field, message in found])
