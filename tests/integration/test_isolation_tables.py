"""Every table of a tenant's schema, with a model or without: its rows are nowhere else, and no other role can read or write it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, connections, transaction

from tenants.context import enter_platform, enter_schema_as_owner, enter_tenant
from tenants.schema import OWNER
from tests.content import fill_all
from tests.isolation import TABLES, TEMPLATE_TABLES, tables_of, uncovered

MODELED = {model._meta.db_table for model in apps.get_models(include_auto_created=True)} | {"django_migrations"}
REQUIRED = """
    SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s
    AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
"""
SAMPLES = {"text": "x", "varchar": "x", "int2": 42, "int4": 4242, "float8": 4.2, "numeric": 42, "date": "2001-02-03",
            "int8": 4242, "bytea": b"x", "jsonb": "{}", "uuid": uuid4(), "bool": True,
           "timestamptz": "2001-02-03", "_text": [], "_bytea": []}  # fmt: skip


@pytest.fixture
def filled(acme, person):
    """One row of everything in acme."""
    owner = person("acme", "owner")
    with enter_tenant(acme):
        content = fill_all(owner)
        owner.user_permissions.add(Permission.objects.first())
        first, second = content.crew.tasks.order_by("order")
        second.context.add(first)
        for table in set(tables_of(acme.schema_name)) - MODELED:
            plant(acme.schema_name, table)
    return content


def plant(schema: str, table: str) -> None:
    """Put a row into a table that has no model, whatever its columns."""
    with connection.cursor() as cursor:
        cursor.execute(REQUIRED, [schema, table])
        columns = cursor.fetchall()
        names, marks = ", ".join(name for name, _ in columns), ", ".join(["%s"] * len(columns))
        values = [SAMPLES[kind] for _, kind in columns]
        cursor.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', values)


def _rows(tenant, table: str) -> set[str]:
    with enter_tenant(tenant), connection.cursor() as cursor:
        cursor.execute(f'SELECT ROW(t.*)::text FROM "{table}" t')
        return {row for (row,) in cursor.fetchall()}


def test_every_table_has_rows_here_that_are_nowhere_else(filled, acme, globex):
    with enter_tenant(acme):
        tables = tables_of(acme.schema_name)
    assert len(tables) > 25
    ours = {table: _rows(acme, table) for table in tables}
    shared = {table for table in tables if ours[table] & _rows(globex, table)}
    walked = {table for table in tables if ours[table]} - shared
    assert uncovered(tables, walked, {**TABLES, **TEMPLATE_TABLES}) == (set(), set())


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_new_table_without_rows_or_reason_is_noticed(filled, acme):
    with enter_schema_as_owner(acme.schema_name), transaction.atomic(using=OWNER):
        with connections[OWNER].cursor() as cursor:
            cursor.execute("CREATE TABLE planted (id int)")
        tables = tables_of(acme.schema_name, connections[OWNER])
        transaction.set_rollback(True, using=OWNER)
    walked = set(tables) - {"planted", *TABLES, *TEMPLATE_TABLES}
    assert uncovered(tables, walked, {**TABLES, **TEMPLATE_TABLES}) == ({"planted"}, set())


def test_a_reason_for_a_table_that_is_gone_is_noticed(acme):
    assert uncovered(["a"], ["a"], {"gone": "It was empty"}) == (set(), {"gone"})


def test_no_other_tenant_and_not_the_platform_reads_or_writes_any_table(acme, globex):
    with enter_tenant(acme):
        tables = tables_of(acme.schema_name)
    for table in tables:
        place = f'"{acme.schema_name}"."{table}"'
        for statement in (
            f"SELECT 1 FROM {place}",
            f"DELETE FROM {place}",
            f"TRUNCATE {place}",
            f"INSERT INTO {place} DEFAULT VALUES",
        ):
            for elsewhere in (lambda: enter_tenant(globex), enter_platform):
                with (
                    elsewhere(),
                    connection.cursor() as cursor,
                    pytest.raises(DatabaseError, match="permission denied"),
                    transaction.atomic(),
                ):
                    cursor.execute(statement)


def test_the_tenants_own_role_cannot_change_its_tables(acme):
    with enter_tenant(acme), connection.cursor() as cursor:
        for statement in (
            "DROP TABLE accounts_user",
            "CREATE TABLE other (id int)",
            "ALTER TABLE accounts_user ADD x int",
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                cursor.execute(statement)


@pytest.mark.parametrize("table", TEMPLATE_TABLES)
def test_what_the_template_made_is_the_same_in_every_tenant(acme, globex, table):
    columns = {"django_migrations": "id, app, name"}.get(table, "*")
    found = []
    for tenant in (acme, globex):
        with enter_tenant(tenant), connection.cursor() as cursor:
            cursor.execute(f'SELECT {columns} FROM "{table}" ORDER BY id')
            found.append(cursor.fetchall())
    assert found[0] == found[1]
    assert found[0]


def test_vectors_are_each_tenants_own(filled, acme, globex):
    from pgvector.django import CosineDistance

    from agents.knowledge.embedding import DIMENSIONS
    from agents.models import ChunkVector

    nearest = ChunkVector.objects.order_by(CosineDistance("embedding", [0.1] * DIMENSIONS))
    with enter_tenant(acme):
        assert nearest.all().first().chunk.document_id == filled.document.pk
    with enter_tenant(globex):
        assert nearest.all().first() is None


@pytest.mark.django_db(databases=["default", "owner"])
def test_extensions_are_in_a_schema_of_their_own_and_no_migration_of_a_tenant_makes_one(acme):
    """An extension in a tenant's schema goes with that tenant, and takes everybody's vectors along."""
    from django.contrib.postgres.operations import CreateExtension
    from django.db.migrations.loader import MigrationLoader

    with enter_tenant(acme), connection.cursor() as cursor:
        cursor.execute("SELECT extname, extnamespace::regnamespace::text FROM pg_extension WHERE extname <> 'plpgsql'")
        found = dict(cursor.fetchall())
    assert found
    assert set(found.values()) == {"extensions"}
    loader = MigrationLoader(None)
    made = [
        key
        for key, migration in loader.disk_migrations.items()
        for step in migration.operations
        if isinstance(step, CreateExtension)
    ]
    assert made == []
