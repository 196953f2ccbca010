"""Answers that a run has paid for already: what they are recognised by, and how they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from agents.llm.endpoint import Ask, Endpoint, Reply, ToolCall
from nexod.kernel import run_port
from nexod.kernel.run_port import Recall


def recalled(endpoint: Endpoint, ask: Ask) -> Recall | None:
    """Return the call's place in the run, with the answer when it was given before; None outside of a run."""
    port = run_port.current()
    return None if port is None else port.replay(endpoint.model, determining(ask))


def reply_in(recall: Recall | None) -> Reply | None:
    """Return the answer that was recorded, if there is one."""
    if recall is None or recall.result is None:
        return None
    return reply_of(recall.result)


def reply_of(kept: Mapping[str, Any]) -> Reply:
    """Return the answer that ``kept`` made JSON of."""
    calls = tuple(ToolCall(**call) for call in kept["tool_calls"])
    return Reply(**{**kept, "tool_calls": calls})


def kept(reply: Reply) -> dict[str, Any]:
    """Return the answer as it is recorded: JSON."""
    return {**asdict(reply), "tool_calls": [asdict(call) for call in reply.tool_calls]}


def determining(ask: Ask) -> dict[str, Any]:
    """Return what the answer depends on, the model left out: nothing that differs when the same is asked again."""
    return {
        "messages": [dict(message) for message in ask.messages],
        "schema": None if ask.schema is None else dict(ask.schema),
        "tools": [dict(tool) for tool in ask.tools],
        "temperature": ask.temperature,
        "max_tokens": ask.max_tokens,
        "stop": list(ask.stop),
    }
