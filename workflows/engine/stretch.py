"""One stretch of a run, from its claim until it waits or is over. However it goes, the run's row says so at the end."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Max
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.run_port import RunWasCancelled
from tenants import doors
from tenants.context import current_tenant
from workflows.actions.endings import end_run
from workflows.actions.events import append_event
from workflows.engine.away import AWAY
from workflows.engine.drive import Drive
from workflows.engine.graph import Graph, graph_of
from workflows.engine.halts import halted
from workflows.engine.lease import DONE, PARKED, Claim
from workflows.engine.reins import Reins
from workflows.engine.saver import checkpoints
from workflows.engine.step import reason_of
from workflows.errors import RunHalted, RunLost, WorkersLost
from workflows.models import Run, RunEvent, Step

Json = dict[str, Any]
logger = logging.getLogger(__name__)
# After these, that a worker is lost says nothing about the run any more.
PROGRESS = (events.RunResumed.type, events.RunHandedBack.type, events.StepCompleted.type)
CHECKPOINT_TABLES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")


def work(run: Run, reins: Reins, claim: Claim) -> bool:
    """Execute the claimed run until it waits or is over, and leave its ticket; True when it is to be claimed again.

    Raises RunLost when it is another worker's by now.
    """
    drive = Drive(run, reins, claim.token)
    if not _begin(run, claim):
        return _ended(drive, claim, Run.Status.CANCELLED)
    try:
        _require_hope(run)
        graph = graph_of(run.definition)
        state, waits = _advanced(graph, drive)
        return _parked(drive, claim) if waits else _completed(drive, claim, graph.plan.outputs(state))
    except RunLost:
        raise
    except RunHalted as reason:
        _count_steps(drive)
        return halted(run, claim, reason, seconds=drive.seconds)
    except RunWasCancelled:
        return _ended(drive, claim, Run.Status.CANCELLED)
    except Exception as error:
        if reins.lost:
            raise RunLost from error
        if drive.failure is None and isinstance(error, AWAY):
            raise  # not the run's fault: it goes on from its rows
        return _failed(drive, claim, error)


def _begin(run: Run, claim: Claim) -> bool:
    """Mark the run as running and as this claim's; False when it is to be cancelled instead. Raises RunLost."""
    older = Run.objects.filter(pk=run.id, fence__lt=claim.token)
    with transaction.atomic():
        changed = (
            older.filter(cancel_requested=False)
            .active()
            .update(
                fence=claim.token,
                status=Run.Status.RUNNING,
                waiting_for="",
                started_at=run.started_at or timezone.now(),
            )
        )
        if changed:
            append_event(run.id, _begun(run))
        elif not older.update(fence=claim.token):
            raise RunLost
    return bool(changed)


def _require_hope(run: Run) -> None:
    """Raise WorkersLost when worker after worker had the run, got no step further and did not come back: it may be what
    kills them."""
    if run.status != Run.Status.RUNNING:
        return
    told = RunEvent.objects.filter(run=run.id)
    news = told.filter(type__in=PROGRESS).aggregate(seq=Max("seq"))["seq"] or 0
    if told.filter(type=events.RunStarted.type, seq__gt=news).count() > settings.NEXOD_MAX_LOST_WORKERS:
        raise WorkersLost


def _begun(run: Run) -> events.Event:
    if run.status == Run.Status.WAITING:
        return events.RunResumed()
    if run.started_at is None:
        return events.RunStarted()
    before = RunEvent.objects.filter(run=run.id, type=events.RunStarted.type).count()
    return events.RunStarted(attempt=before + 1)


def _advanced(graph: Graph, drive: Drive) -> tuple[Json, bool]:
    run = drive.run
    drive.nodes = tuple(graph.plan.nodes)
    limit_s = graph.plan.timeout_s
    if limit_s is not None:
        drive.reins.end_after(limit_s - run.seconds, limit_s=limit_s)
    with checkpoints(current_tenant()) as saver:
        fresh = run.started_at is None
        if not fresh:
            drive.known = {(step.node, step.visit): step for step in Step.objects.filter(run=run.id)}
        begins = fresh or not graph.has_state(run.id, saver)
        return graph.advance(drive, saver, run.inputs if begins else None)


def _parked(drive: Drive, claim: Claim) -> bool:
    with transaction.atomic():
        held = Run.objects.held(drive.fence).filter(pk=drive.run.id)
        changed = held.filter(status=Run.Status.RUNNING, cancel_requested=False).update(
            status=Run.Status.WAITING,
            waiting_for=Run.WaitingFor.APPROVAL,
            seconds=F("seconds") + drive.seconds,
            updated_at=timezone.now(),
        )
        if changed:
            append_event(drive.run.id, events.RunWaiting(waiting_for=Run.WaitingFor.APPROVAL))
            _count_steps(drive)
            return claim.leave(PARKED)
    return _ended(drive, claim, Run.Status.CANCELLED)


def _completed(drive: Drive, claim: Claim, outputs: Json) -> bool:
    return _ended(drive, claim, Run.Status.COMPLETED, outputs=outputs)


def _failed(drive: Drive, claim: Claim, error: Exception) -> bool:
    """The first step's error is the reason; what is no step's error was not logged yet."""
    if drive.failure is None:
        logger.error("A run failed outside its steps", exc_info=error)
    return _ended(drive, claim, Run.Status.FAILED, reason=reason_of(drive.failure or error))


def _ended(
    drive: Drive,
    claim: Claim,
    status: Run.Status,
    *,
    outputs: Json | None = None,
    reason: events.Reason | None = None,
) -> bool:
    run_id, fence = drive.run.id, drive.fence
    with transaction.atomic():
        ended = end_run(run_id, status, outputs=outputs, reason=reason, seconds=drive.seconds, fence=fence)
        if not ended and Run.objects.filter(pk=run_id).exclude(fence=fence).exists():
            raise RunLost
        _count_steps(drive)
        if status != Run.Status.FAILED:
            forget_checkpoints(drive.run.id)
        if reason is not None and reason.code == WorkersLost.code:
            claim.bury(reason.code)
            return False
        return claim.leave(DONE)


def forget_checkpoints(run_id: UUID) -> None:
    """Delete the checkpoints of a run that can go on no more; what its steps gave stays in their rows."""
    with connection.cursor() as cursor:
        for table in CHECKPOINT_TABLES:
            cursor.execute(f"DELETE FROM {table} WHERE thread_id = %s", (str(run_id),))


def _count_steps(drive: Drive) -> None:
    if drive.steps_done:
        doors.add_usage("steps", drive.steps_done)
