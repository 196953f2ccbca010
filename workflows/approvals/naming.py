"""Whom policies name, and the same policies with other names. Of a policy that is half-done it is what can be read of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Json = dict[str, Any]
Names = Mapping[str, Mapping[str, str]]
KINDS = {"users": "user", "groups": "group"}


def people_named(policies: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Return ``(kind, name)`` of all whom the policies name: ``user`` by address, in small letters, and ``group``."""
    for kind, rows in _lists(policies):
        yield from ((kind, _folded(kind, name)) for name in rows if isinstance(name, str) and name)


def name_people(policies: Iterable[Any], names: Names) -> None:
    """Put ``names[kind][name]`` in place of each ``name``, in the policies themselves; nobody twice."""
    for kind, rows in _lists(policies):
        others = names.get(kind, {})
        new = [others.get(_folded(kind, name), name) if isinstance(name, str) else name for name in rows]
        rows[:] = [one for position, one in enumerate(new) if one not in new[:position]]


def policies_of(definition: Json) -> Iterator[Any]:
    """Return the policies of the nodes that ask people."""
    nodes = definition.get("nodes")
    for node in nodes if isinstance(nodes, list) else ():
        yield _inside(node, "config", "policy")


def policies_of_tools(tools: object) -> Iterator[Any]:
    """Return the policies by which an agent's tools are asked for."""
    for tool in tools if isinstance(tools, list) else ():
        yield _inside(tool, "approval", "policy")


def _lists(policies: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    for policy in policies:
        steps = _inside(policy, "due", "escalate")
        places = [
            _inside(policy, "who"),
            *(_inside(step, "to") for step in (steps if isinstance(steps, list) else ())),
        ]
        for place in places:
            for field, kind in KINDS.items():
                rows = _inside(place, field)
                if isinstance(rows, list):
                    yield kind, rows


def _inside(value: Any, *path: str) -> Any:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _folded(kind: str, name: str) -> str:
    return name.lower() if kind == "user" else name
