"""psycopg connections behind a pooler in transaction mode: each transaction enters anew, and no statement goes without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from psycopg import Connection, Cursor, Transaction
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow
from psycopg.sql import Composed


class BriefCursor(Cursor[Any]):
    """A cursor whose statements, outside of a transaction, are one of their own."""

    def execute(self, *args: Any, **options: Any) -> BriefCursor:
        """Run the statement in a transaction that has entered the tenant."""
        with self._entered():
            super().execute(*args, **options)
        return self

    def executemany(self, *args: Any, **options: Any) -> None:
        """Run the statements in one transaction that has entered the tenant."""
        with self._entered():
            super().executemany(*args, **options)

    def _entered(self) -> AbstractContextManager[object]:
        connection: Any = self.connection
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        return connection.transaction() if idle else nullcontext()


class BriefConnection(Connection[DictRow]):
    """A connection that has ``entry`` carried out at the start of each transaction; what bypasses it has a role without rights."""

    entry: Composed | None = None

    @contextmanager
    def transaction(self, *args: Any, **options: Any) -> Iterator[Transaction]:
        """Begin, enter, and end as psycopg does; a transaction within one has entered already."""
        idle = self.info.transaction_status == TransactionStatus.IDLE
        with super().transaction(*args, **options) as transaction:
            if idle and self.entry is not None:
                Cursor(self).execute(self.entry)
            yield transaction

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """Run what would be sent at once in one transaction, statement by statement."""
        with self.transaction():
            yield None


# A prepared statement stays on its server; the pooler may send the next transaction to another.
BRIEF: dict[str, Any] = {"prepare_threshold": None, "cursor_factory": BriefCursor}
