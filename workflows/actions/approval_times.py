"""The times of approvals: reminders, escalation, and what happens when nobody decided in time.

A worker is sent here by the sweeper when something may be due; the approval's row, locked, says what is. So a message that is lost,
doubled, early or late changes nothing, and a decision that comes meanwhile is first or last, never both.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from nexod.kernel import events
from nexod.kernel.errors import NotFound
from nexod.kernel.happenings import Happening, tell
from tenants import due_times
from tenants.context import current_tenant
from tenants.messages import drop_kept
from tenants.models import DueTime
from workflows.actions.approvals import locked, note, settle, tell_people, tell_workspace
from workflows.actions.approvals.recounting import SHORT, recount, recount_approvals, short_until
from workflows.actions.business_hours import tenant_calendar
from workflows.actions.escalation import widen
from workflows.actions.events import append_event
from workflows.actions.notable import run_facts
from workflows.approvals.calendar import Calendar
from workflows.approvals.people import require_open
from workflows.approvals.policy import Due, parse
from workflows.approvals.times import Plan, kept_plan, plan
from workflows.errors import ApprovalAlreadyDecided, ApprovalWithdrawn
from workflows.models import Approval, ApprovalEntry

Kind = ApprovalEntry.Kind
OVERDUE = "approval.overdue"
COUNTED_AGAIN_S = 3_600.0
"""So often votes are counted anew, for what nobody tells of: an absence that begins, a permission that a role loses."""
# What is decided where nobody did: the approval's own word for what its policy says.
DECISIONS = {"reject": "reject", "approve": "approve", "route": "timeout", "fail": "fail"}


def begin(approval: Approval) -> None:
    """Plan the times of an approval that is being asked, in the same transaction; without any, nothing is due."""
    policy = parse(approval.policy)
    due = policy.due
    if due is None:
        if policy.quorum != "any":
            _await_next(approval, Plan())
        return
    planned = plan(due, due_times.database_now(), _calendar(due))
    approval.policy = {**approval.policy, "planned": planned.as_json()}
    approval.due_at, approval.remind_at = planned.due, next(iter(planned.remind), None)
    approval.save(update_fields=["policy", "due_at", "remind_at", "updated_at"])
    _await_next(approval, planned)


@transaction.atomic
def approval_due(*, approval_id: UUID) -> None:
    """Do what is due for the approval now: remind, escalate, or decide because nobody did; and set what is due next."""
    now = due_times.database_now()
    try:
        approval = locked(approval_id)
        require_open(approval)
    except (NotFound, ApprovalAlreadyDecided, ApprovalWithdrawn):
        drop_kept(DueTime.Kind.APPROVAL, approval_id, taken_at=now)
        return
    planned = _postponed(approval, kept_plan(approval.policy, approval.due_at))
    if approval.due_at is not None and approval.due_at <= now:
        _time_out(approval)
        drop_kept(DueTime.Kind.APPROVAL, approval_id, taken_at=now)
        return
    _escalate(approval, planned, now)
    _remind(approval, planned, now)
    recount(approval, now)
    if approval.status == Approval.Status.PENDING:
        _await_next(approval, planned)
    else:
        drop_kept(DueTime.Kind.APPROVAL, approval_id, taken_at=now)


def recount_all() -> int:
    """Count anew what waits for people, because who may decide has changed; see ``recount_approvals``."""
    found = recount_approvals(due_times.database_now())
    for approval in Approval.objects.pending().filter(policy__has_key=SHORT):
        _await_next(approval, kept_plan(approval.policy, approval.due_at))
    return found


def _postponed(approval: Approval, planned: Plan) -> Plan:
    """Return the plan as it is after a suspension: what passed meanwhile is as far off as it was when that began."""
    tenant = current_tenant()
    began, over = tenant.suspended_at, tenant.resumed_at
    if began is None or over is None or not planned.passed(over):
        return planned
    due = parse(approval.policy).due
    moved = planned.resumed(began, over, _calendar(due) if due else None)
    if moved == planned:
        return planned
    approval.policy = {**approval.policy, "planned": moved.as_json()}
    if moved.due != approval.due_at:
        note(approval, Kind.POSTPONED, due_at=moved.due.isoformat() if moved.due else "")
    approval.due_at = moved.due
    approval.remind_at = next((at for at in moved.remind if approval.remind_at and at >= approval.remind_at), None)
    approval.save(update_fields=["policy", "due_at", "remind_at", "updated_at"])
    return moved


def _calendar(due: Due) -> Calendar | None:
    return tenant_calendar() if due.hours == "business" else None


def _await_next(approval: Approval, planned: Plan) -> None:
    """Have a worker sent when the next of the three is due; with none left, never."""
    left = [*planned.escalate[approval.level :], approval.remind_at, approval.due_at, short_until(approval)]
    if parse(approval.policy).quorum != "any":
        left.append(due_times.later(COUNTED_AGAIN_S))
    moments = [moment for moment in left if moment is not None]
    if moments:
        due_times.set_due(DueTime.Kind.APPROVAL, approval.pk, min(moments))
    else:
        drop_kept(DueTime.Kind.APPROVAL, approval.pk, taken_at=due_times.database_now())


def _remind(approval: Approval, planned: Plan, now: datetime) -> None:
    """Remind once, however many reminders have passed."""
    if approval.remind_at is None or approval.remind_at > now:
        return
    passed = [moment for moment in planned.remind if approval.remind_at <= moment <= now]
    approval.remind_at = next((moment for moment in planned.remind if moment > now), None)
    approval.save(update_fields=["remind_at", "updated_at"])
    reminded = note(approval, Kind.REMINDED, planned_for=passed[-1].isoformat() if passed else "")
    tell_people(reminded.pk)
    times = approval.entries.filter(kind=Kind.REMINDED).count()
    append_event(approval.run_id, events.ApprovalReminded(**_about(approval), times=times))
    tell_workspace(approval, "reminded")


def _escalate(approval: Approval, planned: Plan, now: datetime) -> None:
    """Let those decide, too, or instead, whose turn has come; each step once."""
    steps = approval.policy.get("due", {}).get("escalate", [])
    while approval.level < len(planned.escalate) and planned.escalate[approval.level] <= now:
        step = steps[approval.level]
        about = {"to": step["to"], "move": widen(approval, step)}
        tell_people(note(approval, Kind.ESCALATED, **about).pk)
        told = events.ApprovalEscalated(**_about(approval), level=approval.level, **about)
        append_event(approval.run_id, told)
        tell_workspace(approval, "escalated", level=approval.level)


def _time_out(approval: Approval) -> None:
    """Decide as the policy says, by nobody."""
    on_timeout = approval.policy["due"].get("on_timeout", "reject")
    decision, content = DECISIONS[on_timeout], ""
    if decision == "approve" and approval.edited_content:
        decision, content = "edit", approval.proposal  # what is to be decided on is what somebody made of it
    note(approval, Kind.TIMED_OUT, on_timeout=on_timeout)
    settle(approval, decision=decision, comment="Nobody decided in time.", content=content)
    about = {"id": str(approval.pk), "node": approval.step.node, "title": approval.title, "kind": approval.kind}
    told = {**about, "decision": approval.decision, "url": f"/api/v1/approvals/{approval.pk}"}
    key = f"{approval.pk}:{approval.due_at}"
    tell(Happening(OVERDUE, key, {"run": run_facts(approval.run_id), "approval": told}, at=approval.due_at))


def _about(approval: Approval) -> dict[str, str]:
    return {"node": approval.step.node, "step": str(approval.step_id), "approval": str(approval.pk)}
