"""The backend believes a connection to be where it last entered, although the pool has given it another one since."""

from __future__ import annotations

from tenants.backend.base import DatabaseWrapper
from tenants.context import here


def plant() -> None:
    entry, kept = DatabaseWrapper.entry, {}

    def stale(self: DatabaseWrapper) -> str:
        place = here()
        schema = place.schema if place else ""
        if kept.get(id(self)) == schema:
            return ""
        kept[id(self)] = schema
        return entry(self)

    DatabaseWrapper.entry = stale  # type: ignore[method-assign]
