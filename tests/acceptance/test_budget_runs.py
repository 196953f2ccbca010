"""Fifty runs against one budget, on real workers: together they never use more than it, and leave no room unused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults import Start, World, figure, start, until, until_status
from tests.model_server import Hang, Text
from tests.spending import budget, calls, connect, holds, llm, windows
from tests.workbench import Bench, definition, output

__all__ = ["start"]
RUNS, LIMIT = 50, 400
ONE = definition([llm(prompt="Say {{ inputs.topic }}", max_tokens=40), output()])


@pytest.fixture(autouse=True)
def reachable(world: World, settings: Any, bench: Bench) -> None:
    settings.NEXOD_EGRESS_ALLOW = [world.model.address, world.sink.address]
    connect(bench, world.model.base_url)


def test_fifty_runs_against_one_budget(bench: Bench, start: Start, world: World) -> None:
    world.model.always(Text("one two three four five six seven eight", wait_s=0.05))
    budget(bench, limit=LIMIT)
    from workflows.actions.runs import start_run
    from workflows.models import Run

    workflow = bench.workflow(ONE)
    for _ in range(2):
        start(threads=8)
    with bench.inside():
        runs = [start_run(actor=bench.user(), workflow=workflow, inputs={}).id for _ in range(RUNS)]
        until(lambda: not Run.objects.active().filter(pk__in=runs).exists(), "all runs are over", seconds=180)
        ended = list(Run.objects.filter(pk__in=runs))
    done = [run for run in ended if run.status == "completed"]
    refused = [run for run in ended if run.status == "failed"]
    made = calls(bench)
    used = sum(call.tokens_in + call.tokens_out for call in made)
    wanted = refused[0].error["details"]["wanted"]
    [window] = windows(bench)
    figure(
        "budget, 50 runs", limit=LIMIT, used=used, completed=len(done), refused=len(refused), one_call_at_most=wanted,
        over=max(0, used - LIMIT),
    )  # fmt: skip
    assert len(done) + len(refused) == RUNS
    assert {run.error["code"] for run in refused} == {"budget_exhausted"}
    assert len(made) == len(world.model.requests) == len(done) > 0
    assert window.used == used <= LIMIT
    assert used + wanted > LIMIT, "nobody is refused while there is room"
    assert holds(bench) == []


def test_what_a_killed_worker_held_is_free_for_the_worker_that_goes_on(
    bench: Bench, start: Start, world: World
) -> None:
    """The budget has room for one call at a time: the call of the worker that was killed must not stand in its own way."""
    world.model.answer(Hang(60))
    world.model.always("one two three")
    budget(bench, limit=80)
    worker = start(lease_s=3.0)
    run = bench.start(ONE)
    until(lambda: len(world.model.requests) == 1, "the call", seconds=60)
    [held] = holds(bench)
    assert held.amount > 40
    worker.kill()
    start(lease_s=3.0)
    done = until_status(bench, run, "completed", seconds=60)
    assert len(world.model.requests) == 2
    assert windows(bench)[0].used == done.tokens_in + done.tokens_out <= 80
