"""Rows' INSERTs and UPDATEs as part of the statement that appends a run's events: one round trip, one commit.

Each hangs on ``grown``, the run's row in that statement: where the fence refuses that, these write nothing either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Field, Model

from workflows.json_text import json_text

Statement = tuple[str, list[Any]]
# What JSON has no form for, and PostgreSQL reads from text.
AS_TEXT = (UUID, datetime, Decimal)


class Insertion(NamedTuple):
    """A new row as it was when it was to be written: its model, and its columns as JSON text."""

    model: type[Model]
    row: str


Along = Statement | Insertion


def insertion_of(row: Model) -> Insertion:
    """Return the new row, what Django fills in by itself included. All of a statement that go into one table are one INSERT."""
    return Insertion(type(row), json_text({f.column: _plain(f.pre_save(row, True)) for f in row._meta.concrete_fields}))


def insert_of(row: Model) -> Statement:
    """Return the statement that stores a new row, to be completed by an ON CONFLICT."""
    return _insert((insertion := insertion_of(row)).model, [insertion.row])


def first_insert_of(row: Model) -> Statement:
    """Return the statement that stores a new row and hangs on nothing: what becomes ``grown`` for a new run."""
    insertion = insertion_of(row)
    return _insert_sql(insertion.model, ""), [f"[{insertion.row}]"]


def together(along: Sequence[Along]) -> list[Statement]:
    """Return the statements that store all of it."""
    rows: dict[type[Model], list[str]] = {}
    others: list[Statement] = []
    for one in along:
        if isinstance(one, Insertion):
            rows.setdefault(one.model, []).append(one.row)
        else:
            others.append(one)
    return [*(_insert(model, texts) for model, texts in rows.items()), *others]


def update_of(row: Model, names: Collection[str]) -> Statement:
    """Return the statement that stores the named fields of a row that exists."""
    fields = [field for field in row._meta.concrete_fields if field.name in names]
    pairs = ", ".join(f'"{field.column}" = %s' for field in fields)
    values = [_value(field, row) for field in fields]
    return f'UPDATE "{row._meta.db_table}" SET {pairs} FROM grown WHERE "{row._meta.db_table}"."id" = %s', [
        *values,
        row.pk,
    ]


def _insert(model: type[Model], rows: Sequence[str]) -> Statement:
    return _insert_sql(model, "grown, "), [f"[{','.join(rows)}]"]


@lru_cache(maxsize=16)
def _insert_sql(model: type[Model], after: str) -> str:
    columns = [f'"{field.column}"' for field in model._meta.concrete_fields]
    table, new = f'"{model._meta.db_table}"', ", ".join(f"new.{column}" for column in columns)
    rows = f"json_populate_recordset(NULL::{table}, %s::json) AS new"
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT {new} FROM {after}{rows}"


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, AS_TEXT) else value


def _value(field: Field[Any, Any], row: Model) -> Any:
    return field.get_db_prep_save(field.pre_save(row, False), connection)
