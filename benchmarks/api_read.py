"""List and detail endpoints over HTTP, with ten clients that ask again as soon as they are answered."""

from __future__ import annotations

import os
from collections.abc import Callable

from django.db import transaction

from benchmarks import served, trivial, world
from benchmarks.client import closed_loop, timed
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

GOAL_MS, CLIENTS, STEPS = 100, 10, 5


def measure() -> Figure:
    """Ask for each of four endpoints for NEXOD_BENCH_SECONDS / 4; the figure is the slowest one's p95."""
    seconds = float(os.environ.get("NEXOD_BENCH_SECONDS", "10")) / 4
    seen = {name: _asked(path, seconds) for name, path in _paths().items()}
    p95 = {name: percentile(taken, 0.95) for name, taken in seen.items()}
    value = max(p95.values())
    told = (
        f"{name} p50 {percentile(taken, 0.5):.0f} p95 {p95[name]:.0f} {len(taken) / seconds:.0f}/s"
        for name, taken in seen.items()
    )
    return Figure(
        "api_read", value, "ms", f"p95 under {GOAL_MS} ms", value < GOAL_MS,
        detail=f"{CLIENTS} clients; {'; '.join(told)}; no plain Django project measured beside it",
    )  # fmt: skip


def _asked(path: str, seconds: float) -> list[float]:
    clients = [_reader(path) for _ in range(CLIENTS)]
    closed_loop(clients, 0.5)
    return closed_loop(clients, seconds)


def _reader(path: str) -> Callable[[], float]:
    client = served.site().client()
    return lambda: timed(lambda: client.get(path))


def _paths() -> dict[str, str]:
    """Return the endpoints, in a tenant with NEXOD_BENCH_ROWS runs (2,000) more than it had."""
    workflow = trivial.start_path().removesuffix("/runs")
    run = _fill(int(os.environ.get("NEXOD_BENCH_ROWS", "2000")))
    return {
        "runs": "/api/v1/runs",
        "run": f"/api/v1/runs/{run}",
        "workflows": "/api/v1/workflows",
        "workflow": workflow,
    }


def _fill(rows: int) -> str:
    from workflows.models import Run, Step

    definition, owner = trivial.definition(), world.owner(0)
    with enter_tenant(world.tenant(0)), transaction.atomic():
        runs = Run.objects.bulk_create(
            [
                Run(kind="workflow", title=f"Run {row}", definition=definition, status="completed", started_by=owner)
                for row in range(rows)
            ],
            batch_size=500,
        )
        Step.objects.bulk_create(
            [
                Step(run=run, node=f"n{step}", node_type="template", status="completed", output={"text": "done"})
                for run in runs
                for step in range(STEPS)
            ],
            batch_size=1000,
        )
    return str(runs[rows // 2].pk)
