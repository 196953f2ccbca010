"""A connection that is lent was asked whether it lives, unless it was in use a moment ago; test_runs_raw_connection ends one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tenants.backend import pools, raw
from tenants.backend.raw import close_pool, tenant_connection
from tests.faults import until
from tests.workbench import Bench


@pytest.fixture(autouse=True)
def pool() -> Iterator[None]:
    """Nobody used it before, and nobody does afterwards."""
    close_pool()
    yield
    close_pool()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the connections that were asked whether they live."""
    found: list[Any] = []
    real = pools.LastingPool.check_connection

    def check(connection: Any) -> None:
        found.append(connection)
        real(connection)

    monkeypatch.setattr(pools.LastingPool, "check_connection", staticmethod(check))
    return found


def pid_of_one(bench: Bench, slug: str = "acme") -> int:
    with tenant_connection(bench.tenant(slug)) as found:
        row = found.execute("SELECT pg_backend_pid() AS pid").fetchone()
        assert row
        return int(row["pid"])


def rested() -> None:
    until(lambda: raw._pool().get_stats()["pool_available"] >= 1, "it is back", seconds=60)


@pytest.mark.parametrize(("fresh_s", "times"), [(600, 0), (0, 1)], ids=["used a moment ago", "rested for a while"])
def test_only_what_rested_is_asked(
    bench: Bench, asked: list[Any], monkeypatch: pytest.MonkeyPatch, fresh_s: float, times: int
) -> None:
    monkeypatch.setattr(pools, "FRESH_S", fresh_s)
    first = pid_of_one(bench)
    rested()
    asked.clear()
    assert pid_of_one(bench, "globex") == first
    assert len(asked) == times
