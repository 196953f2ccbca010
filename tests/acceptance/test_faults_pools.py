"""PostgreSQL goes and comes back: what it leaves behind in a pool keeps nobody waiting, neither libraries nor Django."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from psycopg_pool import PoolTimeout

from tenants.backend import raw
from tenants.backend.raw import ConnectionsExhausted, close_pool, lent, tenant_connection
from tenants.schema import OWNER
from tests import services
from tests.faults import figure, until
from tests.workbench import Bench

MANY = 8
SOON_S = 5.0
# By then psycopg's own pool has tried at 0, 1, 3, 7 s and rests until 15.
AWAY_S = 9.0


@pytest.fixture(autouse=True)
def pools(bench: Bench) -> Iterator[None]:
    """Nobody used them before, and nobody does afterwards."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    close_pool()
    connections[OWNER].close()
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def lend_to_libraries(bench: Bench) -> None:
    with ExitStack() as stack:
        for _ in range(MANY):
            stack.enter_context(tenant_connection(bench.tenant("acme")))
        assert lent() == MANY
    connection.close()
    until(lambda: raw._pool().get_stats()["pool_available"] == MANY, "all are back", seconds=60)


def lend_to_django(bench: Bench) -> None:
    together = threading.Barrier(MANY)

    def use() -> None:
        with bench.inside():
            ask_django(bench, then=lambda: together.wait(timeout=60))

    threads = [threading.Thread(target=use) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.close()
    pool: Any = connection.pool  # type: ignore[attr-defined]
    until(lambda: pool.get_stats()["pool_available"] >= MANY, "all are back", seconds=60)


def ask_libraries(bench: Bench) -> None:
    with tenant_connection(bench.tenant("acme")) as found:
        assert found.execute("SELECT 1 AS one").fetchone() == {"one": 1}


def ask_django(bench: Bench, then: Any = lambda: None) -> None:
    try:
        with bench.inside("globex"), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            then()
    finally:
        connection.close()


@contextmanager
def away() -> Iterator[None]:
    """Let PostgreSQL be away inside the block."""
    process = services.PROCESSES["postgres"]
    process.ask_to_stop()
    until(lambda: process.pid is None, "it ends", seconds=60)
    try:
        yield
    finally:
        process.start()
        until(process.is_ready, "it is back", seconds=60)


both = pytest.mark.parametrize(
    ("lend", "ask"), [(lend_to_libraries, ask_libraries), (lend_to_django, ask_django)], ids=["libraries", "django"]
)


@both
def test_a_pool_full_of_dead_connections_gives_a_living_one_at_once(bench: Bench, lend: Any, ask: Any) -> None:
    """psycopg's own gives the dead ones out one by one, and rests for 0, 1, 2, 4, 8 s between them."""
    lend(bench)
    services.restart("postgres")
    began = time.monotonic()
    ask(bench)
    had_s = time.monotonic() - began
    figure(f"postgresql restarted, {MANY} dead connections in the pool", had_s=had_s)
    assert had_s < SOON_S


@both
def test_a_pool_that_tried_in_vain_for_long_connects_soon_after(bench: Bench, lend: Any, ask: Any) -> None:
    lend(bench)

    def ask_in_vain() -> None:
        with suppress(OperationalError, ConnectionsExhausted):
            ask(bench)

    impatient = [threading.Thread(target=ask_in_vain) for _ in range(3)]
    with away():
        for thread in impatient:
            thread.start()
        time.sleep(AWAY_S)
    began = time.monotonic()
    ask(bench)
    had_s = time.monotonic() - began
    for thread in impatient:
        thread.join()
    figure("postgresql away, and asked in vain meanwhile", away_s=AWAY_S, had_s=had_s)
    assert had_s < SOON_S


def test_whoever_gets_no_connection_is_told_how_the_pool_stands(bench: Bench) -> None:
    pool = raw._pool()
    pool.resize(0, 1)
    pool.timeout = 0.2
    with tenant_connection(bench.tenant("acme")), pytest.raises(ConnectionsExhausted) as caught:
        ask_libraries(bench)
    assert "1 of 1 open or being opened, 1 lent, 0 idle, " in caught.value.message
    assert isinstance(caught.value.__cause__, PoolTimeout)
    assert lent() == 0
