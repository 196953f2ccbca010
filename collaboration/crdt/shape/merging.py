"""Two changes of one definition: brought together, and where they contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from collaboration.crdt.shape.changing import apply
from collaboration.crdt.shape.lists import contradict
from collaboration.crdt.shape.normal import normal
from collaboration.crdt.shape.reading import definition_of
from collaboration.crdt.shape.writing import seed
from workflows.definitions.changes import Change, changes

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A place that both changed, to different values that cannot be one text."""

    node: str
    field: str
    theirs: Any
    yours: Any


def merged(now: Json, base: Json, after: Json) -> Json:
    """Return ``now`` with what leads from ``base`` to ``after``."""
    doc: Doc[Any] = Doc()
    seed(doc, now)
    apply(doc, base, after)
    return definition_of(doc)


def conflicts(now: Json, base: Json, after: Json) -> list[Conflict]:
    """Return the places where the two ways from ``base`` contradict each other. Texts merge, and lists by their elements."""
    base = normal(base)
    theirs, yours = changes(base, normal(now)), changes(base, normal(after))
    found = [Conflict(two.node, two.field, one.after, two.after) for one, two in _meeting(theirs, yours)]
    return list({(conflict.node, conflict.field): conflict for conflict in found}.values())


def _meeting(theirs: list[Change], yours: list[Change]) -> Iterator[tuple[Change, Change]]:
    for one in theirs:
        for two in yours:
            if _overlap(one, two) and not _agree(one, two):
                yield one, two


def _overlap(one: Change, two: Change) -> bool:
    if one.node != two.node or "edges" in (one.field, two.field):
        return False
    first, second = f"{one.field}.", f"{two.field}."
    return not one.field or not two.field or first.startswith(second) or second.startswith(first)


def _agree(one: Change, two: Change) -> bool:
    if (one.field, one.sort, one.after) == (two.field, two.sort, two.after):
        return True
    values = (one.before, one.after, two.before, two.after)
    if one.field == two.field and one.field.startswith("config.") and all(isinstance(value, list) for value in values):
        return not contradict(one.before, one.after, two.after)
    return one.field == two.field and _is_text(one) and all(isinstance(value, str) for value in values)


def _is_text(change: Change) -> bool:
    if change.node:
        return change.field == "title" or change.field.startswith("config.")
    return change.field in ("name", "description")
