"""One agent, one task: from what it is given to its answer, told to the run from beginning to end."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from agents.knowledge.cited import check_citations
from agents.llm.endpoint import Reply
from agents.llm.structured import DoesNotFit, check_schema, parsed
from agents.prompts import head
from agents.spec import AgentSpec
from agents.tools.knowledge import passages
from nexod.kernel import run_port
from nexod.kernel.events import AgentFinished, AgentStarted
from workflows.engine.agents.loop import run_loop
from workflows.engine.agents.thinking import EXCERPT, Thinking

SMALL_PASSAGES = {"passages": 2, "passage_characters": 600}


@dataclass(frozen=True, slots=True)
class AgentResult:
    """What the agent gave; ``data`` is the checked value where there was a schema."""

    text: str
    data: Any = None


def run_agent(
    spec: AgentSpec, task: str, *, expected_output: str = "", schema: Mapping[str, Any] | None = None, name: str = ""
) -> AgentResult:
    """Return what the agent gives for the task; ``name`` is what the run's events call the task.

    Raises the gateway's errors, AgentLoops, AgentRoundsExceeded, InvalidInput for a schema that is none, and what stops the run.
    """
    if schema is not None:
        check_schema(schema)
    small = spec.endpoint.small
    found = passages(spec.knowledge, task[:1_000], SMALL_PASSAGES) if small and spec.knowledge else ""
    begin = head(spec, task, expected_output, has_tools=bool(spec.tools) and not small, passages=found)
    thinking = Thinking(spec, begin, name, schema)
    _tell(AgentStarted, spec, name)
    reply, _ = run_loop(thinking, task=name)
    result = _result(reply, thinking, schema)
    check_citations(result.text)
    _tell(AgentFinished, spec, name, text=result.text[:EXCERPT])
    return result


def _result(reply: Reply, thinking: Thinking, schema: Mapping[str, Any] | None) -> AgentResult:
    if schema is None:
        return AgentResult(reply.text)
    if not thinking.has_tools:
        return AgentResult(reply.text, reply.data)
    with suppress(DoesNotFit):
        return AgentResult(reply.text, parsed(reply.text, schema))
    return AgentResult(reply.text, thinking.in_form(reply.text, schema).data)


def _tell(event: type[AgentStarted | AgentFinished], spec: AgentSpec, task: str, **data: Any) -> None:
    if (port := run_port.current()) is not None:
        port.emit(event(node=port.node, step=port.step_id, agent=spec.role, task=task, **data))
