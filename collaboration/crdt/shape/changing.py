"""The least change of a shared document that takes it from one definition to another; what others changed meanwhile stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pycrdt import Doc, Map

from collaboration.crdt.shape.matching import Matched, labelled, matched
from collaboration.crdt.shape.normal import HEAD, normal
from collaboration.crdt.shape.places import places
from collaboration.crdt.shape.reading import ordered, place_of, root
from collaboration.crdt.shape.values import merge_map
from collaboration.crdt.shape.writing import add_edge, head_value, node_map, node_value

Json = dict[str, Any]


def apply(doc: Doc[Any], before: Json, after: Json, renames: Mapping[str, str] | None = None) -> None:
    """Do to the document what leads from ``before`` to ``after``; ``renames`` says old -> new ids, so that a node keeps its key.

    Where the document says ``before``, it says ``normal(after)`` then. Where others changed it since, both changes are in it.
    """
    before, after = normal(before), normal(after)
    with doc.transaction():
        _Change(doc, before, after, matched(doc, before, after, renames or {})).make()


class _Change:
    def __init__(self, doc: Doc[Any], before: Json, after: Json, found: Matched) -> None:
        self.doc, self.before, self.after, self.found = doc, before, after, found
        self.old, self.new = labelled(before["nodes"]), labelled(after["nodes"])
        self.head, self.nodes, self.edges = (doc.get(name, type=Map) for name in ("workflow", "nodes", "edges"))

    def make(self) -> None:
        """Nodes first: edges and the start name their keys."""
        for label, node in self.new.items():
            self._node(self.found.key[label], self._former(label), node)
        for label in self.old:
            if label not in self.found.stays and (key := self.found.now.get(label)) in self.nodes:
                del self.nodes[key]
        self._edges()
        self._order()
        merge_map(self.head, _head(self.before), _head(self.after), lambda n, v: head_value(n, v, self.found.ids))

    def _former(self, label: str) -> Json | None:
        return self.old.get(self.found.was.get(label, label))

    def _node(self, key: str, former: Json | None, node: Json) -> None:
        if key in self.nodes and isinstance(self.nodes[key], Map):
            merge_map(self.nodes[key], former or {}, node, lambda n, v: node_value(n, v, self.found.ids))
        elif former != node:  # new, or taken out by another while it was changed here
            self.nodes[key] = node_map(node, 0, self.found.ids)

    def _edges(self) -> None:
        old = {way: None for edge in self.before["edges"] if (way := self._way(edge, self.found.now))}
        new = {way: None for edge in self.after["edges"] if (way := self._way(edge, self.found.ids))}
        there = self._ways()
        for key, way in there.items():
            if way in old and way not in new:
                del self.edges[key]
        for source, target, when in new:
            if (source, target, when) not in old and (source, target, when) not in there.values():
                add_edge(self.edges, source, target, when, 0)

    def _order(self) -> None:
        keys = [self.found.key[label] for label in self.new]
        kept = [self.found.now.get(label) for label in self.old if label in self.found.stays]
        arrange(self.doc, "nodes", keys, kept)
        by_way = {way: key for key, way in self._ways().items()}
        ways = [way for edge in self.after["edges"] if (way := self._way(edge, self.found.ids))]
        old = [way for edge in self.before["edges"] if (way := self._way(edge, self.found.now)) in ways]
        arrange(self.doc, "edges", [by_way[way] for way in ways if way in by_way], [by_way.get(w) for w in old if w])

    def _ways(self) -> dict[str, tuple[str, str, str]]:
        return {
            key: (str(edge.get("from")), str(edge.get("to")), str(edge.get("when") or ""))
            for key, edge in root(self.doc, "edges").items()
            if isinstance(edge, dict)
        }

    def _way(self, edge: Json, keys: Mapping[str, str]) -> tuple[str, str, str] | None:
        source, target = keys.get(edge["from"]), keys.get(edge["to"])
        return (source, target, edge.get("when", "")) if source and target else None


def arrange(doc: Doc[Any], name: str, after: Sequence[str], before: Sequence[str | None]) -> None:
    """Give the parts their places: our order where we moved something, else the one that is there with the new among it."""
    there = ordered(root(doc, name))
    now = {key: place_of(part) for key, part in there}
    current = [key for key, _ in there if key not in after or key in before]
    shared_order = [key for key in after if key in before]
    moved = shared_order != [key for key in before if key in shared_order]
    first, second = (list(after), current) if moved else (current, list(after))
    wanted = [key for key in _woven(first, second) if key in now]
    parts = doc.get(name, type=Map)
    for key, at in places(wanted, {key: now[key] for key in now if key in current}).items():
        if isinstance(parts[key], Map):
            parts[key]["at"] = at


def _woven(first: list[str], second: list[str]) -> list[str]:
    """Return ``first`` with what only ``second`` has, each behind what precedes it there; at the end if they share nothing."""
    found = list(first)
    place = 0 if set(first) & set(second) else len(first)
    for key in second:
        if key in found:
            place = found.index(key) + 1
        else:
            found.insert(place, key)
            place += 1
    return found


def _head(definition: Json) -> Json:
    return {name: definition[name] for name in HEAD if name in definition}
