"""Plans in the staff's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from nexod.admin import formats, staff_site
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin
from nexod.admin.staff_access import StaffAccess
from tenants.actions.plans import delete_plan, save_plan
from tenants.models import Plan

LIMITS = ("runs_per_day", "runs_at_once", "tokens_per_day", "tokens_per_month", "cost_usd_per_month", "storage_mb")
FIELDS = ("name", "slug", *LIMITS)


@admin.register(Plan, site=staff_site)
class PlanAdmin(StaffAccess, RecordAdmin):
    """What tenants may use."""

    icon = "workspace_premium"
    list_display = ("title", "runs_a_day", "at_once", "tokens_a_day", "cost_a_month", "storage", "tenant_count")
    list_display_links = ("title",)
    search_fields = ("name", "slug")
    search_help_text = "Name or slug"
    prepopulated_fields = {"slug": ("name",)}
    fieldsets = (
        (None, {"fields": ("name", "slug")}),
        ("Limits", {"fields": LIMITS}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the tenants along."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(tenants_count=Count("tenants"))
        return rows

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Write units as people do."""
        if db_field.name == "storage_mb":
            kwargs["label"] = "Storage in MB"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @display(description="Plan", ordering="name", header=True)
    def title(self, plan: Plan) -> list[str]:
        """Show the name over the slug."""
        return [plan.name, plan.slug]

    @display(description="Runs a day", ordering="runs_per_day")
    def runs_a_day(self, plan: Plan) -> str:
        """Show the limit."""
        return _limit(plan.runs_per_day)

    @display(description="Runs at once", ordering="runs_at_once")
    def at_once(self, plan: Plan) -> str:
        """Show the limit."""
        return _limit(plan.runs_at_once)

    @display(description="Tokens a day", ordering="tokens_per_day")
    def tokens_a_day(self, plan: Plan) -> str:
        """Show the limit."""
        return _limit(plan.tokens_per_day)

    @display(description="Cost a month", ordering="cost_usd_per_month")
    def cost_a_month(self, plan: Plan) -> str:
        """Show the limit."""
        return formats.usd(plan.cost_usd_per_month) if plan.cost_usd_per_month else "No limit"

    @display(description="Storage", ordering="storage_mb")
    def storage(self, plan: Plan) -> str:
        """Show the limit."""
        return formats.size(plan.storage_mb * 1_000_000) if plan.storage_mb else "No limit"

    @display(description="Tenants", ordering="tenants_count")
    def tenant_count(self, plan: Any) -> int:
        """Show how many tenants have it."""
        return int(plan.tenants_count)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Plan:
        """Store by the action."""
        values = {name: form.cleaned_data[name] for name in FIELDS}
        return save_plan(actor=actor_of(request), plan=original, **values)

    def remove(self, request: HttpRequest, obj: Plan) -> None:
        """Delete by the action."""
        delete_plan(actor=actor_of(request), plan=obj)


def _limit(number: int) -> str:
    return formats.count(number) if number else "No limit"
