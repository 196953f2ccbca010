"""One visit of one node, from its record to where it leads. Free of LangGraph; a step that was committed is not done again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import count
from typing import Any

from nexod.kernel import run_port
from nexod.kernel.errors import NexodError
from nexod.kernel.events import Reason
from nexod.kernel.run_port import RunWasCancelled
from workflows.engine.bounded import bounded
from workflows.engine.call import Call, Parked
from workflows.engine.drive import Drive
from workflows.engine.given import given
from workflows.engine.plan import NodePlan
from workflows.engine.port import Port
from workflows.engine.record import Record
from workflows.errors import RunLost, RunTimedOut, SiblingFailed, TextFailed, VisitsExceeded
from workflows.models import Artifact
from workflows.nodes.base import NodeResult

Json = dict[str, Any]
logger = logging.getLogger(__name__)
# Nobody is at fault: the run stops, and the step says no more than that it was not finished.
STOPS = (Parked, RunWasCancelled, RunLost, SiblingFailed)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a visit adds to the run's state, and the nodes that come next."""

    nodes: Json
    visits: dict[str, int]
    after: tuple[str, ...]


def perform(plan: NodePlan, state: Json, drive: Drive) -> Outcome:
    """Execute the node once more and return the outcome; raise Parked, the reason to stop, or what the node raised."""
    _check(plan, drive)
    visit = state.get("visits", {}).get(plan.id, 0) + 1
    if visit > plan.visits:
        message = f"The run came to {plan.node.title or plan.id!r} for the {visit}th time; {plan.visits} are allowed."
        error = at_node(VisitsExceeded(message, details={"visits": plan.visits}), plan.id)
        drive.note_failure(error)
        raise error
    record = Record(drive, plan, visit)
    if not record.is_done:
        _execute(plan, record, state)
    output: Json = record.step.output or {}
    return Outcome({plan.id: output}, {plan.id: visit}, plan.after(record.step.route))


def _check(plan: NodePlan, drive: Drive) -> None:
    try:
        drive.reins.check()
    except RunTimedOut as error:
        drive.note_failure(error)
        raise at_node(error, plan.id) from None


def at_node(error: Exception, node: str) -> Exception:
    """Return the error with a note of where it happened, for ``reason_of``."""
    error.node = node  # type: ignore[attr-defined]
    return error


def reason_of(error: BaseException) -> Reason:
    """Return what people and programs are told of an error; what is not ours is told by its name only."""
    node = str(getattr(error, "node", ""))
    if isinstance(error, NexodError):
        told = error.as_dict()
        return Reason(code=told["code"], message=told["message"], node=node, details=told["details"])
    message = f"Something went wrong inside Nexod ({type(error).__name__}). The log has the details."
    return Reason(code="internal", message=message, node=node)


def _execute(plan: NodePlan, record: Record, state: Json) -> None:
    """Try as often as the definition allows; an error that would come again is not tried again."""
    values = record.drive.values(state, plan.id, record.step.visit)
    if not record.stored:
        record.step.inputs = given(plan.reads, values)
    if record.stored or not plan.instant:
        record.begin()
    for attempt in count(1):
        try:
            result, output, artifacts = _attempt(plan, record, values)
            break
        except STOPS:
            raise
        except Exception as error:
            _place(error, plan)
            if attempt >= plan.node.retry.attempts or not _may_pass(error):
                _failed(record, error)
                raise
            delay_s = plan.node.retry.backoff_s * 2 ** (attempt - 1)
            record.retry(reason_of(error), delay_s=delay_s)
            record.drive.reins.rest(delay_s)
    # Outside of the try: that it cannot be stored is no failure of the node.
    record.complete(result, output, artifacts)


def _place(error: Exception, plan: NodePlan) -> None:
    at_node(error, plan.id)
    if isinstance(error, TextFailed):
        error.details = {"field": plan.kind.field_of(plan.node.config, error.source)}


def _attempt(plan: NodePlan, record: Record, values: Json) -> tuple[NodeResult, Json, list[Artifact]]:
    """Return what the node gave, its output as it is stored, and what it published."""
    drive = record.drive
    call = Call(record, values)
    port = Port(record)
    try:
        with run_port.use(port):
            result = _result(plan, call, record)
    except RunWasCancelled:
        drive.reins.check()  # which knows whether it was that, or the time, or a failed sibling
        raise
    finally:
        port.close()
    plan.after(result.route)
    return result, drive.admit(plan.id, result.output, values["nodes"]), call.artifacts


def _result(plan: NodePlan, call: Call, record: Record) -> NodeResult:
    if plan.instant:
        return plan.kind.run(call)
    reins = record.drive.reins
    return bounded(lambda: plan.kind.run(call), reins, timeout_s=plan.node.timeout_s, name=f"step {plan.id}")


def _may_pass(error: Exception) -> bool:
    """Whether the same again may succeed: not when the input, the configuration or a person is the reason."""
    if isinstance(error, RunTimedOut):
        return False
    return not isinstance(error, NexodError) or error.status >= 500 or error.status == 429


def _failed(record: Record, error: Exception) -> None:
    """Log it with its traceback, store it, and make the run's other steps stop."""
    drive = record.drive
    facts = {"run": str(drive.run_id), "node": record.plan.id, "attempt": record.step.attempt}
    level = logging.WARNING if isinstance(error, NexodError) else logging.ERROR
    logger.log(level, "A step failed", extra=facts, exc_info=error)
    drive.note_failure(error)
    record.fail(reason_of(error))
    drive.reins.stop(SiblingFailed())
