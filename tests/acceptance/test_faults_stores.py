"""Valkey is wiped, PostgreSQL is cut off: what was accepted goes on, only later."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django_redis import get_redis_connection

from tests import services
from tests.faults import Start, figure, how_many, log, numbered, start, until, until_logged, until_status
from tests.front_door import Door
from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text

__all__ = ["log", "start"]
pytestmark = pytest.mark.skipif(not services.PROCESSES, reason="the stores are somebody else's")


@pytest.fixture(autouse=True)
def _connections_of_this_process(bench: Bench) -> Iterator[None]:
    """What this process holds open does not outlive the stores."""
    yield
    get_redis_connection("default").connection_pool.disconnect()


def test_a_wiped_valkey_costs_time_and_nothing_else(bench: Bench, start: Start, log: Path) -> None:
    """Messages of runs that nobody has yet, wake-ups of decided approvals and the workers' own state are all gone."""
    redis = get_redis_connection("default")
    count = how_many(5)
    chain = definition([probe("a", log=str(log), seconds=0.2), probe("b", log=str(log)), output()])
    decided = bench.ran(definition([ask("ok"), output()])).id
    pending = [bench.start(chain) for _ in range(count)]
    bench.decide(decided, "approve")
    redis.flushall()
    start(lease_s=2)
    began = time.monotonic()
    until_logged(log, "a")
    redis.flushall()
    later = [bench.start(chain, slug="globex") for _ in range(count)]
    redis.flushall()
    for run in (*pending, decided):
        until_status(bench, run, "completed", seconds=30 + count)
    for run in later:
        until_status(bench, run, "completed", slug="globex", seconds=30 + count)
    figure("valkey wiped three times", runs=2 * count + 1, lost=0, all_done_s=time.monotonic() - began)
    assert Counter(log.read_text().split()) == {"a": 2 * count, "b": 2 * count}


def test_valkey_restarts_while_runs_are_at_work(bench: Bench, start: Start, log: Path) -> None:
    worker = start(lease_s=2, threads=8, stall_s=3, drain_s=2)
    chain = definition([probe(f"n{number}", log=str(log), seconds=0.4) for number in range(4)] + [output()])
    runs = [bench.start(chain) for _ in range(3)]
    until_logged(log, "n0", times=3)
    away_s = services.restart("valkey")
    began = time.monotonic()
    runs += [bench.start(chain) for _ in range(3)]
    for run in runs:
        until_status(bench, run, "completed", seconds=40)
        assert numbered(bench, run)
    assert Counter(log.read_text().split()) == {f"n{number}": 6 for number in range(4)}
    figure("valkey restarted", runs=6, lost=0, away_s=away_s, all_done_s=time.monotonic() - began)
    assert worker.alive


def test_what_is_asked_for_while_valkey_is_away_is_accepted_and_done(
    bench: Bench, start: Start, door: Door, log: Path
) -> None:
    start(lease_s=2)
    valkey = services.PROCESSES["valkey"]
    document = definition([probe("a", log=str(log)), output()])
    workflow = bench.workflow(document)
    run: Any = None
    valkey.kill()
    until(lambda: valkey.pid is None, "it ends")
    try:
        from workflows.actions.runs import start_run

        with bench.inside():
            run = start_run(actor=bench.user(), workflow=workflow, inputs={}).id
    finally:
        valkey.start()
        until(valkey.is_ready, "it is back")
    began = time.monotonic()
    until_status(bench, run, "completed", seconds=30)
    figure("accepted without valkey", lost=0, done_s=time.monotonic() - began)


def test_postgresql_restarts_while_runs_are_at_work(bench: Bench, start: Start, log: Path) -> None:
    """The runs go on as soon as it answers: nobody waits for a lease, which is ten times as long here."""
    start(lease_s=50, threads=8)
    nodes = [text("first"), *[probe(f"n{number}", log=str(log), seconds=0.5) for number in range(5)], output()]
    runs = [bench.start(definition(nodes)) for _ in range(min(8, how_many(4)))]
    until_logged(log, "n1", times=len(runs))
    away_s = services.restart("postgres")
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    back_at = time.monotonic()
    before = len(log.read_text().split())
    until(lambda: len(log.read_text().split()) > before, "steps begin again", seconds=30)
    recovered_s = time.monotonic() - back_at
    for run in runs:
        until_status(bench, run, "completed", seconds=60)
        assert numbered(bench, run)
        steps = [(step.node, step.status) for step in bench.steps(run)]
        assert len(steps) == len(set(steps)) == 7
    done = Counter(log.read_text().split())
    assert all(len(runs) <= times <= 2 * len(runs) for times in done.values())
    assert sum(done.values()) <= 6 * len(runs)
    figure("postgresql restarted", runs=len(runs), lost=0, away_s=away_s, recovered_s=recovered_s)
    assert recovered_s < 5
