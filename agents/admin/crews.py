"""Crews in the admin, their tasks in line and in order."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.forms.widgets import Script
from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.decorators import display

from agents.actions.crews import create_crew, delete_crew, update_crew
from agents.admin.agents import run_link
from agents.admin.crew_tasks import TaskForm, TaskFormSet
from agents.models import Crew, CrewTask
from nexod.admin import tenant_site
from nexod.admin.actors import actor_of
from nexod.admin.records import SluggedAdmin

FIELDS = ("name", "description", "process", "manager")


class TaskInline(StackedInline):
    """One task: who does it, what is asked, what is expected, whose results it may read."""

    model = CrewTask
    form = TaskForm
    formset = TaskFormSet
    extra = 0
    min_num = 1
    max_num = 50
    ordering_field = "order"
    fields = (
        ("order", "slug"),
        "agent",
        "description",
        "expected_output",
        "context_slugs",
        "output_schema",
        "human_input",
    )
    verbose_name = "task"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read the contexts in one query."""
        rows: QuerySet[Any] = super().get_queryset(request).prefetch_related("context")
        return rows


@admin.register(Crew, site=tenant_site)
class CrewAdmin(SluggedAdmin):
    """Agents that work through tasks together."""

    icon = "groups"
    empty_hint = "A crew works through tasks in an order; each task may read what tasks before it found."
    inlines = (TaskInline,)
    list_display = ("title", "process_name", "task_count", "run_link")
    list_display_links = ("title",)
    search_fields = ("name", "slug", "description")
    search_help_text = "Name, slug or description"
    fieldsets = ((None, {"fields": ("name", "slug", "description", ("process", "manager"))}),)
    conditional_fields = {"manager": "process == 'hierarchical'"}

    class Media:
        js = (Script("nexod/crew.js", type="module"),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Count the tasks along."""
        rows: QuerySet[Any] = super().get_queryset(request).annotate(tasks_count=Count("tasks"))
        return rows

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
        values = {name: form.cleaned_data[name] for name in FIELDS if name in form.cleaned_data}
        tasks = formsets[0].tasks()
        if original:
            return update_crew(actor=actor_of(request), crew=original, tasks=tasks, **values)
        return create_crew(actor=actor_of(request), slug=form.cleaned_data.get("slug", ""), tasks=tasks, **values)

    def remove(self, request: HttpRequest, obj: Crew) -> None:
        """Delete by the action."""
        delete_crew(actor=actor_of(request), crew=obj)
