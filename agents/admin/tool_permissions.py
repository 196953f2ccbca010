"""Remembered decisions about tools in the admin: who let which agent do what, and a button that takes it back."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.decorators import display

from agents.actions.tool_permissions import revoke_permission
from agents.models import ToolPermission
from nexod.admin import formats, states, tenant_site
from nexod.admin.actors import actor_of, may
from nexod.admin.records import ReadOnlyAdmin
from nexod.admin.refusals import tell
from nexod.kernel.errors import NexodError

SHOWN = 120  # characters of arguments in the list


class StateFilter(admin.SimpleListFilter):
    """Whether it still holds."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer both."""
        return (("valid", "Holds"), ("revoked", "Revoked"))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Return those of the state."""
        return queryset if self.value() is None else queryset.filter(revoked_at__isnull=self.value() == "valid")


@admin.register(ToolPermission, site=tenant_site)
class ToolPermissionAdmin(ReadOnlyAdmin):
    """What agents may do without asking, because somebody allowed it once."""

    icon = "verified_user"
    noun, nouns = "allowed tool", "allowed tools"
    empty_hint = "When a tool asks the first time only, the decision that somebody took is listed here, to be revoked."
    list_display = ("what", "agent_name", "arguments_shown", "state", "allowed", "run_link")
    list_display_links = ("what",)
    list_select_related = ("agent", "allowed_by", "revoked_by")
    list_filter = (StateFilter, "tool", ("created_at", admin.DateFieldListFilter))
    search_fields = ("agent__slug", "agent__name", "=tool", "title", "allowed_by__email")
    search_help_text = "Agent, tool, or who allowed it"
    fieldsets = (
        (None, {"fields": ("what", "agent_name", "arguments_all", "state", "allowed", "revoked", "run_link")}),
    )
    readonly_fields = ("what", "agent_name", "arguments_all", "state", "allowed", "revoked", "run_link")
    change_form_outer_before_template = "nexod/agents/permission_head.html"

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer to take it back to who may."""
        more = {"may_revoke": may(request, "agents.revoke_toolpermission"), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, more)

    @display(description="Tool", ordering="title")
    def what(self, row: ToolPermission) -> SafeString:
        """Show the title over what it does."""
        return format_html('{}<br><span class="nx-muted nx-small-text">{}</span>', row.title, row.about or row.tool)

    @display(description="Agent", ordering="agent__name")
    def agent_name(self, row: ToolPermission) -> SafeString:
        """Lead to the agent."""
        page = reverse("admin:agents_agent_change", args=(row.agent_id,))
        return format_html('<a class="nx-link" href="{}">{}</a>', page, row.agent)

    @display(description="With")
    def arguments_shown(self, row: ToolPermission) -> str:
        """Show the beginning of the arguments."""
        text = "any arguments" if row.arguments is None else json.dumps(row.arguments, ensure_ascii=False)
        return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"

    @display(description="With")
    def arguments_all(self, row: ToolPermission) -> SafeString | str:
        """Show all arguments."""
        if row.arguments is None:
            return "Any arguments"
        return format_html('<pre class="nx-code">{}</pre>', json.dumps(row.arguments, indent=2, ensure_ascii=False))

    @display(description="State")
    def state(self, row: ToolPermission) -> SafeString:
        """Show whether it holds."""
        return states.chip("revoked") if row.revoked_at else states.chip("usable", text="Holds")

    @display(description="Allowed", ordering="created_at")
    def allowed(self, row: ToolPermission) -> SafeString:
        """Show by whom and when."""
        return format_html("{}<br>{}", row.allowed_by or "Somebody who is gone", formats.ago(row.created_at))

    @display(description="Revoked")
    def revoked(self, row: ToolPermission) -> SafeString | str:
        """Show by whom and when it was taken back."""
        if row.revoked_at is None:
            return "—"
        return format_html("{}<br>{}", row.revoked_by or "Somebody who is gone", formats.ago(row.revoked_at))

    @display(description="Run")
    def run_link(self, row: ToolPermission) -> SafeString:
        """Lead to the run in which it was allowed."""
        page = reverse("admin:workflows_run_change", args=(row.run,))
        return format_html('<a class="nx-link" href="{}">{}</a>', page, str(row.run)[-6:])


@tenant_site.page("agents/toolpermission/<uuid:permission_id>/revoke/", "revoke_tool_permission")
@require_POST
def revoke(request: HttpRequest, permission_id: Any) -> HttpResponse:
    """Let the agent be asked about again."""
    row = get_object_or_404(ToolPermission.objects.select_related("agent"), pk=permission_id)
    try:
        revoke_permission(actor=actor_of(request), permission=row)
    except NexodError as error:
        tell(request, error)
    else:
        tenant_site._registry[ToolPermission].log_change(request, row, "Revoked.")
        messages.success(request, format_html("Revoked: <b>{}</b> is asked about again.", row))
    return HttpResponseRedirect(reverse("admin:agents_toolpermission_changelist"))
