"""Which node of a definition is which in the document: by its id, by what it was called, or by being the same but for its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from collaboration.crdt.shape.reading import ordered, root
from collaboration.crdt.shape.writing import keys_of

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Matched:
    """Nodes by their labels (the id; of a second node with the same id ``<id>~2``)."""

    now: Mapping[str, str]
    """Key in the document of each label of the former definition."""
    key: Mapping[str, str]
    """Key of each label of the new one."""
    was: Mapping[str, str]
    """New label -> former label, where they differ."""

    @property
    def stays(self) -> frozenset[str]:
        """Return the labels of the former definition whose nodes are in the new one."""
        return frozenset(self.was.get(label, label) for label in self.key) & frozenset(self.now)

    @property
    def ids(self) -> Mapping[str, str]:
        """Return key by id, as the new definition calls them, and as the former one did where that is free."""
        return {**self.now, **self.key}


def labelled(nodes: list[Json]) -> dict[str, Json]:
    """Return the nodes by label."""
    return dict(zip(keys_of([str(node.get("id", "")) for node in nodes]), nodes, strict=True))


def matched(doc: Doc[Any], before: Json, after: Json, renames: Mapping[str, str]) -> Matched:
    """Return which node is which; ``renames`` says old -> new ids."""
    there = [(key, node) for key, node in ordered(root(doc, "nodes")) if isinstance(node, dict)]
    labels = keys_of([str(node.get("id", "")) for _, node in there])
    by_label = dict(zip(labels, (key for key, _ in there), strict=True))
    keys = {key for key, _ in there}
    old, new = labelled(before["nodes"]), labelled(after["nodes"])
    now = {label: by_label.get(label) or label for label in old if label in by_label or label in keys}
    was = _renamed(old, new, renames)
    found: dict[str, str] = {}
    taken = set(keys)
    for label in new:
        former = was.get(label, label)
        known = now.get(former) if former in old else by_label.get(label)
        if known is None or known in found.values():
            known = _free(label, taken) if former not in old else former
        taken.add(known)
        found[label] = known
    return Matched(now, found, was)


def _renamed(old: dict[str, Json], new: dict[str, Json], renames: Mapping[str, str]) -> dict[str, str]:
    was = {to: name for name, to in renames.items() if name in old and to in new and to not in old}
    gone = {label: _but_id(node) for label, node in old.items() if label not in new and label not in was.values()}
    for label, node in new.items():
        if label in old or label in was:
            continue
        alike = [name for name, former in gone.items() if former == _but_id(node)]
        if len(alike) == 1:
            was[label] = alike[0]
            del gone[alike[0]]
    return was


def _but_id(node: Json) -> Json:
    return {name: value for name, value in node.items() if name != "id"}


def _free(label: str, taken: set[str]) -> str:
    key, number = label, 2
    while key in taken:
        key, number = f"{label}~{number}", number + 1
    return key
