"""How a run ends: once, in one statement, whoever ends it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.often import Often
from tenants.messages import keeping, send_kept
from tenants.models import DueTime
from workflows.actions.approval_record import noting_withdrawn, withdraw
from workflows.actions.children import cancel_children, cancel_runs_of, tell_parent
from workflows.actions.events import FENCED, TOLD, hanging_on, publish, stored_events, told_json
from workflows.actions.notable import noting_sql
from workflows.actions.statements import Insertion, Statement
from workflows.actions.waking import wake
from workflows.json_text import json_text
from workflows.models import Approval, Run, Step

Json = dict[str, Any]

# Whoever starts a run that completes so soon, by the first worker that has it, sees that; anything else is told.
QUICK_S = 10.0
# An evaluation tells of its runs itself.
QUIET = "evaluation_id IS NOT NULL"
QUICK = f"{QUIET} OR fence <= 1 AND created_at > clock_timestamp() - make_interval(secs => {QUICK_S})"
EVALUATION_QUEUE = "runs"
GROW = """
UPDATE workflows_run SET last_seq = last_seq + %s, status = %s, waiting_for = '', pause_requested = false,
  outputs = %s::jsonb, error = %s::jsonb, finished_at = %s, updated_at = %s, seconds = seconds + %s
WHERE id = %s AND status NOT IN ('completed', 'failed', 'cancelled'){fenced}
RETURNING id, last_seq, created_at, fence, parent_id, evaluation_id,
  EXISTS (SELECT 1 FROM workflows_wait WHERE run_id = workflows_run.id AND child_id IS NOT NULL AND NOT over) AS awaits,
  jsonb_build_object('tokens_in', tokens_in, 'tokens_out', tokens_out,
  'cost_usd', cost_usd::float8, 'model_calls', model_calls, 'seconds', round(seconds::numeric, 3)::float8) AS totals
"""
WITHDRAW = """
UPDATE workflows_approval SET status = 'withdrawn', updated_at = clock_timestamp()
FROM grown WHERE run_id = grown.id AND workflows_approval.status = 'pending'
RETURNING workflows_approval.id, round, digest
"""
NOTE_WITHDRAWN = noting_withdrawn("run_ended")
CLOSE = """
UPDATE workflows_step SET status = 'cancelled', retry_at = NULL, finished_at = clock_timestamp(), updated_at = clock_timestamp()
FROM grown WHERE run_id = grown.id AND workflows_step.status IN ('running', 'waiting')
"""
# What a run has used is known in the statement that ends it: its event says so.
END = f""",
also AS MATERIALIZED (SELECT {{also}}, CASE WHEN {{quiet}} THEN false ELSE {{keeping}} END AS is_told FROM grown),
stored AS (
  INSERT INTO workflows_runevent (run_id, seq, type, data, at)
  SELECT grown.id, grown.last_seq - %s + told.position, told.type,
    CASE told.position WHEN %s THEN told.data || jsonb_build_object('totals', grown.totals) ELSE told.data END,
    clock_timestamp()
  FROM grown, also, {TOLD}
  RETURNING seq, at, {{noting}} AS noted)
SELECT stored.seq, stored.at, grown.totals, grown.parent_id, grown.awaits, grown.evaluation_id, also.is_told,
  stored.noted
FROM stored, grown, also ORDER BY stored.seq
"""


def end_run(
    run_id: UUID,
    status: Run.Status,
    *,
    outputs: Json | None = None,
    reason: events.Reason | None = None,
    seconds: float = 0.0,
    fence: int | None = None,
    before: Sequence[events.Event] = (),
    rows: Sequence[Insertion] = (),
    also: Statement = ("", []),
    is_open: bool = True,
) -> bool:
    """End the run as ``completed`` with ``outputs``, ``failed`` with ``reason``, or ``cancelled``; False if it had ended.

    A worker gives the ``fence`` of its claim: when another one is newer the run is left alone, and False is returned.
    ``seconds`` of work are added to its total. What was pending is withdrawn and what was open is closed, unless the caller
    knows that nothing is (``is_open``). Events that come ``before``, new ``rows`` and calls of doors (``also``) are part of
    the statement. The events leave on commit.
    """
    told = [*before, _event(status, outputs, reason)]
    data = [event.data() for event in told]
    now = timezone.now()
    sql, values = hanging_on(
        _grow(run_id, status, outputs, reason, seconds, fence, len(told), now),
        [*rows, *([(NOTE_WITHDRAWN, []), (CLOSE, [])] if is_open else [])],
        **({"withdrawn": WITHDRAW} if is_open else {}),
    )
    calls, given = also
    keep, kept = keeping(DueTime.Kind.ENDED, "id")
    end = [*given, *kept, len(told), len(told), told_json(told, [json_text(one) for one in data])]
    with connection.cursor() as cursor:
        quiet = QUICK if status == Run.Status.COMPLETED else QUIET
        ending = END.format(also=calls or "true", quiet=quiet, keeping=keep, noting=noting_sql(told))
        cursor.execute(Often(f"{sql}{ending}"), [*values, *end])
        found = cursor.fetchall()
    if not found:
        return False
    _, _, totals, parent, awaits, evaluation, is_told, noted = found[-1]
    data[-1]["totals"] = json.loads(totals)
    publish(run_id, told, stored_events(run_id, told, [(seq, at) for seq, at, *_ in found], data), noted=noted)
    if evaluation is not None:
        wake(evaluation, EVALUATION_QUEUE)
    if is_told:
        send_kept(DueTime.Kind.ENDED, run_id)
    if parent is not None:
        tell_parent(run_id)
    if awaits:
        cancel_children(run_id)
    return True


def close_open(run_id: UUID) -> None:
    """Withdraw what is asked and cancel what is at work or waits: the run does not go on with it."""
    sql, values = hanging_on(("SELECT %s::uuid AS id", [run_id]), [(NOTE_WITHDRAWN, [])], withdrawn=WITHDRAW)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} {CLOSE}", values)


def close_parts(step: UUID) -> None:
    """Withdraw and cancel what parts of the step wait for: the list does not go on with them."""
    close_waiting(Step.objects.filter(part_of=step))


@transaction.atomic
def close_waiting(steps: QuerySet[Step]) -> None:
    """Withdraw what the steps ask, cancel those that wait and the runs that they started: nobody goes on with them."""
    waiting = steps.filter(status=Step.Status.WAITING)
    cancel_runs_of(waiting)
    withdraw(Approval.objects.pending().filter(step__in=waiting), because="not_needed")
    waiting.update(status=Step.Status.CANCELLED, retry_at=None)


def _grow(
    run_id: UUID,
    status: Run.Status,
    outputs: Json | None,
    reason: events.Reason | None,
    seconds: float,
    fence: int | None,
    grown: int,
    now: datetime,
) -> Statement:
    error = None if reason is None else json_text(reason.model_dump(mode="json"))
    given = None if outputs is None else json_text(outputs)
    values = [grown, str(status), given, error, now, now, seconds, run_id]
    return GROW.format(fenced="" if fence is None else FENCED), [*values, *([] if fence is None else [fence])]


def _event(status: Run.Status, outputs: Json | None, reason: events.Reason | None) -> events.Event:
    if status == Run.Status.COMPLETED:
        return events.RunCompleted(outputs=outputs or {})
    if status == Run.Status.CANCELLED:
        return events.RunCancelled()
    assert reason is not None
    return events.RunFailed(reason=reason)
