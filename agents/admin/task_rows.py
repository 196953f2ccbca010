"""The tasks of a crew as rows of its form, in the order of the page; nothing of how they are stored stands in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from unfold.admin import StackedInline
from unfold.forms import PaginationInlineFormSet

from agents.actions.crews import MOST_TASKS
from agents.admin.crew_tasks import FIELDS, TaskForm
from agents.content import crew_content
from agents.models import CrewTask
from nexod.kernel.json_schemas import complaints

Json = dict[str, Any]


class TaskFormSet(PaginationInlineFormSet):
    """All tasks of one crew, none of them with a row of its own: they are known by their slugs."""

    def initial_form_count(self) -> int:
        """Return 0: every form is made of a content."""
        return 0

    def total_form_count(self) -> int:
        """Return how many rows were sent, or are shown."""
        return len(self._numbers) if self.is_bound else max(1, len(self._shown))

    def add_prefix(self, index: int | str) -> str:
        """Name the fields of a row as they were sent, whatever number it had."""
        return f"{self.prefix}-{self._numbers[index] if self.is_bound and isinstance(index, int) else index}"

    @property
    def _numbers(self) -> Sequence[str]:
        """Return the numbers of the rows that were sent, in the order of the page."""
        if not hasattr(self, "_sent"):
            sent = re.compile(rf"{re.escape(self.prefix)}-(\d{{1,6}})-")
            found = (sent.match(key) for key in self.data)
            self._sent = list(dict.fromkeys(one[1] for one in found if one))[: MOST_TASKS + 1]
        return self._sent

    @property
    def _shown(self) -> list[Json]:
        """Return the tasks that are written together where the page shows these, else those that are saved."""
        if not hasattr(self, "_tasks"):
            written = getattr(self.instance, "_written", None)
            content = written or (crew_content(self.instance) if not self.instance._state.adding else {})
            self._tasks: list[Json] = content.get("tasks", [])
        return self._tasks

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        if not self.is_bound and i < len(self._shown):
            kwargs["initial"] = self._initial(self._shown[i])
        form = super()._construct_form(i, **kwargs)
        # Nobody can take a row for blank that stands in a crew.
        form.empty_permitted = i > 0 and self.is_bound
        return form

    def _initial(self, task: Json) -> Json:
        plain = {name: task[name] for name in FIELDS if name in task and name != "agent"}
        return {**plain, "agent": self._agents.get(task.get("agent", "")), "context_slugs": task.get("context", [])}

    @property
    def _agents(self) -> dict[str, Any]:
        """Return the ids of the agents by their slugs, read once."""
        if not hasattr(self, "_known"):
            self._known = dict(self.form.base_fields["agent"].queryset.values_list("slug", "pk"))
        return self._known

    def add_fields(self, form: Any, index: int | None) -> None:
        """Read the agents to choose from once, not once per task."""
        super().add_fields(form, index)
        agents = form.fields["agent"]
        if not hasattr(self, "_choices"):
            self._choices = list(agents.choices)
        agents.choices = self._choices

    def validate_unique(self) -> None:
        """Leave slugs to the action, which names the task."""

    def tasks(self) -> list[Json]:
        """Return what the actions take: the tasks in the order of the page."""
        return [_given(form.cleaned_data) for form in self.forms if form.cleaned_data]

    def read(self) -> tuple[list[Json], list[tuple[str, str]]]:
        """Return of each row what can be read, as a content says it, and what cannot: ``tasks.0.slug`` and why."""
        for form in self.forms:
            form.empty_permitted = False
            for field in form.fields.values():
                field.required = False
        found, refused = [], []
        for place, form in enumerate(self.forms):
            form.is_valid()
            found.append(named(_given(form.cleaned_data)))
            refused += [(f"tasks.{place}.{name}", str(text)) for name, texts in form.errors.items() for text in texts]
        return found, refused


class TaskInline(StackedInline):
    """The rows, with a template of our own."""

    model = CrewTask
    form = TaskForm
    formset = TaskFormSet
    template = "nexod/agents/tasks.html"
    fields = (*FIELDS, "context_slugs")
    extra = 0
    min_num = 1
    max_num = MOST_TASKS
    can_delete = False
    verbose_name = "task"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read nothing: the forms are made of the crew's content."""
        return super().get_queryset(request).none()


def named(task: Json) -> Json:
    """Return a task that names its agent by slug."""
    return {**task, "agent": task["agent"].slug if task["agent"] else ""} if "agent" in task else task


def showable(tasks: Any, schema: Json) -> list[Json]:
    """Return of tasks that need not be valid what fields can show: what is of the right sort, if too long or empty."""
    sorts = {name: {"type": one["type"]} for name, one in schema["properties"].items() if "type" in one}
    rows = [task for task in tasks if isinstance(task, dict)] if isinstance(tasks, list) else []
    return [
        {name: value for name, value in row.items() if not complaints(value, sorts.get(name, {"type": "string"}))}
        for row in rows
    ]


def _given(cleaned: Json) -> Json:
    found = {name: cleaned[name] for name in FIELDS if name in cleaned}
    return {**found, "context": cleaned["context_slugs"]} if "context_slugs" in cleaned else found
