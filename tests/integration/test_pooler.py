"""Behind a real PgBouncer in transaction mode both walls hold at every statement, and a pooler that nobody mentioned is refused."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, connections, transaction
from django.db.transaction import atomic

from nexod.settings.environment import ROOT
from tenants.accounts.models import User
from tenants.backend.pooler import PoolerUnknown
from tenants.backend.raw import tenant_connection
from tenants.backend.startup import refuse_unsafe_databases
from tenants.context import Place, _enter, release_connections
from tenants.schema import OWNER
from tenants.schema.grants import grants_sql, role
from tests.pooler import SERVERS, Pooler, behind, pgbouncer
from tests.workbench import Bench

pytestmark = pytest.mark.pgbouncer
SCHEMAS = [f"t_crowd{number}" for number in range(20)]
THREADS, TURNS = 6, 1000


@pytest.fixture
def pooler(django_db_setup: None) -> Iterator[Pooler]:
    with pgbouncer() as found:
        yield found


@pytest.fixture
def pooled(bench: Bench, pooler: Pooler) -> Iterator[Bench]:
    """Give the bench, with this process told what it stands behind."""
    with behind(pooler, "transaction"):
        yield bench


@pytest.fixture
def crowd(bench: Bench) -> Iterator[list[Place]]:
    """Give twenty schemas with a role each; the only row in each says whose it is."""
    with _enter(Place("public")), connections[OWNER].cursor() as cursor:
        for schema in SCHEMAS:
            cursor.execute(
                f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.mark (name text);"
                f"INSERT INTO {schema}.mark VALUES ('{schema}'); {grants_sql(schema)}"
            )
    yield [Place(schema) for schema in SCHEMAS]
    with _enter(Place("public")), connections[OWNER].cursor() as cursor:
        for schema in SCHEMAS:
            cursor.execute(
                f"DROP SCHEMA {schema} CASCADE; REVOKE ALL ON SCHEMA doors FROM {role(schema)};"
                f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA doors FROM {role(schema)}; DROP ROLE {role(schema)}"
            )


def leaks(places: list[Place]) -> int:
    """Work in random places from several threads, in every shape of transaction; count what was not the place's own."""
    found, wrong = threading.Lock(), [0]

    def turns(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(TURNS):
            place = chance.choice(places)
            with _enter(place):
                strange = chance.choice(SHAPES)(place.schema)
            with found:
                wrong[0] += strange
            if chance.random() < 0.2:
                release_connections()
        release_connections()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(turns, range(THREADS)))
    return wrong[0]


def _strange(schema: str) -> int:
    """Say whether a statement read another's row, was under another's role, or could not find its own."""
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT name, current_user FROM mark")
            return int(cursor.fetchall() != [(schema, role(schema))])
        except DatabaseError:
            return 1


def _alone(schema: str) -> int:
    return _strange(schema)


def _together(schema: str) -> int:
    with atomic():
        return _strange(schema) + _strange(schema)


def _rolled_back(schema: str) -> int:
    with atomic():
        strange = _strange(schema)
        transaction.set_rollback(True)
    return strange + _strange(schema)


def _failed_in_a_savepoint(schema: str) -> int:
    with atomic():
        with pytest.raises(DatabaseError), atomic():
            connection.cursor().execute("SELECT 1 / 0")
        return _strange(schema)


def _nested(schema: str) -> int:
    other = random.choice(SCHEMAS)
    with atomic():
        before = _strange(schema)
        with _enter(Place(other)):
            inside = _strange(other)
        return before + inside + _strange(schema)


SHAPES = (_alone, _together, _rolled_back, _failed_in_a_savepoint, _nested)


def test_thousands_of_transactions_share_three_servers_and_none_meets_another(
    pooler: Pooler, crowd: list[Place]
) -> None:
    with behind(pooler, "transaction"):
        assert leaks(crowd) == 0


def test_the_same_with_session_settings_leaks(pooler: Pooler, crowd: list[Place]) -> None:
    """What the test above would count: told that sessions last, the backend sets for the session, and others inherit."""
    with behind(pooler, "session"):
        assert leaks(crowd) > 0


def test_a_role_set_for_the_session_is_inherited_by_a_stranger(pooler: Pooler, bench: Bench) -> None:
    with pooler.connect() as one:
        one.execute(f"SET ROLE {role(bench.tenant('acme').schema_name)}")
        with pooler.connect() as other:
            met = other.execute("SELECT current_user").fetchone()
        one.execute("RESET ROLE")
    assert met == (role(bench.tenant("acme").schema_name),)


def test_nothing_stays_on_a_server(pooled: Bench, pooler: Pooler) -> None:
    for slug in ("acme", "globex"):
        with pooled.inside(slug), atomic():
            User.objects.count()
        with tenant_connection(pooled.tenant(slug)) as raw:
            raw.execute("SELECT count(*) FROM accounts_user")
    login = connections.settings["default"]["USER"]
    for _ in range(SERVERS * 3):
        with pooler.connect() as stranger:
            assert stranger.execute("SELECT current_user").fetchone() == (login,)
            assert stranger.execute("SHOW search_path").fetchone() == ('"$user", public',)


def test_another_schema_and_public_are_refused(pooled: Bench) -> None:
    other = pooled.tenant("globex").schema_name
    for table in (f'"{other}".accounts_user', "public.tenants_tenant"):
        with pooled.inside("acme"), connection.cursor() as cursor:
            with pytest.raises(DatabaseError, match="permission denied"):
                cursor.execute(f"SELECT * FROM {table}")
            with pytest.raises(DatabaseError, match="permission denied"), atomic():
                cursor.execute(f"SELECT * FROM {table}")


def test_many_rows_pipelines_and_copies_are_in_their_tenant(pooled: Bench, crowd: list[Place]) -> None:
    for place in crowd[:3]:
        with _enter(place), connection.cursor() as cursor:
            cursor.executemany("INSERT INTO mark VALUES (%s)", [("a",), ("b",)])
            with cursor.copy("COPY mark FROM STDIN") as copy:
                copy.write_row(("c",))
            cursor.execute("SELECT name FROM mark ORDER BY name")
            assert [name for (name,) in cursor.fetchall()] == ["a", "b", "c", place.schema]


def test_long_results_are_read_without_a_named_cursor(pooled: Bench) -> None:
    with pooled.inside("acme"):
        assert {user.email.split("@")[1] for user in User.objects.iterator(chunk_size=2)} == {"acme.test"}


def test_connections_for_libraries_are_in_their_tenant(pooled: Bench) -> None:
    for slug in ("acme", "globex", "acme"):
        with tenant_connection(pooled.tenant(slug)) as raw:
            alone = raw.execute("SELECT email FROM accounts_user").fetchall()
            with raw.transaction():
                together = raw.execute("SELECT email FROM accounts_user").fetchall()
            with raw.pipeline(), raw.cursor(binary=True) as cursor:
                cursor.execute("SELECT email FROM accounts_user")
                piped = cursor.fetchall()
            for rows in (alone, together, piped):
                assert {row["email"].split("@")[1] for row in rows} == {f"{slug}.test"}


def test_a_library_cannot_leave_its_tenant(pooled: Bench) -> None:
    other = pooled.tenant("globex").schema_name
    with tenant_connection(pooled.tenant("acme")) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(f'SELECT * FROM "{other}".accounts_user')


def test_a_whole_run_is_carried_out(pooled: Bench) -> None:
    from benchmarks import trivial

    for slug in ("acme", "globex"):
        run = pooled.ran(trivial.definition(), {"topic": "x"}, slug=slug)
        assert run.status == "completed"


def test_one_that_nobody_mentioned_is_refused(bench: Bench, pooler: Pooler) -> None:
    with behind(pooler, ""):
        connections["default"].settings_dict["OPTIONS"].pop("pool", None)
        with pytest.raises(PoolerUnknown, match="NEXOD_DATABASE_POOLER=transaction"), bench.inside("acme"):
            User.objects.count()
        with pytest.raises(ImproperlyConfigured, match="NEXOD_DATABASE_POOLER=transaction"):
            refuse_unsafe_databases()


def test_one_that_lends_for_less_than_was_said_is_refused(bench: Bench, pooler: Pooler) -> None:
    with behind(pooler, "session"), pytest.raises(ImproperlyConfigured, match="lends servers by transaction"):
        refuse_unsafe_databases()


def test_what_was_told_truly_is_accepted(bench: Bench, pooler: Pooler) -> None:
    with behind(pooler, "transaction"):
        refuse_unsafe_databases()
    with pgbouncer("session") as patient, behind(patient, "session"):
        refuse_unsafe_databases()
        with bench.inside("acme"):
            assert User.objects.filter(email="owner@acme.test").exists()


def test_the_owner_must_reach_postgresql_itself(bench: Bench, pooler: Pooler) -> None:
    before = dict(connections.settings[OWNER])
    try:
        connections.settings[OWNER] |= {"HOST": "127.0.0.1", "PORT": str(pooler.port)}
        with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL"):
            refuse_unsafe_databases()
    finally:
        connections.settings[OWNER].update(before)


WEB = ("uvicorn", "nexod.asgi:application", "--host", "127.0.0.1", "--port", "0")
WORKER = ("celery", "-A", "nexod.celery", "worker", "--pool=solo", "--queues=nobodys")


@pytest.mark.parametrize("program", [WEB, WORKER], ids=["web", "worker"])
def test_no_process_serves_through_one_that_it_was_not_told_of(
    bench: Bench, pooler: Pooler, program: tuple[str, ...]
) -> None:
    environment = {**os.environ, "DATABASE_URL": pooler.url()}
    environment.pop("DATABASE_OWNER_URL")
    ended = subprocess.run(
        [sys.executable, "-m", *program],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "NEXOD_DATABASE_POOLER=transaction" in ended.stdout + ended.stderr
