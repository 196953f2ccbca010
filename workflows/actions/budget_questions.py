"""What a person's answer does to a budget, and who need not be asked any more once there is room."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now, Trunc

from agents.actions.budgets import allow_run, update_budget
from agents.models import Budget
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from workflows.actions.approval_record import withdraw
from workflows.actions.waking import wake
from workflows.models import Approval, Run


def answer_budget(approval: Approval, actor: User) -> None:
    """Allow what was decided: this run more, or everybody a new limit. A budget that is gone asks nothing any more."""
    budget = approval.budget
    if budget is None or approval.decision == Approval.Decision.REJECT:
        return
    if approval.decision == Approval.Decision.EDIT:
        limit = _limit(approval.edited_content, budget.limit)
        update_budget(actor=actor, budget=budget, limit=limit, comment=approval.comment)
        return
    amount = approval.allowance or budget.limit
    allow_run(actor=actor, budget=budget, run=approval.run_id, amount=amount, comment=approval.comment)
    others = Approval.objects.pending().filter(run=approval.run_id, budget=budget).exclude(pk=approval.pk)
    withdraw(others, because="decided_elsewhere")


def reconsider(budget: UUID) -> int:
    """Let every run that waits for this budget look again whether there is room; return how many do."""
    asked = Approval.objects.pending().filter(Q(budget=budget) | Q(budget=None), kind=Approval.Kind.BUDGET)
    waiting = sorted(set(asked.values_list("run_id", flat=True)))
    return sum(_looks_again(run, asked) for run in waiting)


def forget_overtaken(run_id: UUID) -> int:
    """Withdraw what the run asked about a day or month that is over: the budget begins anew; return how many questions."""
    asked = Approval.objects.pending().filter(run=run_id, kind=Approval.Kind.BUDGET)
    begun = Q(pk=None)
    for period in (Budget.Period.DAY, Budget.Period.MONTH):
        begun |= Q(budget__period=period, updated_at__lt=Trunc(Now(), period, tzinfo=UTC))
    return withdraw(asked.filter(begun), because="begun_anew")


@transaction.atomic
def _looks_again(run_id: UUID, asked: QuerySet[Approval]) -> bool:
    # The run, then its approvals: everybody who locks both does so in this order.
    run = Run.objects.select_for_update(no_key=True).only("id", "queue").filter(pk=run_id).first()
    if run is None:
        return False
    changed = withdraw(asked.filter(run=run_id), because="asked_again")
    if changed:
        wake(run.pk, run.queue)
    return bool(changed)


def _limit(text: str, before: Decimal) -> Decimal:
    try:
        limit = Decimal(text.strip().replace(",", ""))
    except InvalidOperation:
        limit = Decimal("NaN")
    if not limit.is_finite() or limit <= before:
        message = f"The new limit has to be a number above the present one, {before.normalize():f}."
        raise InvalidInput(message, details=[{"field": "content", "message": message}])
    return limit
