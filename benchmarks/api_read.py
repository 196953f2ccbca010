"""Lists and details over HTTP, with ten clients that ask again as soon as they are answered, beside a plain Django project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import transaction

from benchmarks import served, trivial, world
from benchmarks.client import Client, closed_loop, timed
from benchmarks.figure import Figure, percentile
from nexod.embedded import application
from nexod.embedded.home import PROJECT, Home
from nexod.embedded.ports import LOOPBACK, free_port
from nexod.embedded.probes import http_ok
from nexod.embedded.process import Service
from nexod.embedded.stores import running
from tenants.context import enter_tenant

GOAL_MS, GOAL_OF_PLAIN, CLIENTS, STEPS = 100, 0.85, 10, 5
ROUNDS = 3
Reader = Callable[[], float]


def measure() -> Figure:
    """Ask for each of four endpoints, and for the two that the plain project has too, in turn, NEXOD_BENCH_SECONDS / 4 each.

    The value is the slowest endpoint's p95, the peer the plain project's slowest.
    """
    seconds = float(os.environ.get("NEXOD_BENCH_SECONDS", "10")) / 4
    rows = int(os.environ.get("NEXOD_BENCH_ROWS", "2000"))
    paths = _paths(rows)
    with _plain(rows) as plain:
        ours: dict[str, list[float]] = {name: [] for name in paths}
        theirs: dict[str, list[float]] = {name: [] for name in plain}
        for _ in range(ROUNDS):
            for name, path in paths.items():
                ours[name] += _asked(partial(_reader, served.site().client, path), seconds / ROUNDS)
                if name in plain:
                    theirs[name] += _asked(plain[name], seconds / ROUNDS)
    p95 = {name: percentile(taken, 0.95) for name, taken in ours.items()}
    value, peer = max(p95.values()), max(percentile(taken, 0.95) for taken in theirs.values())
    share = {name: len(ours[name]) / len(taken) for name, taken in theirs.items()}
    met = value < GOAL_MS and min(share.values()) >= GOAL_OF_PLAIN
    told = [
        f"{name} p50 {percentile(taken, 0.5):.0f} p95 {p95[name]:.0f} {len(taken) / seconds:.0f}/s"
        for name, taken in ours.items()
    ]
    told += [
        f"{name} {ratio:.2f} x plain Django's {len(theirs[name]) / seconds:.0f}/s" for name, ratio in share.items()
    ]
    goal = f"p95 under {GOAL_MS} ms, at least {GOAL_OF_PLAIN} x plain Django's requests/s"
    return Figure(
        "api_read",
        value,
        "ms",
        goal,
        met,
        peer=peer,
        ratio=value / peer,
        detail=f"{CLIENTS} clients; {'; '.join(told)}",
    )


def _asked(new_reader: Callable[[], Reader], seconds: float) -> list[float]:
    clients = [new_reader() for _ in range(CLIENTS)]
    closed_loop(clients, 0.5)
    return closed_loop(clients, seconds)


def _reader(new_client: Callable[[], Client], path: str) -> Reader:
    client = new_client()
    return lambda: timed(lambda: client.get(path))


@contextmanager
def _plain(rows: int) -> Iterator[dict[str, Callable[[], Reader]]]:
    """Serve the plain project as Nexod is served; give what makes a reader of each of its views."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.plain", str(rows)], cwd=PROJECT, check=True, capture_output=True, text=True
    )
    filled, port = json.loads(made.stdout), free_port()
    ours = application.web({}, port=port)
    argv = tuple(
        "benchmarks.plain.asgi:application" if part == "nexod.asgi:application" else part for part in ours.argv
    )
    ready = partial(http_ok, f"http://{LOOPBACK}:{port}/health")
    service = Service(name="plain", argv=argv, env=dict(os.environ), cwd=PROJECT, ready=ready)
    with running(Home.from_environment(), [service]):
        client = partial(Client, port, "plain.test", filled["key"])
        yield {"runs": partial(_reader, client, "/runs"), "run": partial(_reader, client, f"/runs/{filled['run']}")}


def _paths(rows: int) -> dict[str, str]:
    """Return the endpoints, in a tenant with that many runs more than it had."""
    workflow = trivial.start_path().removesuffix("/runs")
    run = _fill(rows)
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
