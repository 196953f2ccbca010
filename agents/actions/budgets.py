"""Set budgets, raise them, allow one run more. Whatever makes room lets the runs that waited for it look again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from agents.actions.rows import invalid, saved
from agents.models import Agent, Budget, BudgetRaise, BudgetWindow
from nexod.kernel import activity
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from tenants.messages import enqueue_kept
from tenants.models import DueTime

MEANING = ("scope", "whom", "unit", "period")
"""What is added up depends on these: a budget of which they change would be another one."""


@transaction.atomic
def create_budget(*, actor: User, **fields: Any) -> Budget:
    """Return a new budget; what was used in its period before counts. Raises PermissionDenied or what names bad fields."""
    require_permission(actor, "agents.add_budget")
    require_sense(fields)
    budget = saved(Budget(), fields)
    activity.note(actor, "created", "budget", budget, limit=str(budget.limit), unit=budget.unit)
    return budget


@transaction.atomic
def update_budget(*, actor: User, budget: Budget, comment: str = "", **fields: Any) -> Budget:
    """Change what is given; a new limit is written down with who gave it. What is added up stays what it was."""
    require_permission(actor, "agents.change_budget")
    row = Budget.objects.select_for_update().get(pk=budget.pk)
    for name in MEANING:
        if name in fields and fields[name] != getattr(row, name):
            raise invalid(name, "What a budget adds up cannot be changed. Make another one.")
    before = row.limit
    saved(row, fields)
    if row.limit != before:
        _write_down(row, actor, row.limit - before, comment=comment)
        BudgetWindow.objects.filter(budget=row).order_by("pk").update(warned=False)
        activity.note(actor, "changed", "budget", row, before=str(before), limit=str(row.limit), unit=row.unit)
    _let_look(row)
    return row


@transaction.atomic
def delete_budget(*, actor: User, budget: Budget) -> None:
    """Delete it with all that was counted for it; calls at work are paid for as ever."""
    require_permission(actor, "agents.delete_budget")
    _let_look(budget)
    budget.delete()


@transaction.atomic
def allow_run(*, actor: User, budget: Budget, run: UUID, amount: Decimal, comment: str = "") -> None:
    """Let one run use ``amount`` on top of the budget's limit."""
    require_permission(actor, "agents.change_budget")
    _write_down(budget, actor, amount, run=run, comment=comment)


def _write_down(budget: Budget, actor: User, amount: Decimal, *, run: UUID | None = None, comment: str = "") -> None:
    BudgetRaise.objects.create(
        budget=budget, by=actor, run=run, amount=amount, limit=budget.limit, comment=comment[:500]
    )


def _let_look(budget: Budget) -> None:
    enqueue_kept(DueTime.Kind.BUDGET, budget.pk)


def require_sense(fields: dict[str, Any]) -> None:
    """Raise InvalidInput for what could never count anything."""
    scope, whom = fields.get("scope", ""), fields.get("whom", "")
    if scope == Budget.Scope.RUN and fields.get("period") != Budget.Period.RUN:
        raise invalid("period", "The budget of each run lasts a run.")
    if whom and scope in (Budget.Scope.TENANT, Budget.Scope.RUN):
        raise invalid("whom", "A budget of the workspace, or of each run, names nobody.")
    if scope == Budget.Scope.AGENT and whom and not Agent.objects.filter(slug=whom).exists():
        raise invalid("whom", f"There is no agent {whom!r}.")
    if scope == Budget.Scope.USER and whom and not _is_person(whom):
        raise invalid("whom", "There is no such person here. Give the id.")


def _is_person(text: str) -> bool:
    try:
        return User.objects.filter(pk=UUID(text)).exists()
    except ValueError:
        return False
