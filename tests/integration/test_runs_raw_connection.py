"""Connections for libraries stand behind both walls, and take nothing from one tenant to the next."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from psycopg import errors

from tenants.backend.raw import _pool, close_pool, tenant_connection
from tenants.context import TenantSuspended
from tests.workbench import Bench


def test_it_sees_its_tenants_rows_only(bench: Bench) -> None:
    for slug in ("acme", "globex", "acme"):
        with tenant_connection(bench.tenant(slug)) as raw:
            emails = {row["email"] for row in raw.execute("SELECT email FROM accounts_user")}
        assert len(emails) == 5
        assert all(email.endswith(f"@{slug}.test") for email in emails)


def test_prepared_statements_follow_the_tenant(bench: Bench) -> None:
    for _ in range(3):
        for slug in ("acme", "globex"):
            with tenant_connection(bench.tenant(slug)) as raw:
                row = raw.execute("SELECT email FROM accounts_user LIMIT %s", (1,), prepare=True).fetchone()
            assert row
            assert row["email"].endswith(f"@{slug}.test")


def test_another_schema_and_public_are_refused(bench: Bench) -> None:
    other = bench.tenant("globex").schema_name
    for table in (f'"{other}".accounts_user', "public.tenants_tenant"):
        with tenant_connection(bench.tenant("acme")) as raw, pytest.raises(errors.InsufficientPrivilege):
            raw.execute(f"SELECT * FROM {table}")


def test_what_comes_back_is_nobodys(bench: Bench) -> None:
    close_pool()
    with tenant_connection(bench.tenant("acme")) as raw:
        pid = raw.info.backend_pid
    while not _pool().get_stats()["pool_available"]:
        time.sleep(0.01)
    with _pool().connection() as returned:
        assert returned.info.backend_pid == pid
        row = returned.execute(
            "SELECT current_setting('role') AS role, current_schemas(false)::text AS path"
        ).fetchone()
        assert row
        assert row["role"] == "none"
        assert bench.tenant("acme").schema_name not in row["path"]


def test_a_connection_that_died_in_the_pool_is_not_given_out(bench: Bench) -> None:
    close_pool()
    with tenant_connection(bench.tenant("acme")) as raw:
        pid = raw.info.backend_pid
    while not _pool().get_stats()["pool_available"]:
        time.sleep(0.01)
    with bench.inside(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE; SELECT pg_terminate_backend(%s, 60000)", [pid])
    connection.close()
    with tenant_connection(bench.tenant("acme")) as raw:
        assert raw.info.backend_pid != pid
        assert raw.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def test_a_transaction_left_open_is_rolled_back(bench: Bench) -> None:
    with tenant_connection(bench.tenant("acme")) as raw:
        raw.execute("BEGIN")
        raw.execute("UPDATE accounts_user SET full_name = 'x'")
    with tenant_connection(bench.tenant("acme")) as raw:
        row = raw.execute("SELECT count(*) AS n FROM accounts_user WHERE full_name = 'x'").fetchone()
    assert row == {"n": 0}


def test_a_suspended_tenant_gets_none(bench: Bench) -> None:
    from copy import copy

    tenant = copy(bench.tenant("acme"))
    tenant.status = "suspended"
    with pytest.raises(TenantSuspended), tenant_connection(tenant):
        pass
