"""What a definition names in its tenant, and the same definition with other names."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.nodes import registry
from workflows.nodes.base import Reference

Json = dict[str, Any]
KINDS = {"model": "connection"}
"""What a node calls a model is a model connection of the tenant."""


def references_of(definition: Json) -> Iterator[tuple[Json, Reference]]:
    """Return each node with each thing that its config names; an empty name is the tenant's default and names nothing."""
    for node in definition["nodes"]:
        if registry.known(node["type"]):
            for found in registry.get(node["type"]).references(node.get("config", {})):
                if found.slug:
                    yield node, found


def named_in(definition: Json) -> dict[str, set[str]]:
    """Return the slugs that the definition names, by kind."""
    names: dict[str, set[str]] = {}
    for _, found in references_of(definition):
        names.setdefault(KINDS.get(found.kind, found.kind), set()).add(found.slug)
    return names


def renamed(definition: Json, names: Mapping[str, Mapping[str, str]]) -> Json:
    """Return a copy of the definition that names ``names[kind][slug]`` instead of ``slug``."""
    document = copy.deepcopy(definition)
    for node, found in list(references_of(document)):
        new = names.get(KINDS.get(found.kind, found.kind), {}).get(found.slug)
        if new is not None:
            *path, last = found.field.split(".")
            place = node["config"]
            for step in path:
                place = place[step]
            place[last] = new
    return document
