"""A row's INSERT or UPDATE as part of the statement that appends a run's events: one round trip, one commit.

Each hangs on ``grown``, the run's row in that statement: where the fence refuses that, these write nothing either.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import Field, Model

Statement = tuple[str, list[Any]]


def insert_of(row: Model) -> Statement:
    """Return the statement that stores a new row, what Django fills in by itself included."""
    fields = row._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f'INSERT INTO "{row._meta.db_table}" ({columns}) SELECT {marks} FROM grown', [
        _value(f, row, add=True) for f in fields
    ]


def update_of(row: Model, names: Collection[str]) -> Statement:
    """Return the statement that stores the named fields of a row that exists."""
    fields = [field for field in row._meta.concrete_fields if field.name in names]
    pairs = ", ".join(f'"{field.column}" = %s' for field in fields)
    values = [_value(field, row, add=False) for field in fields]
    return f'UPDATE "{row._meta.db_table}" SET {pairs} FROM grown WHERE "{row._meta.db_table}"."id" = %s', [
        *values,
        row.pk,
    ]


def _value(field: Field[Any, Any], row: Model, *, add: bool) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add), connection)
