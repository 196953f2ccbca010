"""A run goes on with the agents that it began with, also when somebody changes them meanwhile."""

from __future__ import annotations

from typing import Any

from agents.models import Agent

Json = dict[str, Any]


def pinned(definition: Json) -> Json:
    """Return the definition with the present version of every agent whose node names none."""
    free = [node for node in definition["nodes"] if node["type"] == "agent" and "version" not in node["config"]]
    if not free:
        return definition
    slugs = {node["config"]["agent"] for node in free}
    versions = dict(Agent.objects.filter(slug__in=slugs, version__gt=0).values_list("slug", "version"))
    return {**definition, "nodes": [_pinned(node, versions) for node in definition["nodes"]]}


def _pinned(node: Json, versions: dict[str, int]) -> Json:
    version = versions.get(node["config"].get("agent", "")) if node["type"] == "agent" else None
    if version is None or "version" in node["config"]:
        return node
    return {**node, "config": {**node["config"], "version": version}}
