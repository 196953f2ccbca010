"""Crews in the admin, their tasks in line and in order."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as AgentChoice

from agents.actions.crews import create_crew, delete_crew
from agents.admin.agents import run_link
from agents.admin.task_rows import TaskInline, named, showable
from agents.admin.together import TogetherAdmin, TogetherForm
from agents.content import CREW_FIELDS
from agents.models import Crew
from agents.settings.kinds import Kind
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of

FIELDS = ("name", "description", "process", "manager", "members", "planning")


class CrewForm(TogetherForm):
    """The crew without its tasks."""

    def content(self) -> dict[str, Any]:
        """Return the content of the fields that are valid."""
        given = self.cleaned_data
        found: dict[str, Any] = {name: given[name] for name in CREW_FIELDS if name in given}
        if "manager" in given:
            found["manager"] = given["manager"].slug if given["manager"] else ""
        if "members" in given:
            found["members"] = sorted(agent.slug for agent in given["members"])
        return found


@admin.register(Crew, site=tenant_site)
class CrewAdmin(TogetherAdmin):
    """Agents that work through tasks together."""

    kind = "crew"
    form = CrewForm
    icon = "groups"
    empty_hint = "A crew works through tasks in an order; each task may read what tasks before it found."
    inlines = (TaskInline,)
    list_display = ("title", "process_name", "task_count", "run_link")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    fieldsets = (
        (None, {"fields": ("name", "slug", "description", ("process", "manager"), "planning")}),
        ("Helpers", {"fields": ("members",), "description": "Agents who have no task here and can be given work."}),
    )
    # Who only reads has no such field to ask.
    conditional_fields = {"manager": "typeof process === 'undefined' || process == 'hierarchical'"}
    change_form_template = "nexod/agents/crew.html"

    class Media:
        js = tuple(Script(f"nexod/{name}.js", type="module") for name in ("crew", "guardrails", "who-does-what"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the tasks along."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(tasks_count=Count("tasks"))
        return rows

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Tick agents: there are few."""
        return super().formfield_for_manytomany(db_field, request, widget=AgentChoice(), help_text="", **kwargs)

    @display(description="Crew", ordering="name", header=True)
    def title(self, crew: Crew) -> list[str]:
        """Show the name over the slug."""
        return [crew.name, crew.slug]

    @display(description="Process", ordering="process")
    def process_name(self, crew: Crew) -> str:
        """Show how tasks are handed out."""
        return str(crew.get_process_display())

    @display(description="Tasks", ordering="tasks_count")
    def task_count(self, crew: Any) -> int:
        """Show how many tasks it has."""
        return int(crew.tasks_count)

    @display(description="")
    def run_link(self, crew: Crew) -> str:
        """Offer to run it."""
        return run_link("crew", crew)

    def write(self, request: HttpRequest, form: Any, formsets: list[Any], original: Any) -> Crew:
        """Store the crew with all its tasks by the actions."""
        tasks = formsets[0].tasks()
        if original:
            given = {**form.content(), "tasks": [named(task) for task in tasks]}
            stored: Crew = self.put(request, form, given, original)
            return stored
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        return create_crew(actor=actor_of(request), slug=form.cleaned_data.get("slug", ""), tasks=tasks, **values)

    def write_into(self, row: Any, kind: Kind, content: dict[str, Any]) -> None:
        """Show the tasks that are written together, valid or not."""
        super().write_into(row, kind, content)
        row._written["tasks"] = showable(content.get("tasks"), kind.schema["properties"]["tasks"]["items"])

    def read(self, request: HttpRequest, row: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Read the tasks along."""
        content, refused = super().read(request, row)
        [formset], _ = self._create_formsets(request, row, change=True)
        tasks, wrong = formset.read()
        return {**content, "tasks": tasks}, [*refused, *wrong]

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Tell of the crew's own fields: what became of its tasks is told by the activity feed, task by task."""
        return super().construct_change_message(request, form, [], add)

    def remove(self, request: HttpRequest, obj: Crew) -> None:
        """Delete by the action."""
        delete_crew(actor=actor_of(request), crew=obj)
