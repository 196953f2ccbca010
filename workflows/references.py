"""What definitions may name in the tenant of the running code."""

from __future__ import annotations

from typing import Any

from agents.models import Agent, Crew, KnowledgeBase, ModelConnection

MODELS: dict[str, Any] = {"agent": Agent, "crew": Crew, "knowledge_base": KnowledgeBase, "model": ModelConnection}


class TenantReferences:
    """References over the tenant's rows; the slugs of a kind are read once, when the first of it is asked for."""

    def __init__(self) -> None:
        self._known: dict[str, frozenset[str]] = {}

    def has(self, kind: str, slug: str) -> bool:
        """Say whether the tenant has it; the model "" is the default connection."""
        if kind not in self._known:
            self._known[kind] = _slugs(kind)
        return slug in self._known[kind]


def _slugs(kind: str) -> frozenset[str]:
    found = frozenset(MODELS[kind].objects.values_list("slug", flat=True))
    has_default = kind == "model" and ModelConnection.objects.filter(is_default=True).exists()
    return found | {""} if has_default else found
