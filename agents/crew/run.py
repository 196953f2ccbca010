"""Runs a crew to its end in the calling thread, and returns what each task gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.crew.bridge import Bridge
from agents.crew.errors import CrewFailed
from agents.crew.placeholders import filled
from agents.crew.quiet import builder
from agents.crew.spec import CrewResult, CrewSpec, CrewTask, TaskResult
from agents.llm.gateway import Gateway
from agents.llm.structured import DoesNotFit, check_schema, parsed
from nexod.kernel.errors import NexodError


def run_crew(
    spec: CrewSpec, inputs: Mapping[str, Any], *, output_schemas: Mapping[str, Mapping[str, Any]] | None = None
) -> CrewResult:
    """Return what the crew gave for ``inputs``, which fill the ``{placeholders}`` of its texts.

    ``output_schemas`` are JSON Schemas by task name, over those of the tasks. Raises CrewInvalid, CrewFailed, the
    gateway's errors and RunWasCancelled; each as it happened, never CrewAI's rendering of it.
    """
    spec = filled(spec, inputs)
    schemas = {task.name: task.output_schema for task in spec.tasks if task.output_schema} | dict(output_schemas or {})
    for schema in schemas.values():
        check_schema(schema)
    bridge = Bridge()
    try:
        crew = builder()(spec, bridge, schemas)
        raw = bridge.run(lambda: [task.raw for task in crew.kickoff().tasks_output])
    except NexodError:
        raise
    except Exception as error:
        raise CrewFailed(f"The crew {spec.name!r} stopped: {type(error).__name__}.") from error
    results = [_result(task, text, spec, schemas.get(task.name)) for task, text in zip(spec.tasks, raw, strict=True)]
    return CrewResult(results[-1].text, results[-1].data, results)


def _result(task: CrewTask, text: str, spec: CrewSpec, schema: Mapping[str, Any] | None) -> TaskResult:
    agents = {agent.name: agent for agent in spec.agents}
    if schema is None:
        return TaskResult(task.name, task.agent, text)
    try:
        return TaskResult(task.name, task.agent, text, parsed(text, schema))
    except DoesNotFit:
        agent = agents[task.agent]
    question = f"Put this into the form that is asked for, and add nothing:\n\n{text}"
    reply = Gateway(agent.endpoint).chat([{"role": "user", "content": question}], schema=schema, agent=agent.role)
    return TaskResult(task.name, task.agent, text, reply.data)
