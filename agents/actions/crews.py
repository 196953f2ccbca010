"""Put crews together: agents, and tasks that may read what tasks before them found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from agents.actions.rows import free_slug, invalid, saved
from agents.asking import policy_problems
from agents.guardrails import complaints_of
from agents.models import Agent, Crew, CrewTask
from agents.settings.port import followed, shared
from nexod.kernel import activity
from nexod.kernel.json_schemas import SchemaRefused, usable
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

MOST_TASKS = 50
MOST_RETRIES = 5
Tasks = Sequence[Mapping[str, Any]]


@transaction.atomic
def create_crew(
    *, actor: User, name: str, tasks: Tasks, slug: str = "", members: Sequence[Agent] = (), **fields: Any
) -> Crew:
    """Return a new crew with its ``tasks`` in their order, and ``members`` that have no task of their own.

    A task has slug, description, expected_output, agent (a row, or None in a hierarchical crew), context (slugs of
    tasks before it), output_schema (JSON Schema or None), human_input (whether a person decides on the result),
    policy (who that is, how many and by when), async_execution, allow_delegation, guardrails (see ``agents.guardrails``),
    max_retries and on_failure.
    Raises PermissionDenied, or what names the fields.
    """
    require_permission(actor, "agents.add_crew")
    crew = _saved(Crew(), {**fields, "name": name, "slug": slug or free_slug(Crew, name)})
    crew.members.set(members)
    _set_tasks(crew, tasks)
    activity.note(actor, "created", "crew", crew)
    return crew


@transaction.atomic
def update_crew(
    *, actor: User, crew: Crew, tasks: Tasks | None = None, members: Sequence[Agent] | None = None, **fields: Any
) -> Crew:
    """Change what is given; ``tasks`` and ``members``, if given, are all that the crew has afterwards."""
    require_permission(actor, "agents.change_crew")
    crew = Crew.objects.select_for_update().get(pk=crew.pk)
    with followed(actor, "crew", crew):
        return set_crew(crew, tasks=tasks, members=members, **fields)


def set_crew(crew: Crew, *, tasks: Tasks | None = None, members: Sequence[Agent] | None = None, **fields: Any) -> Crew:
    """Check and store what is given of a locked crew; whoever calls this has asked who may."""
    _saved(crew, fields)
    if members is not None:
        crew.members.set(members)
    if tasks is not None:
        _set_tasks(crew, tasks)
    elif crew.process == Crew.Process.SEQUENTIAL and crew.tasks.filter(agent=None).exists():
        raise invalid("process", "A sequential crew needs an agent for every task.")
    return crew


@transaction.atomic
def delete_crew(*, actor: User, crew: Crew) -> None:
    """Delete it with its tasks."""
    require_permission(actor, "agents.delete_crew")
    gone = crew.pk
    activity.note(actor, "deleted", "crew", crew)
    crew.delete()
    shared().forget("crew", gone)


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
    beside: set[str] = set()
    for index, task in enumerate(tasks):
        if task["slug"] in before:
            raise invalid(f"tasks.{index}.slug", "Another task of this crew has that slug.")
        if unknown := sorted(set(task.get("context", ())) - before):
            raise invalid(f"tasks.{index}.context", f"No task before it is called {', '.join(unknown)}.")
        if task.get("agent") is None and crew.process == Crew.Process.SEQUENTIAL:
            raise invalid(f"tasks.{index}.agent", "A sequential crew needs an agent for every task.")
        _check_manager(crew, index, task)
        beside = _beside(index, task, beside, is_last=index == len(tasks) - 1)
        _check_schema(index, task.get("output_schema"))
        _check_guardrails(index, task)
        _check_policy(index, task.get("policy"))
        before.add(task["slug"])


def _check_manager(crew: Crew, index: int, task: Mapping[str, Any]) -> None:
    agent = task.get("agent")
    if crew.process == Crew.Process.HIERARCHICAL and agent is not None and agent == crew.manager:
        raise invalid(f"tasks.{index}.agent", "The manager hands out the work and cannot also do it.")


def _beside(index: int, task: Mapping[str, Any], beside: set[str], *, is_last: bool) -> set[str]:
    """Return the tasks that may still be at work when the next begins; raise for a task that reads one of them."""
    if not task.get("async_execution"):
        return set()
    if is_last:
        raise invalid(f"tasks.{index}.async_execution", "The last task has none after it to run beside.")
    if unready := sorted(set(task.get("context", ())) & beside):
        raise invalid(f"tasks.{index}.context", f"It runs beside {', '.join(unready)} and cannot read the result.")
    return beside | {task["slug"]}


def _check_policy(index: int, policy: Any) -> None:
    if policy and (problems := policy_problems(policy)):
        _, at, why = problems[0]
        raise invalid(".".join(filter(None, (f"tasks.{index}.policy", at))), why)


def _check_guardrails(index: int, task: Mapping[str, Any]) -> None:
    if problems := complaints_of(task.get("guardrails", [])):
        raise invalid(f"tasks.{index}.guardrails", " ".join(problems)[:500])
    if not 0 <= task.get("max_retries", 0) <= MOST_RETRIES:
        raise invalid(f"tasks.{index}.max_retries", f"It is tried again between 0 and {MOST_RETRIES} times.")


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
