"""From a tenant's row to plain data: an agent, as it is or was, with the endpoints of its models and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agents.content import content_of
from agents.errors import AgentMissing
from agents.llm.connections import endpoint_for
from agents.llm.endpoint import Endpoint
from agents.models import Agent, AgentVersion
from agents.spec import AgentSpec
from agents.tools.binding import bound_tools


def agent_spec(slug: str, *, version: int = 0, model: Mapping[str, str] | None = None) -> AgentSpec:
    """Return the agent ``slug`` of the present tenant as it was in that version; 0 is as it is now.

    ``model`` is ``{"connection", "model"}`` to think with instead of its own chain; an empty connection is the default one.
    Raises AgentMissing, ToolGone or ModelNotConnected.
    """
    content = _content(slug, version)
    if model is not None:
        content = {**content, "connection": model["connection"], "model": model.get("model", ""), "fallbacks": []}
    return _spec(slug, content, version)


def _content(slug: str, version: int) -> Mapping[str, Any]:
    row = Agent.objects.select_related("connection").filter(slug=slug).first()
    if row is None:
        raise AgentMissing(f"There is no agent {slug!r} here any more.", details={"agent": slug})
    if version in (0, row.version):
        return content_of(row)
    found = AgentVersion.objects.filter(agent=row, number=version).first()
    if found is None:
        raise AgentMissing(f"The agent {slug!r} has no version {version}.", details={"agent": slug, "version": version})
    content: Mapping[str, Any] = found.content
    return content


def spec_of(row: Agent) -> AgentSpec:
    """Return the row's agent; raise ToolGone or ModelNotConnected."""
    return _spec(row.slug, content_of(row), row.version)


def _spec(slug: str, content: Mapping[str, Any], version: int) -> AgentSpec:
    options = dict(content["options"])
    context_tokens = options.pop("context_tokens", None)
    first, *others = [
        _endpoint(slug, content["connection"], content["model"], options),
        *(_endpoint(slug, other["connection"], other.get("model", ""), options) for other in content["fallbacks"]),
    ]
    knowledge = tuple(content["knowledge_bases"])
    return AgentSpec(
        name=slug,
        role=content["role"],
        goal=content["goal"],
        backstory=content["backstory"],
        endpoint=first,
        fallbacks=tuple(others),
        temperature=content["temperature"],
        max_tokens=content["max_tokens"],
        rounds=content["rounds"],
        tools=bound_tools(content["tools"], knowledge, owner=slug),
        knowledge=knowledge,
        context_policy=content["context_policy"],
        context_tokens=context_tokens,
        version=version,
    )


def _endpoint(agent: str, connection: str, model: str, options: Mapping[str, Any]) -> Endpoint:
    found = endpoint_for(connection, model)
    return replace(found, agent=agent, options={**found.options, **options})
