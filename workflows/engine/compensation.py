"""What was done is undone when the run fails for good or is cancelled: newest first, each undo a step of its own.

The rows say how far it is: an undo that was committed is not done again, whoever goes on with it. One that fails for good
does not stop the others.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.events import NotUndone, Reason
from workflows.actions.endings import close_open
from workflows.actions.events import append_event
from workflows.actions.undoing import ended_at_seq, owed
from workflows.definitions import parse
from workflows.engine.drive import Drive
from workflows.engine.parked import Parked
from workflows.engine.plan import NodePlan, planned_node
from workflows.engine.reasons import at_node, reason_of
from workflows.engine.record import Record
from workflows.engine.step import execute
from workflows.errors import NodeTypeGone, WorkersLost
from workflows.models import Run, Step

Json = dict[str, Any]
logger = logging.getLogger(__name__)
# An undo without a time limit of its own must not keep a run from ending.
UNDO_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How the run ends, once everything is undone that can be."""

    status: Run.Status
    reason: Reason | None


def compensate(drive: Drive, status: Run.Status, reason: Reason | None) -> Ending | None:
    """Undo what the run owes, and return how it ends; None when an undo waits and the run parks once more.

    A compensation that has begun goes on with the cause that it began with. Raises RunLost, RunHalted.
    """
    run = drive.run
    drive.flush()
    if run.compensation is None:
        steps = owed(run)
        if not steps:
            return Ending(status, reason)
        _begin(drive, steps, status, reason)
    assert run.compensation is not None
    ending = _ending(run.compensation)
    if not run.compensation["over"]:
        drive.reins.only_loss()
        _mark_running(drive)
        try:
            _undo_all(drive, ending)
        except Parked:
            return None
        _finish(drive)
    return ending


def _begin(drive: Drive, steps: list[Step], status: Run.Status, reason: Reason | None) -> None:
    """Store that the run is being undone, and why: whoever claims it from now on does not go on with its graph."""
    told = reason.model_dump(mode="json") if reason else None
    compensation = {"cause": status.value, "reason": told, "over": False, "steps": [str(s.pk) for s in steps]}
    with transaction.atomic():
        nodes = [step.node for step in steps]
        append_event(drive.run_id, events.RunCompensating(cause=status, nodes=nodes), fence=drive.fence)
        Run.objects.held(drive.fence).filter(pk=drive.run_id).update(compensation=compensation)
        close_open(drive.run_id)
    drive.run.compensation = compensation


def _ending(compensation: Json) -> Ending:
    reason = compensation["reason"]
    return Ending(Run.Status(compensation["cause"]), Reason(**reason) if reason else None)


def _mark_running(drive: Drive) -> None:
    held = Run.objects.held(drive.fence).filter(pk=drive.run_id)
    held.update(status=Run.Status.RUNNING, waiting_for="", updated_at=timezone.now())


def _undo_all(drive: Drive, ending: Ending) -> None:
    definition = parse(drive.run.definition)
    undone_by = {done: undo for undo, done in definition.undone.items()}
    work = Drive(drive.run, drive.reins, drive.fence, nodes=tuple(definition.by_id))
    for step in owed(drive.run):
        drive.reins.begin_step()
        row = step.undone_by.first()
        try:
            plan = _bounded(planned_node(definition, definition.by_id[undone_by[step.node]]))
        except NodeTypeGone:
            continue  # without a row of its own it is told as not undone
        _undo(work, plan, step, row, ending)
    drive.steps_done += work.steps_done


def _bounded(plan: NodePlan) -> NodePlan:
    if plan.instant or plan.node.timeout_s is not None:
        return plan
    return replace(plan, node=plan.node.model_copy(update={"timeout_s": UNDO_TIMEOUT_S}))


def _undo(drive: Drive, plan: NodePlan, step: Step, row: Step | None, ending: Ending) -> None:
    drive.known = {} if row is None else {(plan.id, step.visit): row}
    record = Record(drive, plan, step.visit)
    record.step.undoes, record.step.superseded = step, step.superseded
    if record.stored and _lost_workers(record.step) > settings.NEXOD_MAX_LOST_WORKERS:
        failure: Exception | None = at_node(WorkersLost(), plan.id)
    else:
        failure = execute(plan, record, _values(drive, plan, step, ending), beside={})
    if failure is not None:
        logger.warning("A step could not be undone", extra={"run": str(drive.run_id), "node": step.node})
        record.fail(reason_of(failure))


def _lost_workers(undo: Step) -> int:
    """Return how often the undo was begun and neither done nor failed."""
    return undo.attempt - undo.failures


def _values(drive: Drive, plan: NodePlan, step: Step, ending: Ending) -> Json:
    """Return what the undo sees: the run as it was when the step was done, and why it is undone."""
    state = _state_after(drive.run, step)
    values = drive.values(state, plan.id, step.visit)
    return {
        **values,
        "run": {**values["run"], "error": ending.reason.model_dump(mode="json") if ending.reason else None},
    }


def _state_after(run: Run, step: Step) -> Json:
    order = ended_at_seq(run)
    done = run.steps.filter(undoes=None, output__isnull=False).only("node", "visit", "output")
    earlier = sorted(
        (found for found in done if order.get(str(found.pk), 0) <= order.get(str(step.pk), 0)),
        key=lambda found: order.get(str(found.pk), 0),
    )
    nodes = {found.node: found.output or {} for found in earlier}
    return {"inputs": run.inputs, "nodes": nodes, "visits": {found.node: found.visit for found in earlier}}


def _finish(drive: Drive) -> None:
    """Store and tell what was undone and what was not."""
    compensation: Json = drive.run.compensation or {}
    order = {pk: number for number, pk in enumerate(compensation["steps"])}
    rows = Step.objects.filter(pk__in=order).prefetch_related("undone_by")
    undos = {
        step: next(iter(step.undone_by.all()), None) for step in sorted(rows, key=lambda step: order[str(step.pk)])
    }
    undone = [step for step, undo in undos.items() if undo is not None and undo.status == Step.Status.COMPLETED]
    left = [_not_undone(step, undo) for step, undo in undos.items() if step not in undone]
    told = {"undone": [{"node": step.node, "step": str(step.pk)} for step in undone]}
    compensation |= {**told, "not_undone": [found.model_dump(mode="json") for found in left], "over": True}
    with transaction.atomic():
        event = events.RunCompensated(undone=[step.node for step in undone], not_undone=left)
        append_event(drive.run_id, event, fence=drive.fence)
        Run.objects.held(drive.fence).filter(pk=drive.run_id).update(compensation=compensation)


def _not_undone(step: Step, undo: Step | None) -> NotUndone:
    gone = Reason(code=NodeTypeGone.code, message="What undoes it is of a node type that does not exist any more.")
    reason = Reason(**undo.error) if undo is not None and undo.error else gone
    return NotUndone(node=step.node, step=str(step.pk), reason=reason)
