"""django-tenants' PostgreSQL backend with a second wall: every cursor is where ``tenants.context`` says, or is refused."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import NO_DB_ALIAS
from django_tenants.postgresql_backend import base
from psycopg.pq import TransactionStatus

from nexod.kernel.errors import TenantRequired
from tenants.backend.features import DatabaseFeatures
from tenants.backend.roles import role_name
from tenants.context import here

EXTENSIONS_SCHEMA = "extensions"


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that follows the place. It knows which schema it last entered, and forgets it whenever PostgreSQL may have."""

    features_class = DatabaseFeatures
    _entered: str | None = None

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

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, or take a connection from the pool: in either case its place is unknown."""
        self._entered = None
        return super().get_new_connection(conn_params)

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
        if self.connection is not None and self.connection.info.transaction_status == TransactionStatus.INERROR:
            self._entered = None
        super().commit()

    def check_constraints(self, table_names: list[str] | None = None) -> None:
        """Check what was deferred, in whatever schemas the transaction wrote: this needs no place."""
        with self.connection.cursor() as raw:
            raw.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self.alias == NO_DB_ALIAS:
            return
        place = here()
        if place is None:
            raise TenantRequired("The database was asked for outside any tenant and outside the platform plane.")
        if place.schema == self._entered:
            return
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # only a rollback can follow, and PostgreSQL refuses everything else
        self._entered = None
        with self.connection.cursor() as raw:
            raw.execute(self._enter_sql(place.schema))
        self._entered = place.schema

    def _enter_sql(self, schema: str) -> str:
        quote = self.ops.quote_name
        path = f"SET search_path = {quote(schema)}, {EXTENSIONS_SCHEMA}"
        if self.settings_dict.get("NEXOD_OWNER"):
            return path
        return f"{path}; SET ROLE {quote(role_name(self.settings_dict['NAME'], schema))}"
