"""Small changes to a definition's document: a node comes, goes, or leads elsewhere. What comes out need not be valid yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workflows.definitions.document import MAP
from workflows.nodes.base import NodeType

Json = dict[str, Any]
AFTER, START, UNDOES, REPEATED, BESIDE = "after", "start", "undoes", "repeated", "beside"
ID_LENGTH = 60


def node_of(document: Json, node: str) -> Json | None:
    """Return the node with that id."""
    return next((found for found in document["nodes"] if found["id"] == node), None)


def replaced(document: Json, node: Json) -> Json:
    """Return the document with that node in the place of the one with its id."""
    return {**document, "nodes": [node if found["id"] == node["id"] else found for found in document["nodes"]]}


def leading(document: Json, node: str, ways: Sequence[tuple[str, str]]) -> Json:
    """Return the document where ``node`` leads to exactly these ``(route, target)``, its edges where the first was."""
    edges = document.get("edges", [])
    place = next((number for number, edge in enumerate(edges) if edge["from"] == node), len(edges))
    others = [edge for edge in edges if edge["from"] != node]
    place = sum(edge["from"] != node for edge in edges[:place])
    own = [_edge(node, target, route) for route, target in dict.fromkeys(ways)]
    return {**document, "edges": [*others[:place], *own, *others[place:]]}


def without(document: Json, node: str) -> Json:
    """Return the document without the node; what led to it leads to what follows it, where that is one node."""
    edges = document.get("edges", [])
    after = {edge["to"] for edge in edges if edge["from"] == node} - {node}
    following = after.pop() if len(after) == 1 else ""
    kept = []
    for edge in edges:
        if edge["to"] == node and edge["from"] != node and following:
            kept.append({**edge, "to": following})
        elif node not in (edge["from"], edge["to"]):
            kept.append(edge)
    left = [_forgetting(found, node) for found in document["nodes"] if found["id"] != node]
    start = following or (left[0]["id"] if left else "") if document.get("start") == node else document.get("start")
    return {**document, "nodes": left, "edges": _once(kept), "start": start}


def placed(document: Json, node: Json, place: str, at: str = "", route: str = "", routes: Sequence[str] = ()) -> Json:
    """Return the document with a new node: after ``at`` by its ``route``, at the start, undoing or repeated by ``at``, or beside.

    After another it comes between that and what followed there; with ``routes`` of its own all of them lead on there.
    """
    grown = {**document, "nodes": [*document["nodes"], node]}
    id_ = node["id"]
    if place == UNDOES:
        return _changed(grown, at, {"undo": id_})
    if place == REPEATED:
        owner = node_of(grown, at) or {}
        return _changed(grown, at, {"config": {**owner.get("config", {}), "each": id_}})
    if place == START:
        onward = [_edge(id_, str(document.get("start")), own) for own in routes or ("",)]
        return {**grown, "start": id_, "edges": [*onward, *document.get("edges", [])]}
    return _between(grown, id_, at, route, routes) if place == AFTER else grown


def new_id(document: Json, title: str, type_: str) -> str:
    """Return an id made of the title that no node has yet."""
    wanted = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_").lower()[: ID_LENGTH - 4]
    base = wanted if wanted[:1].isalpha() else f"{type_}_{wanted}".rstrip("_")[: ID_LENGTH - 4]
    taken = {node["id"] for node in document["nodes"]}
    return next(name for n in range(1, len(taken) + 2) if (name := base if n == 1 else f"{base}_{n}") not in taken)


def first_config(kind: NodeType) -> Json:
    """Return the config that a new node of that type begins with: what its example has of the fields that must be there."""
    required = kind.schema.get("required") or []
    return {name: value for name, value in kind.example.items() if name in required} or dict(kind.example)


def routes_in(type_: str, config: Mapping[str, Any]) -> list[str]:
    """Return the routes that a node of that type can be left by, as far as its config tells."""
    cases = config.get("cases")
    named = [case.get("route") for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    fixed = {"loop": ["again", "done"], "approval": ["approve", "reject", "request_changes"], "wait": ["timeout"]}
    return [route for route in (*named, config.get("default"), *fixed.get(type_, [])) if isinstance(route, str)]


def _between(document: Json, node: str, at: str, route: str, routes: Sequence[str]) -> Json:
    edges = document.get("edges", [])
    moved = [edge for edge in edges if edge["from"] == at and edge.get("when", "") == route]
    onward = [_edge(node, edge["to"], own) for edge in moved for own in routes or ("",)]
    kept = [edge for edge in edges if edge not in moved]
    return {**document, "edges": _once([*kept, _edge(at, node, route), *onward])}


def _changed(document: Json, node: str, fields: Json) -> Json:
    found = node_of(document, node)
    return replaced(document, {**found, **fields}) if found else document


def _forgetting(node: Json, gone: str) -> Json:
    """Return the node without what names the one that is gone."""
    kept = {name: value for name, value in node.items() if name != "undo" or value != gone}
    config = kept.get("config", {})
    if node.get("type") == MAP and config.get("each") == gone:
        kept["config"] = {name: value for name, value in config.items() if name != "each"}
    return kept


def _edge(source: str, target: str, route: str) -> Json:
    return {"from": source, "to": target, **({"when": route} if route else {})}


def _once(edges: Sequence[Json]) -> list[Json]:
    found: dict[tuple[str, str, str], Json] = {}
    for edge in edges:
        found.setdefault((edge["from"], edge["to"], edge.get("when", "")), edge)
    return list(found.values())
