"""Plans that connections keep: each tenant's own, no way around a role, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from nexod.kernel.often import Often
from tenants.backend import prepared
from tenants.context import enter_schema_as_owner
from tests.workbench import Bench

NAMES = Often("SELECT name FROM workflows_workflow WHERE slug = %s OR slug LIKE '%%!' ORDER BY name")


def asked(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def often(query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask as often as it takes to be sent by name, and once more; return the last answer."""
    return [asked(query, *values) for _ in range(prepared.USES + 1)][-1]


def kept() -> list[tuple[str, str]]:
    return asked("SELECT name, statement FROM pg_prepared_statements WHERE name LIKE 'often%%' ORDER BY prepare_time")


@pytest.fixture
def unprepared(bench: Bench) -> Bench:
    """Begin with a connection that has prepared nothing."""
    with bench.inside():
        connection.ensure_connection()
        asked("SELECT 1 AS ready")
        with connection.connection.cursor() as raw:
            raw.execute("DEALLOCATE ALL")
        prepared.prepared_by(connection.connection).forget()
    return bench


def test_a_statement_is_prepared_when_it_comes_often(unprepared: Bench) -> None:
    with unprepared.inside():
        for _ in range(prepared.USES - 1):
            asked(NAMES, "one")
        assert kept() == []
        asked(NAMES, "one")
        [(_, statement)] = kept()
        assert "slug = $1 OR slug LIKE '%!'" in statement
        assert "one" not in statement, "who uses the connection later can read it"
        often(NAMES, "one")
        assert len(kept()) == 1


def test_each_tenant_has_plans_of_its_own(unprepared: Bench) -> None:
    where = Often("SELECT current_schema()::text, current_user::text, 'workflows_workflow'::regclass::oid")
    found = {}
    for slug in ("acme", "globex", "acme", "globex"):
        with unprepared.inside(slug):
            answer = often(where)
            assert found.setdefault(slug, answer) == answer == asked(str(where))
    assert found["acme"] != found["globex"]
    with unprepared.inside():
        assert len(kept()) == 2


def test_a_plan_is_no_way_around_the_role(unprepared: Bench) -> None:
    with unprepared.inside():
        schema = asked("SELECT current_schema()::text")[0][0]
        often(Often(f'SELECT count(*) FROM "{schema}".workflows_workflow'))
        [(name, _)] = kept()
    with unprepared.inside("globex"), pytest.raises(DatabaseError, match="permission denied"):
        asked(f"EXECUTE {name}")


def test_a_plan_leads_into_the_tables_of_who_asks(unprepared: Bench) -> None:
    with unprepared.inside():
        often(Often("SELECT tableoid::regclass::oid FROM django_content_type LIMIT 1"))
        [(name, _)] = kept()
        mine = asked(f"EXECUTE {name}")
    with unprepared.inside("globex"):
        assert asked(f"EXECUTE {name}") != mine


def test_plans_that_somebody_threw_away_are_made_anew(unprepared: Bench) -> None:
    with unprepared.inside():
        before = often(NAMES, "one")
        with connection.connection.cursor() as raw:
            raw.execute("DEALLOCATE ALL")
        assert asked(NAMES, "one") == before
        assert often(NAMES, "one") == before


@pytest.fixture
def changing(unprepared: Bench) -> Iterator[Callable[[str], None]]:
    """Give what changes a table of the tenant as its owner; the table, ``changing``, is gone afterwards."""
    with unprepared.inside():
        schema, role = asked("SELECT current_schema()::text, current_user::text")[0]

    def change(sql: str) -> None:
        with enter_schema_as_owner(schema), connections["owner"].cursor() as cursor:
            cursor.execute(sql)

    change(f'CREATE TABLE changing AS SELECT 1 AS one; GRANT SELECT ON changing TO "{role}"')
    yield change
    change("DROP TABLE changing")


def test_a_table_that_changed_is_planned_anew(unprepared: Bench, changing: Callable[[str], None]) -> None:
    """PostgreSQL refuses the plan of a statement that would give other columns by now."""
    rows = Often("SELECT * FROM changing")
    with unprepared.inside():
        assert often(rows) == [(1,)]
        changing("ALTER TABLE changing ADD two int DEFAULT 2")
        assert asked(rows) == [(1, 2)]
        assert often(rows) == [(1, 2)]


def test_what_a_statement_refuses_is_no_reason_to_forget_where_it_is(unprepared: Bench) -> None:
    divided = Often("SELECT 1 / %s::int")
    with unprepared.inside():
        often(divided, 1)
        with pytest.raises(DatabaseError, match="division by zero"):
            asked(divided, 0)
        assert asked(divided, 1) == [(1,)]


def test_what_cannot_be_prepared_fails_as_it_is(unprepared: Bench) -> None:
    gone = Often("SELECT nothing FROM nowhere")
    with unprepared.inside():
        for _ in range(prepared.USES + 1):
            with pytest.raises(DatabaseError, match='"nowhere" does not exist'), transaction.atomic():
                asked(gone)
        assert kept() == []
        assert often(NAMES, "one") == []


VALUES = {
    "integer": 7, "negative": -7, "bigint": 2**40, "numeric": 2**70, "decimal": Decimal("1.50"), "float": 0.5, "boolean": True,
    "text": "it's '::int4", "uuid": UUID(int=7), "moment": datetime(2026, 1, 2, tzinfo=UTC), "list": [1, 2], "empty": [],
    "none": None,
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_what_it_is_in_words(unprepared: Bench, kind: str) -> None:
    """Where nothing around it says so, PostgreSQL would take any value of a prepared statement for a text."""
    query = "SELECT pg_typeof(v)::text, v::text FROM (SELECT CASE WHEN true THEN %s END AS v) AS given"
    with unprepared.inside():
        assert often(Often(query), VALUES[kind]) == asked(query, VALUES[kind])
        assert len(kept()) == 1


def test_each_kind_of_values_has_a_plan(unprepared: Bench) -> None:
    halved = Often("SELECT (%s / 2)::text")
    with unprepared.inside():
        for _ in range(prepared.USES + 1):
            assert [asked(halved, value) for value in (7, Decimal("7.0"), 2**40)] == [
                [("3",)], [("3.5000000000000000",)], [("549755813888",)],
            ]  # fmt: skip
        assert len(kept()) == 3


def test_no_more_than_so_many_are_kept(unprepared: Bench) -> None:
    with unprepared.inside():
        for number in range(prepared.MOST + 3):
            assert often(Often(f"SELECT {number}")) == [(number,)]
        assert len(kept()) == prepared.MOST
        numbers = [int(statement.rpartition(" ")[2]) for _, statement in kept()]
    assert sorted(numbers) == list(range(3, prepared.MOST + 3)), "what has not come for longest is gone"


def test_what_could_not_be_thrown_away_is_thrown_away_later(unprepared: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses everything in an aborted transaction, and keeps what it was to throw away."""
    monkeypatch.setattr(prepared, "MOST", 1)
    with unprepared.inside():
        often(NAMES, "one")
        with transaction.atomic():
            with pytest.raises(DatabaseError, match="division by zero"):
                asked("SELECT 1 / 0")
            for _ in range(prepared.USES):
                with pytest.raises(DatabaseError, match="aborted"):
                    asked(Often("SELECT 2"))
            transaction.set_rollback(True)
        assert often(Often("SELECT 3")) == [(3,)]
        assert [statement.rpartition(" ")[2] for _, statement in kept()] == ["3"]
