"""What tenants use, by tenant and day, as charts and as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString

from nexod.admin import formats, staff_site
from nexod.admin.charts import MIDDLE, Bar, Show, bars
from nexod.admin.records import ReadOnlyAdmin
from tenants.models import Tenant, UsageRecord

SPANS = (7, 30, 90)
Metric = UsageRecord.Metric
Amounts = Mapping[str, float]
NO_RECORDS: Amounts = {}
CHARTS: tuple[tuple[str, tuple[tuple[str, str, str], ...], Show], ...] = (
    ("Runs", (("busy", Metric.RUNS, "runs"),), formats.count),
    ("Steps", (("busy", Metric.STEPS, "steps"),), formats.count),
    ("Tokens", (("busy", Metric.TOKENS_IN, "read"), ("good", Metric.TOKENS_OUT, "written")), formats.count),
    ("Cost", (("attention", Metric.COST_USD, "USD"),), formats.usd),
)


@admin.register(UsageRecord, site=staff_site)
class UsageAdmin(ReadOnlyAdmin):
    """The list is a page of its own."""

    icon = "bar_chart"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Let the staff in."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Let the staff read."""
        return True

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show charts by day and a table by tenant."""
        span = next((days for days in SPANS if str(days) == request.GET.get("days")), SPANS[1])
        tenants = list(Tenant.objects.only("id", "name", "slug"))
        chosen = next((tenant for tenant in tenants if str(tenant.pk) == request.GET.get("tenant")), None)
        page = {
            "title": "Usage",
            "nouns": "usage",
            "opts": self.opts,
            "spans": SPANS,
            "span": span,
            "tenants": tenants,
            "chosen": chosen,
            "charts": usage_charts(span, chosen),
            "rows": _by_tenant(tenants, span),
        }
        return staff_site.render(request, "nexod/staff/usage.html", page)


def usage_charts(span: int, tenant: Tenant | None = None) -> list[tuple[str, SafeString]]:
    """Return the charts of the last ``span`` days, of one tenant or of all, storage as it stood on each day."""
    first = _first(span)
    records = UsageRecord.objects.filter(tenant=tenant) if tenant else UsageRecord.objects.all()
    days = [first + timedelta(days=number) for number in range(span)]
    amounts: dict[date, dict[str, float]] = defaultdict(dict)
    for row in records.filter(day__gte=first).order_by().values("day", "metric").annotate(sum=Sum("amount")):
        amounts[row["day"]][row["metric"]] = float(row["sum"])
    before = records.filter(day__lt=first, metric=Metric.STORAGE_BYTES).aggregate(sum=Sum("amount"))["sum"]
    shown = [(title, _chart(title, days, amounts, parts, show)) for title, parts, show in CHARTS]
    return [*shown, ("Storage", _storage(days, amounts, float(before or 0)))]


def _chart(title: str, days: list[date], amounts: Mapping[date, Amounts], parts: Any, show: Show) -> SafeString:
    columns = [
        Bar(f"{day:%d %b}", [(tone, amounts.get(day, NO_RECORDS).get(metric, 0)) for tone, metric, _ in parts])
        for day in days
    ]
    return bars(
        columns, names={tone: name for tone, _, name in parts}, label=f"{title} by day", show=show, width=MIDDLE
    )


def _storage(days: list[date], amounts: Mapping[date, Amounts], before: float) -> SafeString:
    """Add up the daily changes to what was stored on each day."""
    columns, stored = [], before
    for day in days:
        stored += amounts.get(day, NO_RECORDS).get(Metric.STORAGE_BYTES, 0)
        columns.append(Bar(f"{day:%d %b}", [("quiet", max(0.0, stored))]))
    return bars(columns, names={"quiet": "stored"}, label="Storage by day", show=formats.size, width=MIDDLE)


def _by_tenant(tenants: list[Tenant], span: int) -> list[dict[str, Any]]:
    used: dict[int, dict[str, float]] = defaultdict(dict)
    recent = UsageRecord.objects.filter(day__gte=_first(span)).exclude(metric=Metric.STORAGE_BYTES)
    stored = UsageRecord.objects.filter(metric=Metric.STORAGE_BYTES)
    for records in (recent, stored):
        for row in records.order_by().values("tenant", "metric").annotate(sum=Sum("amount")):
            used[row["tenant"]][row["metric"]] = float(row["sum"])
    rows = [
        {"tenant": tenant, **{metric.value: used[tenant.pk].get(metric, 0) for metric in Metric}} for tenant in tenants
    ]
    return sorted(rows, key=lambda row: -row["runs"])


def _first(span: int) -> date:
    return timezone.now().date() - timedelta(days=span - 1)
