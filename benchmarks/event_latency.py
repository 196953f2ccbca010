"""From the commit of an event in one process to its bytes at SSE and WebSocket clients, through the real web server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.db import transaction

from benchmarks import served, world
from benchmarks.figure import Figure, percentile
from nexod.kernel import events
from nexod.kernel.outbox import outbox
from tenants.context import enter_tenant

FEW, PAUSE_S, WARM_UP = 50, 0.05, 5
GOAL_P50_MS, GOAL_P99_MS, GOAL_ALL_P99_MS = 5, 25, 50
GOAL = f"p50 under {GOAL_P50_MS} ms, p99 under {GOAL_P99_MS}; all on it: p99 under {GOAL_ALL_P99_MS}"
Latencies = dict[str, list[float]]


def measure() -> Figure:
    """Watch with NEXOD_BENCH_SOCKETS sockets (500), half SSE and half WebSocket: first 50 of them on the run, then all."""
    sockets = int(os.environ.get("NEXOD_BENCH_SOCKETS", "500"))
    count = int(os.environ.get("NEXOD_BENCH_EVENTS", "60"))
    few = min(FEW, sockets)
    some = _session({_run(): few, _run(): sockets - few}, count)
    everybody = _session({_run(): sockets}, count)
    value, p99, all_p99 = _share(some, 0.5), _share(some, 0.99), _share(everybody, 0.99)
    met = value < GOAL_P50_MS and p99 < GOAL_P99_MS and all_p99 < GOAL_ALL_P99_MS
    return Figure(
        "event_latency", value, "ms", GOAL, met,
        detail=f"{sockets} sockets; {few} on the run: p99 {p99:.1f} ({_kinds(some)}); "
        f"all: p50 {_share(everybody, 0.5):.1f}, p99 {all_p99:.1f}",
    )  # fmt: skip


def _session(runs: dict[str, int], count: int) -> Latencies:
    """Return the milliseconds of every event of the first run at every watcher of it, by kind."""
    run = next(iter(runs))
    order = {"port": served.site().port, "host": "bench0.test", "key": world.api_key(0), "runs": runs}
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "benchmarks.audience"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdin=pipe, stdout=pipe, text=True) as audience:
        assert audience.stdin
        assert audience.stdout
        audience.stdin.write(json.dumps(order) + "\n")
        audience.stdin.flush()
        if audience.stdout.readline() != "ready\n":
            raise RuntimeError("The audience did not find its seats.")
        committed = _told(run, count)
        heard = json.loads(audience.communicate(timeout=30)[0])[run]
    return {kind: _latencies(kind, at, committed, runs[run] // 2) for kind, at in heard.items()}


def _latencies(kind: str, at: dict[str, list[float]], committed: dict[int, float], watchers: int) -> list[float]:
    missing = [seq for seq in committed if len(at.get(str(seq), [])) < watchers]
    if missing:
        raise RuntimeError(f"Of {len(committed)} events {len(missing)} did not reach every watcher over {kind}.")
    measured = list(committed)[WARM_UP:]
    return [(arrived - committed[seq]) * 1000 for seq in measured for arrived in at[str(seq)]]


def _run() -> str:
    from workflows.actions.events import append_event
    from workflows.models import Run

    with enter_tenant(world.tenant(0)), transaction.atomic():
        run = Run.objects.create(kind="workflow", title="Watched", definition={}, status="running")
        append_event(run.pk, events.RunCreated(kind="workflow", target="Watched"))
    return str(run.pk)


def _told(run: str, count: int) -> dict[int, float]:
    """Commit that many events, with pauses, and return when each was committed."""
    from workflows.actions.events import append_event

    committed: dict[int, float] = {}
    with enter_tenant(world.tenant(0)):
        for number in range(count + WARM_UP):
            with transaction.atomic():
                # The first to be told of the commit is the clock.
                moments: list[float] = []
                transaction.on_commit(lambda moments=moments: moments.append(time.monotonic()))  # type: ignore[misc]
                told: Any = append_event(
                    run, events.StepStarted(node=f"n{number}", step=run, node_type="template", visit=1)
                )
            committed[told.seq] = moments[0]
            time.sleep(PAUSE_S)
    outbox.drain()
    time.sleep(0.5)
    return committed


def _share(latencies: Latencies, share: float) -> float:
    return percentile([value for values in latencies.values() for value in values], share)


def _kinds(latencies: Latencies) -> str:
    return ", ".join(f"{kind} p50 {percentile(values, 0.5):.1f}" for kind, values in sorted(latencies.items()))
