"""What models were used for: by day as charts, by agent, workflow, person, model or connection as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from agents.budget_standing import names_of
from agents.models import Agent, KnowledgeBase, UsageDay
from agents.spending import total_of, used_by
from nexod.admin import formats, tenant_site
from nexod.admin.charts import MIDDLE, Bar, Show, bars
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied

SPANS = (7, 30, 90)
GROUPS = {
    "agent": "Agent", "workflow": "Workflow", "user": "Person", "model": "Model", "connection": "Connection",
    "knowledge_base": "Knowledge base",
}  # fmt: skip
Row = dict[str, Any]
CHARTS: tuple[tuple[str, tuple[tuple[str, str, str], ...], Show], ...] = (
    ("Cost", (("attention", "cost_usd", "USD"),), formats.usd),
    ("Tokens", (("busy", "tokens_in", "read"), ("good", "tokens_out", "written")), formats.count),
    ("Model calls", (("busy", "model_calls", "calls"), ("bad", "failures", "failures")), formats.count),
)


@admin.register(UsageDay, site=tenant_site)
class UsageAdmin(ReadOnlyAdmin):
    """The list is a page of its own."""

    icon = "bar_chart"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show charts by day and a table by what is asked for, of all or of one of them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        group = request.GET.get("by") if request.GET.get("by") in GROUPS else "agent"
        span = next((days for days in SPANS if str(days) == request.GET.get("days")), SPANS[1])
        only = {name: request.GET[name][:120] for name in GROUPS if name in request.GET}
        last = timezone.now().date()
        first = last - timedelta(days=span - 1)
        rows = used_by(str(group), first, last, **only)
        page = {
            "title": "Usage",
            "nouns": "usage",
            "opts": self.opts,
            "groups": [(name, title, _query(only, by=name, days=span)) for name, title in GROUPS.items()],
            "spans": [(days, _query(only, by=group, days=days)) for days in SPANS],
            "group": group,
            "group_title": GROUPS[str(group)],
            "span": span,
            "only": [(GROUPS[name], named(name, [value]).get(value, value)) for name, value in only.items()],
            "everything": _query({}, by=group, days=span),
            "charts": [(title, _chart(title, first, span, only, parts, show)) for title, parts, show in CHARTS],
            "rows": _rows(str(group), rows, only, span),
            "total": total_of(rows),
        }
        return tenant_site.render(request, "nexod/usage/usage.html", page)


def named(group: str, keys: list[str]) -> dict[str, str]:
    """Return what people call these agents, workflows or people."""
    if group == "user":
        return names_of(keys)
    if group == "agent":
        return dict(Agent.objects.filter(slug__in=keys).values_list("slug", "name"))
    if group == "knowledge_base":
        return dict(KnowledgeBase.objects.filter(slug__in=keys).values_list("slug", "name"))
    if group == "workflow":
        rows = apps.get_model("workflows", "Workflow")._default_manager.filter(slug__in=keys)
        return dict(rows.values_list("slug", "name"))
    return {}


def _rows(group: str, rows: list[Row], only: Mapping[str, str], span: int) -> list[Row]:
    names = named(group, [row["key"] for row in rows])
    none = {
        "agent": "No agent",
        "workflow": "No workflow",
        "user": "Nobody",
        "knowledge_base": "No knowledge base",
    }.get(group, "—")
    return [
        {
            **row,
            "name": names.get(row["key"], row["key"]) or none,
            "query": _query({**only, group: row["key"]}, by="model" if group != "model" else "agent", days=span),
        }
        for row in rows
    ]


def _chart(
    title: str, first: date, span: int, only: dict[str, str], parts: tuple[tuple[str, str, str], ...], show: Show
) -> SafeString:
    days = {row["key"]: row for row in used_by("day", first, first + timedelta(days=span - 1), **only)}
    columns = [
        Bar(f"{day:%d %b}", [(tone, float(days.get(day, {}).get(name, 0))) for tone, name, _ in parts])
        for day in (first + timedelta(days=number) for number in range(span))
    ]
    names = {tone: name for tone, _, name in parts}
    return bars(columns, names=names, label=f"{title} by day", show=show, width=MIDDLE)


def _query(only: Mapping[str, str], **more: Any) -> str:
    return urlencode({**only, **more})
