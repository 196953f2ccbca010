"""The narrow functions through which a tenant reaches the public plane; their SQL is in tenants/migrations.

Each takes the tenant from the role that PostgreSQL itself vouches for, never from an argument.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections

from nexod.kernel.often import Often
from tenants.backend.replica import alias_to_read

Call = tuple[str, list[Any]]


def call(function: str, *values: Any, using: str = DEFAULT_DB_ALIAS) -> Any:
    """Return the one value of ``doors.<function>(*values)``."""
    marks = ", ".join(["%s"] * len(values))
    with connections[using].cursor() as cursor:
        cursor.execute(Often(f"SELECT doors.{function}({marks})"), values)
        return cursor.fetchone()[0]


def open_ticket(run: UUID, queue: str, *, delay_s: float = 0) -> str:
    """Queue the run, or wake it when nobody has it; return the state: ready, or claimed when a worker has it.

    With ``delay_s`` it is ready then and not before, and no message is needed: the sweeper sends one at that time. Woken
    twice, the earlier time counts.
    """
    return str(call("open_ticket", run, queue, delay_s))


def admitting(run: UUID, queue: str) -> Call:
    """Return what counts a new run in today's usage and queues it, to be part of the statement that stores it."""
    return "doors.add_usage('runs', 1), doors.open_ticket(%s, %s, 0)", [run, queue]


def claim_ticket(run: UUID, worker: str, lease_s: float, *, seen: int = 0) -> int | None:
    """Return the fencing token of a new claim, higher than any that the run has ``seen``; None when it is not free to work on."""
    found = call("claim_ticket", run, worker, lease_s, seen)
    return None if found is None else int(found)


def keep_ticket(run: UUID, token: int, lease_s: float) -> bool:
    """Prolong the lease; False when the claim is not ours any more."""
    return bool(call("keep_ticket", run, token, lease_s))


def leave_ticket(run: UUID, token: int, state: str) -> bool:
    """Park, finish or hand back the run; True when it is ready: handed back, or parked and woken meanwhile."""
    return bool(call("leave_ticket", run, token, state))


def park_ticket(run: UUID) -> bool:
    """Put aside a run that no worker has; False when one has it."""
    return bool(call("park_ticket", run))


def leaving(run: UUID, token: int, state: str) -> Call:
    """Return what ``leave_ticket`` asks, to be part of another statement."""
    return "doors.leave_ticket(%s, %s, %s)", [run, token, state]


def burying(run: UUID, token: int, reason: str) -> Call:
    """Return what gives the run up, with a code that the platform's staff read, to be part of another statement."""
    return "doors.bury_ticket(%s, %s, %s)", [run, token, reason]


def using(metric: str, amount: float) -> Call:
    """Return what ``add_usage`` asks, to be part of another statement."""
    return "doors.add_usage(%s, %s)", [metric, float(amount)]


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
    # Django has psycopg hand JSON over as text.
    found: dict[str, Any] = json.loads(call("standing", using=alias_to_read()))
    return found
