"""From a definition to the shared types of a document: texts that merge, maps whose fields are set one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pycrdt import Array, Doc, Map, Text

from collaboration.crdt.shape.normal import HEAD, NODE, TEXTS, plain

Json = dict[str, Any]


def seed(doc: Doc[Any], definition: Json) -> None:
    """Put a definition into an empty document. A node's key is its id."""
    keys = keys_of([node["id"] for node in definition.get("nodes", [])])
    by_id = {node["id"]: key for node, key in reversed(list(zip(definition.get("nodes", []), keys, strict=True)))}
    with doc.transaction():
        head = doc.get("workflow", type=Map)
        for name in HEAD:
            if name in definition:
                head[name] = head_value(name, definition[name], by_id)
        nodes = doc.get("nodes", type=Map)
        for place, (key, node) in enumerate(zip(keys, definition.get("nodes", []), strict=True), 1):
            nodes[key] = node_map(node, place, by_id)
        edges = doc.get("edges", type=Map)
        for place, edge in enumerate(definition.get("edges", []), 1):
            if edge["from"] in by_id and edge["to"] in by_id:
                add_edge(edges, by_id[edge["from"]], by_id[edge["to"]], edge.get("when", ""), place)


def keys_of(ids: list[str]) -> list[str]:
    """Return a key for each node: its id, and for the second of the same id ``<id>~2``."""
    seen: Counter[str] = Counter()
    keys = []
    for id_ in ids:
        seen[id_] += 1
        keys.append(id_ if seen[id_] == 1 else f"{id_}~{seen[id_]}")
    return keys


def head_value(name: str, value: Any, by_id: Mapping[str, str]) -> Any:
    """Return what stands in the map ``workflow`` for a field of the definition."""
    if name in TEXTS and isinstance(value, str):
        return Text(value)
    return by_id.get(value, value) if name == "start" else plain(value)


def node_map(node: Json, at: float, by_id: Mapping[str, str]) -> Map[Any]:
    """Return a node as a shared map."""
    return Map({**{name: node_value(name, node[name], by_id) for name in NODE if name in node}, "at": at})


def node_value(name: str, value: Any, by_id: Mapping[str, str]) -> Any:
    """Return what stands in a node's map for one of its fields."""
    if name == "config":
        return shared(value)
    if name in TEXTS and isinstance(value, str):
        return Text(value)
    return by_id.get(value, value) if name == "undo" else plain(value)


def shared(value: Any) -> Any:
    """Return a value of ``config``: shared maps, arrays and texts for objects, lists and strings; all else is plain."""
    if isinstance(value, dict):
        return Map({name: shared(inner) for name, inner in sorted(value.items())})
    if isinstance(value, list):
        return Array([element(inner) for inner in value])
    return Text(value) if isinstance(value, str) else plain(value)


def element(value: Any) -> Any:
    """Return an element of a list: an object is a shared map, all else is replaced as a whole, also a string."""
    return shared(value) if isinstance(value, dict) else plain(value)


def add_edge(edges: Map[Any], source: str, target: str, when: str, at: float) -> None:
    """Put an edge in, under a key that says what it connects; a second equal one gets another key."""
    key = f"{source}|{when}|{target}"
    while key in edges:
        key += "~"
    edges[key] = Map({"from": source, "to": target, "when": when, "at": at})
