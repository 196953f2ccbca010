"""What a run waits for, and until when: read from the rows of its steps, which are the truth."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import DurationField, ExpressionWrapper, F, Min
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


def is_due(run_id: UUID) -> bool:
    """Say whether a step of the run waits to be tried again and its time has come."""
    due_in_s = _due_in_s(run_id)
    return due_in_s is not None and due_in_s <= 0


def _due_in_s(run_id: UUID) -> float | None:
    waiting = Step.objects.standing().filter(run=run_id, status=Step.Status.WAITING, retry_at__isnull=False)
    left = ExpressionWrapper(F("retry_at") - Now(), output_field=DurationField())
    due = waiting.aggregate(due=Min(left))["due"]
    return None if due is None else max(0.0, due.total_seconds())
