"""The cursor that goes where the place is: what enters the tenant and the statement itself travel as one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from django.db.backends.postgresql.base import CursorMixin
from psycopg import ClientCursor


class Way(Protocol):
    """What a cursor asks its backend."""

    def entry(self) -> str:
        """Return the SQL that must come before the next statement; empty when the connection is in the right place."""

    def arrived(self) -> None:
        """Hear that PostgreSQL carried out the entry."""

    def entered_apart(self) -> AbstractContextManager[None]:
        """Enter by a message of its own, for what must travel alone: a pipeline, a COPY, a named cursor."""


class PlacedCursor(CursorMixin, ClientCursor[Any]):
    """Django's cursor, less the freedom to run a statement wherever the connection happens to be.

    One that the backend did not make has no ``way`` and changes nothing.
    """

    way: Way | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> PlacedCursor:
        """Run the statement where the running code works: PostgreSQL carries out the entry and the statement, or neither."""
        entry = self.way.entry() if self.way else ""
        if not entry:
            super().execute(query, params, **options)
            return self
        super().execute(f"{entry}; {self.mogrify(query, params)}", **options)
        self.way.arrived()  # type: ignore[union-attr]
        self.set_result(entry.count(";") + 1)  # what comes before are the results of the entry
        return self

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
