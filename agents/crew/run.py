"""Runs a crew to its end in the calling thread, and returns what each task gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agents.crew.bridge import Bridge
from agents.crew.errors import CrewFailed
from agents.crew.form import put_into_form
from agents.crew.placeholders import filled
from agents.crew.planning import planned
from agents.crew.quiet import builder
from agents.crew.spec import CrewResult, CrewSpec, CrewTask, TaskResult
from agents.llm.structured import check_schema, parsed


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
    if spec.planning:
        spec = planned(spec)
    bridge, build = Bridge(), builder()
    raw = bridge.run(lambda: _kickoff(spec.name, lambda: build(spec, bridge, schemas)))
    results = [_result(task, text, spec, schemas.get(task.name)) for task, text in zip(spec.tasks, raw, strict=True)]
    return CrewResult(results[-1].text, results[-1].data, results)


def _kickoff(name: str, build: Callable[[], Any]) -> list[str]:
    """Return every task's text. In the crew's thread: what CrewAI raises is its own or the echo of the bridge's failure."""
    try:
        return [task.raw for task in build().kickoff().tasks_output]
    except Exception as error:
        raise CrewFailed(f"The crew {name!r} stopped: {type(error).__name__}.") from error


def _result(task: CrewTask, text: str, spec: CrewSpec, schema: Mapping[str, Any] | None) -> TaskResult:
    """Return the task's result; what a person edited into another form is put into the right one again."""
    agent = spec.worker(task)
    if schema is None:
        return TaskResult(task.name, agent.name, text)
    fitting = put_into_form(spec.manager or agent, text, schema)
    return TaskResult(task.name, agent.name, text, parsed(fitting, schema))
