"""From the call to a tenant whose admin can log in."""

from __future__ import annotations

from itertools import count

from benchmarks import world
from benchmarks.figure import Figure, median_ms

GOAL_MS = 500
_numbers = count(10_000)


def measure() -> Figure:
    """Provision tenants with all apps; the password is hashed as in production."""
    world.migrated()
    value = median_ms(lambda: world.tenant(next(_numbers)), repeats=7, warm_up=2)
    return Figure(
        "tenant_create", value, "ms", f"under {GOAL_MS} ms", value < GOAL_MS, detail="all apps, one transaction"
    )
