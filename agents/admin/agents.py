"""Agents in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as KnowledgeChoice

from agents.actions.agents import create_agent, delete_agent
from agents.admin.agent_form import AgentForm
from agents.admin.together import TogetherAdmin
from agents.models import Agent, AgentVersion
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of, row_id

FIELDS = (
    "name", "role", "goal", "backstory", "connection", "model", "temperature", "max_tokens", "options", "fallbacks", "tools",
    "rounds", "context_policy", "knowledge_bases", "note",
)  # fmt: skip
VERSIONS_SHOWN = 12


@admin.register(Agent, site=tenant_site)
class AgentAdmin(TogetherAdmin):
    """Who agents are, what they think with, what they may look up and use."""

    kind = "agent"
    icon = "smart_toy"
    compressed_fields = False
    empty_hint = "An agent has a role, a goal and a model. Make one, then put it into a crew or run it on its own."
    form = AgentForm
    takes_along = frozenset({"tool permission"})
    change_form_template = "nexod/agents/editor.html"
    list_display = ("title", "role", "thinks_with", "uses", "crews", "run_link")
    list_display_links = ("title",)
    list_select_related = ("connection",)
    search_fields = ("name", "slug", "role")
    search_help_text = "Name, slug or role"
    fieldsets = (
        (None, {"fields": ("name", "slug", "role", "goal", "backstory")}),
        ("Tools and knowledge", {"fields": ("tools", "knowledge_bases")}),
        ("Model", {"fields": ("connection", "model", "temperature", "max_tokens", "options", "fallbacks")}),
        ("Work", {"fields": ("rounds", "context_policy")}),
        ("Version", {"fields": ("note",)}),
    )

    class Media:
        js = (Script("nexod/agent.js", type="module"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the crews along."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(crew_count=Count("tasks__crew", distinct=True))
        return rows

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """Show the versions beside the form."""
        found = AgentVersion.objects.filter(agent_id=row_id(object_id)).defer("content").select_related("author")
        shown = {"versions": found[:VERSIONS_SHOWN]}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Tick knowledge bases: there are few."""
        return super().formfield_for_manytomany(db_field, request, widget=KnowledgeChoice(), help_text="", **kwargs)

    @display(description="Agent", ordering="name", header=True)
    def title(self, agent: Agent) -> list[str]:
        """Show the name over the slug."""
        return [agent.name, agent.slug]

    @display(description="Thinks with")
    def thinks_with(self, agent: Agent) -> str:
        """Show connection and model."""
        connection = agent.connection.name if agent.connection else "Workspace default"
        return f"{connection} · {agent.model}" if agent.model else connection

    @display(description="Tools")
    def uses(self, agent: Agent) -> str:
        """Show how many tools it has."""
        return str(len(agent.tools) or "")

    @display(description="Crews", ordering="crew_count")
    def crews(self, agent: Any) -> int:
        """Show in how many crews it works."""
        return int(agent.crew_count)

    @display(description="")
    def run_link(self, agent: Agent) -> str:
        """Offer to run it."""
        return run_link("agent", agent)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Agent:
        """Store by the actions."""
        if original:
            stored: Agent = self.put(request, form, form.content(), original)
            return stored
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        return create_agent(actor=actor_of(request), slug=form.cleaned_data.get("slug", ""), **values)

    def remove(self, request: HttpRequest, obj: Agent) -> None:
        """Delete by the action."""
        delete_agent(actor=actor_of(request), agent=obj)


def run_link(kind: str, row: Any) -> str:
    """Return a link to the form that starts a run of the row; the page belongs to the app of workflows."""
    address = reverse("admin:start_run", args=(kind, row.slug))
    return format_html('<a class="nx-button nx-small" href="{}" aria-label="Run {}">Run</a>', address, row)
