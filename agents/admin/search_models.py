"""Which connections the form of a knowledge base offers for the models that its searches ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.models import ModelConnection
from nexod.admin.schema_form import CHOICES

Json = dict[str, Any]
NAMED = "connection"


def with_connections(schema: Json, shown: Any, given: Mapping[str, Any], prefix: str) -> Json:
    """Return the schema with the workspace's connections where it names one; what is named now stays among them.

    That is what is ``shown``, and what a form that was sent has ``given``: the connection may be gone, or yet to come.
    """
    offered = list(ModelConnection.objects.order_by("name").values_list("slug", "name"))
    parts = dict(schema["properties"])
    for name, part in parts.items():
        if NAMED in part.get("properties", {}):
            saved = (shown.get(name) or {}) if isinstance(shown, Mapping) else {}
            now = [saved.get(NAMED), given.get(f"{prefix}-{name}-{NAMED}")]
            inside = {**part["properties"][NAMED], CHOICES: _with(offered, now)}
            parts[name] = {**part, "properties": {**part["properties"], NAMED: inside}}
    return {**schema, "properties": parts}


def _with(offered: list[tuple[str, str]], now: list[Any]) -> list[tuple[str, str]]:
    unknown = dict.fromkeys(slug for slug in now if isinstance(slug, str) and slug and slug not in dict(offered))
    return [*offered, *((slug, f"{slug} (not a connection)") for slug in unknown)]
