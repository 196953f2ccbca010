"""Every row of every table of every schema, as the owner of the database sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.db import IntegrityError, connections, transaction

from tenants.context import PLATFORM_SCHEMA, TEMPLATE_SCHEMA, enter_schema_as_owner
from tenants.schema import OWNER
from tests.hammer.judge import Judge
from tests.hammer.marks import NOBODY, SQL_PATTERN, numbers
from tests.hammer.resident import Resident

NAME = "rows"
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
_MARKS = """SELECT '{table}', lower(mark_[1]), count(*) FROM "{schema}"."{table}" AS kept,
regexp_matches(kept::text, '({pattern})', 'gi') AS mark_ GROUP BY 1, 2"""
_DELETE = 'DELETE FROM "{schema}"."{table}" AS kept WHERE kept::text ~* %s'


def sweep(judge: Judge, residents: Iterable[Resident]) -> None:
    """Count rows with their own mark as good, and rows with another's as leaks; delete those, for the next bout."""
    owners = {resident.schema: resident.number for resident in residents}
    for schema in (*owners, PLATFORM_SCHEMA, TEMPLATE_SCHEMA):
        owner = owners.get(schema, NOBODY)
        for (table, text), count in _marks(schema).items():
            (number,) = numbers(text)
            if number == owner and schema in owners:
                judge.tallies[NAME].good += count
            else:
                judge.leak(NAME, owner, number, f"{count} in {schema}.{table}", times=count)
                _delete(schema, table, text)


def _marks(schema: str) -> Counter[tuple[str, str]]:
    """Return how often each mark stands in each table of the schema."""
    found: Counter[tuple[str, str]] = Counter()
    with enter_schema_as_owner(schema), connections[OWNER].cursor() as cursor:
        cursor.execute(_TABLES, [schema])
        tables = [name for (name,) in cursor.fetchall()]
        parts = (_MARKS.format(schema=schema, table=table, pattern=SQL_PATTERN) for table in tables)
        cursor.execute(" UNION ALL ".join(parts))
        for table, text, count in cursor.fetchall():
            found[table, text] += count
    return found


def _delete(schema: str, table: str, text: str) -> None:
    """Delete the rows with that mark; what others refer to stays, and is told again."""
    with enter_schema_as_owner(schema), connections[OWNER].cursor() as cursor:
        try:
            with transaction.atomic(using=OWNER):
                cursor.execute(_DELETE.format(schema=schema, table=table), [text])
        except IntegrityError:
            return
