"""Who is told of what: of questions and decisions, of how runs ended, and of budgets."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from agents.models import BudgetWindow
from collaboration.actions.notifications import read_what_asked, read_what_asks
from collaboration.actions.telling import tell
from collaboration.models import Notification
from collaboration.notifications import kinds
from tenants.accounts.models import User
from tenants.accounts.roles import ADMIN, OWNER
from workflows.approvals.people import deciders, stand_ins_for
from workflows.models import Approval, ApprovalEntry, Run

Kind = ApprovalEntry.Kind
ABOUT = {
    Kind.REMINDED: (kinds.APPROVAL_REMINDER, "Reminder: {title}"),
    Kind.ESCALATED: (kinds.APPROVAL_ESCALATED, "Escalated to you: {title}"),
    Kind.REASSIGNED: (kinds.APPROVAL_REASSIGNED, "Handed to you: {title}"),
    Kind.VOTED: (kinds.APPROVAL_REQUESTED, "Approve as edited: {title}"),
    Kind.SHORT: (kinds.APPROVAL_SHORT, "Too few people are there to decide: {title}"),
    Kind.DECIDED: (kinds.APPROVAL_DECIDED, "{title}: {decision}"),
}


@transaction.atomic
def notify_approval(*, approval_id: UUID) -> int:
    """Tell everybody who may decide a pending approval; return how many were told now. Told again, nobody is told twice.

    Whoever votes meanwhile waits, so that what asks them is there when it has to be marked read.
    """
    approval = _approval(approval_id)
    if approval is None or approval.status != Approval.Status.PENDING:
        return 0
    title = f"Approve: {approval.title}" if approval.kind == Approval.Kind.APPROVAL else approval.title
    return tell(
        deciders(approval),
        kind=kinds.APPROVAL_REQUESTED,
        title=title,
        url=_page(approval),
        key=f"approval:{approval.pk}" if approval.round == 1 else f"approval:{approval.pk}:round:{approval.round}",
        about=approval.pk,
    )


@transaction.atomic
def notify_about_approval(*, entry_id: int) -> int:
    """Tell of what happened to an approval, a line of its record; return how many were told now. Told again, nobody is told twice.

    Whoever has voted, and everybody when it is asked no more, has read what asked for it; of a vote without an edit that is all.
    """
    entry = ApprovalEntry.objects.filter(pk=entry_id).first()
    approval = _approval(entry.approval_id) if entry else None
    if entry is None or approval is None:
        return 0
    read_what_asks(approval)
    if not _is_news(entry, approval):
        return 0
    kind, title = ABOUT[Kind(entry.kind)]
    decision = approval.get_decision_display().lower() or "its time is over"
    return tell(
        _people(approval, entry),
        kind=kind,
        title=title.format(title=approval.title, decision=decision),
        url=_page(approval),
        key=f"approval:{approval.pk}:{entry.pk}",
        about=approval.pk,
    )


def notify_run(*, run_id: UUID) -> int:
    """Tell whoever started a run how it ended; return how many were told now."""
    run = Run.objects.select_related("started_by").filter(pk=run_id).first()
    if run is None or not run.is_over:
        return 0
    read_what_asked(run)
    if run.started_by is None:
        return 0
    kind = kinds.RUN_FAILED if run.status == Run.Status.FAILED else kinds.RUN_FINISHED
    ended = f"{run.finished_at:%Y%m%d%H%M%S%f}" if run.finished_at else ""
    return tell(
        [run.started_by],
        kind=kind,
        title=f"{run.title} {run.status}",
        url=f"/admin/workflows/run/{run.pk}/change/",
        key=f"run:{run.pk}:{ended}",
        about=run.pk,
        burst=f"{kind}:{run.workflow_id or run.title}",
    )


def notify_budget(*, window_id: int) -> int:
    """Tell whoever may raise a budget that most of it is used; return how many were told now, once for each limit."""
    window = BudgetWindow.objects.select_related("budget").filter(pk=window_id, budget__isnull=False).first()
    if window is None or window.budget is None:
        return 0
    budget = window.budget
    people = _above()
    title = (
        f"{budget.name}: {budget.warn_at}% of {budget.limit.normalize():f} {budget.get_unit_display()} are used or held"
    )
    url = f"/admin/agents/budget/{budget.pk}/change/"
    return tell(people, kind=kinds.BUDGET_NEAR, title=title, url=url, key=f"budget:{window.pk}:{budget.limit}")


def _is_news(entry: ApprovalEntry, approval: Approval) -> bool:
    """Say whether that still has to be told: a decision always, the rest as long as it is asked, an edit until the next."""
    if entry.kind == Kind.DECIDED:
        return True
    if entry.kind not in ABOUT or approval.status != Approval.Status.PENDING:
        return False
    is_latest_edit = entry.detail.get("decision") == Approval.Decision.EDIT and entry.round == approval.round
    return is_latest_edit or entry.kind != Kind.VOTED


def _people(approval: Approval, entry: ApprovalEntry) -> Iterable[User]:
    """Return whom it concerns."""
    if entry.kind == Kind.DECIDED:
        return _starter(approval)
    if entry.kind == Kind.SHORT:
        return _above()
    if entry.kind == Kind.ESCALATED:
        asked = Notification.objects.filter(about=approval.pk, kind__in=kinds.ASKING)
        return deciders(approval).exclude(pk__in=asked.values("user"))
    if entry.kind != Kind.REASSIGNED:
        return deciders(approval)
    receiver = {entry.for_user_id} if entry.for_user_id else set()
    return deciders(approval).filter(pk__in=[*receiver, *stand_ins_for(receiver, approval).values()])


def _above() -> QuerySet[User]:
    """Return those who may help: owners and admins."""
    return User.objects.filter(is_active=True, groups__name__in=[OWNER, ADMIN]).distinct()


def _approval(approval_id: UUID) -> Approval | None:
    """Return the approval, locked: it is decided before people are told of it or after."""
    found = Approval.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "run__started_by", "assigned_to"
    )
    return found.filter(pk=approval_id).first()


def _starter(approval: Approval) -> list[User]:
    """Return whoever started the run, unless the decision was the starter's own."""
    starter = approval.run.started_by
    return [starter] if starter is not None and starter.is_active and starter.pk != approval.decided_by_id else []


def _page(approval: Approval) -> str:
    return f"/admin/workflows/approval/{approval.pk}/change/"
