"""Domains in the staff's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from nexod.admin import staff_site, states
from nexod.admin.actors import actor_of
from nexod.admin.records import RecordAdmin, RefusableForm
from nexod.admin.staff_access import StaffAccess
from tenants.actions.domains import add_domain, make_primary, remove_domain
from tenants.models import Domain


class DomainForm(RefusableForm):
    """A host and whose it is."""

    class Meta:
        model = Domain
        fields = ("domain", "tenant", "is_primary")

    def clean_domain(self) -> str:
        """Write the host as it is stored."""
        return str(self.cleaned_data["domain"]).strip().lower().removesuffix(".")


@admin.register(Domain, site=staff_site)
class DomainAdmin(StaffAccess, RecordAdmin):
    """Hosts that lead to tenants. A name is never changed: add the new one, then remove the old one."""

    icon = "language"
    form = DomainForm
    list_display = ("domain", "tenant", "primary", "tenant_state")
    list_display_links = ("domain",)
    list_select_related = ("tenant",)
    list_filter = ("is_primary", "tenant")
    search_fields = ("domain", "tenant__name", "tenant__slug")
    search_help_text = "Domain or tenant"
    fields = ("domain", "tenant", "is_primary")

    def get_readonly_fields(self, request: HttpRequest, obj: Domain | None = None) -> tuple[str, ...]:
        """Keep name and tenant of a known domain."""
        return ("domain", "tenant") if obj else ()

    @display(description="Primary", boolean=True, ordering="is_primary")
    def primary(self, domain: Domain) -> bool:
        """Show whether the tenant is known by it."""
        return bool(domain.is_primary)

    @display(description="Tenant is")
    def tenant_state(self, domain: Domain) -> str:
        """Show whether it leads anywhere."""
        return states.chip(domain.tenant.status)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Domain:
        """Store by the actions."""
        given, actor = form.cleaned_data, actor_of(request)
        if original is None:
            return add_domain(
                actor=actor, tenant=given["tenant"], domain=given["domain"], is_primary=given["is_primary"]
            )
        return make_primary(actor=actor, domain=original) if given["is_primary"] else original

    def remove(self, request: HttpRequest, obj: Domain) -> None:
        """Delete by the action."""
        remove_domain(actor=actor_of(request), domain=obj)
