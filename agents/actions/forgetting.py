"""Forget single calls and past periods, a batch a commit, so that nobody waits for it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from agents.models import Budget, BudgetHold, BudgetWindow, ModelCall
from tenants.forgetting import deleted

PERIODS_KEPT = timedelta(days=100)
"""A month's window is the oldest that can still be written to; runs may wait long for a person."""
HOLDS_KEPT = timedelta(days=1)


def forget_old(*, days: int) -> tuple[int, int]:
    """Delete calls older than that, periods of budgets that are long past, and what dead workers held; return the first two."""
    now = timezone.now()
    BudgetHold.objects.filter(expires_at__lt=now - HOLDS_KEPT).delete()
    past = BudgetWindow.objects.filter(updated_at__lt=now - PERIODS_KEPT).exclude(budget__period=Budget.Period.TOTAL)
    calls = deleted(ModelCall.objects.filter(created_at__lt=now - timedelta(days=days)).order_by("created_at"))
    return calls, deleted(past.filter(holds=None).order_by("id"))
