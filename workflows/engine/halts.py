"""How a run stops before its next step and goes on later: paused by a person, or handed back to the queue."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from nexod.kernel import events
from nexod.kernel.queue import ADVANCE, enqueue
from workflows.actions.events import append_event
from workflows.engine.lease import PARKED, READY, Claim
from workflows.errors import RunHalted, RunHandedBack, RunLost
from workflows.models import Run

DATABASE_AWAY = "database_away"


def is_paused(run: Run) -> bool:
    """Say whether a person paused the run."""
    return run.pause_requested and not run.cancel_requested


def put_aside(run: Run, claim: Claim, *, seconds: float = 0.0) -> bool:
    """Park the paused run until a person resumes it; True when that has happened already, or it was cancelled."""
    with transaction.atomic():
        paused = Run.objects.active().filter(pk=run.id, pause_requested=True, cancel_requested=False)
        changed = paused.filter(fence__lte=claim.token).update(
            fence=claim.token,
            status=Run.Status.WAITING,
            waiting_for=Run.WaitingFor.PERSON,
            seconds=F("seconds") + seconds,
            updated_at=timezone.now(),
        )
        if not changed:
            return hand_back(run.id, claim, "", seconds=seconds)
        if run.waiting_for != Run.WaitingFor.PERSON:
            append_event(run.id, events.RunWaiting(waiting_for=Run.WaitingFor.PERSON), fence=claim.token)
        return claim.leave(PARKED)


def hand_back(run_id: UUID, claim: Claim, why: str, *, seconds: float = 0.0) -> bool:
    """Leave the run in the queue for whoever comes first, and tell ``why`` if it was not asked for; raise RunLost."""
    with transaction.atomic():
        held = Run.objects.active().filter(pk=run_id, fence__lte=claim.token)
        if not held.update(
            fence=claim.token, status=Run.Status.PENDING, waiting_for="", seconds=F("seconds") + seconds,
            updated_at=timezone.now(),
        ):  # fmt: skip
            raise RunLost
        if why:
            append_event(run_id, events.RunHandedBack(reason=why), fence=claim.token)
        return claim.leave(READY)


def halted(run: Run, claim: Claim, reason: RunHalted, *, seconds: float) -> bool:
    """Do what the reason to stop asks for; True when the run is to be claimed again."""
    if not isinstance(reason, RunHandedBack):
        return put_aside(run, claim, seconds=seconds)
    with transaction.atomic():
        hand_back(run.id, claim, reason.code, seconds=seconds)
        enqueue(ADVANCE, queue=run.queue, run=str(run.id))
    return False
