"""What differs between two definitions, told by node and field, so that people can read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
MISSING = object()
Sort = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``node`` is empty for what concerns the whole; ``field`` is dotted, and empty for a node as a whole."""

    sort: Sort
    node: str
    field: str
    before: Any = None
    after: Any = None


def changes(before: Json, after: Json) -> list[Change]:
    """Return the differences in the order in which a reader of ``after`` meets them; none when the two are the same."""
    old, new = _by_id(before), _by_id(after)
    found = [*_fields("", _rest(before), _rest(after))]
    for node, document in new.items():
        if node not in old:
            found.append(Change("added", node, "", None, document))
        else:
            found += _fields(node, old[node], document)
    found += [Change("removed", node, "", document, None) for node, document in old.items() if node not in new]
    return [*found, *_edges(before, after)]


def _by_id(document: Json) -> dict[str, Json]:
    return {node["id"]: {k: v for k, v in node.items() if k != "id"} for node in document.get("nodes", [])}


def _rest(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in ("nodes", "edges")}


def _fields(node: str, before: Json, after: Json, path: str = "") -> Iterator[Change]:
    for name in [*after, *(name for name in before if name not in after)]:
        place = f"{path}.{name}" if path else name
        old, new = before.get(name, MISSING), after.get(name, MISSING)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _fields(node, old, new, place)
        elif old is MISSING:
            yield Change("added", node, place, None, new)
        elif new is MISSING:
            yield Change("removed", node, place, old, None)
        else:
            yield Change("changed", node, place, old, new)


def _edges(before: Json, after: Json) -> Iterator[Change]:
    old, new = (dict.fromkeys(_edge(e) for e in document.get("edges", [])) for document in (before, after))
    yield from (Change("added", edge[0], "edges", None, _told(edge)) for edge in new if edge not in old)
    yield from (Change("removed", edge[0], "edges", _told(edge), None) for edge in old if edge not in new)


def _edge(edge: Json) -> tuple[str, str, str]:
    return edge["from"], edge["to"], edge.get("when", "")


def _told(edge: tuple[str, str, str]) -> str:
    source, target, when = edge
    return f"{source} → {target}{f' ({when})' if when else ''}"
