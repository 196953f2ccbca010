"""One visit of one node, from its record to where it leads. Free of LangGraph; a step that was committed is not done again."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils import timezone

from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import Reason
from nexod.kernel.run_port import RunWasCancelled
from nexod.kernel.sandbox import looking
from workflows.engine.away import AWAY
from workflows.engine.bounded import bounded
from workflows.engine.call import Call
from workflows.engine.drive import Drive
from workflows.engine.given import given
from workflows.engine.parked import Parked, RetryLater
from workflows.engine.plan import NodePlan
from workflows.engine.port import Port
from workflows.engine.reasons import at_node, reason_of
from workflows.engine.record import Record
from workflows.engine.retrying import wait_before_retry
from workflows.errors import (
    BranchStopped,
    CallChanged,
    RunHalted,
    RunLost,
    RunTimedOut,
    SiblingFailed,
    StateTooLarge,
    StepTimedOut,
    TextFailed,
    VisitsExceeded,
)
from workflows.models import Artifact, Step
from workflows.nodes.base import ERROR, NodeResult

Json = dict[str, Any]
logger = logging.getLogger(__name__)
# No node is at fault: the run stops, and the step says no more than that it was not finished.
STOPS = (Parked, RunWasCancelled, RunLost, RunHalted, SiblingFailed, BranchStopped, CallChanged, *AWAY)
# A retry that waits longer gives its worker back; one that is woken early by less goes on.
HELD_S, EARLY_S = 3.0, 0.5
MAX_MESSAGE = 4_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a visit adds to the run's state, and the nodes that come next."""

    nodes: Json
    visits: dict[str, int]
    after: tuple[str, ...]


def perform(plan: NodePlan, state: Json, drive: Drive, *, arrived: Sequence[str] = ()) -> Outcome:
    """Execute the node once more and return the outcome; raise Parked, the reason to stop, or what the node raised.

    ``arrived`` are the branches that have come in, at a join.
    """
    _check(plan, drive)
    visit = state.get("visits", {}).get(plan.id, 0) + 1
    if visit > plan.visits:
        message = f"The run came to {plan.node.title or plan.id!r} for the {visit}th time; {plan.visits} are allowed."
        error = at_node(VisitsExceeded(message, details={"visits": plan.visits}), plan.id)
        drive.note_failure(error)
        raise error
    record = Record(drive, plan, visit)
    record.arrived = arrived
    if not record.is_done:
        values = drive.values(state, plan.id, visit)
        try:
            failure = execute(plan, record, values, beside=values["nodes"])
        except BranchStopped:
            record.stop()
            raise
        if failure is not None:
            _settle(plan, record, failure, values["nodes"])
    output: Json = record.step.output or {}
    return Outcome({plan.id: output}, {plan.id: visit}, plan.after(record.step.route))


def _check(plan: NodePlan, drive: Drive) -> None:
    if drive.unneeded(plan.id):
        raise BranchStopped
    try:
        drive.reins.begin_step()
    except RunTimedOut as error:
        drive.note_failure(error)
        raise at_node(error, plan.id) from None


def execute(plan: NodePlan, record: Record, values: Json, *, beside: Json) -> Exception | None:
    """Try as often as the node's policy allows; return None when it is done and stored, else the error, not stored yet.

    ``beside`` are the outputs beside which this one must fit. Raises Parked, RetryLater too, or the reason to stop.
    """
    _require_due(record.step)
    record.step.inputs = given(plan.reads, values)
    if record.stored or not plan.instant:
        record.begin()
    while True:
        try:
            result, output, artifacts = _attempt(plan, record, values, beside)
            break
        except STOPS:
            raise
        except Exception as error:  # noqa: BLE001  it is returned, and stored as the step's by whoever asked
            if not _again(plan, record, error):
                return error
    # Outside of the try: that it cannot be stored is no failure of the node.
    record.complete(result, output, artifacts)
    return None


def _require_due(step: Step) -> None:
    if step.retry_at is not None and (step.retry_at - timezone.now()).total_seconds() > EARLY_S:
        raise RetryLater(step.retry_at)


def _again(plan: NodePlan, record: Record, error: Exception) -> bool:
    """Note the failure and wait as the policy says, a longer time without a worker; False when that was the last try."""
    step = record.step
    step.failures += 1
    _place(error, plan, step.attempt)
    wait_s = wait_before_retry(plan.node.retry, step.failures, error)
    if wait_s is None:
        return False
    if wait_s > HELD_S:
        raise RetryLater(record.postpone(reason_of(error), delay_s=wait_s)) from error
    record.retry(reason_of(error), delay_s=wait_s)
    record.drive.reins.rest(wait_s)
    return True


def _place(error: Exception, plan: NodePlan, attempt: int) -> None:
    at_node(error, plan.id)
    error.attempts = attempt  # type: ignore[attr-defined]
    if isinstance(error, TextFailed):
        error.details = {"field": plan.kind.field_of(plan.node.config, error.source)}


def _attempt(plan: NodePlan, record: Record, values: Json, beside: Json) -> tuple[NodeResult, Json, list[Artifact]]:
    """Return what the node gave, its output as it is stored, and what it published."""
    drive = record.drive
    port = Port(record)
    call = Call(record, values, port, execute)
    try:
        with run_port.use(port):
            result = _pinned(plan, drive) or _result(plan, call, record)
        plan.after(result.route)
        return result, drive.admit(plan.id, result.output, beside), call.artifacts
    except RunWasCancelled:
        drive.reins.check()  # which knows whether it was that, or the time, or a failed sibling
        raise
    except Exception as error:
        if not isinstance(error, (*STOPS, StepTimedOut, RunTimedOut)):
            port.failed()
        raise
    finally:
        port.close()


def _pinned(plan: NodePlan, drive: Drive) -> NodeResult | None:
    """Return what a try was told that the node gives."""
    pin = drive.run.pins.get(plan.id)
    return NodeResult(pin["output"], route=pin.get("route", ""), summary="pinned, not executed") if pin else None


def _result(plan: NodePlan, call: Call, record: Record) -> NodeResult:
    drive = record.drive
    if plan.instant:
        with looking(drive.reins.look):
            return plan.kind.run(call)
    unneeded = partial(drive.unneeded, plan.id) if drive.races else None
    return bounded(
        lambda: plan.kind.run(call),
        drive.reins,
        timeout_s=plan.node.timeout_s,
        name=f"step {plan.id}",
        unneeded=unneeded,
    )


def _settle(plan: NodePlan, record: Record, error: Exception, nodes: Json) -> None:
    """Store that the node failed for good. Where no edge leads on from that, stop the run's other steps and raise the error."""
    drive = record.drive
    facts = {"run": str(drive.run_id), "node": record.plan.id, "attempt": record.step.attempt}
    level = logging.WARNING if isinstance(error, NexodError) else logging.ERROR
    logger.log(level, "A step failed", extra=facts, exc_info=error)
    if plan.catches:
        try:
            handled = drive.admit(plan.id, {ERROR: _told_on(reason_of(error))}, nodes)
        except StateTooLarge as full:
            _place(full, plan, record.step.attempt)
            error = full
        else:
            return record.fail(reason_of(error), handled=handled)
    drive.note_failure(error)
    record.fail(reason_of(error))
    drive.reins.stop(SiblingFailed())
    raise error


def _told_on(reason: Reason) -> Json:
    """Return what later nodes see of the error; long details are left to the step's own row."""
    told = reason.model_dump(mode="json")
    message = told["message"][:MAX_MESSAGE]
    return {**told, "message": message, "details": told["details"] if len(str(told["details"])) <= MAX_MESSAGE else {}}
