"""How a run ends: once, in one transaction, whoever ends it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel import events, topics
from nexod.kernel.queue import enqueue
from tenants.context import current_tenant
from workflows.actions.events import append_event
from workflows.models import Run

Json = dict[str, Any]


# Whoever starts a run that is over so soon sees how it ended; anything longer is told.
QUICK_S = 10.0
CLOSE_OPEN = """
WITH withdrawn AS (
  UPDATE workflows_approval SET status = 'withdrawn', updated_at = %(now)s WHERE run_id = %(run)s AND status = 'pending'
)
UPDATE workflows_step SET status = 'cancelled', retry_at = NULL, finished_at = %(now)s, updated_at = %(now)s
WHERE run_id = %(run)s AND status IN ('running', 'waiting')
"""


@transaction.atomic(savepoint=False)
def end_run(
    run_id: UUID,
    status: Run.Status,
    *,
    outputs: Json | None = None,
    reason: events.Reason | None = None,
    seconds: float = 0.0,
    fence: int | None = None,
) -> bool:
    """End the run as ``completed`` with ``outputs``, ``failed`` with ``reason``, or ``cancelled``; False if it had ended.

    A worker gives the ``fence`` of its claim: when another one is newer the run is left alone, and False is returned.
    ``seconds`` of work are added to its total. What was pending is withdrawn, what was open is closed, and the event and
    the workspace's message leave on commit.
    """
    now = timezone.now()
    changed = (
        Run.objects.filter(pk=run_id)
        .active()
        .held(fence)
        .update(
            status=status,
            waiting_for="",
            pause_requested=False,
            outputs=outputs,
            error=reason.model_dump(mode="json") if reason else None,
            finished_at=now,
            updated_at=now,
            seconds=F("seconds") + seconds,
        )
    )
    if not changed:
        return False
    close_open(run_id)
    run = Run.objects.defer("definition", "inputs").get(pk=run_id)
    append_event(run_id, _event(run, reason))
    _tell_workspace(run)
    return True


def close_open(run_id: UUID) -> None:
    """Withdraw what is asked and cancel what is at work or waits: the run does not go on with it."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE_OPEN, {"run": run_id, "now": timezone.now()})


def _event(run: Run, reason: events.Reason | None) -> events.Event:
    if run.status == Run.Status.COMPLETED:
        return events.RunCompleted(outputs=run.outputs or {}, totals=run.totals())
    if run.status == Run.Status.CANCELLED:
        return events.RunCancelled(totals=run.totals())
    assert reason is not None
    return events.RunFailed(reason=reason, totals=run.totals())


def _tell_workspace(run: Run) -> None:
    message = {"kind": "run.finished", "run": str(run.id), "status": run.status, "title": run.title}
    topics.publish(topics.workspace_topic(current_tenant().pk), message)
    if not _is_quick(run):
        enqueue("collaboration.notify_run", run=str(run.id))


def _is_quick(run: Run) -> bool:
    """Say whether the run completed while whoever started it was looking, by the first worker that had it."""
    assert run.finished_at is not None
    seconds = (run.finished_at - run.created_at).total_seconds()
    return run.status == Run.Status.COMPLETED and run.fence <= 1 and seconds < QUICK_S
