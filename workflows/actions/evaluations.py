"""Start, cancel and delete evaluations. An evaluation is woken as a run is: its ticket in the queue says that there is work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from agents.actions.rows import invalid
from nexod.kernel import topics
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.context import current_tenant
from workflows.actions.credential_use import require_credentials_of
from workflows.actions.endings import EVALUATION_QUEUE
from workflows.actions.pinning import pinned
from workflows.actions.runs import cancel_run, run_permission
from workflows.actions.waking import wake
from workflows.errors import EvaluationIsOver, TargetGone
from workflows.evals.scorers.registry import USUAL
from workflows.evals.versions import Version, catch_up, version_of
from workflows.models import Case, Contestant, DataSet, Evaluation, Run, Trial

Json = dict[str, Any]
MAX_VERSIONS, MAX_REPEATS, MAX_AT_ONCE, MAX_TRIALS = 5, 20, 20, 10_000


def start_evaluation(
    *,
    actor: User,
    data_set: DataSet,
    versions: Sequence[str] = ("",),
    replay: str = Run.Replay.FRESH,
    repeats: int = 1,
    concurrency: int = 4,
    tags: Sequence[str] = (),
    publishes: bool = False,
    note: str = "",
) -> Evaluation:
    """Return a new evaluation of the versions (draft, published, a number; current of an agent or a crew) by every case.

    With ``tags`` only by cases that have one of them. A draft is what its editors wrote until now. Raises PermissionDenied,
    TargetGone, or InvalidInput with the field.
    """
    require_permission(actor, "workflows.add_evaluation")
    catch_up(data_set, versions)
    with transaction.atomic():
        found = _home(data_set.pk)
        require_permission(actor, run_permission(found.workflow, found.agent, found.crew))
        _require(1 <= repeats <= MAX_REPEATS, "repeats", f"Each case is run 1 to {MAX_REPEATS} times.")
        _require(1 <= concurrency <= MAX_AT_ONCE, "concurrency", f"There are 1 to {MAX_AT_ONCE} runs at once.")
        chosen = _versions(found, versions)
        for version in chosen:
            require_credentials_of(actor, version.target)
        cases = list(_cases(found, tags))
        _require(bool(cases), "data_set", "There is no case to run." if not tags else "No case has one of these tags.")
        trials = len(cases) * len(chosen) * repeats
        _require(
            trials <= MAX_TRIALS, "repeats", f"That would be {trials:,} runs; an evaluation has at most {MAX_TRIALS:,}."
        )
        evaluation = Evaluation.objects.create(
            data_set=found,
            replay=Run.Replay(replay).value,
            repeats=repeats,
            concurrency=concurrency,
            tags=list(tags),
            scorers=found.scorers or [USUAL],
            publishes=publishes,
            note=note,
            started_by=actor,
        )
        _make_trials(evaluation, chosen, cases)
        wake(evaluation.pk, EVALUATION_QUEUE)
        tell(evaluation)
        return evaluation


@transaction.atomic
def cancel_evaluation(*, actor: User, evaluation: Evaluation) -> Evaluation:
    """Start no more of its runs, cancel those at work, and return it. Raises PermissionDenied, or EvaluationIsOver."""
    require_permission(actor, "workflows.change_evaluation")
    found = locked_evaluation(evaluation.pk)
    if found.is_over:
        raise EvaluationIsOver(f"The evaluation is {found.status} already.")
    Evaluation.objects.filter(pk=found.pk).update(cancel_requested=True, updated_at=timezone.now())
    now = timezone.now()
    found.trials.filter(status=Trial.Status.PENDING).update(status=Trial.Status.CANCELLED, updated_at=now)
    for run in Run.objects.active().filter(evaluation=found).only("id").order_by("id"):
        cancel_run(actor=actor, run=run)
    wake(found.pk, EVALUATION_QUEUE)
    tell(found)
    return Evaluation.objects.get(pk=found.pk)


@transaction.atomic
def delete_evaluation(*, actor: User, evaluation: Evaluation) -> None:
    """Delete one that is over, with its scores; its runs stay. Raises PermissionDenied, or EvaluationIsOver's opposite."""
    require_permission(actor, "workflows.delete_evaluation")
    found = locked_evaluation(evaluation.pk)
    if not found.is_over:
        raise invalid("status", "The evaluation is at work; cancel it first.")
    found.delete()


def locked_evaluation(pk: UUID) -> Evaluation:
    """Return the evaluation, its row locked until the end of the transaction; raise TargetGone when it was deleted."""
    found = Evaluation.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if found is None:
        raise TargetGone("The evaluation does not exist any more.")
    return found


def tell(evaluation: Evaluation) -> None:
    """Tell whoever watches the workspace that something of it changed."""
    message = {"kind": "evaluation.changed", "evaluation": str(evaluation.pk), "status": evaluation.status}
    topics.publish(topics.workspace_topic(current_tenant().pk), message)


def _home(pk: UUID) -> DataSet:
    rows = DataSet.objects.select_related("workflow__published", "agent", "crew")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise TargetGone("The data set does not exist any more.")
    return found


def _versions(data_set: DataSet, wanted: Sequence[str]) -> list[Version]:
    _require(0 < len(wanted) <= MAX_VERSIONS, "versions", f"An evaluation is of 1 to {MAX_VERSIONS} versions.")
    found = {version.label: version for version in (version_of(data_set, name) for name in wanted)}
    return list(found.values())


def _cases(data_set: DataSet, tags: Sequence[str]) -> QuerySet[Case]:
    cases = data_set.cases.order_by("name").only("id", "data_set_id")
    return cases.filter(tags__overlap=list(tags)) if tags else cases


def _make_trials(evaluation: Evaluation, versions: Sequence[Version], cases: Sequence[Case]) -> None:
    contestants = [
        Contestant(
            evaluation=evaluation,
            position=position,
            label=version.label,
            version=version.target.version,
            definition=pinned(version.target.definition),
            digest=version.digest,
        )
        for position, version in enumerate(versions)
    ]
    Contestant.objects.bulk_create(contestants)
    Trial.objects.bulk_create(
        [
            Trial(evaluation=evaluation, contestant=contestant, case=case, repetition=repetition)
            for repetition in range(1, evaluation.repeats + 1)
            for case in cases
            for contestant in contestants
        ],
        batch_size=500,
    )


def _require(holds: bool, field: str, message: str) -> None:
    if not holds:
        raise invalid(field, message)
