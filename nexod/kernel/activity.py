"""What people did that others of their tenant want to read of. Told inside the transaction in which it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deed:
    """``by`` is the person's id, None for nobody in particular; ``verb`` is past tense; it was done to ``kind`` and ``id``."""

    by: UUID | None
    verb: str
    kind: str
    id: UUID | None
    title: str
    facts: Json = field(default_factory=dict)
    """Ids, names, states and counts as JSON; never what people or models wrote."""


_keepers: list[Callable[[Deed], None]] = []


def register(keep: Callable[[Deed], None]) -> None:
    """Have every deed kept by ``keep`` from now on; call it once, where an app is made ready."""
    if keep not in _keepers:
        _keepers.append(keep)


def note(by: Any, verb: str, kind: str, row: Any, title: str = "", **facts: Any) -> None:
    """Tell that a person (or None) did something to ``row``. Call it inside the transaction in which that is written."""
    deed = Deed(getattr(by, "pk", by), verb, kind, row.pk, title or str(row), facts)
    for keep in _keepers:
        keep(deed)
