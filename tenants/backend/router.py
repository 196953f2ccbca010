"""Which connection a query takes: writes the primary's, reads the primary's too unless they tolerate lag."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from tenants.backend import replica

SERVING = {replica.PRIMARY, replica.REPLICA}


class LagRouter:
    """Keeps reads and writes of the serving role apart; what the owner's connection gave stays with the owner."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """Return the replica for what tolerates lag. A row that came from it does not lead its relations there for ever."""
        return None if _is_owners(hints) else replica.alias_to_read()

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        """Return the primary, and remember that this visit wrote."""
        if _is_owners(hints):
            return None
        replica.wrote()
        return replica.PRIMARY

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool | None:
        """Allow what both serving connections gave: it is the same database."""
        return True if {one._state.db, other._state.db} <= SERVING else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        """Refuse the replica."""
        return False if db == replica.REPLICA else None


def _is_owners(hints: dict[str, Any]) -> bool:
    instance = hints.get("instance")
    return instance is not None and instance._state.db not in {None, *SERVING}
