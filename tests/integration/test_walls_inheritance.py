"""No connection is left in a state that its next user inherits: from the pool or kept open, whatever befell the one before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, OperationalError, connection, connections
from django.db.transaction import atomic, savepoint, savepoint_rollback

from tenants.accounts.models import User
from tenants.backend.roles import role_name
from tenants.context import enter_platform, in_tenant, release_connections
from tests.pooler import default_changed
from tests.workbench import Bench

OPTIONS = {"pool": {"min_size": 1, "max_size": 1, "timeout": 5}}


@pytest.fixture(params=["pooled", "persistent"])
def one(request: pytest.FixtureRequest, bench: Bench) -> Iterator[Bench]:
    """Give the bench over a pool of one connection, or over one that stays open."""
    kept = {"OPTIONS": OPTIONS} if request.param == "pooled" else {"OPTIONS": {}, "CONN_MAX_AGE": None}
    with default_changed(**kept):
        yield bench


def at_home(bench: Bench, slug: str) -> bool:
    """Say whether a statement is in the tenant's schema, under its role, among its people."""
    schema = bench.tenant(slug).schema_name
    with bench.inside(slug), connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        where = cursor.fetchone()
        emails = set(User.objects.values_list("email", flat=True))
    ours = {email for email in emails if email.endswith(f"@{slug}.test")}
    return where == (schema, role_name(connection.settings_dict["NAME"], schema)) and bool(ours) and ours == emails


def backend() -> int:
    with enter_platform(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def raised(bench: Bench) -> None:
    with pytest.raises(ZeroDivisionError), bench.inside("acme"), atomic():
        raise ZeroDivisionError(User.objects.count())


def failed(bench: Bench) -> None:
    with pytest.raises(DatabaseError), bench.inside("acme"), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


def failed_in_a_transaction(bench: Bench) -> None:
    with pytest.raises(DatabaseError), bench.inside("acme"), atomic():
        connection.cursor().execute("SELECT 1 / 0")


def savepoints_rolled_back(bench: Bench) -> None:
    with bench.inside("globex"), atomic():
        User.objects.count()
        with atomic():
            with bench.inside("acme"), atomic():
                User.objects.count()
            connection.set_rollback(True)
        assert at_home(bench, "globex")
        with bench.inside("acme"), atomic():
            User.objects.count()
        assert at_home(bench, "globex")


def timed_out(bench: Bench) -> None:
    with pytest.raises(OperationalError, match="statement timeout"), bench.inside("acme"), atomic():
        connection.cursor().execute("SET LOCAL statement_timeout = 20; SELECT pg_sleep(5)")


def left_open(bench: Bench) -> None:
    with bench.inside("acme"):
        connection.set_autocommit(False)
        User.objects.count()
    release_connections()


def tampered(bench: Bench) -> None:
    with bench.inside("acme"), connection.cursor() as cursor:
        cursor.execute(f'SET search_path = "{bench.tenant("globex").schema_name}"')
        cursor.execute("RESET ROLE")


@pytest.mark.parametrize(
    "befell", [raised, failed, failed_in_a_transaction, savepoints_rolled_back, timed_out, left_open, tampered]
)
def test_the_next_user_is_at_home(one: Bench, befell: Callable[[Bench], None]) -> None:
    before = backend()
    befell(one)
    assert at_home(one, "globex")
    befell(one)
    assert at_home(one, "acme")
    if befell is not left_open:  # what is left open is rolled back, and may be closed
        assert backend() == before


def test_a_killed_backend_takes_nothing_along(one: Bench) -> None:
    before = backend()
    with pytest.raises(OperationalError), one.inside("acme"):
        connection.cursor().execute("RESET ROLE; SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    assert at_home(one, "globex")
    assert backend() != before


def test_a_thread_that_is_used_again_is_nowhere(one: Bench) -> None:
    release_connections()

    def job(slug: str) -> bool:
        with one.inside(slug):
            User.objects.count()
        return at_home(one, slug)

    with ThreadPoolExecutor(1) as pool:
        assert all(pool.map(job, ["acme", "globex", "acme"]))
        pool.submit(connections.close_all).result()


def test_a_cancelled_request_gives_its_connection_back_clean(bench: Bench) -> None:
    def slow() -> None:
        with atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT count(*), pg_sleep(0.2) FROM accounts_user")

    async def cancelled() -> list[bool]:
        task = asyncio.create_task(in_tenant(bench.tenant("acme"), slow))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return [await in_tenant(bench.tenant(slug), at_home, bench, slug) for slug in ("globex", "acme")]

    tenants = [bench.tenant(slug) for slug in ("globex", "acme")]
    with default_changed(OPTIONS=OPTIONS):
        assert asyncio.run(cancelled()) == [True] * len(tenants)


def people() -> set[str]:
    """Return the organisations of whoever is found where the code works now."""
    return {email.split("@")[1] for email in User.objects.values_list("email", flat=True)}


def test_a_rollback_that_takes_the_entry_back_is_noticed(one: Bench) -> None:
    with one.inside("acme"):
        with atomic():
            User.objects.count()
            connection.set_rollback(True)
        assert people() == {"acme.test"}


def test_a_savepoint_that_takes_the_entry_back_is_noticed(one: Bench) -> None:
    with one.inside("globex"), atomic():
        before = savepoint()
        with one.inside("acme"):
            User.objects.count()
            savepoint_rollback(before)
            assert people() == {"acme.test"}
        assert people() == {"globex.test"}


def test_a_commit_that_postgresql_turns_into_a_rollback_is_noticed(one: Bench) -> None:
    with one.inside("acme"):
        connection.set_autocommit(False)
        User.objects.count()
        with pytest.raises(DatabaseError):
            connection.cursor().execute("SELECT 1 / 0")
        connection.commit()
        connection.set_autocommit(True)
        assert people() == {"acme.test"}


def test_a_new_entry_into_the_same_tenant_corrects_what_a_library_set(one: Bench) -> None:
    tampered(one)
    assert at_home(one, "acme")


def test_a_cursor_follows_the_place_of_its_statement(one: Bench) -> None:
    with one.inside("acme"):
        cursor = connection.cursor()
    with one.inside("globex"):
        cursor.execute("SELECT email FROM accounts_user")
        assert all(email.endswith("@globex.test") for (email,) in cursor.fetchall())


def test_long_results_come_through_a_named_cursor_of_the_tenants(one: Bench) -> None:
    for slug in ("acme", "globex"):
        with one.inside(slug):
            emails = [user.email for user in User.objects.iterator(chunk_size=2)]
        assert len(emails) == 5
        assert all(email.endswith(f"@{slug}.test") for email in emails)
