"""Firings in the admin: what came, what its run was given, and why none was started."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import row_id
from nexod.admin.records import ReadOnlyAdmin
from nexod.kernel.errors import PermissionDenied
from workflows.models import Firing

SHOWN_BYTES = 20_000


@admin.register(Firing, site=tenant_site)
class FiringAdmin(ReadOnlyAdmin):
    """Each time that a trigger fired."""

    icon = "electric_bolt"
    empty_hint = "When a trigger fires, what came of it is listed here."
    list_display = ("what", "state", "why", "run_link", "fired")
    list_display_links = ("what",)
    list_select_related = ("trigger", "run")
    list_filter = ("outcome", "source", "trigger__kind")
    search_fields = ("trigger__name", "key")
    search_help_text = "Trigger or event id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out what only the page of a firing shows."""
        rows = super().get_queryset(request).defer("payload", "event")
        return rows.defer("run__definition", "run__inputs", "run__outputs", "trigger__encrypted_secrets")

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show what came and what came of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        firing = get_object_or_404(Firing.objects.select_related("trigger", "run"), pk=row_id(object_id))
        body = None if firing.payload is None else bytes(firing.payload)
        page = {
            "title": f"{firing.trigger}: {states.word(firing.outcome)}",
            "firing": firing,
            "payload": None if body is None else body[:SHOWN_BYTES].decode(errors="replace").replace("\0", "\ufffd"),
            "is_cut": body is not None and len(body) > SHOWN_BYTES,
            "inputs": firing.run.inputs if firing.run else None,
            "original": firing,
            "opts": self.opts,
        }
        return tenant_site.render(request, "nexod/triggers/firing.html", page)

    @display(description="Firing", header=True)
    def what(self, firing: Firing) -> list[str]:
        """Show the trigger over what made it fire."""
        return [firing.trigger.name, firing.get_source_display()]

    @display(description="Outcome", ordering="outcome")
    def state(self, firing: Firing) -> str:
        """Show what came of it."""
        return states.chip("fired" if firing.outcome == Firing.Outcome.STARTED else firing.outcome)

    @display(description="Why")
    def why(self, firing: Firing) -> str:
        """Show why nothing was started."""
        return firing.reason["message"] if firing.reason else "—"

    @display(description="Run")
    def run_link(self, firing: Firing) -> str:
        """Link to the run."""
        if firing.run is None:
            return "—"
        address = reverse("admin:workflows_run_change", args=(firing.run.pk,))
        return format_html('<a class="nx-link" href="{}">{}</a>', address, firing.run)

    @display(description="Fired", ordering="created_at")
    def fired(self, firing: Firing) -> str:
        """Show when."""
        return formats.ago(firing.created_at)
