"""From a shared document to the definition in it: a JSON object, whatever clients wrote there, unless it is nested too deep."""

from __future__ import annotations

import json
from typing import Any

from pycrdt import Array, Doc, Map

from collaboration.crdt.shape.normal import HEAD, NODE, edge_of, number

Json = dict[str, Any]


class TooDeep(ValueError):
    """The document is nested too deep to be read."""


def definition_of(doc: Doc[Any]) -> Json:
    """Return the definition; it may have problems, or not even be one: ask ``workflows.definitions.validate``.

    Raises TooDeep.
    """
    return definition_and_keys(doc)[0]


def definition_and_keys(doc: Doc[Any]) -> tuple[Json, dict[str, str]]:
    """Return the definition, and the keys of its nodes by their ids, of two with one id the first. Raises TooDeep."""
    try:
        return _definition(doc)
    except RecursionError as error:
        raise TooDeep("The document is nested too deep to be read.") from error


def _definition(doc: Doc[Any]) -> tuple[Json, dict[str, str]]:
    head, nodes, edges = (root(doc, name) for name in ("workflow", "nodes", "edges"))
    listed = {key: node for key, node in ordered(nodes) if isinstance(node, dict)}
    ids = {key: node["id"] for key, node in listed.items() if isinstance(node.get("id"), str)}
    found = {name: head[name] for name in HEAD if name in head}
    if "start" in found:
        found["start"] = ids.get(str(found["start"]), found["start"])
    found["nodes"] = [_node(node, ids) for node in listed.values()]
    found["edges"] = [
        edge_of(ids[edge["from"]], ids[edge["to"]], _route(edge))
        for _, edge in ordered(edges)
        if isinstance(edge, dict) and _leads(edge, ids)
    ]
    return found, {id_: key for key, id_ in reversed(ids.items())}


def root(doc: Doc[Any], name: str) -> Json:
    """Return one of the three maps as JSON, texts as strings. Raises TooDeep."""
    try:
        found: Json = json_of(doc.get(name, type=Map))
    except RecursionError as error:
        raise TooDeep("The document is nested too deep to be read.") from error
    return found


def json_of(part: Map[Any] | Array[Any]) -> Any:
    """Return a shared map or array as JSON, texts as strings."""
    return json.loads(str(part), parse_float=_float, parse_int=_int, object_pairs_hook=_sorted)


def _float(text: str) -> float | None:
    return number(float(text))


def _int(text: str) -> float | None:
    return number(int(text))


def _sorted(pairs: list[tuple[str, Any]]) -> Json:
    return dict(sorted(pairs))


def ordered(parts: Json) -> list[tuple[str, Any]]:
    """Return nodes or edges with their keys in the order of the list: by ``at``, then by key."""
    return sorted(parts.items(), key=lambda item: (place_of(item[1]), item[0]))


def place_of(part: Any) -> float:
    """Return the ``at`` of a node or an edge; 0 where there is no number."""
    at = part.get("at") if isinstance(part, dict) else None
    return float(at) if isinstance(at, int | float) and not isinstance(at, bool) else 0.0


def _node(node: Json, ids: dict[str, str]) -> Json:
    found = {name: node[name] for name in NODE if name in node}
    if "undo" in found:
        undo = ids.get(str(found.pop("undo")))
        if undo is not None:
            found["undo"] = undo
    return found


def _leads(edge: Json, ids: dict[str, str]) -> bool:
    ends = (edge.get("from"), edge.get("to"))
    return all(isinstance(end, str) and end in ids for end in ends)


def _route(edge: Json) -> str:
    when = edge.get("when")
    return when if isinstance(when, str) else ""
