"""What event triggers hear: a firing is written in the transaction in which it happened, and started after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Max

from nexod.kernel.happenings import Happening, Listener
from nexod.kernel.queue import enqueue
from tenants import due_times
from tenants.models import DueTime
from workflows.actions.firings import START, admit
from workflows.models import Firing, Run, Trigger
from workflows.triggers.event import KINDS, OVERDUE, EventTrigger, concerns, run_of

Json = dict[str, Any]
RUN_ENDED = ("run.completed", "run.failed", "run.cancelled")
ASKS = "EXISTS (SELECT FROM workflows_trigger WHERE is_enabled AND (kind = 'event' OR overlap = 'queue'))"


def hear(happening: Happening) -> None:
    """Write a firing for each event trigger that waits for this; let what is queued behind a run that ended go on."""
    if happening.kind in RUN_ENDED:
        _let_the_next_go(happening.data["run"]["id"])
    if happening.kind not in KINDS:
        return
    waiting = [
        trigger
        for trigger in Trigger.objects.enabled().filter(kind=EventTrigger.kind)
        if concerns(trigger.config, happening.kind, happening.data)
    ]
    depth = depth_after(run_of(happening.data)) if waiting else 0
    for trigger in waiting:
        _fire(trigger, happening, depth)


def _fire(trigger: Trigger, happening: Happening, depth: int) -> None:
    event = {"kind": happening.kind, **happening.data}
    is_overdue = trigger.config["event"] == OVERDUE
    if is_overdue:
        event["kind"] = OVERDUE
    key = f"{event['kind']}:{happening.key}"
    firing, is_new = admit(trigger, source=Firing.Source.EVENT, key=key, event=event, depth=depth)
    if is_new:
        minutes = trigger.config["after_minutes"] if is_overdue else 0
        _announce(
            firing, (happening.at or due_times.database_now()) + timedelta(minutes=minutes), at_once=not is_overdue
        )


def _let_the_next_go(run_id: str) -> None:
    """Have the oldest firing started that waits for this run."""
    ended = Trigger.objects.filter(overlap=Trigger.Overlap.QUEUE, firings__run=UUID(run_id)).values_list(
        "pk", flat=True
    )
    for trigger in list(ended):
        waiting = Firing.objects.pending().filter(trigger=trigger).order_by("created_at", "id").first()
        if waiting is not None:
            _announce(waiting, due_times.database_now(), at_once=True)


def _announce(firing: Firing, at: datetime, *, at_once: bool) -> None:
    """The due time is the truth, the message a hint."""
    due_times.set_due(DueTime.Kind.FIRING, firing.pk, at)
    if at_once:
        enqueue(START, firing=str(firing.pk))


def depth_after(run_id: str | None) -> int:
    """Return how many runs will have started each other when this one's end starts another."""
    if run_id is None:
        return 1
    above = UUID(run_id)
    while parent := Run.objects.filter(pk=above).values_list("parent__run", flat=True).first():
        above = parent  # a run that a step started goes on the way of that step's run
    return 1 + (Firing.objects.filter(run=above).aggregate(depth=Max("depth"))["depth"] or 0)


TRIGGERS = Listener("triggers", ASKS, hear)
