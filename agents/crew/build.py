"""From plain data to CrewAI's objects: without memory, planning, telemetry, or its file of task outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crewai import Agent, Crew, Process, Task
from pydantic import PrivateAttr

from agents.crew.bridge import Bridge
from agents.crew.llm import GatewayLLM, Schemas, asked
from agents.crew.review import ask_about, with_feedback
from agents.crew.spec import CrewAgent, CrewSpec, CrewTask
from nexod.kernel import run_port
from nexod.kernel.events import AgentFinished, AgentStarted, StepEvent
from nexod.kernel.run_port import Answer

EXCERPT = 2000


class NoTaskOutputs:
    """Stands in for CrewAI's record of task outputs, a SQLite file per working directory that all tenants would share."""

    def reset(self) -> None:
        """Keep nothing."""

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Keep nothing."""


class QuietCrew(Crew):
    """A crew that leaves nothing behind."""

    _task_output_handler: Any = PrivateAttr(default_factory=NoTaskOutputs)


class TellingAgent(Agent):
    """An agent that tells the run when it begins and ends a task, and asks a person where the task says so."""

    _bridge: Bridge = PrivateAttr()
    _reviewed: Mapping[str, CrewTask] = PrivateAttr(default_factory=dict)

    def execute_task(self, task: Any, context: str | None = None, tools: Any = None) -> Any:
        """Do the task, again as often as a person asks for changes."""
        result = self._done(task, context, tools)
        reviewed = self._reviewed.get(task.name or "")
        if reviewed is None:
            return result
        answer, changes = self._asked(reviewed, result, 0), 0
        while answer.decision == "request_changes":
            changes += 1
            result = self._done(task, with_feedback(context, str(result), answer.comment), tools)
            answer = self._asked(reviewed, result, changes)
        return answer.content

    def _asked(self, task: CrewTask, result: Any, changes: int) -> Answer:
        return asked(self._bridge, lambda: ask_about(task, self.role, str(result), changes=changes))

    def _done(self, task: Any, context: str | None, tools: Any) -> Any:
        """Do the task, with an event before and after."""
        name = task.name or ""
        asked(self._bridge, lambda: _tell(AgentStarted, agent=self.role, task=name))
        result = super().execute_task(task, context, tools)
        asked(self._bridge, lambda: _tell(AgentFinished, agent=self.role, task=name, text=str(result)[:EXCERPT]))
        return result


def build(spec: CrewSpec, bridge: Bridge, schemas: Schemas) -> Crew:
    """Return the crew, ready for kickoff. Its agents call their models over ``bridge``."""
    reviewed = {task.name: task for task in spec.tasks if task.human_input}
    agents = {agent.name: _agent(agent, bridge, schemas, reviewed) for agent in spec.agents}
    tasks: dict[str, Task] = {}
    for task in spec.tasks:
        tasks[task.name] = _task(task, agents.get(task.agent), tasks)
    return QuietCrew(
        name=spec.name,
        agents=list(agents.values()),
        tasks=list(tasks.values()),
        process=Process.hierarchical if spec.manager else Process.sequential,
        manager_agent=_agent(spec.manager, bridge, schemas, reviewed, manages=True) if spec.manager else None,
        memory=False,
        planning=False,
        cache=False,
        verbose=False,
        tracing=False,
        share_crew=False,
    )


def _agent(
    agent: CrewAgent, bridge: Bridge, schemas: Schemas, reviewed: Mapping[str, CrewTask], *, manages: bool = False
) -> TellingAgent:
    built = TellingAgent(
        role=agent.role,
        goal=agent.goal,
        backstory=agent.backstory,
        llm=GatewayLLM.of(agent, bridge, schemas, uses_tools=manages),
        allow_delegation=manages,
        max_iter=agent.rounds,
        max_retry_limit=0,  # the gateway has retried what is worth it
        respect_context_window=False,  # else it asks the model for a summary; the prompt is cut to fit instead
        verbose=False,
    )
    built._bridge, built._reviewed = bridge, reviewed
    return built


def _task(task: CrewTask, agent: Agent | None, earlier: Mapping[str, Task]) -> Task:
    context = {} if task.context is None else {"context": [earlier[name] for name in task.context]}
    return Task(
        name=task.name, description=task.description, expected_output=task.expected_output, agent=agent, **context
    )


def _tell(event: type[StepEvent], **data: Any) -> None:
    if (port := run_port.current()) is not None:
        port.emit(event(node=port.node, step=port.step_id, **data))
