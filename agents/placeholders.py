"""``{name}`` in the texts of an agent or a task becomes the input of that name. Once, so that no input is read for placeholders."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.errors import AgentInvalid
from agents.spec import AgentSpec
from nexod.kernel.errors import InvalidInput

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")


def filled_agent(agent: AgentSpec, inputs: Mapping[str, Any], refusal: type[InvalidInput] = AgentInvalid) -> AgentSpec:
    """Return the agent with every placeholder replaced; raise ``refusal`` for one that has no input."""
    role, goal, backstory = (
        filled_text(text, agent.name, inputs, refusal) for text in (agent.role, agent.goal, agent.backstory)
    )
    return replace(agent, role=role, goal=goal, backstory=backstory)


def filled_text(text: str, owner: str, inputs: Mapping[str, Any], refusal: type[InvalidInput]) -> str:
    """Return the text with every placeholder replaced; raise ``refusal``, naming the ``owner`` of the text."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in inputs:
            raise refusal(f"{owner!r} needs the input {name!r}, which was not given.", details={"input": name})
        found = inputs[name]
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)

    return PLACEHOLDER.sub(value, text)
