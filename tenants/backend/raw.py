"""psycopg connections inside a tenant, behind both walls: for libraries that bring their own SQL and commit by themselves."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString

from django.db import connections
from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import PoolTimeout

from nexod.kernel.errors import Unavailable
from tenants.backend.base import EXTENSIONS_SCHEMA
from tenants.backend.brief import BRIEF, BriefConnection
from tenants.backend.pooler import TRANSACTION, refuse_unknown_pooler
from tenants.backend.pools import LastingPool, bound_idle_transactions
from tenants.backend.roles import role_name
from tenants.models import Tenant

RawConnection = Connection[DictRow]
ALIAS = "default"
DJANGO_ONLY = {"pool", "isolation_level", "assume_role", "server_side_binding"}
WAIT_S = 30.0
_pools: dict[int, LastingPool[RawConnection]] = {}
_opening = threading.Lock()


class ConnectionsExhausted(Unavailable):
    """No database connection of this process became free in time."""

    code = "connections_exhausted"


@contextmanager
def tenant_connection(tenant: Tenant) -> Iterator[RawConnection]:
    """Give a connection in autocommit that is in the tenant's schema under the tenant's role; rows are dictionaries.

    Path and role are set in one round trip at checkout and reset at return; behind a pooler in every transaction. Raises
    TenantSuspended, TenantUnknown, ConnectionsExhausted, or psycopg's error when PostgreSQL refuses the role.
    """
    tenant.require_active()
    pool = _pool()
    try:
        connection = pool.getconn()
    except PoolTimeout as error:
        raise ConnectionsExhausted(f"Libraries: {error}.") from error
    try:
        if isinstance(connection, BriefConnection):
            connection.entry = entry_sql(tenant.schema_name, "SET LOCAL")
        else:
            connection.execute(entry_sql(tenant.schema_name, "SET"), prepare=False)
        yield connection
    finally:
        pool.putconn(connection)


def close_pool() -> None:
    """Close this process's connections; the next use opens new ones."""
    pool = _pools.pop(os.getpid(), None)
    if pool is not None:
        pool.close()


def lent() -> int:
    """Return how many of this process's connections are in use."""
    pool = _pools.get(os.getpid())
    return pool.lent if pool is not None else 0


def entry_sql(schema: str, kind: LiteralString) -> Composed:
    """Return what leads into ``schema``: for the session (``SET``) or for the transaction (``SET LOCAL``)."""
    names = (schema, EXTENSIONS_SCHEMA, role_name(connections[ALIAS].settings_dict["NAME"], schema))
    return SQL(f"{kind} search_path = {{}}, {{}}; {kind} ROLE {{}}").format(*map(Identifier, names))


def _leave(connection: RawConnection) -> None:
    if isinstance(connection, BriefConnection):
        connection.entry = None
    else:
        connection.execute("RESET ROLE; RESET search_path", prepare=False)


def _pool() -> LastingPool[RawConnection]:
    """A forked worker makes a pool of its own: sockets must not be shared with the parent."""
    with _opening:
        if os.getpid() not in _pools:
            _pools[os.getpid()] = _opened()
        return _pools[os.getpid()]


def _opened() -> LastingPool[RawConnection]:
    settings = connections[ALIAS].settings_dict
    pooled = settings.get("NEXOD_POOLER") == TRANSACTION
    return LastingPool(
        kwargs=_parameters(settings) | (BRIEF if pooled else {}),
        connection_class=BriefConnection if pooled else Connection,
        min_size=0,
        max_size=int(settings["OPTIONS"].get("pool", {}).get("max_size", 10)),
        timeout=WAIT_S,
        max_lifetime=1800,
        configure=_settle,
        reset=_leave,
        num_workers=1,
        open=True,
        name="nexod-raw",
    )


def _settle(connection: RawConnection) -> None:
    refuse_unknown_pooler(connection, connections[ALIAS].settings_dict.get("NEXOD_POOLER", ""))
    bound_idle_transactions(connection)


def _parameters(settings: dict[str, Any]) -> dict[str, Any]:
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    given = {name: settings[key] for name, key in named.items() if settings[key]}
    options = {name: value for name, value in settings["OPTIONS"].items() if name not in DJANGO_ONLY}
    # Prepared at once: the statements are few and come again with every step.
    return {**options, **given, "autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}


atexit.register(close_pool)
