"""Results that have to be JSON of a schema: who worked with tools could not be held to it, so that the result is now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agents.llm.gateway import Gateway
from agents.llm.structured import DoesNotFit, parsed
from agents.spec import AgentSpec


def put_into_form(agent: AgentSpec, text: str, schema: Mapping[str, Any] | None) -> str:
    """Return the text where it fits, else the JSON that the agent's model makes of it; any text without a schema."""
    if schema is None:
        return text
    with suppress(DoesNotFit):
        parsed(text, schema)
        return text
    question = f"Put this into the form that is asked for, and add nothing:\n\n{text}"
    reply = Gateway(agent.endpoint, agent.fallbacks).chat(
        [{"role": "user", "content": question}], schema=schema, agent=agent.role
    )
    return json.dumps(reply.data, ensure_ascii=False)
