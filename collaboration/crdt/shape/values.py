"""A value in a shared document becomes another by its least change: texts by words, maps by fields, lists by elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycrdt import Array, Map, Text

from collaboration.crdt.shape.lists import merged_list, together
from collaboration.crdt.shape.normal import plain
from collaboration.crdt.shape.reading import json_of
from collaboration.crdt.shape.rows import same
from collaboration.crdt.shape.texts import rewrite, three_way
from collaboration.crdt.shape.writing import element, shared

Json = dict[str, Any]
Make = Callable[[str, Any], Any]
MISSING: Any = object()


def merge_map(target: Map[Any], before: Json, after: Json, make: Make, inside: Make | None = None) -> None:
    """Change in a shared map what differs between the two; ``make`` returns what stands there for a value by its name.

    ``inside`` does so for values of maps in it; without it they are shared as those of ``config`` are.
    """
    for name, new in after.items():
        old = before.get(name, MISSING)
        if old is MISSING or not same(old, new):
            _set(target, name, old, new, make, inside or _shared)
    for name in before:
        if name not in after and name in target:
            del target[name]


def _shared(name: str, value: Any) -> Any:
    return shared(value)


def _set(target: Map[Any], name: str, old: Any, new: Any, make: Make, inside: Make) -> None:
    now = target.get(name, MISSING)
    if isinstance(new, str) and isinstance(now, Text):
        text = str(now)
        rewrite(now, three_way(old, text, new) if isinstance(old, str) else new)
    elif isinstance(new, dict) and isinstance(now, Map):
        merge_map(now, old if isinstance(old, dict) else {}, new, inside, inside)
    elif isinstance(new, list) and isinstance(now, Array):
        _merge_array(now, old, new, inside)
    elif isinstance(
        now, dict | list
    ):  # plain: written by a client that shares less, or as all was before lists were shared
        target[name] = make(name, together(old, plain(now), new))
    else:
        target[name] = make(name, new)


def _merge_array(array: Array[Any], old: Any, new: list[Any], inside: Make) -> None:
    """Change in a shared array what differs; what others put in, took out or changed stays."""
    now = json_of(array)
    place = known = 0
    for item in merged_list(old if isinstance(old, list) else [], now, new):
        if item.now is None:
            array.insert(place, element(item.new))
        else:
            if item.now > known:
                del array[place : place + item.now - known]
            known = item.now + 1
            if item.is_changed:
                _change_element(array, place, (item.old, now[item.now], item.new), inside)
        place += 1
    if place < len(array):
        del array[place : len(array)]


def _change_element(array: Array[Any], place: int, states: tuple[Json, Json, Json], inside: Make) -> None:
    found = array[place]
    if isinstance(found, Map):
        merge_map(found, states[0], states[2], inside, inside)
    else:
        del array[place]
        array.insert(place, element(together(*states)))
