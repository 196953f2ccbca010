"""Differences of a draft as its history keeps them: bounded, with titles, and those of one stretch of work as one list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from workflows.definitions.changes import Change, changes

Json = dict[str, Any]
VALUE_LIMIT = 8_000
CHANGES_LIMIT = 300
RENAMED = "renamed"


def told(before: Json, after: Json, renames: Mapping[str, str] | None = None) -> list[Json]:
    """Return what differs, in the order of ``changes``; ``renames`` says old -> new ids, which are no difference but themselves."""
    before, after = _storable(before), _storable(after)
    renames = {old: new for old, new in (renames or {}).items() if old != new}
    found = [
        {"sort": RENAMED, "node": new, "title": _title(after, new), "field": "id", "before": old, "after": new}
        for old, new in renames.items()
    ]
    differing = changes(_sound(before, renames), _sound(after, {}))
    return [*found, *(_kept(change, before, after) for change in differing[:CHANGES_LIMIT])][:CHANGES_LIMIT]


def joined(first: Iterable[Json], then: Iterable[Json]) -> list[Json]:
    """Return two lists of differences as one: what was changed back is left out, what a new node got is part of the node."""
    found: dict[tuple[str, ...], Json] = {_place(change): change for change in first}
    for change in then:
        _join(found, change)
    return list(found.values())[:CHANGES_LIMIT]


def _join(found: dict[tuple[str, ...], Json], change: Json) -> None:
    place, node = _place(change), change["node"]
    whole = found.get((node, ""))
    if change["field"] == "" and change["sort"] == "removed":
        for other in [key for key in found if key[0] == node and key[1] not in ("", "edges")]:
            del found[other]
    if whole is not None and whole["sort"] == "added" and change["field"] not in ("", "edges"):
        whole["title"] = change["title"] or whole["title"]
        return
    earlier = found.pop(place, None)
    if earlier is None:
        found[place] = change
    elif earlier["before"] != change["after"]:
        found[place] = {**change, "before": earlier["before"], "sort": _sort(earlier, change)}


def _sort(earlier: Json, later: Json) -> str:
    if RENAMED in (earlier["sort"], later["sort"]):
        return RENAMED
    if earlier["sort"] == "added":
        return "added"
    return "removed" if later["sort"] == "removed" else "changed"


def _place(change: Json) -> tuple[str, ...]:
    if change["field"] == "edges":
        return change["node"], "edges", str(change["after"] or change["before"])
    return change["node"], change["field"]


def _kept(change: Change, before: Json, after: Json) -> Json:
    title = _title(after, change.node) or _title(before, change.node)
    values = {"before": _bounded(change.before), "after": _bounded(change.after)}
    return {"sort": change.sort, "node": change.node, "title": title, "field": change.field, **values}


def _storable(definition: Json) -> Json:
    """Return the definition without NUL, which the database does not keep."""
    text = json.dumps(definition)
    kept: Json = json.loads(text.replace("\\u0000", "\\ufffd")) if "\\u0000" in text else definition
    return kept


def _title(definition: Json, node: str) -> str:
    found: Json = next((part for part in definition.get("nodes", []) if part.get("id") == node), {})
    title = found.get("title") or node
    return title[:120] if isinstance(title, str) else node


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value[:VALUE_LIMIT]
    text = json.dumps(value, ensure_ascii=False)
    return value if len(text) <= VALUE_LIMIT else f"{text[:VALUE_LIMIT]}…"


def _sound(definition: Json, renames: Mapping[str, str]) -> Json:
    """Return the definition without what cannot be told apart by an id, its nodes called as they are later."""

    def called(name: str) -> str:
        return renames.get(name, name)

    nodes = [node for node in definition.get("nodes", []) if isinstance(node.get("id"), str)]
    undone = [{**node, "undo": called(str(node["undo"]))} if "undo" in node else node for node in nodes]
    edges = [{**edge, "from": called(edge["from"]), "to": called(edge["to"])} for edge in definition.get("edges", [])]
    start = {"start": called(definition["start"])} if isinstance(definition.get("start"), str) else {}
    return {**definition, **start, "nodes": [{**node, "id": called(node["id"])} for node in undone], "edges": edges}
