"""Real workers: runs complete, are handed on after a power cut, and happen once however often their message comes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from tests.probe import probe
from tests.workbench import Bench, ask, definition, output, text
from tests.worker import Nursery, Worker, workers

Start = Callable[..., Worker]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    found = Nursery()
    yield found
    found.close()


@pytest.fixture
def start(nursery: Nursery, tmp_path: Path, bench: Bench, probes: Any) -> Iterator[Start]:
    with workers(nursery, tmp_path) as found:
        yield found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where probes leave a line for every time that they ran."""
    file = tmp_path / "probes"
    file.touch()
    return file


def test_a_run_goes_its_way_through_a_worker(bench: Bench, start: Start) -> None:
    start()
    run = bench.start(
        definition([text("a", "draft"), ask("ok", "{{ nodes.a.text }}"), output(said="{{ nodes.ok.content }}")])
    )
    until(bench, run, "waiting")
    assert _notified(bench, 3) == 3  # owner, admin and approver are asked; one who has voted would not be any more
    bench.decide(run, "approve")
    found = until(bench, run, "completed")
    assert found.outputs == {"said": "draft"}
    assert bench.ticket(run).state == "done"
    assert _notified(bench, 5) == 5  # who started it is told of the decision and of the end


def test_each_tenants_runs_stay_its_own(bench: Bench, start: Start) -> None:
    start()
    document = definition([text("a", "On {{ inputs.topic }}"), output(said="{{ nodes.a.text }}")])
    runs = [
        (slug, bench.start(document, {"topic": f"{slug} {n}"}, slug=slug))
        for n in range(5)
        for slug in ("acme", "globex")
    ]
    for number, (slug, run) in enumerate(runs):
        found = until(bench, run, "completed", slug=slug)
        assert found.outputs == {"said": f"On {slug} {number // 2}"}


def test_a_killed_workers_run_goes_on_elsewhere(bench: Bench, start: Start, log: Path) -> None:
    first = start(lease_s=1)
    nodes = [probe("one", log=str(log)), probe("two", log=str(log), seconds=2), probe("three", log=str(log)), output()]
    run = bench.start(definition(nodes))
    until_logged(log, "two")
    first.kill()
    assert bench.run(run).status == "running"
    start(lease_s=1)
    until(bench, run, "completed")
    assert Counter(log.read_text().split()) == {"one": 1, "two": 2, "three": 1}
    assert [(step.node, step.visit, step.attempt) for step in bench.steps(run)] == [
        ("one", 1, 1),
        ("two", 1, 2),
        ("three", 1, 1),
        ("end", 1, 1),
    ]
    assert [event.seq for event in bench.events(run)] == list(range(1, bench.run(run).last_seq + 1))
    attempts = [event.data["attempt"] for event in bench.events(run) if event.type == "run.started"]
    assert attempts == [1, 2]


def test_before_the_lease_has_run_out_nobody_else_takes_the_run(bench: Bench, start: Start, log: Path) -> None:
    first = start(lease_s=30)
    run = bench.start(definition([probe("one", log=str(log), seconds=2), output()]))
    until_logged(log, "one")
    first.kill()
    start(lease_s=30)
    _resume(bench, run)
    time.sleep(1)
    assert bench.run(run).status == "running"
    assert log.read_text().split() == ["one"]


def test_a_killed_workers_run_can_be_resumed_and_cancelled_at_once(
    bench: Bench, start: Start, log: Path, settings: Any
) -> None:
    """Before the lease has run out; the message that comes after it does what was asked."""
    from workflows.actions.runs import cancel_run

    settings.NEXOD_LEASE_S = 1
    first = start(lease_s=1)
    resumed, cancelled = (bench.start(definition([probe(name, log=str(log), seconds=1), output()])) for name in "ab")
    until_logged(log, "a")
    until_logged(log, "b")
    first.kill()
    start(lease_s=1)
    _resume(bench, resumed)
    with bench.inside():
        cancel_run(actor=bench.user(), run=bench.run(cancelled))
    until(bench, resumed, "completed")
    until(bench, cancelled, "cancelled")
    assert Counter(log.read_text().split()) == {"a": 2, "b": 1}


def test_a_run_survives_many_power_cuts(bench: Bench, start: Start, log: Path) -> None:
    """Each worker gets a little further; what was committed is never done again."""
    nodes = [probe(f"n{number}", log=str(log), seconds=0.15) for number in range(12)]
    run = bench.start(definition([*nodes, output()]))
    cuts = 0
    while bench.run(run).status != "completed" and cuts < 6:
        worker = start(lease_s=0.5)
        time.sleep(0.6 + cuts * 0.13)
        worker.kill()
        cuts += 1
    start(lease_s=0.5)
    until(bench, run, "completed")
    times = Counter(log.read_text().split())
    assert set(times) == {node["id"] for node in nodes}
    assert sum(times.values()) <= len(nodes) + cuts
    assert [step.status for step in bench.steps(run)] == ["completed"] * 13
    assert [event.seq for event in bench.events(run)] == list(range(1, bench.run(run).last_seq + 1))


def test_a_message_that_comes_many_times_runs_once(bench: Bench, start: Start, log: Path) -> None:
    start()
    start()
    run = bench.start(
        definition([probe("one", log=str(log), seconds=0.5), ask("ok"), probe("two", log=str(log)), output()])
    )
    _send(bench, run, times=8)
    until(bench, run, "waiting")
    _send(bench, run, times=8)
    bench.decide(run, "approve")
    _send(bench, run, times=8)
    until(bench, run, "completed")
    _send(bench, run, times=4)
    time.sleep(0.5)
    assert Counter(log.read_text().split()) == {"one": 1, "two": 1}
    assert Counter(bench.types(run))["run.completed"] == 1


def test_many_runs_side_by_side(bench: Bench, start: Start, log: Path) -> None:
    start()
    start()
    document = definition([text("a"), probe("work", log=str(log), seconds=0.05), text("b"), output()])
    runs = [bench.start(document) for _ in range(20)]
    for run in runs:
        until(bench, run, "completed")
    assert log.read_text().split() == ["work"] * 20
    assert bench.usage()["steps"] == 80


def test_cancel_reaches_a_worker_within_a_second(bench: Bench, start: Start, log: Path) -> None:
    from workflows.actions.runs import cancel_run

    start(threads=1)

    def took(slug: str) -> float:
        run = bench.start(definition([probe(slug, log=str(log), seconds=60, patient=False), output()]))
        until_logged(log, slug)
        with bench.inside():
            cancel_run(actor=bench.user("owner"), run=bench.run(run))
        began = time.monotonic()
        until(bench, run, "cancelled")
        return time.monotonic() - began

    times = [took(slug) for slug in ("one", "two", "three")]
    assert min(times) < 1, f"the machine may be late once, the worker never waits for the step: {times}"
    assert max(times) < 10, times
    until(bench, bench.start(definition([text("a"), output()])), "completed")


def test_a_workflow_deleted_in_flight_does_not_stop_its_run(bench: Bench, start: Start, log: Path) -> None:
    from workflows.actions.workflows import delete_workflow

    start()
    run = bench.start(definition([probe("slow", log=str(log), seconds=0.7), output(said="done")]))
    until_logged(log, "slow")
    with bench.inside():
        delete_workflow(actor=bench.user(), workflow=bench.run(run).workflow)
    assert until(bench, run, "completed").outputs == {"said": "done"}


def test_a_worker_that_is_asked_to_stop_finishes_its_step_and_hands_the_run_back(
    bench: Bench, start: Start, log: Path
) -> None:
    worker = start()
    nodes = [probe("slow", log=str(log), seconds=1), probe("after", log=str(log)), output()]
    run = bench.start(definition(nodes))
    until_logged(log, "slow")
    assert worker.stop() == 0
    assert (bench.run(run).status, bench.ticket(run).state) == ("pending", "ready")
    assert [step.status for step in bench.steps(run)] == ["completed"]
    assert bench.types(run)[-1] == "run.handed_back"
    start()
    until(bench, run, "completed")
    assert log.read_text().split() == ["slow", "after"]


def test_a_run_survives_a_database_that_drops_its_connections(bench: Bench, start: Start, log: Path) -> None:
    start(lease_s=1)
    nodes = [probe(f"n{number}", log=str(log), seconds=0.3) for number in range(6)]
    run = bench.start(definition([*nodes, output()]))
    for name in ("n1", "n3"):
        until_logged(log, name)
        _drop_connections(bench)
    until(bench, run, "completed", seconds=40)
    assert [step.status for step in bench.steps(run)] == ["completed"] * 7
    assert [event.seq for event in bench.events(run)] == list(range(1, bench.run(run).last_seq + 1))


def test_a_run_that_loses_every_worker_is_given_up(bench: Bench) -> None:
    """What kills a worker, such as a step that takes all memory, must not kill them all for ever."""
    from nexod.kernel.events import RunStarted
    from workflows.actions.events import append_event
    from workflows.models import Run

    run = bench.start(definition([text("a"), output()]))
    with bench.inside():
        Run.objects.filter(pk=run).update(status="running", started_at=bench.run(run).created_at)
        for attempt in range(10):
            append_event(run, RunStarted(attempt=attempt + 1))
    failed = bench.advance(run)
    assert (failed.status, failed.error["code"]) == ("failed", "workers_lost")
    assert (bench.ticket(run).state, bench.ticket(run).reason) == ("dead", "workers_lost")
    _resume(bench, run)
    assert bench.advance(run).status == "completed"


def test_a_suspended_tenants_runs_wait(bench: Bench, start: Start) -> None:
    from tenants.actions.lifecycle import set_status
    from tenants.context import enter_platform

    run = bench.start(definition([text("a"), output()]))
    tenant = bench.tenant("acme")
    with enter_platform():
        set_status(tenant=tenant, status="suspended")
    try:
        start()
        time.sleep(1)
    finally:
        with enter_platform():
            set_status(tenant=tenant, status="active")
    assert bench.run(run).status == "pending"
    until(bench, run, "completed")


def until(bench: Bench, run: UUID, status: str, *, slug: str = "acme", seconds: float = 60) -> Any:
    """Wait until the run has the status, and return it; fail with its error when it ends otherwise."""
    ends_at = time.monotonic() + seconds
    while (found := bench.run(run, slug=slug)).status != status:
        assert not found.is_over, f"{found.status}: {found.error}"
        assert time.monotonic() < ends_at, f"still {found.status}: {bench.types(run, slug=slug)}"
        time.sleep(0.02)
    return found


def until_logged(log: Path, line: str, *, seconds: float = 60) -> None:
    ends_at = time.monotonic() + seconds
    while line not in log.read_text().split():
        assert time.monotonic() < ends_at, f"{line} did not begin"
        time.sleep(0.02)


def _send(bench: Bench, run: UUID, *, times: int) -> None:
    from nexod.kernel.queue import enqueue

    with bench.inside():
        for _ in range(times):
            enqueue("workflows.advance_run", queue="runs", run=str(run))


def _drop_connections(bench: Bench) -> None:
    """End every connection of the application role but this one, as a restart of PostgreSQL would."""
    with bench.inside(), connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = session_user AND pid <> pg_backend_pid()"
        )
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]


def _resume(bench: Bench, run: UUID) -> None:
    from workflows.actions.runs import resume_run

    with bench.inside():
        resume_run(actor=bench.user(), run=bench.run(run))


def _notified(bench: Bench, expected: int) -> int:
    """Return how many notifications there are, once they are as many as expected."""
    from collaboration.models import Notification

    ends_at = time.monotonic() + 60
    while True:
        with bench.inside():
            found = Notification.objects.count()
        if found >= expected or time.monotonic() > ends_at:
            return found
        time.sleep(0.05)


def test_a_busy_worker_takes_its_next_message_as_soon_as_it_is_free(bench: Bench, start: Start) -> None:
    """Nothing but the end of a Celery task tells Celery's loop that a slot is free; unasked it looks once a second."""
    start(threads=1)
    until(bench, bench.start(definition([text("a"), output()])), "completed")
    document = definition([text("a"), output()])
    began = time.monotonic()
    runs = [bench.start(document) for _ in range(30)]
    for run in runs:
        until(bench, run, "completed", seconds=60)
    took = time.monotonic() - began
    assert took < 22, "about a second each where the loop is not told"
