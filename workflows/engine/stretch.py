"""One stretch of a run, from its claim until it waits or is over. However it goes, the run's row says so at the end."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.run_port import RunWasCancelled
from tenants import doors
from workflows.actions.checkpoints import forget_checkpoints
from workflows.actions.endings import close_waiting, end_run
from workflows.actions.events import append_event, append_events
from workflows.actions.statements import Statement
from workflows.actions.waiting import standing
from workflows.engine.away import AWAY
from workflows.engine.beside import Company
from workflows.engine.checkpoints.parking import Parking
from workflows.engine.compensation import compensate
from workflows.engine.drive import Drive, known_steps
from workflows.engine.graph import Graph, graph_of
from workflows.engine.halts import halted
from workflows.engine.held import Held
from workflows.engine.lease import DONE, READY, Claim
from workflows.engine.races import Races
from workflows.engine.reasons import reason_of
from workflows.engine.reins import Reins
from workflows.engine.suspicion import losses
from workflows.errors import RunHalted, RunLost, WorkersLost
from workflows.models import Run, RunEvent, Step

Json = dict[str, Any]
logger = logging.getLogger(__name__)


def work(run: Run, reins: Reins, claim: Claim, *, is_new: bool = False) -> bool:
    """Execute the claimed run until it waits or is over, and leave its ticket; True when it is to be claimed again.

    A run that ``is_new`` was begun when it was claimed. Raises RunLost when it is another worker's by now.
    """
    drive = Drive(run, reins, claim.token, is_new=is_new)
    if not is_new and (not _begin(run, claim) or run.compensation is not None):
        return _unwound(drive, claim, Run.Status.CANCELLED)
    try:
        if not is_new:
            _require_hope(run)
        graph = graph_of(run.definition)
        parking = Parking(run.id) if is_new else Parking.of(run.id)
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
    drive.nodes, drive.callbacks = tuple(graph.plan.nodes), graph.plan.callbacks
    # Beside a branch that takes its time, what is held would be seen late.
    drive.held = None if graph.plan.branches else Held()
    limit_s = graph.plan.timeout_s
    if limit_s is not None:
        drive.reins.end_after(limit_s - (run.seconds - run.seconds_before), limit_s=limit_s)
    if not drive.is_new:
        drive.known = known_steps(run.id)
    drive.plan = graph.plan
    drive.company = Company() if graph.plan.branches else None
    drive.races = Races(graph.plan, drive.known) if graph.plan.races else None
    return graph.advance(drive, parking)


def _parked(drive: Drive, claim: Claim, parking: Parking | None = None) -> bool:
    """Let the run wait for what its steps wait for. It is woken by a person, by its ticket when a timer ends, or by both.

    Its place is stored with that; a run that undoes its steps (no ``parking``) has none.
    """
    undoing = parking is None
    with transaction.atomic():
        drive.flush()
        goes_on = _close_unneeded(drive)
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
            if goes_on:
                return claim.leave(READY)
            return claim.park(drive.run.queue, due_in_s=waits.due_in_s)
    if undoing:
        raise RunLost
    return _unwound(drive, claim, Run.Status.CANCELLED)


def _close_unneeded(drive: Drive) -> bool:
    """End what branches wait for that nobody needs any more; say whether the run then waits for nothing."""
    waiting = Step.objects.filter(run=drive.run_id, status=Step.Status.WAITING)
    unneeded = [step for step in waiting.only("node") if drive.unneeded(step.node)] if drive.races else []
    if not unneeded:
        return False
    close_waiting(waiting.filter(pk__in=[step.pk for step in unneeded]))
    append_events(drive.run_id, [events.StepStopped(node=s.node, step=str(s.pk)) for s in unneeded], fence=drive.fence)
    return not waiting.exists()


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
    before, rows = drive.take_held()
    also = _leaving(drive, claim, reason)
    run = drive.run
    # Nothing else is to be told or tidied up: the one statement is the transaction.
    is_plain = drive.is_new and not drive.is_open and run.parent_id is None and run.evaluation_id is None
    with nullcontext() if is_plain else transaction.atomic():
        if not drive.is_new:
            forget_checkpoints(run_id)
        ended = end_run(
            run_id, status, outputs=outputs, reason=reason, seconds=drive.seconds, fence=fence,
            before=before, rows=rows, also=also, is_open=drive.is_open,
        )  # fmt: skip
        if ended:
            return False
    if Run.objects.filter(pk=run_id).exclude(fence=fence).exists():
        raise RunLost
    with transaction.atomic():
        drive.write(before, rows)
        _count_steps(drive)
        return claim.leave(DONE)


def _leaving(drive: Drive, claim: Claim, reason: events.Reason | None) -> Statement:
    """Return the doors that a run which is over leaves by: of the queue, and of the day's usage."""
    buried = reason is not None and reason.code == WorkersLost.code
    calls = [doors.burying(claim.run_id, claim.token, WorkersLost.code) if buried else claim.leaving(DONE)]
    if drive.steps_done:
        calls.append(doors.using("steps", drive.steps_done))
    return ", ".join(sql for sql, _ in calls), [value for _, values in calls for value in values]


def _count_steps(drive: Drive) -> None:
    if drive.steps_done:
        doors.add_usage("steps", drive.steps_done)
