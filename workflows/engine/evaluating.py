"""The worker's side of an evaluation: whoever claims its ticket takes in what is over and starts what comes next.

Nothing is held in memory between two wakings, so an evaluation goes on after any worker's death.
"""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from workflows.actions.endings import EVALUATION_QUEUE
from workflows.actions.evaluations import tell
from workflows.actions.gates import publish_evaluated
from workflows.engine import trials
from workflows.engine.lease import DONE, Claim
from workflows.errors import RunLost
from workflows.evals.secrecy import tenant_censor
from workflows.models import Evaluation, Run, Trial

# Where the plan allows no more runs at once and none of this evaluation will wake it.
LOOK_AGAIN_S = 5.0


def evaluated(claim: Claim) -> bool | None:
    """Do what there is to do for the evaluation with that ticket; None when it is no evaluation's.

    Returns True when it is to be claimed again. Raises RunLost when it is another worker's.
    """
    begun = Evaluation.objects.filter(pk=claim.run_id).exclude(fence__gt=claim.token)
    if not begun.update(fence=claim.token):
        return None
    while _went_on(claim.run_id, claim.token):
        pass
    with transaction.atomic():
        evaluation = _held(claim.run_id, claim.token)
        if evaluation.is_over:
            return claim.leave(DONE)
        # The end of a run opens the ticket in its own transaction: no message that is lost is missed.
        due_in_s = None if _has_run(evaluation) else LOOK_AGAIN_S
        return claim.park(EVALUATION_QUEUE, due_in_s=due_in_s)


def _has_run(evaluation: Evaluation) -> bool:
    return Run.objects.active().filter(evaluation=evaluation).exists()


def _went_on(pk: UUID, token: int) -> bool:
    """Settle some trials, start some more, each in a transaction of its own; say whether anything changed."""
    evaluation = Evaluation.objects.select_related(
        "data_set__workflow", "data_set__agent", "data_set__crew", "started_by"
    )
    found = evaluation.filter(pk=pk).first()
    if found is None or found.is_over:
        return False
    changed = _settled(found, token) + _started(found, token)
    if not found.trials.exclude(status__in=Trial.OVER).exists():
        _end(found, token)
        return False
    return changed > 0


def _settled(evaluation: Evaluation, token: int) -> int:
    censor = tenant_censor()
    rows = (
        evaluation.trials.at_work()
        .select_related("case", "contestant", "run")
        .defer("contestant__definition", "run__definition")
    )
    changed = 0
    for trial in rows:
        before = trial.status
        with suppress(trials.NoRoom), transaction.atomic():
            _held(evaluation.pk, token)
            trials.settle(trial, evaluation, censor)
            if trial.status != before:
                changed += 1
                tell(evaluation)
    return changed


def _started(evaluation: Evaluation, token: int) -> int:
    room = evaluation.concurrency - evaluation.trials.at_work().count()
    if room <= 0:
        return 0
    waiting = evaluation.trials.filter(status=Trial.Status.PENDING).select_related("case", "contestant")
    begun = 0
    for trial in waiting.order_by("created_at", "id")[:room]:
        with transaction.atomic():
            if _held(evaluation.pk, token).cancel_requested:
                return begun
            try:
                trials.begin(trial, evaluation)
            except trials.NoRoom:
                return begun
            begun += 1
    return begun


def _held(pk: UUID, token: int) -> Evaluation:
    """Return the evaluation, locked; raise RunLost when it was deleted or a newer claim has it."""
    found = Evaluation.objects.select_for_update(no_key=True).filter(pk=pk, fence=token).first()
    if found is None:
        raise RunLost
    if found.status == Evaluation.Status.PENDING:
        Evaluation.objects.filter(pk=pk).update(status=Evaluation.Status.RUNNING, started_at=timezone.now())
    return found


def _end(evaluation: Evaluation, token: int) -> None:
    with transaction.atomic():
        found = _held(evaluation.pk, token)
        evaluation.status = Evaluation.Status.CANCELLED if found.cancel_requested else Evaluation.Status.COMPLETED
        now = timezone.now()
        rows = Evaluation.objects.filter(pk=found.pk)
        rows.update(status=evaluation.status, finished_at=now, updated_at=now)
        # In the same transaction: what is over and passed is published, whatever happens to this worker.
        rows.update(outcome=publish_evaluated(evaluation))
        tell(evaluation)
