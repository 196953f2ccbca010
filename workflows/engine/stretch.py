"""One stretch of a run, from its claim until it waits or is over. However it goes, the run's row says so at the end."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.run_port import RunWasCancelled
from tenants import doors
from workflows.actions.checkpoints import forget_checkpoints
from workflows.actions.endings import end_run
from workflows.actions.events import append_event
from workflows.actions.waiting import standing
from workflows.engine.away import AWAY
from workflows.engine.checkpoints.parking import Parking
from workflows.engine.compensation import compensate
from workflows.engine.drive import Drive
from workflows.engine.graph import Graph, graph_of
from workflows.engine.halts import halted
from workflows.engine.held import Held
from workflows.engine.lease import DONE, Claim
from workflows.engine.reins import Reins
from workflows.engine.step import reason_of
from workflows.engine.suspicion import losses
from workflows.errors import RunHalted, RunLost, WorkersLost
from workflows.models import Run, RunEvent, Step

Json = dict[str, Any]
logger = logging.getLogger(__name__)


def work(run: Run, reins: Reins, claim: Claim) -> bool:
    """Execute the claimed run until it waits or is over, and leave its ticket; True when it is to be claimed again.

    Raises RunLost when it is another worker's by now.
    """
    drive = Drive(run, reins, claim.token)
    if not _begin(run, claim) or run.compensation is not None:
        return _unwound(drive, claim, Run.Status.CANCELLED)
    try:
        _require_hope(run)
        graph = graph_of(run.definition)
        parking = Parking(run.id) if run.started_at is None else Parking.of(run.id)
        state, waits = _advanced(graph, drive, parking)
        return _parked(drive, claim, parking) if waits else _completed(drive, claim, graph.plan.outputs(state))
    except RunLost:
        raise
    except RunHalted as reason:
        drive.flush()
        _count_steps(drive)
        return halted(run, claim, reason, seconds=drive.seconds)
    except RunWasCancelled:
        return _unwound(drive, claim, Run.Status.CANCELLED)
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
    """Raise WorkersLost when worker after worker had the run, got no step further and did not come back."""
    if losses(run) > settings.NEXOD_MAX_LOST_WORKERS:  # the present worker, which has begun, is counted too
        raise WorkersLost


def _begun(run: Run) -> events.Event:
    if run.status == Run.Status.WAITING:
        return events.RunResumed()
    if run.started_at is None:
        return events.RunStarted()
    before = RunEvent.objects.filter(run=run.id, type=events.RunStarted.type).count()
    return events.RunStarted(attempt=before + 1)


def _advanced(graph: Graph, drive: Drive, parking: Parking) -> tuple[Json, bool]:
    run = drive.run
    drive.nodes = tuple(graph.plan.nodes)
    # Beside a branch that takes its time, what is held would be seen late.
    drive.held = None if graph.plan.branches else Held()
    limit_s = graph.plan.timeout_s
    if limit_s is not None:
        drive.reins.end_after(limit_s - (run.seconds - run.seconds_before), limit_s=limit_s)
    if run.started_at is not None:
        drive.known = {(step.node, step.visit): step for step in Step.objects.standing().filter(run=run.id)}
    return graph.advance(drive, parking)


def _parked(drive: Drive, claim: Claim, parking: Parking | None = None) -> bool:
    """Let the run wait for what its steps wait for. It is woken by a person, by its ticket when a timer ends, or by both.

    Its place is stored with that; a run that undoes its steps (no ``parking``) has none.
    """
    undoing = parking is None
    with transaction.atomic():
        drive.flush()
        waits = standing(drive.run.id)
        held = Run.objects.held(drive.fence).filter(pk=drive.run.id, status=Run.Status.RUNNING)
        changed = (held if undoing else held.filter(cancel_requested=False)).update(
            status=Run.Status.WAITING,
            waiting_for=waits.waiting_for,
            seconds=F("seconds") + drive.seconds,
            updated_at=timezone.now(),
        )
        if changed:
            append_event(drive.run.id, events.RunWaiting(waiting_for=waits.waiting_for))
            _count_steps(drive)
            if parking is not None:
                parking.store()
            return claim.park(drive.run.queue, due_in_s=waits.due_in_s)
    if undoing:
        raise RunLost
    return _unwound(drive, claim, Run.Status.CANCELLED)


def _completed(drive: Drive, claim: Claim, outputs: Json) -> bool:
    return _ended(drive, claim, Run.Status.COMPLETED, outputs=outputs)


def _failed(drive: Drive, claim: Claim, error: Exception) -> bool:
    """The first step's error is the reason; what is no step's error was not logged yet."""
    if drive.failure is None:
        logger.error("A run failed outside its steps", exc_info=error)
    return _unwound(drive, claim, Run.Status.FAILED, reason_of(drive.failure or error))


def _unwound(drive: Drive, claim: Claim, status: Run.Status, reason: events.Reason | None = None) -> bool:
    """End the run as failed or cancelled, once what it owes is undone."""
    try:
        ending = compensate(drive, status, reason)
    except RunHalted as halt:
        _count_steps(drive)
        return halted(drive.run, claim, halt, seconds=drive.seconds)
    if ending is None:
        return _parked(drive, claim)
    return _ended(drive, claim, ending.status, reason=ending.reason)


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
        drive.flush()
        ended = end_run(run_id, status, outputs=outputs, reason=reason, seconds=drive.seconds, fence=fence)
        if not ended and Run.objects.filter(pk=run_id).exclude(fence=fence).exists():
            raise RunLost
        _count_steps(drive)
        if drive.run.started_at is not None:
            forget_checkpoints(run_id)
        if reason is not None and reason.code == WorkersLost.code:
            claim.bury(reason.code)
            return False
        return claim.leave(DONE)


def _count_steps(drive: Drive) -> None:
    if drive.steps_done:
        doors.add_usage("steps", drive.steps_done)
