"""``{name}`` in the texts of a crew becomes the input of that name. Once, so that no input is read for placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.crew.errors import CrewInvalid
from agents.crew.spec import CrewAgent, CrewSpec, CrewTask

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")


def filled(spec: CrewSpec, inputs: Mapping[str, Any]) -> CrewSpec:
    """Return the crew with every placeholder replaced; raise CrewInvalid for one that has no input."""
    return replace(
        spec,
        agents=tuple(_agent(agent, inputs) for agent in spec.agents),
        tasks=tuple(_task(task, inputs) for task in spec.tasks),
        manager=_agent(spec.manager, inputs) if spec.manager else None,
    )


def _agent(agent: CrewAgent, inputs: Mapping[str, Any]) -> CrewAgent:
    return replace(
        agent,
        role=_text(agent.role, agent.name, inputs),
        goal=_text(agent.goal, agent.name, inputs),
        backstory=_text(agent.backstory, agent.name, inputs),
    )


def _task(task: CrewTask, inputs: Mapping[str, Any]) -> CrewTask:
    return replace(
        task,
        description=_text(task.description, task.name, inputs),
        expected_output=_text(task.expected_output, task.name, inputs),
    )


def _text(text: str, owner: str, inputs: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in inputs:
            raise CrewInvalid(f"{owner!r} needs the input {name!r}, which was not given.", details={"input": name})
        found = inputs[name]
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)

    return _PLACEHOLDER.sub(value, text)
