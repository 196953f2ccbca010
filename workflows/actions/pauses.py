"""A person pauses a run and lets it go on. What is at work finishes its present step first. Staff revive dead runs."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from nexod.kernel import events
from tenants import doors
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.events import append_event
from workflows.actions.waking import wake
from workflows.errors import RunIsOver, WorkersLost
from workflows.models import Run


@transaction.atomic
def pause_run(*, actor: User, run: Run) -> Run:
    """Let the run stop before its next step, and return it: one that no worker has is paused at once.

    It waits for a person then. Asking again changes nothing. Raises PermissionDenied, or RunIsOver.
    """
    require_permission(actor, "workflows.pause_run")
    found = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    if found.is_over or found.cancel_requested:
        raise RunIsOver(f"The run is {found.status if found.is_over else 'about to be cancelled'}.")
    if found.pause_requested:
        return found
    Run.objects.filter(pk=found.pk).update(pause_requested=True, updated_at=timezone.now())
    append_event(found.id, events.RunPauseRequested(actor=actor.email))
    if found.status != Run.Status.RUNNING and doors.park_ticket(found.id):
        _put_aside(found)
    return Run.objects.get(pk=found.pk)


def unpause(run: Run) -> None:
    """Let a paused run, whose row the caller has locked, go on: one that had stopped already has to be woken."""
    stopped = run.status == Run.Status.WAITING
    status = Run.Status.PENDING if stopped else run.status
    Run.objects.filter(pk=run.pk).update(
        pause_requested=False, status=status, waiting_for="", updated_at=timezone.now()
    )


@transaction.atomic
def revive(run_id: UUID) -> bool:
    """Let a run that lost every worker go on, as the platform's staff ask; False when it is not dead any more."""
    found = Run.objects.select_for_update(no_key=True).filter(pk=run_id, status=Run.Status.FAILED).first()
    if found is None or (found.error or {}).get("code") != WorkersLost.code:
        return False
    Run.objects.filter(pk=run_id).update(
        status=Run.Status.PENDING, error=None, finished_at=None, updated_at=timezone.now()
    )
    append_event(run_id, events.RunResumed(actor="the platform's staff"))
    wake(run_id, found.queue)
    return True


def _put_aside(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(status=Run.Status.WAITING, waiting_for=Run.WaitingFor.PERSON)
    append_event(run.id, events.RunWaiting(waiting_for=Run.WaitingFor.PERSON))
