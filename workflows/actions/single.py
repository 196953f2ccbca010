"""An agent or a crew run by itself is a definition of one node, so that every run goes the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from agents.models import Agent, Crew
from workflows.definitions import FORMAT

Json = dict[str, Any]
NODE = "work"
MAX_TASK = 20_000
# As agents.crew fills them in: ``{name}``.
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")


def agent_definition(agent: Agent) -> Json:
    """Return the definition that gives ``agent`` one task; its input is ``task``."""
    task = {"type": "string", "title": "Task", "minLength": 1, "maxLength": MAX_TASK, "format": "textarea"}
    return _definition(agent.name, "agent", {"agent": agent.slug, "prompt": "{{ inputs.task }}"}, {"task": task})


def crew_definition(crew: Crew) -> Json:
    """Return the definition that lets ``crew`` work; its inputs are the ``{placeholders}`` of its texts."""
    names = list(dict.fromkeys(name for text in _texts(crew) for name in _PLACEHOLDER.findall(text)))
    properties = {name: {"type": "string", "title": name.replace("_", " ").capitalize()} for name in names}
    inputs = {name: _template(name) for name in names}
    return _definition(crew.name, "crew", {"crew": crew.slug, "inputs": inputs}, properties)


def _definition(name: str, kind: str, config: Json, properties: Json) -> Json:
    return {
        "format": FORMAT,
        "name": name,
        "inputs": {"type": "object", "properties": properties, "required": list(properties)},
        "start": NODE,
        "nodes": [{"id": NODE, "type": kind, "title": name, "config": config}],
        "edges": [],
    }


def _texts(crew: Crew) -> Iterable[str]:
    """Every text of the crew in which an input can be named: those of its tasks and of whoever works on them."""
    workers = {crew.manager_id: crew.manager}
    for task in crew.tasks.select_related("agent"):
        yield from (task.description, task.expected_output)
        workers[task.agent_id] = task.agent
    for agent in workers.values():
        if agent is not None:
            yield from (agent.role, agent.goal, agent.backstory)


def _template(name: str) -> str:
    return f"{{{{ inputs['{name}'] }}}}" if "-" in name else f"{{{{ inputs.{name} }}}}"
