"""Runs of five trivial steps a second with 20 clients, each step checkpointed, and none of them lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from benchmarks import trivial, world
from benchmarks.client import closed_loop
from benchmarks.figure import Figure, percentile
from tenants.context import enter_tenant

GOAL, CLIENTS = 100, 20


def measure() -> Figure:
    """Let 20 clients start and watch runs for NEXOD_BENCH_SECONDS (10)."""
    seconds = float(os.environ.get("NEXOD_BENCH_SECONDS", "10"))
    in_two = _rate([trivial.runner(in_two=True) for _ in range(CLIENTS)], seconds / 2)[0]
    before = _whole_runs()
    value, taken = _rate([trivial.runner() for _ in range(CLIENTS)], seconds)
    lost = before + len(taken) - _whole_runs()
    p50, p95, p99 = (percentile(taken, share) for share in (0.5, 0.95, 0.99))
    workers = os.environ.get("NEXOD_BENCH_WORKERS", "1")
    return Figure(
        "run_throughput", value, "runs/s", f"over {GOAL} runs/s, nothing lost", value > GOAL and not lost,
        detail=f"{CLIENTS} clients, {workers} worker; {len(taken)} runs, {lost} lost; "
        f"p50 {p50:.0f} ms, p95 {p95:.0f}, p99 {p99:.0f}; {in_two:.0f} runs/s where starting and watching are two requests",
    )  # fmt: skip


def _rate(clients: list[Callable[[], float]], seconds: float) -> tuple[float, list[float]]:
    """Return runs a second, and the milliseconds of each."""
    began = time.perf_counter()
    taken = closed_loop(clients, seconds)
    return len(taken) / (time.perf_counter() - began), taken


def _whole_runs() -> int:
    """Return how many runs have completed with a row for every step."""
    from django.db.models import Count, Q

    from workflows.models import Run

    with enter_tenant(world.tenant(0)):
        steps = Count("steps", filter=Q(steps__status="completed"))
        runs = Run.objects.filter(status="completed", title="Trivial").order_by()
        return runs.annotate(done=steps).filter(done=trivial.STEPS).count()
