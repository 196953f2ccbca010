"""What a run still owes when it fails or is cancelled: the completed steps whose nodes say how they are undone."""

from __future__ import annotations

from nexod.kernel import events
from workflows.models import Run, RunEvent, Step

UNDONE_OR_NOT = (Step.Status.COMPLETED, Step.Status.FAILED)


def owed(run: Run) -> list[Step]:
    """Return the steps that are to be undone and were not tried yet for the last time, the one completed last first.

    Those that a person had done anew since are among them: what they did is still there. A replay did nothing that could be
    undone, and neither did a node whose output was pinned. ``run`` needs its definition.
    """
    if run.replay in (Run.Replay.STRICT, Run.Replay.MIXED):
        return []
    nodes = {node["id"] for node in run.definition["nodes"] if node.get("undo") and node["id"] not in run.pins}
    if not nodes:
        return []
    done = Step.objects.filter(run=run.pk, node__in=nodes, status=Step.Status.COMPLETED)
    steps = list(done.exclude(undone_by__status__in=UNDONE_OR_NOT))
    order = ended_at_seq(run) if steps else {}
    return sorted(steps, key=lambda step: order.get(str(step.pk), 0), reverse=True)


def owes(run: Run) -> bool:
    """Say whether a worker has to undo something before the run may end."""
    return run.compensation is not None or bool(owed(run))


def ended_at_seq(run: Run) -> dict[str, int]:
    """Return for each step that has ended, by its id, the number of the event that told it: clocks jump, numbers do not."""
    ends = (events.StepCompleted.type, events.StepFailed.type)
    told = RunEvent.objects.filter(run=run.pk, type__in=ends).order_by("seq")
    return dict(told.values_list("data__step", "seq"))
