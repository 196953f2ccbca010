"""The end of a question: written once, told to the run and to everybody, and the run's worker is woken, in one transaction."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from nexod.kernel import activity, events, topics
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.context import current_tenant
from workflows.actions.approval_record import Kind, note, tell_people
from workflows.actions.budget_questions import answer_budget
from workflows.actions.effects import answer_effect
from workflows.actions.events import append_event
from workflows.actions.waking import wake
from workflows.approvals.people import Member, require_open
from workflows.json_text import storable
from workflows.models import Approval

TAKE_CONTENT = (Approval.Decision.EDIT, Approval.Decision.HAPPENED)


@transaction.atomic
def settle(
    approval: Approval,
    *,
    decision: str,
    comment: str = "",
    content: str = "",
    by: User | None = None,
    for_user: Member | None = None,
) -> Approval:
    """Decide a pending approval that the caller has locked, and let its run go on; return it.

    Without ``by`` the platform decides, because nobody did in time. Raises ApprovalAlreadyDecided, ApprovalWithdrawn,
    InvalidInput.
    """
    require_open(approval)
    approval.status, approval.decision = Approval.Status.DECIDED, decision
    approval.comment = storable(comment)
    approval.edited_content = storable(content) if decision in TAKE_CONTENT else ""
    approval.decided_by, approval.decided_at = by, timezone.now()
    if approval.effect_id is not None:
        answer_effect(approval.effect_id, answer=decision, result=_result(approval.edited_content))
    approval.save()
    if approval.kind == Approval.Kind.BUDGET and by is not None:
        answer_budget(approval, by)
    decided = note(approval, Kind.DECIDED, by=by, for_user=for_user, decision=decision, comment=approval.comment)
    activity.note(by, "decided", "approval", approval, decision=decision, run=str(approval.run_id))
    append_event(approval.run_id, _decided(approval, by))
    wake(approval.run_id, approval.run.queue)
    tell_workspace(approval, "decided", decision=decision)
    tell_people(decided.pk)
    return approval


def tell_workspace(approval: Approval, what: str, **more: Any) -> None:
    """Tell whoever is in the workspace, on commit."""
    message = {
        "kind": f"approval.{what}",
        "approval": str(approval.id),
        "run": str(approval.run_id),
        "title": approval.title,
        **more,
    }
    topics.publish(topics.workspace_topic(current_tenant().pk), message)


def _decided(approval: Approval, by: User | None) -> events.Event:
    return events.ApprovalDecided(
        node=approval.step.node,
        step=str(approval.step_id),
        approval=str(approval.id),
        decision=approval.decision,
        actor=by.email if by else "",
        comment=approval.comment,
    )


def _result(content: str) -> Any:
    """Return what a person says that an effect gave: JSON, or nothing."""
    if not content.strip():
        return None
    try:
        return storable(json.loads(content))
    except (ValueError, RecursionError) as error:
        message = f"The result has to be JSON: {error}"
        raise InvalidInput(message, details=[{"field": "content", "message": message}]) from error
