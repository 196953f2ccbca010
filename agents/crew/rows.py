"""From a tenant's rows to plain data: its agents and crews, each agent with the endpoint of its model."""

from __future__ import annotations

from agents.crew.errors import AgentMissing, CrewInvalid, CrewMissing
from agents.crew.spec import CrewAgent, CrewSpec, CrewTask
from agents.llm.connections import endpoint_for, endpoint_of
from agents.models import Agent, Crew
from agents.models import CrewTask as TaskRow


def agent_spec(slug: str) -> CrewAgent:
    """Return the agent ``slug`` of the present tenant; raise AgentMissing or ModelNotConnected."""
    row = Agent.objects.select_related("connection").filter(slug=slug).first()
    if row is None:
        raise AgentMissing(f"There is no agent {slug!r} here any more.", details={"agent": slug})
    return _agent(row)


def crew_spec(slug: str) -> CrewSpec:
    """Return the crew ``slug`` of the present tenant; raise CrewMissing, CrewInvalid or ModelNotConnected."""
    row = Crew.objects.select_related("manager__connection").filter(slug=slug).first()
    if row is None:
        raise CrewMissing(f"There is no crew {slug!r} here any more.", details={"crew": slug})
    tasks = list(row.tasks.select_related("agent__connection").prefetch_related("context").order_by("order"))
    agents = {task.agent.slug: _agent(task.agent) for task in tasks if task.agent is not None}
    if row.process == Crew.Process.HIERARCHICAL:
        return CrewSpec(row.slug, tuple(agents.values()), _tasks(tasks), "hierarchical", _manager(row))
    return CrewSpec(row.slug, tuple(agents.values()), _tasks(tasks))


def _agent(row: Agent) -> CrewAgent:
    return CrewAgent(
        name=row.slug,
        role=row.role,
        goal=row.goal,
        backstory=row.backstory,
        endpoint=endpoint_of(row.connection, row.model) if row.connection else endpoint_for("", row.model),
        temperature=row.temperature,
        max_tokens=row.max_tokens,
    )


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
    )


def _manager(row: Crew) -> CrewAgent:
    if row.manager is None:
        raise CrewInvalid(f"The crew {row.slug!r} is hierarchical and has no manager.")
    return _agent(row.manager)
