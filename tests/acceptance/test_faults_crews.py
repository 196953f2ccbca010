"""kill -9 in the middle of a crew, and in the middle of a request: no model call is paid twice, nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from tests.faults import Start, World, figure, numbered, start, until, until_status
from tests.model_server import Hang, ModelServer, Text, mentions
from tests.sink import Answer
from tests.teams import DOCUMENT, make_team
from tests.workbench import Bench, definition, node, output
from tests.worker import Nursery, workers

__all__ = ["start"]
LEASE_S = 3.0
# The first crew of a worker loads its library, which takes its time on a busy machine.
PATIENCE_S = 90
SLOW_S = 20


@pytest.fixture(autouse=True)
def reachable(world: World, settings: Any) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address, world.sink.address]


def test_a_crew_whose_worker_is_killed_between_two_calls_is_paid_once(bench: Bench, start: Start, world: World) -> None:
    """The first answer is recorded and the second question is not asked yet: held there by locks on the run's row."""
    from workflows.models import Effect

    make_team(bench, world.model.base_url, asks=())
    world.model.answer(Text("Facts.", wait_s=1.0), "Text.")
    worker = start(lease_s=LEASE_S)
    run = bench.start(DOCUMENT)
    until(lambda: len(world.model.requests) == 1, "the first call", seconds=PATIENCE_S)
    with locked(bench, run) as second:
        with locked(bench, run) as first:
            first.set()
            until(lambda: _waiting(bench) >= 1, "the worker waits to record the answer")
            second.set()
            until(lambda: _waiting(bench) >= 2, "the second lock waits behind it")
        with bench.inside():
            until(lambda: Effect.objects.filter(run=run, status="done").exists(), "the answer is recorded")
        until(lambda: _waiting(bench) >= 1, "the worker waits to go on")
        worker.kill()
    assert len(world.model.requests) == 1
    start(lease_s=LEASE_S)
    done = until_status(bench, run, "completed", seconds=PATIENCE_S)
    figure("crew between calls", calls=len(world.model.requests), undisturbed=2, repaid=len(world.model.requests) - 2)
    assert len(world.model.requests) == done.model_calls == 2
    assert done.outputs == {"said": "Text.", "found": "Facts."}
    assert numbered(bench, run)


def test_a_crew_whose_worker_is_killed_in_a_call_repeats_that_call_only(
    bench: Bench, start: Start, world: World
) -> None:
    make_team(bench, world.model.base_url)
    world.model.answer(Hang(60), when=mentions("Write it"))
    worker = start(lease_s=LEASE_S)
    run = bench.start(DOCUMENT)
    until(lambda: len(world.model.requests) == 2, "the second call", seconds=PATIENCE_S)
    worker.kill()
    start(lease_s=LEASE_S)
    done = until_status(bench, run, "completed", seconds=PATIENCE_S)
    asked = [("Write it" in request.text, "Find it" in request.text) for request in world.model.requests]
    assert len(asked) == 3
    assert asked[1:] == [asked[1]] * 2, "the one that was never answered"
    assert done.model_calls == 2


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_request_whose_worker_is_killed(bench: Bench, start: Start, world: World, idempotent: bool) -> None:
    """It arrived, and nobody heard the answer."""
    path = f"/killed/{idempotent}"
    config = {"method": "POST", "url": world.sink.url(path), "json": "{'a': 1}", "idempotent": idempotent}
    world.sink.answer(Answer(hang_s=60))
    worker = start(lease_s=LEASE_S)
    run = bench.start(definition([node("call", "http", config), output(status="{{ nodes.call.status }}")]))
    until(lambda: world.sink.count(path) == 1, "the request arrives", seconds=PATIENCE_S)
    worker.kill()
    start(lease_s=LEASE_S)
    if idempotent:
        assert until_status(bench, run, "completed", seconds=PATIENCE_S).outputs == {"status": "200"}
        assert len({seen.key for seen in world.sink.requests if seen.path == path}) == 1
        assert world.sink.count(path) == 2
        return
    assert until_status(bench, run, "waiting", seconds=PATIENCE_S).waiting_for == "person"
    bench.decide(run, "happened")
    assert until_status(bench, run, "completed").outputs == {"status": "0"}
    assert world.sink.count(path) == 1


def test_models_that_answer_slowly_hold_no_connection_of_the_pool(bench: Bench, tmp_path: Path, settings: Any) -> None:
    """Six runs wait for their models at once, with two connections between them."""
    from agents.actions.connections import create_connection

    with ModelServer() as model, pytest.MonkeyPatch.context() as patch:
        settings.NEXOD_EGRESS_ALLOW = [model.address]
        model.always(Text("Slowly.", wait_s=SLOW_S))
        patch.setenv("NEXOD_EGRESS_ALLOW", model.address)
        patch.setenv("NEXOD_POOL_SIZE", "2")
        nursery = Nursery()
        with bench.inside():
            create_connection(actor=bench.user("owner"), name="M", base_url=model.base_url, model_names=["scripted"])
        with workers(nursery, tmp_path) as begin:
            begin(threads=6)
            ask = definition([node("ask", "llm", {"prompt": "p"}), output(said="{{ nodes.ask.text }}")])
            runs = [bench.start(ask) for _ in range(6)]
            took = until(lambda: len(model.requests) == 6, "six calls at once", seconds=SLOW_S)
            figure("slow models", pool=2, at_once=len(model.requests), seconds=took)
            assert took < SLOW_S, "before the first was answered"
            for run in runs:
                until_status(bench, run, "completed", seconds=PATIENCE_S)
        nursery.close()


@contextmanager
def locked(bench: Bench, run: UUID) -> Iterator[threading.Event]:
    """Hold the run's row from when the event is set, in a thread of its own, until the block is left."""
    begin, release = threading.Event(), threading.Event()

    def hold() -> None:
        from workflows.models import Run

        begin.wait()
        with bench.inside(), transaction.atomic():
            Run.objects.select_for_update(no_key=True).only("id").get(pk=run)
            release.wait()

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    try:
        yield begin
    finally:
        begin.set()
        release.set()
        thread.join()


def _waiting(bench: Bench) -> int:
    """Return how many wait for a lock in the database."""
    with bench.inside(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])
