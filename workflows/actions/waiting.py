"""What a run waits for, and until when: read from the rows of its steps, which are the truth."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import DurationField, Exists, ExpressionWrapper, F, Min, OuterRef
from django.db.models.functions import Now

from workflows.models import Approval, Run, Step


@dataclass(frozen=True, slots=True)
class Standing:
    """What a parked run waits for; ``due_in_s`` is set when a timer ends the wait, whether or not a person can too."""

    waiting_for: Run.WaitingFor
    due_in_s: float | None


def standing(run_id: UUID) -> Standing:
    """Return what the run's waiting steps wait for: a person before a timer. The clock is the database's."""
    due_in_s = _due_in_s(run_id)
    asked = set(Approval.objects.filter(run=run_id).pending().values_list("kind", flat=True))
    if asked == {Approval.Kind.EFFECT}:
        return Standing(Run.WaitingFor.PERSON, due_in_s)
    waits_for = Run.WaitingFor.APPROVAL if asked or due_in_s is None else Run.WaitingFor.TIMER
    return Standing(waits_for, due_in_s)


def still_waits(run: Run) -> bool:
    """Say whether nothing has come that a parked run waits for: each waiting step has an open question, or time to go."""
    if run.status != Run.Status.WAITING or run.cancel_requested:
        return False
    waiting = Step.objects.filter(run=run.pk, status=Step.Status.WAITING)
    asked = Exists(Approval.objects.pending().filter(step=OuterRef("pk")))
    return waiting.exists() and not waiting.exclude(asked).exclude(retry_at__gt=Now()).exists()


def hasten(run: Run) -> bool:
    """Let what waits for its time go on now; say whether there was such a step."""
    waiting = Step.objects.filter(run=run.pk, status=Step.Status.WAITING, retry_at__gt=Now())
    return bool(waiting.update(retry_at=Now()))


def _due_in_s(run_id: UUID) -> float | None:
    waiting = Step.objects.filter(run=run_id, status=Step.Status.WAITING, retry_at__isnull=False)
    left = ExpressionWrapper(F("retry_at") - Now(), output_field=DurationField())
    due = waiting.aggregate(due=Min(left))["due"]
    return None if due is None else max(0.0, due.total_seconds())
