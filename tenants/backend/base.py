"""django-tenants' PostgreSQL backend with a second wall: every statement is where ``tenants.context`` says, or is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus

from nexod.kernel.errors import TenantRequired
from tenants.backend import replica
from tenants.backend.cursor import PlacedCursor
from tenants.backend.features import DatabaseFeatures
from tenants.backend.pooler import TRANSACTION, refuse_unknown_pooler
from tenants.backend.pools import LastingPool, bound_idle_transactions
from tenants.backend.roles import role_name
from tenants.context import Place, here

EXTENSIONS_SCHEMA = "extensions"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that follows the place. It knows which place it last entered, and forgets it whenever PostgreSQL may have."""

    features_class = DatabaseFeatures
    _entered: Place | None = None
    _entering: Place | None = None

    @property
    def schema_name(self) -> str:
        """Return the schema that the running code works in, or an empty string."""
        place = here()
        return place.schema if place else ""

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        """Ignore what django-tenants assigns: the place decides."""

    @property
    def tenant(self) -> Any:
        """Return the tenant that the running code works for, or None."""
        place = here()
        return place.tenant if place else None

    @tenant.setter
    def tenant(self, value: Any) -> None:
        """Ignore what django-tenants assigns: the place decides."""

    def set_schema_to_public(self) -> None:
        """Do nothing: a new connection is nowhere."""

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Refuse: a tenant set on a connection is inherited by whoever uses it next."""
        raise ImproperlyConfigured("Enter a tenant through tenants.context, never on a connection.")

    @property
    def pg_version(self) -> int:
        """Return the server's version without a query, since start-up has no tenant."""
        self.ensure_connection()
        return int(self.connection.info.server_version)

    @property
    def is_pooled(self) -> bool:
        """Say whether a pooler may give each transaction another server: nothing then lasts longer than a transaction."""
        return bool(self.settings_dict.get("NEXOD_POOLER") == TRANSACTION)

    @property
    def pool(self) -> Any:
        """Return this process's pool of the alias, as Django's does, but one that outlasts a restart of PostgreSQL."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            parameters = {**self.get_connection_params(), "autocommit": True}
            made: Any = LastingPool(kwargs=parameters, open=False, configure=self._configure_connection, **options)
            self._connection_pools.setdefault(self.alias, made)
        return self._connection_pools[self.alias]

    def get_connection_params(self) -> dict[str, Any]:
        """Return what psycopg connects with; the cursors are ours."""
        return {**super().get_connection_params(), "cursor_factory": PlacedCursor}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, or take a connection from the pool: in either case its place is unknown."""
        self._entered = None
        return super().get_new_connection(conn_params)

    def _configure_connection(self, connection: Any) -> bool:
        """Refuse a new connection that goes through a pooler nobody told us of."""
        super()._configure_connection(connection)
        refuse_unknown_pooler(connection, self.settings_dict.get("NEXOD_POOLER", ""))
        if not self.settings_dict.get("NEXOD_OWNER"):
            bound_idle_transactions(connection)
        return True  # something was asked, so there is a transaction to end

    def close(self) -> None:
        """Close, and forget where the connection was."""
        self._entered = None
        super().close()

    def rollback(self) -> None:
        """Roll back, which reverts a SET of the same transaction."""
        self._entered = None
        super().rollback()

    def savepoint_rollback(self, sid: str) -> None:
        """Roll back to a savepoint, which reverts a SET that came after it."""
        try:
            super().savepoint_rollback(sid)
        finally:
            self._entered = None

    def commit(self) -> None:
        """Commit; PostgreSQL answers an aborted transaction's COMMIT with a rollback."""
        if self.connection is not None and self._is_aborted():
            self._entered = None
        replica.wrote()
        super().commit()

    def check_constraints(self, table_names: list[str] | None = None) -> None:
        """Check what was deferred, in whatever schemas the transaction wrote: this needs no place."""
        with self.connection.cursor() as raw:
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def create_cursor(self, name: str | None = None) -> Any:
        """Return a cursor that asks at every statement where it belongs; raise TenantRequired where that is nowhere."""
        cursor = super().create_cursor(name)
        if self.alias != NO_DB_ALIAS:
            _required_place()
            cursor.way = self
        return cursor

    def _handle_search_path(self, cursor: Any = None) -> None:
        """Enter for a named cursor, which django-tenants passes as None: it sends its declaration and nothing else."""
        if cursor is None and self.alias != NO_DB_ALIAS:
            self._enter(self.entry())

    def entry(self) -> str:
        """Return the SQL that leads to the place, or nothing where the connection is there; raise TenantRequired nowhere."""
        place = _required_place()
        # An aborted transaction: only a rollback can follow, and PostgreSQL refuses everything else.
        if place is self._entered or self._is_aborted():
            return ""
        self._entered, self._entering = None, place
        sql = self._entry_sql(place.schema)
        if not self.settings_dict.get("NEXOD_OWNER"):
            return sql
        self._enter(sql)  # apart: the owner sends what PostgreSQL accepts only alone, CREATE INDEX CONCURRENTLY
        return ""

    def arrived(self) -> None:
        """Remember where the connection is: behind a pooler nowhere, for the next statement may meet another server."""
        self._entered = None if self.is_pooled else self._entering

    def planned_for(self) -> str:
        """Return the schema of the place; nothing behind a pooler, whose next server has prepared nothing, for the owner, who
        changes the tables, and where somebody reads what is sent."""
        lasting = not (self.is_pooled or self.settings_dict.get("NEXOD_OWNER") or self.queries_logged)
        return self.schema_name if lasting else ""

    @contextmanager
    def entered_apart(self) -> Iterator[None]:
        """Enter by a message of its own; behind a pooler the block is one transaction."""
        alone = self.is_pooled and self.connection.autocommit
        with self.connection.transaction() if alone else nullcontext():
            self._enter(self.entry())
            yield

    def _enter(self, sql: str) -> None:
        if sql:
            with self.connection.cursor() as raw:
                raw.execute(sql)
            self.arrived()

    def _entry_sql(self, schema: str) -> str:
        quote, kind = self.ops.quote_name, "SET LOCAL" if self.is_pooled else "SET"
        path = f"{kind} search_path = {quote(schema)}, {EXTENSIONS_SCHEMA}"
        if self.settings_dict.get("NEXOD_OWNER"):
            return path
        return f"{path}; {kind} ROLE {quote(role_name(self.settings_dict['NAME'], schema))}"

    def _is_aborted(self) -> bool:
        return bool(self.connection.info.transaction_status == TransactionStatus.INERROR)


def _required_place() -> Place:
    place = here()
    if place is None:
        raise TenantRequired("The database was asked for outside any tenant and outside the platform plane.")
    return place
