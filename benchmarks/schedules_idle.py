"""What 10,000 schedules cost while none is due: the sweeper's query, beside the same query of an empty table."""

from __future__ import annotations

import os

from django.db import connection

from benchmarks import world
from benchmarks.figure import Figure, median_ms
from tenants.actions.due_times import sweep_due_times
from tenants.context import enter_platform

GOAL_RATIO = 2.0
PLANT = """
INSERT INTO tenants_duetime (tenant_id, kind, item, due_at, wake_at, wakes)
SELECT %s, 'schedule', gen_random_uuid(), at, at, 0
FROM (SELECT now() + interval '1 hour' + random() * interval '30 days' AS at FROM generate_series(1, %s)) AS times
"""


def measure() -> Figure:
    """Sweep an empty table, then one of NEXOD_BENCH_SCHEDULES (10,000) rows that are due later."""
    number = int(os.environ.get("NEXOD_BENCH_SCHEDULES", "10000"))
    tenant = world.tenant(0)
    with enter_platform():
        empty = median_ms(sweep_due_times, repeats=300)
        with connection.cursor() as cursor:
            cursor.execute(PLANT, [tenant.pk, number])
            cursor.execute("ANALYZE tenants_duetime")
        full = median_ms(sweep_due_times, repeats=300)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM tenants_duetime WHERE tenant_id = %s", [tenant.pk])
    ratio = full / empty
    return Figure(
        name="schedules_idle",
        value=full,
        unit="ms a tick",
        goal=f"<= {GOAL_RATIO:g} x an empty table",
        met=ratio <= GOAL_RATIO,
        floor=empty,
        ratio=ratio,
        detail=f"one indexed query a second and worker for {number:,} schedules of all tenants; none is asked by itself",
    )
