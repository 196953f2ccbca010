"""Poolers between us and PostgreSQL: how one that nobody mentioned, or that lends servers for less than was said, is found out."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError
from psycopg import Connection
from psycopg.rows import tuple_row

SESSION, TRANSACTION = "session", "transaction"
"""The values of NEXOD_DATABASE_POOLER: for how long a server is ours, a session or one transaction."""
PROBES = 5


class PoolerUnknown(OperationalError):
    """DATABASE_URL leads to a connection pooler, but NEXOD_DATABASE_POOLER does not say so.

    In transaction mode a pooler lends one server to many clients: a role or a search_path that is set for a session is met by
    the next tenant. Set NEXOD_DATABASE_POOLER=transaction (right in both modes), or =session where a server is lent for as
    long as a client is connected.
    """


def refuse_unknown_pooler(connection: Any, told: str) -> None:
    """Raise PoolerUnknown when a psycopg ``connection`` that should lead to PostgreSQL itself does not.

    PostgreSQL greets with the process id of its backend, by which a query can be cancelled; a pooler with an id of its own.
    """
    if not told and _backend(connection) != connection.info.backend_pid:
        raise PoolerUnknown(PoolerUnknown.__doc__)


def lends_by_transaction(parameters: dict[str, Any]) -> bool:
    """Say whether two sessions that are open at the same time were seen to work in one backend."""
    with Connection.connect(**parameters) as one, Connection.connect(**parameters) as other:
        one.autocommit = other.autocommit = True
        return any(_backend(one) == _backend(other) for _ in range(PROBES))


def _backend(connection: Any) -> int:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return int(cursor.execute("SELECT pg_backend_pid()").fetchone()[0])
