"""``{name}`` in the texts of a crew becomes the input of that name. Once, so that no input is read for placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.crew.errors import CrewInvalid
from agents.crew.spec import CrewSpec, CrewTask
from agents.placeholders import filled_agent, filled_text


def filled(spec: CrewSpec, inputs: Mapping[str, Any]) -> CrewSpec:
    """Return the crew with every placeholder replaced; raise CrewInvalid for one that has no input."""
    return replace(
        spec,
        agents=tuple(filled_agent(agent, inputs, CrewInvalid) for agent in spec.agents),
        tasks=tuple(_task(task, inputs) for task in spec.tasks),
        manager=filled_agent(spec.manager, inputs, CrewInvalid) if spec.manager else None,
    )


def _task(task: CrewTask, inputs: Mapping[str, Any]) -> CrewTask:
    return replace(
        task,
        description=filled_text(task.description, task.name, inputs, CrewInvalid),
        expected_output=filled_text(task.expected_output, task.name, inputs, CrewInvalid),
    )
