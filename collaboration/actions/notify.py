"""Who is told of what: of questions and decisions, of how runs ended, and of budgets."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from agents.models import BudgetWindow
from collaboration.actions.notifications import read_what_asked, read_what_asks
from collaboration.actions.telling import tell
from collaboration.notifications import kinds
from tenants.accounts.models import User
from tenants.accounts.roles import ADMIN, OWNER
from workflows.approvals.people import deciders, stand_ins_for
from workflows.models import Approval, ApprovalEntry, Run

ABOUT = {
    "reminder": (kinds.APPROVAL_REMINDER, "Reminder: {title}"),
    "escalated": (kinds.APPROVAL_ESCALATED, "Escalated to you: {title}"),
    "reassigned": (kinds.APPROVAL_REASSIGNED, "Handed to you: {title}"),
    "edited": (kinds.APPROVAL_REQUESTED, "Approve as edited: {title}"),
    "short": (kinds.APPROVAL_SHORT, "Too few people are there to decide: {title}"),
    "decided": (kinds.APPROVAL_DECIDED, "{title}: {decision}"),
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
def notify_about_approval(*, approval_id: UUID, kind: str, nth: int) -> int:
    """Tell of what came of an approval: a ``kind`` of ABOUT, for the ``nth`` time; return how many were told now.

    Whoever has voted, and everybody when it is decided, has read what asked for it; of a vote ("voted") that is all.
    """
    approval = _approval(approval_id)
    if approval is None:
        return 0
    read_what_asks(approval)
    if kind == "voted" or (kind != "decided" and approval.status != Approval.Status.PENDING):
        return 0
    name, title = ABOUT[kind]
    people = _people(approval, kind, nth)
    decision = approval.get_decision_display().lower() or "its time is over"
    return tell(
        people,
        kind=name,
        title=title.format(title=approval.title, decision=decision),
        url=_page(approval),
        key=f"approval:{approval.pk}:{kind}:{nth}",
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


def _people(approval: Approval, kind: str, nth: int) -> Iterable[User]:
    """Return whom it concerns."""
    if kind == "decided":
        return _starter(approval)
    if kind == "short":
        return _above()
    if kind != "reassigned":
        return deciders(approval)
    handed = approval.entries.filter(kind=ApprovalEntry.Kind.REASSIGNED).order_by("id")[nth - 1 : nth]
    receiver = {entry.for_user_id for entry in handed if entry.for_user_id}
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
