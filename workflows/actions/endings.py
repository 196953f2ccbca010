"""How a run ends: once, in one transaction, whoever ends it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel import events, topics
from nexod.kernel.queue import enqueue
from tenants.context import current_tenant
from workflows.actions.events import append_event
from workflows.models import Approval, Run, Step

Json = dict[str, Any]


@transaction.atomic
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
    now = timezone.now()
    Approval.objects.filter(run=run_id).pending().update(status=Approval.Status.WITHDRAWN, updated_at=now)
    Step.objects.filter(run=run_id, status__in=(Step.Status.RUNNING, Step.Status.WAITING)).update(
        status=Step.Status.CANCELLED, retry_at=None, finished_at=now, updated_at=now
    )


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
    enqueue("collaboration.notify_run", run=str(run.id))
