"""From a tenant's rows to plain data: its agents and crews, each agent with the endpoint of its model."""

from __future__ import annotations

from agents.crew.errors import CrewInvalid, CrewMissing
from agents.crew.spec import CrewSpec, CrewTask
from agents.models import Crew
from agents.models import CrewTask as TaskRow
from agents.rows import spec_of
from agents.spec import AgentSpec

READ_ALONG = ("context", "agent__knowledge_bases")


def crew_spec(slug: str) -> CrewSpec:
    """Return the crew ``slug`` of the present tenant; raise CrewMissing, CrewInvalid or ModelNotConnected."""
    row = Crew.objects.select_related("manager__connection").filter(slug=slug).first()
    if row is None:
        raise CrewMissing(f"There is no crew {slug!r} here any more.", details={"crew": slug})
    tasks = list(row.tasks.select_related("agent__connection").prefetch_related(*READ_ALONG).order_by("order"))
    workers = [task.agent for task in tasks if task.agent is not None]
    helpers = row.members.select_related("connection").prefetch_related("knowledge_bases").order_by("slug")
    agents = {agent.slug: spec_of(agent) for agent in (*workers, *helpers) if agent.pk != row.manager_id}
    if row.process == Crew.Process.HIERARCHICAL:
        manager = _manager(row)
        return CrewSpec(row.slug, tuple(agents.values()), _tasks(tasks), "hierarchical", manager, row.planning)
    return CrewSpec(row.slug, tuple(agents.values()), _tasks(tasks), planning=row.planning)


def _tasks(rows: list[TaskRow]) -> tuple[CrewTask, ...]:
    return tuple(_task(row) for row in rows)


def _task(row: TaskRow) -> CrewTask:
    earlier = sorted(row.context.all(), key=lambda task: task.order)
    return CrewTask(
        name=row.slug,
        agent=row.agent.slug if row.agent else "",
        description=row.description,
        expected_output=row.expected_output,
        context=tuple(task.slug for task in earlier) or None,
        output_schema=row.output_schema,
        human_input=row.human_input,
        policy=row.policy,
        async_execution=row.async_execution,
        allow_delegation=row.allow_delegation,
        guardrails=tuple(row.guardrails),
        max_retries=row.max_retries,
        on_failure=row.on_failure,  # type: ignore[arg-type]
    )


def _manager(row: Crew) -> AgentSpec:
    if row.manager is None:
        raise CrewInvalid(f"The crew {row.slug!r} is hierarchical and has no manager.")
    return spec_of(row.manager)
