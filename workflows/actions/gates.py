"""Let publishing ask for passed cases, and publish a draft once its evaluation has passed."""

from __future__ import annotations

from django.db import transaction

from agents.actions.rows import invalid
from nexod.kernel.digests import digest_of
from nexod.kernel.errors import NexodError
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.drafts.confirming import facts_of, require_confirmed
from workflows.actions.evaluations import start_evaluation
from workflows.actions.workflows import CHANGE, locked, publish_workflow, settled_draft
from workflows.errors import DraftChanged, TargetGone
from workflows.evals.versions import DRAFT
from workflows.models import DataSet, Evaluation, Run, Workflow


@transaction.atomic
def set_gate(
    *,
    actor: User,
    workflow: Workflow,
    data_set: DataSet | None,
    min_score: float | None = None,
    replay: str = Run.Replay.FRESH,
) -> Workflow:
    """Let publishing ask that the data set's cases pass on the draft, or with ``min_score`` that their mean is that.

    None opens the gate. Raises PermissionDenied, or InvalidInput for another workflow's data set.
    """
    require_permission(actor, CHANGE)
    found = Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
    if found is None:
        raise TargetGone("The workflow does not exist any more.")
    if data_set is not None and data_set.workflow_id != found.pk:
        raise invalid("data_set", f"{data_set} is not of this workflow.")
    if min_score is not None and not 0 <= min_score <= 1:
        raise invalid("min_score", "A score is between 0 and 1.")
    found.gate, found.gate_score, found.gate_replay = data_set, min_score, Run.Replay(replay).value
    found.save(update_fields=["gate", "gate_score", "gate_replay", "updated_at"])
    return found


@transaction.atomic
def evaluate_and_publish(
    *, actor: User, workflow: Workflow, note: str = "", only: str = "", confirm: bool = False
) -> Evaluation:
    """Run the gate's cases on the draft, and publish exactly that draft when they pass; return the evaluation.

    Raises what ``start_evaluation`` raises, what ``publish_workflow`` raises for ``only`` and ``confirm``, or InvalidInput for
    a workflow that asks for no cases.
    """
    require_permission(actor, CHANGE)
    found = locked(workflow.pk)
    if found.gate is None:
        raise invalid("gate", "Publishing this workflow asks for no cases.")
    draft = settled_draft(found)
    if only and only != digest_of(draft.definition):
        raise DraftChanged
    require_confirmed(actor, facts_of(found), confirm=confirm)
    return start_evaluation(
        actor=actor, data_set=found.gate, versions=(DRAFT,), replay=found.gate_replay, publishes=True, note=note
    )


def publish_evaluated(evaluation: Evaluation) -> str:
    """Publish the draft that the evaluation judged, in the caller's transaction; return what came of it in words."""
    workflow, actor = evaluation.data_set.workflow, evaluation.started_by
    if not evaluation.publishes or workflow is None or evaluation.status != Evaluation.Status.COMPLETED:
        return ""
    if actor is None or not actor.is_active:
        return "Not published: whoever asked for it is gone."
    digest = evaluation.contestants.values_list("digest", flat=True)[0]
    try:
        with transaction.atomic():
            version = publish_workflow(actor=actor, workflow=workflow, note=evaluation.note, only=digest, confirm=True)
    except NexodError as refusal:
        return refusal.message[:500]
    return f"Published as version {version.number}."
