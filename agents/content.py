"""Agents, crews and knowledge bases as JSON: what people set of them, what that refers to by slug. An agent's versions keep it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import prefetch_related_objects

from agents.models import Agent, Crew, CrewTask, KnowledgeBase

Json = dict[str, Any]
PLAIN = (
    "name", "role", "goal", "backstory", "model", "temperature", "max_tokens", "options", "fallbacks", "tools", "rounds",
    "context_policy",
)  # fmt: skip
CREW_FIELDS = ("name", "description", "process", "planning")
TASK = (
    "slug", "description", "expected_output", "output_schema", "human_input", "policy", "async_execution",
    "allow_delegation", "guardrails", "max_retries", "on_failure",
)  # fmt: skip
KNOWLEDGE_FIELDS = ("name", "description", "retrieval")


def content_of(agent: Agent) -> Json:
    """Return the agent's content; it is read with the row, its connection and its knowledge bases."""
    plain = {field: getattr(agent, field) for field in PLAIN}
    bases = sorted(base.slug for base in agent.knowledge_bases.all())
    return {**plain, "connection": agent.connection.slug if agent.connection else "", "knowledge_bases": bases}


def crew_content(crew: Crew) -> Json:
    """Return a crew with its tasks in their order; what was not read along with it is read now."""
    tasks = sorted(crew.tasks.all(), key=lambda task: task.order)
    prefetch_related_objects(tasks, "agent", "context")
    return {
        **{field: getattr(crew, field) for field in CREW_FIELDS},
        "manager": crew.manager.slug if crew.manager else "",
        "members": sorted(agent.slug for agent in crew.members.all()),
        "tasks": [_task(task) for task in tasks],
    }


def knowledge_content(base: KnowledgeBase) -> Json:
    """Return what people set of a knowledge base; its documents and vectors are no settings."""
    return {field: getattr(base, field) for field in KNOWLEDGE_FIELDS}


def _task(task: CrewTask) -> Json:
    before = sorted(task.context.all(), key=lambda other: other.order)
    plain = {field: getattr(task, field) for field in TASK}
    return {**plain, "agent": task.agent.slug if task.agent else "", "context": [other.slug for other in before]}


CONTENTS: Mapping[str, Callable[[Any], Json]] = {
    "agent": content_of,
    "crew": crew_content,
    "knowledge": knowledge_content,
}
"""By the kind of a shared document."""
