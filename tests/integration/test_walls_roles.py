"""The second wall's roles: a tenant without one is refused, and the role that serves can assume them and nothing more."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, connection, connections
from django.db.transaction import atomic

from nexod.kernel.errors import InvalidInput
from tenants.backend.raw import tenant_connection
from tenants.backend.startup import problems, refuse_unsafe_databases
from tenants.context import Place, _enter, enter_platform, enter_schema_as_owner, enter_tenant
from tenants.models import Tenant
from tenants.schema import OWNER
from tenants.schema.grants import role
from tests.pooler import default_changed
from tests.workbench import Bench

MIGHTY = "nexod_mighty_test"


def as_owner(sql: str) -> None:
    with enter_schema_as_owner("public"), connections[OWNER].cursor() as cursor:
        cursor.execute(sql)


@pytest.fixture
def roleless(bench: Bench) -> Iterator[str]:
    """Give a schema with a table that everybody may read, and no role."""
    as_owner("CREATE SCHEMA t_roleless; CREATE TABLE t_roleless.mark AS SELECT 1 AS one; "
             "GRANT USAGE ON SCHEMA t_roleless TO PUBLIC; GRANT SELECT ON t_roleless.mark TO PUBLIC")  # fmt: skip
    yield "t_roleless"
    as_owner("DROP SCHEMA t_roleless CASCADE")


def test_a_tenant_without_its_role_is_refused(roleless: str, bench: Bench) -> None:
    """django-tenants swallows the error of its SET; the statement then ran with what the connection had been before."""
    with bench.inside("acme"):
        connection.cursor().execute("SELECT 1")
        with _enter(Place(roleless)):
            for _ in range(2):
                with pytest.raises(DatabaseError, match="does not exist"):
                    connection.cursor().execute("SELECT one FROM mark")
                with pytest.raises(DatabaseError, match="does not exist"), atomic():
                    connection.cursor().execute("SELECT one FROM mark")


def test_a_library_s_connection_needs_the_role_too(roleless: str) -> None:
    with pytest.raises(psycopg.Error, match="does not exist"), tenant_connection(Tenant(schema_name=roleless)):
        pass


def test_an_aborted_transaction_runs_nothing_anywhere(bench: Bench) -> None:
    with bench.inside("acme"), atomic():
        with pytest.raises(DatabaseError):
            connection.cursor().execute("SELECT 1 / 0")
        with bench.inside("globex"), pytest.raises(DatabaseError, match="aborted"):
            connection.cursor().execute("SELECT email FROM accounts_user")
        connection.set_rollback(True)


@pytest.mark.parametrize("name", ["T_upper", "t_Mixed", "t_a b", 't_"; DROP', "public", "pg_temp", "t_" + "x" * 41])
def test_schema_names_are_lower_case_and_plain(bench: Bench, name: str) -> None:
    """PgBouncer confuses names that differ only in case."""
    with pytest.raises(InvalidInput), enter_tenant(name):
        pass
    tenants = Tenant.objects.using(OWNER).filter(slug="acme")
    with enter_schema_as_owner("public"), pytest.raises(IntegrityError, match="is_opaque"), atomic(using=OWNER):
        tenants.update(schema_name=name)


def login() -> psycopg.Connection:
    known = connections.settings["default"]
    return psycopg.connect(
        host=known["HOST"], port=known["PORT"], dbname=known["NAME"], user=known["USER"], password=known["PASSWORD"],
        autocommit=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM public.tenants_tenant",
        "SELECT * FROM {schema}.accounts_user",
        "SELECT * FROM {schema}.django_migrations",
        "SELECT doors.standing()",
        "SET ROLE {owner}",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION {owner}",
        "CREATE TABLE public.mine (one int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "CREATE DATABASE mine",
        "GRANT {role} TO CURRENT_USER",
        "ALTER ROLE {role} LOGIN",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET log_statement = 'all'",
    ],
)
def test_the_role_that_serves_can_do_nothing_itself(bench: Bench, statement: str) -> None:
    schema = bench.tenant("acme").schema_name
    names = {"schema": schema, "role": role(schema), "owner": connections.settings[OWNER]["USER"]}
    with login() as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement.format(**names))


def test_what_serves_here_is_accepted(bench: Bench) -> None:
    refuse_unsafe_databases()


@pytest.fixture
def mighty(bench: Bench) -> Iterator[None]:
    """Serve as another role, that a test then gives too much."""
    known = connections.settings["default"]
    as_owner(
        f"CREATE ROLE {MIGHTY} LOGIN NOINHERIT PASSWORD 'x'; GRANT CONNECT ON DATABASE {known['NAME']} TO {MIGHTY}"
    )
    with default_changed(USER=MIGHTY, PASSWORD="x"):
        assert list(problems("default")) == []
        yield
    schemas = f"public, {bench.tenant('acme').schema_name}"
    as_owner(f"REVOKE ALL ON SCHEMA {schemas} FROM {MIGHTY}; REVOKE ALL ON DATABASE {known['NAME']} FROM {MIGHTY}")
    as_owner(f"DROP ROLE {MIGHTY}; DROP ROLE IF EXISTS {MIGHTY}_other")


@pytest.mark.parametrize(
    ("too_much", "told"),
    [
        ("ALTER ROLE {mighty} CREATEROLE", "may make roles"),
        ("ALTER ROLE {mighty} CREATEDB", "may make databases"),
        ("GRANT {role} TO {mighty} WITH INHERIT TRUE", "without assuming"),
        ("GRANT {role} TO {mighty} WITH INHERIT FALSE, SET TRUE, ADMIN TRUE", "may grant them"),
        ("CREATE ROLE {mighty}_other; GRANT {mighty}_other TO {mighty} WITH INHERIT FALSE", "no tenant's"),
        ("GRANT USAGE ON SCHEMA public TO {mighty}", "schemas itself"),
        ("GRANT USAGE ON SCHEMA {schema} TO {mighty}", "schemas itself"),
    ],
)
def test_a_role_that_may_more_is_refused_at_start(bench: Bench, mighty: None, too_much: str, told: str) -> None:
    schema = bench.tenant("acme").schema_name
    as_owner(too_much.format(mighty=MIGHTY, role=role(schema), schema=schema))
    with pytest.raises(ImproperlyConfigured, match=told):
        refuse_unsafe_databases()


def test_the_platform_s_role_sees_no_tenant_and_a_tenant_s_no_other_plane(bench: Bench) -> None:
    acme, globex = (bench.tenant(slug).schema_name for slug in ("acme", "globex"))
    for place, table in (
        (None, f"{acme}.accounts_user"),
        ("acme", f"{globex}.accounts_user"),
        ("acme", "public.tenants_plan"),
    ):
        with (
            bench.inside(place) if place else enter_platform(),
            pytest.raises(DatabaseError, match="permission denied"),
        ):
            connection.cursor().execute(f"SELECT * FROM {table}")
