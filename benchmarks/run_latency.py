"""From the POST that starts a run of five trivial steps to its ``completed`` event at the client, one client."""

from __future__ import annotations

import os
from collections.abc import Callable

from benchmarks import floors, served, trivial
from benchmarks.client import timed
from benchmarks.figure import Figure, percentile

GOAL_MS = 25
# The run is stored, begun, stepped through and ended.
COMMITS = trivial.STEPS + 3
REQUESTS = 1


def measure() -> Figure:
    """Start and watch NEXOD_BENCH_RUNS runs (100), one after the other."""
    runs = max(5, int(os.environ.get("NEXOD_BENCH_RUNS", "100")))
    taken = _taken(trivial.runner(), runs)
    in_two = percentile(_taken(trivial.runner(in_two=True), runs), 0.5)
    p50, p95, p99 = (percentile(taken, share) for share in (0.5, 0.95, 0.99))
    floor = _floor_ms()
    return Figure(
        "run_latency", p50, "ms", f"p50 under {GOAL_MS} ms", p50 < GOAL_MS, floor=floor, ratio=p50 / floor,
        detail=f"p95 {p95:.1f}, p99 {p99:.1f}; {in_two:.1f} where starting and watching are two requests; "
        f"floor: a bare request, {COMMITS} bare commits, LangGraph alone",
    )  # fmt: skip


def _taken(run: Callable[[], float], runs: int) -> list[float]:
    for _ in range(10):
        run()
    return [run() for _ in range(runs)]


def _floor_ms() -> float:
    client = served.site().client()
    request = percentile([timed(lambda: client.get("/health")) for _ in range(50)], 0.5)
    chain = floors.chain(trivial.STEPS, floors.idle_saver())
    steps = percentile([chain() for _ in range(20)], 0.5)
    with floors.connection() as opened:
        return REQUESTS * request + COMMITS * floors.commit_ms(opened) + steps
