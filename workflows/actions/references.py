"""What a definition may name in this tenant, asked from the database once per kind."""

from __future__ import annotations

from agents.models import Agent, Crew, KnowledgeBase, ModelConnection


class TenantReferences:
    """``workflows.nodes.base.References`` of the tenant that the running code works for; use it for one validation."""

    def __init__(self) -> None:
        self._slugs: dict[str, frozenset[str]] = {}

    def has(self, kind: str, slug: str) -> bool:
        """Say whether the tenant has it; an empty slug of a model is the default connection."""
        if kind == "model" and not slug:
            return ModelConnection.objects.filter(is_default=True).exists()
        if kind not in self._slugs:
            self._slugs[kind] = frozenset(_MODELS[kind].objects.values_list("slug", flat=True))
        return slug in self._slugs[kind]


_MODELS: dict[str, type[Agent | Crew | KnowledgeBase | ModelConnection]] = {
    "agent": Agent,
    "crew": Crew,
    "knowledge_base": KnowledgeBase,
    "model": ModelConnection,
}
