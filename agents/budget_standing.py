"""How budgets stand now: what was used and is held in the periods that run, the fullest of each budget first."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import DecimalField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Now

from agents.models import Budget, BudgetHold, BudgetWindow
from tenants.accounts.models import User

SHOWN = 50
NONE = Value(Decimal(0), output_field=DecimalField(max_digits=20, decimal_places=6))


def running() -> QuerySet[Any]:
    """Return the windows of today, of this month, of no end, and of runs, each with what is ``held`` in it."""
    now = datetime.now(UTC)
    day, month = now.date().isoformat(), f"{now:%Y-%m}"
    spans = (("day", day), ("month", month), ("total", ""))
    current = Q(budget__period=Budget.Period.RUN)
    for period, key in spans:
        current |= Q(budget__period=period, period=key)
    live = BudgetHold.objects.filter(window=OuterRef("pk"), expires_at__gt=Now()).order_by().values("window")
    held = Subquery(live.annotate(sum=Sum("amount")).values("sum"))
    return BudgetWindow.objects.filter(current).annotate(held=Coalesce(held, NONE)).order_by("-used", "-id")


def with_fullest(budgets: QuerySet[Budget]) -> QuerySet[Budget]:
    """Return the budgets with ``used`` and ``held`` of their fullest window now."""
    fullest = running().filter(budget=OuterRef("pk"))
    return budgets.annotate(
        used=Coalesce(Subquery(fullest.values("used")[:1]), NONE),
        held=Coalesce(Subquery(fullest.values("held")[:1]), NONE),
        fullest=Subquery(fullest.values("subject")[:1]),
    )


def windows_of(budget: Budget) -> list[dict[str, Any]]:
    """Return the fullest windows of one budget now: ``{"subject", "name", "period", "used", "held"}``."""
    rows: QuerySet[Any, dict[str, Any]] = (
        running().filter(budget=budget).values("subject", "period", "used", "held")[:SHOWN]
    )
    found: list[dict[str, Any]] = [dict(row) for row in rows]
    names = names_of([row["subject"] for row in found]) if budget.scope == Budget.Scope.USER else {}
    return [{**row, "name": names.get(row["subject"], row["subject"])} for row in found]


def names_of(users: list[str]) -> dict[str, str]:
    """Return what people are called, by id; who is gone has no name."""
    ids = [UUID(user) for user in users if _is_id(user)]
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids).only("email", "full_name")}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
