"""Tenants in the staff's admin: what each is called, may use and uses; suspended and resumed with a confirmation."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from nexod.admin import formats, staff_site, states
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin
from nexod.admin.refusals import tell
from nexod.admin.staff_access import StaffAccess, require_administrator
from nexod.kernel.errors import NexodError
from tenants.actions.plans import resume_tenant, suspend_tenant, update_tenant
from tenants.models import Domain, Tenant, UsageRecord

TOKENS = (UsageRecord.Metric.TOKENS_IN, UsageRecord.Metric.TOKENS_OUT)


@admin.register(Tenant, site=staff_site)
class TenantAdmin(StaffAccess, RecordAdmin):
    """Organisations on this platform."""

    icon = "domain"
    empty_hint = "A tenant is an organisation with its own schema, people and data."
    list_display = ("title", "state", "plan", "host", "runs_today", "tokens_today", "storage", "made")
    list_display_links = ("title",)
    list_select_related = ("plan",)
    list_filter = ("status", "plan")
    search_fields = ("name", "slug", "domains__domain", "schema_name")
    search_help_text = "Name, slug, domain or schema"
    readonly_fields = ("slug", "state", "schema_name", "hosts", "made", "runs_today", "tokens_today", "storage")
    fieldsets = (
        (None, {"fields": ("name", "slug", "state", "plan")}),
        ("Where it is", {"fields": ("hosts", "schema_name", "made")}),
        ("Usage", {"fields": ("runs_today", "tokens_today", "storage")}),
    )
    change_form_outer_before_template = "nexod/staff/tenant_head.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read host and usage along."""
        today = timezone.now().date()
        rows: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .annotate(
                primary=Subquery(Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]),
                runs=_used((UsageRecord.Metric.RUNS,), day=today),
                tokens=_used(TOKENS, day=today),
                stored=_used((UsageRecord.Metric.STORAGE_BYTES,)),
            )
        )
        return rows

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Go to the page that provisions."""
        return HttpResponseRedirect(reverse("admin:tenant_new"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a tenant is suspended here, erasing is a process of its own."""
        return False

    @display(description="Tenant", ordering="name", header=True)
    def title(self, tenant: Tenant) -> list[str]:
        """Show the name over the slug."""
        return [tenant.name, tenant.slug]

    @display(description="State", ordering="status")
    def state(self, tenant: Tenant) -> str:
        """Show whether it may work."""
        return states.chip(tenant.status)

    @display(description="Domain", ordering=F("primary"))
    def host(self, tenant: Any) -> str:
        """Show its primary domain."""
        return tenant.primary or "—"

    @display(description="Domains")
    def hosts(self, tenant: Tenant) -> str:
        """Link to its domains."""
        names = ", ".join(tenant.domains.values_list("domain", flat=True))
        address = reverse("admin:tenants_domain_changelist")
        return format_html(
            '<a class="nx-link" href="{}?tenant__id__exact={}">{}</a>', address, tenant.pk, names or "none"
        )

    @display(description="Runs today", ordering="runs")
    def runs_today(self, tenant: Any) -> str:
        """Show how many runs it began today."""
        return formats.count(tenant.runs or 0)

    @display(description="Tokens today", ordering="tokens")
    def tokens_today(self, tenant: Any) -> str:
        """Show what its models read and wrote today."""
        return formats.count(tenant.tokens or 0)

    @display(description="Storage", ordering="stored")
    def storage(self, tenant: Any) -> str:
        """Show how large its documents are."""
        return formats.size(float(tenant.stored or 0))

    @display(description="Since", ordering="created_at")
    def made(self, tenant: Tenant) -> str:
        """Show since when it is here."""
        return formats.ago(tenant.created_at)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Tenant:
        """Store by the action."""
        given = form.cleaned_data
        return update_tenant(actor=actor_of(request), tenant=original, name=given["name"], plan=given["plan"])


def _used(metrics: tuple[str, ...], **where: Any) -> Subquery:
    records = UsageRecord.objects.filter(tenant=OuterRef("pk"), metric__in=metrics, **where).order_by()
    return Subquery(records.values("tenant").annotate(sum=Sum("amount")).values("sum"))


@staff_site.page("tenants/tenant/<int:tenant_id>/<str:change>/confirm/", "tenant_status")
def change_status(request: HttpRequest, tenant_id: int, change: str) -> HttpResponse:
    """Ask whether the tenant shall be suspended or resumed, and do it."""
    require_administrator(request)
    tenant = get_object_or_404(Tenant, pk=tenant_id)
    action = {"suspend": suspend_tenant, "resume": resume_tenant}.get(change)
    back = HttpResponseRedirect(reverse("admin:tenants_tenant_change", args=(tenant_id,)))
    if action is None:
        return back
    if request.method != "POST":
        page = {"title": f"{change.capitalize()} {tenant}?", "tenant": tenant, "change": change, "opts": tenant._meta}
        return staff_site.render(request, "nexod/staff/confirm.html", {**page, "original": tenant})
    try:
        action(actor=actor_of(request), tenant=tenant)
    except NexodError as error:
        tell(request, error)
    else:
        done = {"suspend": "suspended", "resume": "resumed"}[change]
        staff_site._registry[Tenant].log_change(request, tenant, f"{done.capitalize()}.")
        messages.success(request, f"{tenant} is {done}.")
    return back
