"""What a run has used so far, and how much of the budgets that it falls under is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db.models import Q, Sum
from django.http import HttpRequest

from agents.models import Budget, BudgetRaise, BudgetWindow
from nexod.admin import formats
from nexod.admin.actors import may
from workflows.models import Run

SHOWN = 12


@dataclass(frozen=True, slots=True)
class Meter:
    """One budget as it stands for the run."""

    name: str
    about: str
    unit: str
    limit: Decimal
    used: Decimal

    @property
    def left(self) -> str:
        """Return what may still be used, in words."""
        return self._worded(max(self.limit - self.used, Decimal(0)))

    @property
    def whole(self) -> str:
        """Return the limit in words."""
        return self._worded(self.limit)

    @property
    def percent(self) -> int:
        """Return how much of it is used, at most 100."""
        return min(100, round(100 * self.used / self.limit)) if self.limit else 100

    def _worded(self, amount: Decimal) -> str:
        return formats.usd(amount) if self.unit == Budget.Unit.USD else f"{formats.count(float(amount))} tokens"


def meters(request: HttpRequest, run: Run) -> list[Meter]:
    """Return the budgets that calls of the run itself fall under, the fullest first; none for who may not see budgets."""
    if not may(request, "agents.view_budget"):
        return []
    subjects = _subjects(run)
    concerned = Q(pk__in=[])
    for scope, subject in subjects.items():
        concerned |= Q(scope=scope, whom__in=["", subject])
    budgets = {budget.pk: budget for budget in Budget.objects.active().filter(concerned)[:SHOWN]}
    if not budgets:
        return []
    used = {
        (window.budget_id, window.subject, window.period): window.used
        for window in BudgetWindow.objects.filter(
            budget__in=budgets, subject__in=set(subjects.values()), period__in=set(_periods(run).values())
        )
    }
    raises = BudgetRaise.objects.filter(budget__in=budgets, run=run.pk).order_by()
    more = dict(raises.values_list("budget").annotate(Sum("amount")))
    periods = _periods(run)
    found = [
        Meter(
            name=budget.name,
            about=_about(budget),
            unit=budget.unit,
            limit=budget.limit + more.get(budget.pk, Decimal(0)),
            used=used.get((budget.pk, subjects[budget.scope], periods[budget.period]), Decimal(0)),
        )
        for budget in budgets.values()
    ]
    return sorted(found, key=lambda meter: (-meter.percent, meter.name))


def _subjects(run: Run) -> dict[str, str]:
    """Return whose use each kind of budget counts here, by scope."""
    found = {"tenant": "", "run": ""}
    if run.started_by_id:
        found["user"] = str(run.started_by_id)
    if run.workflow:
        found["workflow"] = run.workflow.slug
    if run.agent:
        found["agent"] = run.agent.slug
    return found


def _periods(run: Run) -> dict[str, str]:
    now = datetime.now(UTC)
    return {"run": str(run.pk), "day": now.date().isoformat(), "month": f"{now:%Y-%m}", "total": ""}


def _about(budget: Budget) -> str:
    whose, when = budget.get_scope_display().lower(), budget.get_period_display().lower()
    return whose if whose == when else f"{whose}, {when}" if budget.period != Budget.Period.TOTAL else whose
