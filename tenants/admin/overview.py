"""The first page of the staff's admin: how many tenants, how the queue stands, what is used today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone

from nexod.admin.staff_access import is_administrator
from tenants.admin.usage import usage_charts
from tenants.models import RunTicket, Tenant, UsageRecord

Json = dict[str, Any]
SPAN = 14
PATIENCE = timedelta(minutes=2)
# So many messages of the sweeper take a ready run two and a half minutes.
LATE_WAKES = 5


def with_overview(request: HttpRequest, context: Json) -> Json:
    """Return the context of the first page with what it shows."""
    records = UsageRecord.objects.filter(day=timezone.now().date()).order_by().values_list("metric")
    today = {metric: float(amount) for metric, amount in records.annotate(Sum("amount"))}
    return {
        **context,
        "tenants": Tenant.objects.aggregate(
            all=Count("pk"), active=Count("pk", Q(status="active")), suspended=Count("pk", Q(status="suspended"))
        ),
        "newest": Tenant.objects.select_related("plan").order_by("-created_at")[:6],
        "queue": _queue(),
        "today": today,
        "tokens": today.get("tokens_in", 0) + today.get("tokens_out", 0),
        "may_add": is_administrator(request),
        "charts": usage_charts(SPAN)[:4],
    }


def _queue() -> Json:
    """Return how many runs stand where, and how many of them nobody seems to look after."""
    now = timezone.now()
    return RunTicket.objects.aggregate(
        ready=Count("pk", Q(state="ready")),
        claimed=Count("pk", Q(state="claimed")),
        parked=Count("pk", Q(state="parked")),
        late=Count("pk", Q(state="ready", created_at__lt=now - PATIENCE, wakes__gte=LATE_WAKES)),
        lost=Count("pk", Q(state="claimed", lease_until__lt=now)),
        dead=Count("pk", Q(state="dead")),
    )
