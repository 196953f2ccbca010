"""The backend believes its SET although PostgreSQL took it back with the transaction: where the pool left it comes next."""

from __future__ import annotations

from tenants.backend.base import DatabaseWrapper


def plant() -> None:
    del DatabaseWrapper.rollback
    del DatabaseWrapper.savepoint_rollback
