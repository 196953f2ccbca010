"""Put crews together: agents, and tasks that may read what tasks before them found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from agents.actions.rows import free_slug, invalid, saved
from agents.models import Crew, CrewTask
from nexod.kernel.json_schemas import SchemaRefused, usable
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

MOST_TASKS = 50
Tasks = Sequence[Mapping[str, Any]]


@transaction.atomic
def create_crew(*, actor: User, name: str, tasks: Tasks, slug: str = "", **fields: Any) -> Crew:
    """Return a new crew with its ``tasks`` in their order.

    A task has slug, description, expected_output, agent (a row, or None in a hierarchical crew), context (slugs of
    tasks before it), output_schema (JSON Schema or None) and human_input (whether a person decides on the result).
    Raises PermissionDenied, or what names the fields.
    """
    require_permission(actor, "agents.add_crew")
    crew = _saved(Crew(), {**fields, "name": name, "slug": slug or free_slug(Crew, name)})
    _set_tasks(crew, tasks)
    return crew


@transaction.atomic
def update_crew(*, actor: User, crew: Crew, tasks: Tasks | None = None, **fields: Any) -> Crew:
    """Change what is given; ``tasks``, if given, are all that the crew has afterwards, known by their slugs."""
    require_permission(actor, "agents.change_crew")
    crew = _saved(Crew.objects.select_for_update().get(pk=crew.pk), fields)
    if tasks is not None:
        _set_tasks(crew, tasks)
    elif crew.process == Crew.Process.SEQUENTIAL and crew.tasks.filter(agent=None).exists():
        raise invalid("process", "A sequential crew needs an agent for every task.")
    return crew


def delete_crew(*, actor: User, crew: Crew) -> None:
    """Delete it with its tasks."""
    require_permission(actor, "agents.delete_crew")
    crew.delete()


def _saved(crew: Crew, fields: dict[str, Any]) -> Crew:
    process, manager = fields.get("process", crew.process), fields.get("manager", crew.manager)
    if process == Crew.Process.HIERARCHICAL and manager is None:
        raise invalid("manager", "A hierarchical crew needs a manager.")
    return saved(crew, fields)


def _set_tasks(crew: Crew, tasks: Tasks) -> None:
    _check(crew, tasks)
    crew.tasks.exclude(slug__in=[task["slug"] for task in tasks]).delete()
    rows = {row.slug: row for row in crew.tasks.all()}
    for order, task in enumerate(tasks, 1):
        row = rows.setdefault(task["slug"], CrewTask(crew=crew))
        fields = {name: value for name, value in task.items() if name != "context"}
        saved(row, {**fields, "order": order}, constraints=False)
        row.context.set([rows[slug] for slug in task.get("context", ())])


def _check(crew: Crew, tasks: Tasks) -> None:
    if not 1 <= len(tasks) <= MOST_TASKS:
        raise invalid("tasks", f"A crew has between 1 and {MOST_TASKS} tasks.")
    before: set[str] = set()
    for index, task in enumerate(tasks):
        if task["slug"] in before:
            raise invalid(f"tasks.{index}.slug", "Another task of this crew has that slug.")
        if unknown := sorted(set(task.get("context", ())) - before):
            raise invalid(f"tasks.{index}.context", f"No task before it is called {', '.join(unknown)}.")
        if task.get("agent") is None and crew.process == Crew.Process.SEQUENTIAL:
            raise invalid(f"tasks.{index}.agent", "A sequential crew needs an agent for every task.")
        _check_schema(index, task.get("output_schema"))
        before.add(task["slug"])


def _check_schema(index: int, schema: Any) -> None:
    field = f"tasks.{index}.output_schema"
    if schema is None:
        return
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise invalid(field, "This is not a JSON Schema of an object.")
    try:
        usable(schema)
    except SchemaRefused as refusal:
        raise invalid(field, str(refusal)[:300]) from refusal
