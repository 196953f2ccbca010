"""What a run waits for, and until when: read from the rows of its steps, which are the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection
from django.db.models import DurationField, Exists, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from agents.models import Budget
from workflows.models import Approval, Run, Step, Wait

# Days and months are UTC's, and the clock is the database's, as in the windows of budgets.
UNTIL_NEXT = """
SELECT (date_trunc(period, utc) + ('1 ' || period)::interval) - utc
FROM unnest(%s::text[]) AS period, (SELECT now() AT TIME ZONE 'UTC' AS utc) AS clock
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a parked run waits for; ``due_in_s`` is set when a timer ends the wait, whether or not a person can too."""

    waiting_for: Run.WaitingFor
    due_in_s: float | None


def standing(run_id: UUID) -> Standing:
    """Return what the run's waiting steps wait for: a person before a timer. The clock is the database's."""
    asked = set(Approval.objects.filter(run=run_id).pending().values_list("kind", flat=True))
    due_in_s = _due_in_s(run_id, _periods(run_id) if Approval.Kind.BUDGET in asked else [])
    if asked == {Approval.Kind.EFFECT}:
        return Standing(Run.WaitingFor.PERSON, due_in_s)
    if asked == {Approval.Kind.BUDGET}:
        return Standing(Run.WaitingFor.BUDGET, due_in_s)
    if not asked and Wait.objects.open().filter(run=run_id, step__isnull=False).exclude(kind=Wait.Kind.TIMER).exists():
        return Standing(Run.WaitingFor.CALLBACK, due_in_s)
    waits_for = Run.WaitingFor.APPROVAL if asked or due_in_s is None else Run.WaitingFor.TIMER
    return Standing(waits_for, due_in_s)


def still_waits(run: Run) -> bool:
    """Say whether nothing has come that a parked run waits for: each waiting step has an open question, or time to go."""
    if run.status != Run.Status.WAITING or run.cancel_requested:
        return False
    waiting = Step.objects.filter(run=run.pk, status=Step.Status.WAITING)
    return waiting.exists() and not _ready(waiting).exists()


def is_ready(run_id: UUID, node: str) -> bool:
    """Say whether what steps of that node, or parts of them, waited for has come."""
    waiting = Step.objects.filter(run=run_id, status=Step.Status.WAITING)
    return _ready(waiting.filter(Q(node=node) | Q(part_of__node=node))).exists()


def _ready(waiting: QuerySet[Step]) -> QuerySet[Step]:
    """Return those of the waiting steps that have neither an open question nor time to go."""
    asked = Exists(Approval.objects.pending().filter(step=OuterRef("pk")))
    awaited = Exists(Wait.objects.open().filter(step=OuterRef("pk")))
    parts = Exists(Step.objects.filter(part_of=OuterRef("pk"), status=Step.Status.WAITING))
    return waiting.exclude(asked).exclude(awaited).exclude(parts).exclude(retry_at__gt=Now())


def hasten(run: Run) -> bool:
    """Let what waits for its time go on now; say whether there was such a step."""
    waiting = Step.objects.filter(run=run.pk, status=Step.Status.WAITING, retry_at__gt=Now())
    timers = Wait.objects.open().filter(run=run.pk, kind=Wait.Kind.TIMER, step__isnull=False)
    return bool(waiting.update(retry_at=Now()) + timers.update(over=True))


def _due_in_s(run_id: UUID, periods: list[timedelta]) -> float | None:
    waiting = Step.objects.filter(run=run_id, status=Step.Status.WAITING, retry_at__isnull=False)
    left = ExpressionWrapper(F("retry_at") - Now(), output_field=DurationField())
    due = waiting.aggregate(due=Min(left))["due"]
    waits = Wait.objects.open().filter(run=run_id, step__isnull=False, due_at__isnull=False)
    until = waits.aggregate(due=Min(ExpressionWrapper(F("due_at") - Now(), output_field=DurationField())))["due"]
    found = [moment.total_seconds() for moment in (due, until, *periods) if moment is not None]
    return max(0.0, min(found)) if found else None


def _periods(run_id: UUID) -> list[timedelta]:
    """Return how long it is until the budgets begin anew that the run asks people about."""
    asked = Approval.objects.pending().filter(run=run_id, kind=Approval.Kind.BUDGET)
    periods = set(asked.values_list("budget__period", flat=True)) & {Budget.Period.DAY, Budget.Period.MONTH}
    if not periods:
        return []
    with connection.cursor() as cursor:
        cursor.execute(UNTIL_NEXT, [sorted(map(str, periods))])
        return [left for (left,) in cursor.fetchall()]
