"""Which of a run's events concern others than its watchers. The event's row is the outbox; a worker spreads it as a happening."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from nexod.kernel import events
from nexod.kernel.happenings import Happening, anybody_sql, tell_listeners
from tenants import due_times
from workflows.models import Run, RunEvent

Json = dict[str, object]
SPREAD = "workflows.spread_events"
# An event's own time and that of its note are taken one after the other.
SLACK = timedelta(seconds=1)
NOTABLE = frozenset(
    event.type
    for event in (
        events.RunStarted,
        events.RunWaiting,
        events.RunCompleted,
        events.RunFailed,
        events.RunCancelled,
        events.ApprovalRequested,
        events.ApprovalDecided,
        events.BudgetExceeded,
    )
)


def noting_sql(told: Iterable[events.Event]) -> str:
    """Return SQL over a row of workflows_runevent that notes the run when somebody listens, and says so.

    It is part of the statement that stores the events: no round trip more, and nothing that is stored goes untold.
    """
    notable = sorted({event.type for event in told} & NOTABLE)
    if not notable:
        return "false"
    kinds = ", ".join(f"'{kind}'" for kind in notable)
    return f"CASE WHEN type IN ({kinds}) AND ({anybody_sql()}) THEN doors.note_run(run_id) END"


@transaction.atomic
def spread_events(*, run_id: UUID) -> int:
    """Tell listeners what the run told since it was noted, and return how many events that were.

    The note is taken first: an event that is stored meanwhile notes the run anew. Told twice, keys keep it once.
    """
    since = due_times.take_note(run_id)
    if since is None:
        return 0
    rows = RunEvent.objects.filter(run=run_id, type__in=NOTABLE, at__gte=since - SLACK).order_by("seq")
    stored = list(rows)
    run = run_facts(run_id) if stored else {}
    for event in stored:
        data = {"run": {**run, **_of_run(event)}, **_beside(event)}
        tell_listeners(Happening(event.type, f"{run_id}:{event.seq}", data, at=event.at))
    return len(stored)


def run_facts(run_id: UUID | str) -> Json:
    """Return what others are told of a run: names, ids and its state, never what it works on."""
    fields = ("title", "kind", "status", "workflow__slug", "waiting_for", "started_by__email")
    title, kind, status, workflow, waiting_for, person = Run.objects.filter(pk=run_id).values_list(*fields).get()
    return {
        "id": str(run_id),
        "title": title,
        "kind": kind,
        "workflow": workflow or "",
        "status": status,
        "waiting_for": waiting_for or None,
        "started_by": person,
        "url": f"/api/v1/runs/{run_id}",
    }


def _of_run(event: RunEvent) -> Json:
    """A failed run's reason, without its details, which may quote what it worked on."""
    if event.type != events.RunFailed.type:
        return {}
    reason = event.data["reason"]
    return {"error": {name: reason[name] for name in ("code", "message", "node")}}


def _beside(event: RunEvent) -> Json:
    if event.type == events.BudgetExceeded.type:
        return {"budget": event.data}
    if not event.type.startswith("approval."):
        return {}
    told = {name: event.data[name] for name in ("title", "kind", "decision", "actor") if name in event.data}
    id_ = event.data["approval"]
    return {"approval": {"id": id_, "node": event.data["node"], **told, "url": f"/api/v1/approvals/{id_}"}}
