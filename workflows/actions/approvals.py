"""Decide approvals: once each, by whoever has the role; the run's worker is woken in the same transaction."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from nexod.kernel import events, topics
from nexod.kernel.errors import InvalidInput, NotFound, PermissionDenied
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.accounts.roles import OWNER
from tenants.context import current_tenant
from workflows.actions.effects import answer_effect
from workflows.actions.events import append_event
from workflows.actions.waking import wake
from workflows.errors import ApprovalAlreadyDecided, ApprovalWithdrawn
from workflows.json_text import storable
from workflows.models import Approval, Run

MAX_COMMENT = 4_000
MAX_CONTENT = 1_000_000
TAKE_CONTENT = (Approval.Decision.EDIT, Approval.Decision.HAPPENED)


@transaction.atomic
def decide_approval(
    *, actor: User, approval: Approval, decision: str, comment: str = "", content: str = ""
) -> Approval:
    """Decide a pending approval and let its run go on; return it.

    ``decision`` is approve, reject, edit (needs ``content``) or request_changes (needs ``comment``), or, of an effect whose
    outcome is unknown, happened (``content`` may be its result, as JSON), again or fail; as far as the approval offers it.
    Raises PermissionDenied, InvalidInput, ApprovalAlreadyDecided, ApprovalWithdrawn.
    """
    require_permission(actor, "workflows.decide_approval")
    found = _locked(approval.pk)
    _require_role(actor, found)
    _require_open(found)
    _require_complete(found, decision, comment, content)
    found.status = Approval.Status.DECIDED
    found.decision = decision
    found.comment = storable(comment)
    found.edited_content = storable(content) if decision in TAKE_CONTENT else ""
    found.decided_by = actor
    found.decided_at = timezone.now()
    if found.effect_id is not None:
        answer_effect(found.effect_id, answer=decision, result=_result(found.edited_content))
    found.save()
    append_event(found.run_id, _event(found, actor))
    wake(found.run_id, found.run.queue)
    _tell_workspace(found)
    return found


def offered(approval: Approval) -> tuple[str, ...]:
    """Return the decisions that this approval offers."""
    return tuple(approval.decisions) or ("approve", "edit", "reject")


def _locked(pk: UUID) -> Approval:
    """Lock the run, then the approval: everybody who locks both does so in this order."""
    runs = Run.objects.select_for_update(no_key=True, of=("self",)).defer("definition", "inputs", "outputs")
    run = runs.filter(approvals=pk).first()
    found = Approval.objects.select_for_update().filter(pk=pk).first()
    if run is None or found is None:
        raise NotFound("The approval does not exist any more.")
    found.run = run
    return found


def _require_role(actor: User, approval: Approval) -> None:
    roles = actor.role_names()
    if not (actor.is_superuser or OWNER in roles or roles & set(approval.roles)):
        raise PermissionDenied(f"This is for {', '.join(approval.roles)} to decide.", details={"roles": approval.roles})


def _require_open(approval: Approval) -> None:
    if approval.status == Approval.Status.DECIDED:
        details = {"decision": approval.decision, "by": str(approval.decided_by or "")}
        raise ApprovalAlreadyDecided(details=details)
    stopping = (
        approval.run.cancel_requested and approval.run.compensation is None
    )  # what an undo asks has to be answered
    if approval.status == Approval.Status.WITHDRAWN or approval.run.is_over or stopping:
        raise ApprovalWithdrawn


def _require_complete(approval: Approval, decision: str, comment: str, content: str) -> None:
    if decision not in offered(approval):
        raise _invalid("decision", f"This approval offers {', '.join(offered(approval))}.")
    if decision == Approval.Decision.EDIT and not content.strip():
        raise _invalid("content", "An edit needs the edited content.")
    if decision == Approval.Decision.REQUEST_CHANGES and not comment.strip():
        raise _invalid("comment", "Say what should change.")
    if len(comment) > MAX_COMMENT:
        raise _invalid("comment", f"A comment has at most {MAX_COMMENT:,} characters.")
    if len(content) > MAX_CONTENT:
        raise _invalid("content", f"The content has at most {MAX_CONTENT:,} characters.")


def _result(content: str) -> Any:
    """Return what a person says that an effect gave: JSON, or nothing."""
    if not content.strip():
        return None
    try:
        return storable(json.loads(content))
    except (ValueError, RecursionError) as error:
        raise _invalid("content", f"The result has to be JSON: {error}") from error


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, details=[{"field": field, "message": message}])


def _event(approval: Approval, actor: User) -> events.Event:
    return events.ApprovalDecided(
        node=approval.step.node,
        step=str(approval.step_id),
        approval=str(approval.id),
        decision=approval.decision,
        actor=actor.email,
        comment=approval.comment,
    )


def _tell_workspace(approval: Approval) -> None:
    message = {
        "kind": "approval.decided",
        "approval": str(approval.id),
        "run": str(approval.run_id),
        "title": approval.title,
        "decision": approval.decision,
    }
    topics.publish(topics.workspace_topic(current_tenant().pk), message)
