"""LangGraph's Store on the tenant's memories: what a graph stores by name is inspected, corrected and erased as any other.

A namespace begins with ``user``, ``agent`` or ``workflow``. Whose it is comes from the run alone: no graph can name somebody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction
from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
)

from agents.actions.memories import keep, place_of
from agents.memory.mind import Mind
from agents.memory.recall import ranked
from agents.models import Memory
from agents.models.memory import LONGEST, MemoryQuerySet
from nexod.kernel.errors import InvalidInput
from tenants.context import current_tenant, in_tenant
from workflows.json_text import json_text, storable

MOST_BYTES = 100_000
Path = tuple[str, ...]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, wanted: bool(value == wanted),
    "$ne": lambda value, wanted: bool(value != wanted),
    "$gt": lambda value, wanted: value is not None and bool(value > wanted),
    "$gte": lambda value, wanted: value is not None and bool(value >= wanted),
    "$lt": lambda value, wanted: value is not None and bool(value < wanted),
    "$lte": lambda value, wanted: value is not None and bool(value <= wanted),
}


class MemoryStore(BaseStore):
    """The store of one mind. For use inside the tenant; raises InvalidInput for what cannot be stored, NobodysMemory."""

    def __init__(self, mind: Mind) -> None:
        self.mind = mind
        self.tenant = current_tenant()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Do all in one transaction, in their order."""
        with transaction.atomic():
            return [self._done(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do as ``batch``, in a thread inside the tenant."""
        done: list[Result] = await in_tenant(self.tenant, self.batch, list(ops))
        return done

    def _done(self, op: Op) -> Result:
        if isinstance(op, PutOp):
            self._put(op)
            return None
        if isinstance(op, GetOp):
            found = self._at(op.namespace).filter(key=op.key).first()
            return None if found is None else _item(found)
        if isinstance(op, SearchOp):
            return self._found(op)
        return self._namespaces(op)

    def _put(self, op: PutOp) -> None:
        scope, *path = op.namespace
        if op.value is None:
            self._at(op.namespace).filter(key=op.key).delete()
            return
        value = storable(dict(op.value))
        if len(json_text(value).encode()) > MOST_BYTES:
            raise InvalidInput(f"What is stored under {op.key!r} may have {MOST_BYTES:,} bytes.")
        keep(self.mind, _words(value, op.index), scope=_scope(scope), namespace=path, key=op.key, value=value)

    def _found(self, op: SearchOp) -> list[SearchItem]:
        rows = self._under(op.namespace_prefix)
        scored: list[tuple[Memory, float | None]]
        if op.query:
            scored = [(one.memory, one.similarity) for one in ranked(rows, op.query, limit=op.offset + op.limit)]
        else:
            scored = [(row, None) for row in rows.defer("embedding").order_by("-updated_at", "-id")]
        fitting = [one for one in scored if _fits(one[0].value, op.filter or {})]
        return [_search_item(row, score) for row, score in fitting[op.offset : op.offset + op.limit]]

    def _namespaces(self, op: ListNamespacesOp) -> list[Path]:
        found = {_path(scope, path)[: op.max_depth] for scope, path in self._own().values_list("scope", "namespace")}
        matching = sorted(path for path in found if all(_matches(one, path) for one in op.match_conditions or ()))
        return matching[op.offset : op.offset + op.limit]

    def _own(self) -> MemoryQuerySet:
        """Return what graphs stored of this mind's person, for this agent and workflow; what others share is no graph's to read."""
        return Memory.objects.alive().within(self.mind).filter(user=self.mind.user).exclude(key="")

    def _at(self, namespace: Path) -> MemoryQuerySet:
        scope, *path = namespace
        return self._own().filter(**place_of(self.mind, _scope(scope)), namespace=path)

    def _under(self, prefix: Path) -> MemoryQuerySet:
        if not prefix:
            return self._own()
        scope, *path = prefix
        rows = self._own().filter(**place_of(self.mind, _scope(scope)))
        return rows.filter(**{f"namespace__0_{len(path)}": path}) if path else rows


def _scope(name: str) -> str:
    if name not in Memory.Scope.values:
        raise InvalidInput(f"A namespace begins with {', '.join(Memory.Scope.values)}, not with {name!r}.")
    return name


def _words(value: dict[str, Any], index: Any) -> str:
    """Return what the value is found by: its strings, or those of the fields that are to be indexed."""
    fields = index if isinstance(index, list) else list(value)
    texts = [
        part if isinstance(part := value.get(field), str) else json.dumps(part) for field in fields if field in value
    ]
    return (" ".join(texts).strip() or "-")[:LONGEST]


def _fits(value: Any, wanted: dict[str, Any]) -> bool:
    return all(_compares(value.get(name), one) for name, one in wanted.items())


def _compares(value: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, dict) and any(name.startswith("$") for name in wanted)):
        return bool(value == wanted)
    if unknown := wanted.keys() - COMPARISONS.keys():
        raise InvalidInput(f"There is no comparison {', '.join(sorted(unknown))}.")
    return all(COMPARISONS[name](value, one) for name, one in wanted.items())


def _matches(condition: MatchCondition, path: Path) -> bool:
    wanted: Sequence[str] = condition.path
    part = path[: len(wanted)] if condition.match_type == "prefix" else path[max(len(path) - len(wanted), 0) :]
    return len(part) == len(wanted) and all(one in ("*", two) for one, two in zip(wanted, part, strict=True))


def _path(scope: str, path: Sequence[str]) -> Path:
    return (scope, *path)


def _item(row: Memory) -> Item:
    return Item(
        value=row.value or {}, key=row.key, namespace=_path(row.scope, row.namespace), created_at=row.created_at,
        updated_at=row.updated_at,
    )  # fmt: skip


def _search_item(row: Memory, score: float | None) -> SearchItem:
    return SearchItem(_path(row.scope, row.namespace), row.key, row.value or {}, row.created_at, row.updated_at, score)
