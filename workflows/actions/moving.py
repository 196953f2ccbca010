"""That a run moved is told to the workspace, folded: its lists follow, however many runs a second there are."""

from __future__ import annotations

from collections.abc import Sequence

from nexod.kernel import events, topics
from workflows.models import Run

KIND = "run.moved"
STATUS = {
    events.RunCreated.type: Run.Status.PENDING,
    events.RunStarted.type: Run.Status.RUNNING,
    events.RunResumed.type: Run.Status.RUNNING,
    events.RunRetried.type: Run.Status.PENDING,
    events.RunWaiting.type: Run.Status.WAITING,
    events.RunCompleted.type: Run.Status.COMPLETED,
    events.RunFailed.type: Run.Status.FAILED,
    events.RunCancelled.type: Run.Status.CANCELLED,
}
# What a list shows of a run changes with these, too.
ALSO = frozenset(
    (events.RunHandedBack.type, events.RunCancelRequested.type, events.RunPauseRequested.type, events.ModelCalled.type)
)


def tell_moved(tenant: int, run_id: str, told: Sequence[events.Event], last_seq: int) -> None:
    """Tell of the last of these that moves the run, ``last_seq`` being the number of the very last; call it after the commit."""
    for back, event in enumerate(reversed(told)):
        if event.type in STATUS or event.type in ALSO:
            piece = {"id": run_id, "seq": last_seq - back, **_state(event)}
            topics.moved(topics.workspace_topic(tenant), KIND, piece)
            return


def _state(event: events.Event) -> dict[str, str]:
    status = STATUS.get(event.type)
    if status is None:
        return {}
    if isinstance(event, events.RunResumed) and event.actor:
        status = Run.Status.PENDING  # a person has let it go on; a worker comes soon
    waiting_for = event.waiting_for if isinstance(event, events.RunWaiting) else ""
    return {"status": str(status), "waiting_for": waiting_for}
