"""Single calls are kept as long as the settings say, their sums for ever."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from agents.models import Budget, BudgetWindow, ModelCall, UsageDay
from nexod.kernel.identifiers import new_id
from tenants.context import enter_tenant


def test_calls_are_forgotten_after_their_time_and_their_sums_are_not(acme: Any, globex: Any, settings: Any) -> None:
    settings.NEXOD_MODEL_CALL_DAYS = 400
    now = timezone.now()
    for tenant, ages in ((acme, (1, 399, 401, 900)), (globex, (1, 500))):
        with enter_tenant(tenant):
            for age in ages:
                ModelCall.objects.create(
                    run=new_id(),
                    step=new_id(),
                    node="n",
                    model="m",
                    outcome="answered",
                    created_at=now - timedelta(age),
                )
                UsageDay.objects.create(day=(now - timedelta(age)).date(), model="m", model_calls=1)
    told = StringIO()
    call_command("forget_model_calls", stdout=told)
    assert "acme: 2 calls" in told.getvalue()
    for tenant, calls, days in ((acme, 2, 4), (globex, 1, 2)):
        with enter_tenant(tenant):
            assert (ModelCall.objects.count(), UsageDay.objects.count()) == (calls, days)


def test_periods_long_past_are_forgotten_and_those_without_end_are_not(acme: Any) -> None:
    with enter_tenant(acme):
        for period in ("day", "total"):
            budget = Budget.objects.create(name=period, scope="tenant", period=period, limit=1)
            for age in (1, 200):
                at = timezone.now() - timedelta(age)
                BudgetWindow.objects.create(budget=budget, period=str(age), used=1, updated_at=at)
    call_command("forget_model_calls", days=10, stdout=StringIO())
    with enter_tenant(acme):
        left = set(BudgetWindow.objects.values_list("budget__period", "period"))
    assert left == {("day", "1"), ("total", "1"), ("total", "200")}
