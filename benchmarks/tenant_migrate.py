"""A migrate that has nothing to do, with many tenants."""

from __future__ import annotations

import os
import time

from benchmarks import world
from benchmarks.figure import Figure
from tenants.schema.migration import migrate_everything

GOAL_S = 2.0


def measure() -> Figure:
    """Time a second migrate over NEXOD_BENCH_TENANTS tenants (100)."""
    tenants = int(os.environ.get("NEXOD_BENCH_TENANTS", "100"))
    for number in range(tenants):
        world.tenant(number)
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        migrate_everything(lambda name: None)
        taken.append(time.perf_counter() - began)
    value = sorted(taken)[2]
    detail = f"{tenants} tenants; one query, whatever their number"
    return Figure("tenant_migrate", value, "s", f"under {GOAL_S} s for 1,000", value < GOAL_S, detail=detail)
