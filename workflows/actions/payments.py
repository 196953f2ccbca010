"""The one commit that pays for a model call: its row and its day, the totals of step and run, its budgets, its events.

What is embedded for documents and searches is no run's: it has row, day and budgets all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from agents.models import ModelCall, UsageDay
from nexod.kernel.events import Event
from nexod.kernel.run_port import Reservation, Usage
from tenants import doors
from workflows.actions.events import append_events, hanging_on
from workflows.actions.statements import Along, Statement, insertion_of
from workflows.actions.windows import Whose, charging
from workflows.errors import RunLost

# The run's row first: whatever else the statement writes hangs on it, and on its fence.
GROW = """
UPDATE workflows_run SET last_seq = last_seq + %s, tokens_in = tokens_in + %s, tokens_out = tokens_out + %s,
  model_calls = model_calls + %s, cost_usd = cost_usd + %s, updated_at = clock_timestamp()
WHERE id = %s AND fence = %s RETURNING id, last_seq
"""
STEP = """
UPDATE workflows_step SET tokens_in = workflows_step.tokens_in + %s, tokens_out = workflows_step.tokens_out + %s,
  model_calls = workflows_step.model_calls + %s, cost_usd = workflows_step.cost_usd + %s, updated_at = clock_timestamp()
FROM grown WHERE workflows_step.id = %s
"""
WHICH = ("day", "agent", "workflow", "user", "connection", "model", "knowledge_base")
SUMS = (
    "model_calls", "failures", "cache_answers", "unpriced", "tokens_in", "tokens_out", "tokens_cached",
    "tokens_reasoning", "cost_usd", "seconds",
)  # fmt: skip
NO_RUN: Statement = ("SELECT 1 AS id", [])
RELEASE = "DELETE FROM agents_budgethold USING grown WHERE agents_budgethold.call = %s"


@transaction.atomic
def pay(
    call: ModelCall,
    usage: Usage,
    whose: Whose,
    told: Sequence[Event],
    *,
    along: Sequence[Along] = (),
    reservation: Reservation | None,
    fence: int,
) -> None:
    """Write all that a call is to be accounted for, in one statement, and the platform's record of it after that.

    Raises RunLost when the run is another worker's.
    """
    totals = [call.tokens_in, call.tokens_out, int(usage.counts), call.cost_usd]
    grow: Statement = GROW, [len(told), *totals, call.run, fence]
    everything: list[Along] = [*along, (STEP, [*totals, call.step]), *_accounts(call, usage, whose, reservation)]
    if told:
        append_events(str(call.run), told, along=everything, fence=fence, grow=grow)
    else:
        _write(grow, everything)
    _tell_platform(call, usage)


@transaction.atomic
def pay_outside(call: ModelCall, usage: Usage, whose: Whose, *, reservation: Reservation | None) -> None:
    """Write what a call is to be accounted for that no run makes."""
    _write(NO_RUN, _accounts(call, usage, whose, reservation))
    _tell_platform(call, usage)


def _accounts(call: ModelCall, usage: Usage, whose: Whose, reservation: Reservation | None) -> list[Along]:
    """Return what is written of every call: its row, its day, its budgets."""
    calls = int(usage.counts)
    found: list[Along] = [insertion_of(call), _day(call, calls)]
    if reservation is not None:
        found.append((RELEASE, [reservation.id]))
    if calls:
        found.append(charging(whose, (call.cost_usd, call.tokens_in + call.tokens_out)))
    return found


def _tell_platform(call: ModelCall, usage: Usage) -> None:
    if usage.counts:
        used = {"tokens_in": call.tokens_in, "tokens_out": call.tokens_out, "model_calls": 1}
        some = {"tokens_cached": call.tokens_cached, "tokens_reasoning": call.tokens_reasoning}
        seldom = {name: amount for name, amount in some.items() if amount}
        doors.add_usages({**used, **seldom, "cost_usd": float(call.cost_usd)})


def called(usage: Usage, whose: Whose, *, step: Any, node: str) -> ModelCall:
    """Return the row of a call, not stored yet."""
    outcome = ModelCall.Outcome.CACHED if usage.cached else ModelCall.Outcome.ANSWERED
    if usage.failed:
        outcome = ModelCall.Outcome.CUT if usage.counts else ModelCall.Outcome.FAILED
    return ModelCall(
        run=whose.run,
        step=step,
        node=node,
        agent=whose.agent[:60],
        workflow=whose.workflow,
        user=whose.user,
        connection=usage.connection,
        knowledge_base=usage.knowledge_base,
        model=usage.model[:120],
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cached=usage.tokens_cached,
        tokens_reasoning=usage.tokens_reasoning,
        cost_usd=Decimal(str(usage.cost_usd)).quantize(Decimal("0.000001")),
        seconds=round(usage.seconds, 4),
        first_token_s=None if usage.first_token_s is None else round(usage.first_token_s, 4),
        outcome=outcome,
        error=usage.failed[:60],
        estimated=usage.estimated,
        price_known=usage.price_known,
    )


def _day(call: ModelCall, calls: int) -> Statement:
    """Return the statement that adds the call to its day."""
    row = UsageDay(**{name: getattr(call, name) for name in (*WHICH[1:], *SUMS[4:])})
    row.model_calls, row.failures = calls, int(bool(call.error))
    row.cache_answers = int(call.outcome == ModelCall.Outcome.CACHED)
    row.unpriced = int(calls and not call.price_known)
    names = [*WHICH[1:], *SUMS]
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join(["%s"] * len(names))
    sums = ", ".join(f"{name} = d.{name} + excluded.{name}" for name in SUMS)
    sql = (
        f"INSERT INTO agents_usageday AS d (day, {columns}) SELECT (now() AT TIME ZONE 'UTC')::date, {marks} FROM grown"
        f' ON CONFLICT (day, agent, workflow, "user", connection, model, knowledge_base) DO UPDATE SET {sums}'
    )
    return sql, [getattr(row, name) for name in names]


def _write(grow: Statement, along: Sequence[Along]) -> None:
    sql, values = hanging_on(grow, along)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} SELECT id FROM grown", values)
        if cursor.fetchone() is None:
            raise RunLost
