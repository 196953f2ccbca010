"""Runs that steps have started: each ends with the run that it belongs to, and wakes it when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from nexod.kernel import events
from workflows.actions.events import append_event
from workflows.actions.waking import wake
from workflows.models import Run, Step, Wait


def tell_parent(child: UUID) -> None:
    """End the wait for a run that is over, and wake the run that waits; in the transaction that ends it."""
    waits = Wait.objects.filter(child=child, over=False).select_related("run")
    for wait in waits.only("run__queue"):
        Wait.objects.filter(pk=wait.pk).update(over=True)
        if not wait.run.is_over:
            wake(wait.run_id, wait.run.queue)


def cancel_children(parent: UUID, *, actor: str = "") -> None:
    """Ask every run that steps of ``parent`` wait for to stop: nobody needs what it would give."""
    _ask_to_stop(Run.objects.active().filter(parent__run=parent), actor)


def cancel_runs_of(steps: QuerySet[Step]) -> None:
    """Ask every run that these steps wait for to stop; in the caller's transaction."""
    _ask_to_stop(Run.objects.active().filter(parent__in=steps), "")


@transaction.atomic
def cancel_child(wait: Wait) -> None:
    """Ask the run that the wait is for to stop, if it is for one."""
    if wait.child_id is not None:
        _ask_to_stop(Run.objects.active().filter(pk=wait.child_id), "")


def _ask_to_stop(runs: QuerySet[Run], actor: str) -> None:
    for child in runs.filter(cancel_requested=False).only("id", "queue").order_by("id"):
        if Run.objects.active().filter(pk=child.pk, cancel_requested=False).update(cancel_requested=True):
            append_event(child.pk, events.RunCancelRequested(actor=actor))
            wake(child.pk, child.queue)


def runs_above(run: Run) -> Iterator[tuple[UUID, str]]:
    """Give the runs that had this one started, the nearest first, each with the slug of its workflow, if it is of one."""
    step = run.parent_id
    while step is not None:
        rows = Run.objects.filter(steps=step).values_list("id", "workflow__slug", "parent")
        above, workflow, step = rows.first() or (None, None, None)
        if above is not None:
            yield above, workflow or ""
