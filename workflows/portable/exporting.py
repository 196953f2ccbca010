"""A workflow becomes a file: the definition, the agents and crews that it uses, the names of all else. Secrets never."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents.content import content_of
from agents.models import Agent, Credential, Crew, CrewTask, KnowledgeBase, ModelConnection
from workflows.models import Workflow, WorkflowVersion
from workflows.portable.bundle import AgentPart, Bundle, CrewPart, Flow, Kind, Need
from workflows.portable.needs import needed_by
from workflows.portable.references import named_in

Json = dict[str, Any]
TASK = (
    "slug", "description", "expected_output", "output_schema", "human_input", "policy", "async_execution",
    "allow_delegation", "guardrails", "max_retries", "on_failure",
)  # fmt: skip


def exported(workflow: Workflow, version: WorkflowVersion) -> Bundle:
    """Return the file of one version of the workflow, with the agents and crews as they are now."""
    names = named_in(version.definition)
    crews = list(_crews().filter(slug__in=names.get("crew", ())).order_by("slug"))
    agents = [_agent(agent) for agent in _agents(names.get("agent", set()), crews)]
    flow = Flow(slug=workflow.slug, name=workflow.name, description=workflow.description, definition=version.definition)
    parts = [_crew(crew) for crew in crews]
    return Bundle(workflow=flow, agents=agents, crews=parts, needs=_needs(version.definition, agents, parts))


def _crews() -> Any:
    return Crew.objects.select_related("manager").prefetch_related("members", "tasks__agent", "tasks__context")


def _agents(slugs: set[str], crews: Iterable[Crew]) -> list[Agent]:
    wanted = set(slugs)
    for crew in crews:
        workers = [crew.manager, *crew.members.all(), *(task.agent for task in crew.tasks.all())]
        wanted |= {worker.slug for worker in workers if worker is not None}
    rows = Agent.objects.select_related("connection").prefetch_related("knowledge_bases")
    return list(rows.filter(slug__in=wanted).order_by("slug"))


def _agent(agent: Agent) -> AgentPart:
    return AgentPart.model_validate({"slug": agent.slug, **content_of(agent)})


def _crew(crew: Crew) -> CrewPart:
    return CrewPart.model_validate(
        {
            "slug": crew.slug,
            "name": crew.name,
            "description": crew.description,
            "process": crew.process,
            "planning": crew.planning,
            "manager": crew.manager.slug if crew.manager else "",
            "members": sorted(member.slug for member in crew.members.all()),
            "tasks": [_task(task) for task in sorted(crew.tasks.all(), key=lambda task: task.order)],
        }
    )


def _task(task: CrewTask) -> Json:
    earlier = sorted(task.context.all(), key=lambda other: other.order)
    return {
        **{name: getattr(task, name) for name in TASK},
        "agent": task.agent.slug if task.agent else "",
        "context": [other.slug for other in earlier],
    }


def _needs(definition: Json, agents: Iterable[AgentPart], crews: Iterable[CrewPart]) -> list[Need]:
    """Return what is named and not brought along: connections, credentials, knowledge bases, other workflows, people, groups."""
    found = needed_by(definition, *([part.model_dump() for part in rows] for rows in (agents, crews)))
    return [
        *_named("connection", ModelConnection, found["connection"]),
        *_named("credential", Credential, found["credential"]),
        *_named("knowledge_base", KnowledgeBase, found["knowledge_base"]),
        *_named("workflow", Workflow, found["workflow"]),
        *(Need(kind="user", slug=address) for address in sorted(found["user"])),
        *(Need(kind="group", slug=name) for name in sorted(found["group"])),
    ]


def _named(kind: Kind, model: Any, slugs: set[str]) -> list[Need]:
    known = dict(model.objects.filter(slug__in=slugs).values_list("slug", "name"))
    return [Need(kind=kind, slug=slug, name=known.get(slug, "")) for slug in sorted(slugs)]
