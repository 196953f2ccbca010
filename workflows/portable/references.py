"""What a definition names in its tenant, and the same definition with other names."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.approvals.naming import name_people, policies_of
from workflows.nodes import registry
from workflows.nodes.base import Reference

Json = dict[str, Any]
KINDS = {"model": "connection"}
"""What a node calls a model is a model connection of the tenant."""


def references_of(definition: Json) -> Iterator[tuple[Json, Reference]]:
    """Return each node with each thing that its config names; an empty name is the tenant's default and names nothing.

    Of a draft that is half-done, or a document that is no definition, it is what can be read of it.
    """
    nodes = definition.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        for found in _read(node):
            if isinstance(found.slug, str) and found.slug:
                yield node, found


def _read(node: Any) -> list[Reference]:
    try:
        return registry.get(node["type"]).references(node.get("config", {})) if registry.known(node["type"]) else []
    except (AttributeError, KeyError, TypeError):  # a node to which a field is still to be given
        return []


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
    name_people(policies_of(document), names)
    return document
