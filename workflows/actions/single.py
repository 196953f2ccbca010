"""An agent or a crew run by itself is a definition of one node, so that every run goes the same way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.models import Agent, AgentVersion, Crew
from agents.placeholders import PLACEHOLDER
from workflows.definitions import FORMAT

Json = dict[str, Any]
NODE = "work"
MAX_TASK = 20_000


def agent_definition(agent: Agent, *, version: AgentVersion | None = None) -> Json:
    """Return the definition that gives ``agent``, as it was in the version, one task.

    Its inputs are ``task`` and the ``{placeholders}`` of its texts.
    """
    texts = (agent.role, agent.goal, agent.backstory)
    config: Json = {"agent": agent.slug, "prompt": "{{ inputs.task }}"}
    if version is not None:
        texts = tuple(version.content[field] for field in ("role", "goal", "backstory"))
        config["version"] = version.number
    names = _placeholders(texts)
    if names:
        config["inputs"] = {name: _template(name) for name in names}
    task = {"type": "string", "title": "Task", "minLength": 1, "maxLength": MAX_TASK, "format": "textarea"}
    return _definition(
        agent.name, "agent", config, {"task": task, **_properties(name for name in names if name != "task")}
    )


def crew_definition(crew: Crew) -> Json:
    """Return the definition that lets ``crew`` work; its inputs are the ``{placeholders}`` of its texts."""
    names = _placeholders(_texts(crew))
    inputs = {name: _template(name) for name in names}
    return _definition(crew.name, "crew", {"crew": crew.slug, "inputs": inputs}, _properties(names))


def _placeholders(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for text in texts for name in PLACEHOLDER.findall(text)))


def _properties(names: Iterable[str]) -> Json:
    return {name: {"type": "string", "title": name.replace("_", " ").capitalize()} for name in names}


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
    workers |= {member.pk: member for member in crew.members.all()}
    for agent in workers.values():
        if agent is not None:
            yield from (agent.role, agent.goal, agent.backstory)


def _template(name: str) -> str:
    return f"{{{{ inputs['{name}'] }}}}" if "-" in name else f"{{{{ inputs.{name} }}}}"
