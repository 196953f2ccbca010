"""What was changed, in sentences for people: ``changed the prompt of “Draft”``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
HEAD = {"name": "the workflow's name", "description": "the description", "start": "where runs start",
        "inputs": "the inputs", "limits": "the limits", "format": "the format"}  # fmt: skip
FIELDS = {"timeout_s": "time limit", "undo": "undoing step", "retry": "retries", "type": "type", "config": "settings"}
VERBS = {"added": "added", "removed": "removed", "changed": "changed"}


def sentences(changes: Iterable[Json]) -> list[str]:
    """Return one sentence for each step that was touched, and those for the whole, without who did it."""
    groups: dict[tuple[str, str], list[Json]] = {}
    for change in changes:
        groups.setdefault((change["node"], _sort(change)), []).append(change)
    return [line for (_, sort), group in groups.items() for line in _TELL[sort](group)]


def _sort(change: Json) -> str:
    if change["field"] == "edges":
        return "edges"
    if not change["node"]:
        return "head"
    if change["field"] in ("", "id"):
        return "node"
    return "title" if change["field"] == "title" else "fields"


def _head(group: list[Json]) -> list[str]:
    parts = dict.fromkeys(change["field"].partition(".")[0] for change in group)
    return [f"changed {_listed([HEAD.get(part, part) for part in parts])}"]


def _node(group: list[Json]) -> list[str]:
    return [
        f"gave the step “{change['title']}” the id {change['after']} (it was {change['before']})"
        if change["sort"] == "renamed"
        else f"{VERBS[change['sort']]} the step “{change['title']}”"
        for change in group
    ]


def _title(group: list[Json]) -> list[str]:
    last = group[-1]
    return [f"called the step {last['node']} “{last['after'] or ''}” (it was “{last['before'] or last['node']}”)"]


def _fields(group: list[Json]) -> list[str]:
    names = dict.fromkeys(_name(change["field"]) for change in group)
    return [f"changed the {_listed(list(names))} of “{group[0]['title']}”"]


def _edges(group: list[Json]) -> list[str]:
    verbs = {"added": "connected", "removed": "disconnected"}
    return [f"{verbs[change['sort']]} {change['after'] or change['before']}" for change in group]


def _name(field: str) -> str:
    first, _, rest = field.partition(".")
    inner = rest.partition(".")[0] if first == "config" else ""
    return inner.replace("_", " ") if inner else FIELDS.get(first, first)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_TELL = {"head": _head, "node": _node, "title": _title, "fields": _fields, "edges": _edges}
