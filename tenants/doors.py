"""The narrow functions through which a tenant reaches the public plane; their SQL is in migration 0002_doors.

Each takes the tenant from the role that PostgreSQL itself vouches for, never from an argument.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection


def call(function: str, *values: Any) -> Any:
    """Return the one value of ``doors.<function>(*values)``."""
    marks = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT doors.{function}({marks})", values)
        return cursor.fetchone()[0]


def open_ticket(run: UUID, queue: str, *, delay_s: float = 0) -> str:
    """Queue the run, or wake it when it is parked or done; return the state: ready, or claimed when a worker has it."""
    return str(call("open_ticket", run, queue, delay_s))


def claim_ticket(run: UUID, worker: str, lease_s: float) -> int | None:
    """Return the fencing token of a new claim, or None when the run is not free to work on."""
    found = call("claim_ticket", run, worker, lease_s)
    return None if found is None else int(found)


def keep_ticket(run: UUID, token: int, lease_s: float) -> bool:
    """Prolong the lease; False when the claim is not ours any more."""
    return bool(call("keep_ticket", run, token, lease_s))


def leave_ticket(run: UUID, token: int, state: str) -> bool:
    """Park or finish the run; True when it was woken meanwhile and is ready again."""
    return bool(call("leave_ticket", run, token, state))


def add_usage(metric: str, amount: float) -> None:
    """Add to what this tenant used today."""
    call("add_usage", metric, amount)


def add_usages(amounts: Mapping[str, float]) -> None:
    """Add to several metrics in one round trip, always in the same order, so that no two runs wait for each other."""
    metrics = sorted(amounts)
    calls = ", ".join(["doors.add_usage(%s, %s)"] * len(metrics))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [value for metric in metrics for value in (metric, float(amounts[metric]))])


def standing() -> dict[str, Any]:
    """Return the plan's limits, today's usage and the number of runs at work: ``{"plan", "today", "runs_at_once"}``."""
    found: dict[str, Any] = json.loads(call("standing"))  # Django has psycopg hand JSON over as text.
    return found
