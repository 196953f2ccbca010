"""A plan for all the tasks of a crew, made in one call before the first; each task is then told its part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agents.crew.spec import CrewAgent, CrewSpec, CrewTask
from agents.crew.telling import tell
from agents.llm.gateway import Gateway
from nexod.kernel.events import CrewPlanned

PLANNER = "Planner"
LONGEST_PLAN = 2_000
EXCERPT = 4_000
ASKED = (
    "You plan the work of a team before it begins. For each task write how it is best done: what to do in which order, which "
    "tools to use for what, what the tasks after it need. Short, concrete steps. You do none of the work yourself."
)


def planned(spec: CrewSpec) -> CrewSpec:
    """Return the crew whose tasks carry their part of a plan, made by the manager's model, or the first agent's."""
    thinks = spec.manager or spec.worker(spec.tasks[0])
    messages = [{"role": "system", "content": ASKED}, {"role": "user", "content": _about(spec)}]
    answer = Gateway(thinks.endpoint, thinks.fallbacks).chat(
        messages, schema=_form(spec), temperature=0.0, agent=PLANNER
    )
    plans: dict[str, str] = answer.data
    told = "\n\n".join(f"{task.name}: {plans[task.name].strip()}" for task in spec.tasks)
    tell(CrewPlanned, agent=PLANNER, text=told[:EXCERPT])
    return replace(spec, tasks=tuple(_carrying(task, plans[task.name]) for task in spec.tasks))


def _carrying(task: CrewTask, plan: str) -> CrewTask:
    plan = plan.strip()[:LONGEST_PLAN]
    return replace(task, description=f"{task.description}\n\nThe plan for this task:\n{plan}") if plan else task


def _form(spec: CrewSpec) -> dict[str, Any]:
    plans = {task.name: {"type": "string", "description": "The steps of this task"} for task in spec.tasks}
    return {"type": "object", "properties": plans, "required": list(plans), "additionalProperties": False}


def _about(spec: CrewSpec) -> str:
    return "\n\n".join(_task(spec, number, task) for number, task in enumerate(spec.tasks, 1))


def _task(spec: CrewSpec, number: int, task: CrewTask) -> str:
    by = spec.worker(task)
    lines = [
        f"Task {number}, {task.name}: {task.description}",
        f"Expected: {task.expected_output}",
        f"Done by: {by.role}, whose goal is: {by.goal}",
        f"Tools: {_tools(by)}",
        f"Reads the results of: {', '.join(spec.read_by(task)) or 'none'}",
    ]
    return "\n".join(lines)


def _tools(agent: CrewAgent) -> str:
    return ", ".join(f"{tool.name} ({tool.description})" for tool in agent.tools) or "none"
