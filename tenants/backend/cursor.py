"""The cursor that goes where the place is: what enters the tenant and the statement itself travel as one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from django.db.backends.postgresql.base import CursorMixin
from psycopg import ClientCursor
from psycopg.adapt import Transformer
from psycopg.pq import TransactionStatus

from nexod.kernel.often import Often
from tenants.backend.prepared import STALE, Prepared, prepared_by, type_of


class Way(Protocol):
    """What a cursor asks its backend."""

    def entry(self) -> str:
        """Return the SQL that must come before the next statement; empty when the connection is in the right place."""

    def arrived(self) -> None:
        """Hear that PostgreSQL carried out the entry."""

    def entered_apart(self) -> AbstractContextManager[None]:
        """Enter by a message of its own, for what must travel alone: a pipeline, a COPY, a named cursor."""

    def planned_for(self) -> str:
        """Return the schema for which statements may be prepared on this connection; empty where nothing lasts on it."""


class PlacedCursor(CursorMixin, ClientCursor[Any]):
    """Django's cursor, less the freedom to run a statement wherever the connection happens to be.

    One that the backend did not make has no ``way`` and changes nothing.
    """

    way: Way | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> PlacedCursor:
        """Run the statement where the running code works: PostgreSQL carries out the entry and the statement, or neither."""
        schema = self.way.planned_for() if self.way and isinstance(query, Often) else ""
        if schema:
            self._execute_often(query, params or (), schema, prepared_by(self.connection))
        else:
            self._execute_here(query, params, **options)
        return self

    def _execute_here(self, query: Any, params: Any = None, **options: Any) -> None:
        entry = self.way.entry() if self.way else ""
        if not entry:
            super().execute(query, params, **options)
            return
        super().execute(f"{entry}; {self.mogrify(query, params)}", **options)
        self.way.arrived()  # type: ignore[union-attr]
        self.set_result(entry.count(";") + 1)  # what comes before are the results of the entry

    def _execute_often(self, query: Often, values: Sequence[Any], schema: str, prepared: Prepared) -> None:
        """Run the statement by its name, where it has one. A plan that PostgreSQL refuses has done nothing: outside of a
        transaction the statement is sent once more, in words."""
        literals = self._literals(values)
        types = tuple(map(type_of, literals))
        try:
            name = prepared.name_of(schema, query, types, self._execute_here)
            if name is not None:
                self._execute_here(f"EXECUTE {name}({', '.join(literals)})" if literals else f"EXECUTE {name}")
                return
        except STALE as refusal:
            prepared.heed(refusal, schema, query, types)
            if self.connection.info.transaction_status != TransactionStatus.IDLE:
                raise
        self._execute_here(query, values)

    def _literals(self, values: Sequence[Any]) -> list[str]:
        """Return the values as SQL."""
        made = Transformer(self)
        return ["NULL" if value is None else made.as_literal(value).decode(made.encoding) for value in values]

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """Run the statements, which psycopg sends as a pipeline, where the running code works."""
        with self._apart():
            super().executemany(query, params_seq, **options)

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Run the statement where the running code works, and give its rows one by one."""
        with self._apart():
            yield from super().stream(*args, **options)

    @contextmanager
    def copy(self, *args: Any, **options: Any) -> Iterator[Any]:
        """Copy where the running code works."""
        with self._apart(), super().copy(*args, **options) as found:
            yield found

    @contextmanager
    def _apart(self) -> Iterator[None]:
        if self.way is None:
            yield
            return
        with self.way.entered_apart():
            yield
