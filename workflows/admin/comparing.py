"""Two versions of a definition side by side: what differs by node and field, and both drawings with those nodes marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workflows.admin.diffs import difference
from workflows.definitions.changes import Change, changes

Json = dict[str, Any]
Marked = list[tuple[str, str]]
MOST_CHANGES = 500
WHOLE = "The workflow as a whole"


@dataclass(frozen=True, slots=True)
class FieldShown:
    """One field's two texts, line by line; one of them is None where the field was not there."""

    name: str
    sort: str
    before: Marked | None
    after: Marked | None


@dataclass(slots=True)
class NodeShown:
    """A node and its fields that differ; ``node`` is empty for the whole."""

    node: str
    title: str
    sort: str = "changed"
    fields: list[FieldShown] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs, and by node how it is marked in the drawings."""

    nodes: list[NodeShown]
    marks: dict[str, str]
    left_out: int

    @property
    def count(self) -> int:
        """Return how many fields differ."""
        return sum(len(node.fields) for node in self.nodes) + self.left_out


def compared(before: Json, after: Json) -> Comparison:
    """Return what a page shows of the differences."""
    every = changes(before, after)
    titles = _titles(before) | _titles(after)
    nodes: dict[str, NodeShown] = {}
    for change in every[:MOST_CHANGES]:
        shown = nodes.setdefault(change.node, NodeShown(change.node, titles.get(change.node, change.node) or WHOLE))
        shown.fields.append(_field(change))
        if change.node and not change.field:
            shown.sort = change.sort
    return Comparison(list(nodes.values()), marks_of(every), max(0, len(every) - MOST_CHANGES))


def marks_of(found: list[Change]) -> dict[str, str]:
    """Return for each node that differs whether it was added, removed or changed."""
    marks: dict[str, str] = {}
    for change in found:
        whole = not change.field
        if change.node:
            marks[change.node] = change.sort if whole else marks.get(change.node, "changed")
    return marks


def _field(change: Change) -> FieldShown:
    name = change.field or "the whole node"
    lines = difference(
        "" if change.sort == "added" else change.before, "" if change.sort == "removed" else change.after
    )
    before = None if change.sort == "added" else [line for line in lines if line[0] != "new"]
    after = None if change.sort == "removed" else [line for line in lines if line[0] != "gone"]
    return FieldShown(name, change.sort, before, after)


def _titles(document: Mapping[str, Any]) -> dict[str, str]:
    return {node["id"]: node.get("title") or node["id"] for node in document.get("nodes", [])}
