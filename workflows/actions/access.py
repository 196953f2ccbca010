"""A run on its way to being changed: locked, and what a person must be allowed to do for it."""

from __future__ import annotations

from uuid import UUID

from workflows.errors import TargetGone
from workflows.models import Run

_PERMISSIONS = {Run.Kind.AGENT: "agents.run_agent", Run.Kind.CREW: "agents.run_crew"}


def permission_of(run: Run) -> str:
    """Return the permission to run what the run executes."""
    return _PERMISSIONS.get(Run.Kind(run.kind), "workflows.run_workflow")


def locked_run(pk: UUID) -> Run:
    """Return the run, its row locked until the end of the transaction; raise TargetGone when it was deleted."""
    found = Run.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if found is None:
        raise TargetGone("The run does not exist any more.")
    return found
