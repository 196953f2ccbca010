"""Steps start runs, and take what these give: each is linked to its step, and started once."""

from __future__ import annotations

from typing import Any

from workflows.actions.runs import start_run
from workflows.errors import ChildFailed, DepthExceeded, WorkflowMissing
from workflows.models import Run, Step, Wait, Workflow

Json = dict[str, Any]
MAX_DEPTH = 5
_ENDED: dict[str, str] = {Run.Status.FAILED: "failed", Run.Status.CANCELLED: "was cancelled"}


def start_child(step: Step, workflow: str, inputs: Json, wait: Wait) -> None:
    """Start a run of the workflow with that slug for the step, as whoever started the step's run; in its transaction.

    Raises WorkflowMissing, DepthExceeded, and what ``start_run`` raises: PermissionDenied, InputsInvalid, QuotaExceeded.
    """
    found = Workflow.objects.filter(slug=workflow).first()
    if found is None:
        raise WorkflowMissing(f"There is no workflow {workflow!r} here.")
    parent = Run.objects.select_related("started_by").defer("definition").get(pk=step.run_id)
    if parent.depth >= MAX_DEPTH:
        raise DepthExceeded(f"Runs that start runs go {MAX_DEPTH} deep at most.")
    if parent.started_by is None:
        raise WorkflowMissing("Whoever started this run is gone, and with them the right to start another one.")
    wait.child = start_run(actor=parent.started_by, workflow=found, inputs=inputs, parent=step, depth=parent.depth + 1)
    wait.save(update_fields=["child"])


def outcome_of(wait: Wait) -> Json:
    """Return the outputs of the run that was waited for; raise ChildFailed when it has none."""
    child = wait.child
    if child is None:
        raise ChildFailed("The run that was waited for was deleted.")
    if child.status == Run.Status.COMPLETED:
        return child.outputs or {}
    details = {"run": str(child.id), "status": child.status, "code": (child.error or {}).get("code", "")}
    why = f": {child.error['message']}" if child.error else "."
    raise ChildFailed(f"The run of {child.title} {_ENDED.get(child.status, child.status)}{why}", details=details)
