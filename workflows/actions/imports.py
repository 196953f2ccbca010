"""Read a workflow file into the tenant: what it brings is created, what it needs is found or asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from agents.actions.agents import create_agent, update_agent
from agents.actions.crews import create_crew, update_crew
from agents.actions.rows import free_slug
from agents.models import Agent, Credential, Crew, KnowledgeBase, ModelConnection
from agents.tools.naming import tools_naming
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows.actions.workflows import create_workflow, publish_workflow, save_draft
from workflows.approvals.naming import name_people, policies_of_tools
from workflows.models import DraftEdit, Workflow
from workflows.portable.bundle import AgentPart, Bundle, CrewPart, Need
from workflows.portable.references import renamed

Json = dict[str, Any]
Names = Mapping[str, Mapping[str, str]]
NEEDED: dict[str, Any] = {
    "agent": Agent, "crew": Crew, "connection": ModelConnection, "credential": Credential, "knowledge_base": KnowledgeBase,
    "workflow": Workflow,
}  # fmt: skip
"""What a file may bring or need, by kind: rows with slugs."""
PEOPLE: dict[str, tuple[Any, str]] = {
    "user": (User.objects.filter(is_active=True), "email"),
    "group": (Group.objects, "name"),
}
"""Whom it may name besides, and by what."""


class NeedsMissing(InvalidInput):
    """The file names things that are not here. Say what takes their place."""

    code = "needs_missing"


@dataclass(slots=True)
class Imported:
    """What came of a file: the workflow, and the agents and crews by what was done with them."""

    workflow: Workflow
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


@transaction.atomic
def import_bundle(
    *,
    actor: User,
    bundle: Bundle,
    names: Names | None = None,
    replace: bool = False,
    publish: bool = False,
    confirm: bool = False,
) -> Imported:
    """Return what came of the file: its workflow as a draft, its agents and crews. All of it, or nothing.

    ``names[kind][slug]`` is what takes the place of something that the file needs; without it, what has the same slug
    here. What exists already, by slug, is kept, or with ``replace`` made what the file says: the workflow's draft too,
    which otherwise becomes a workflow with a slug of its own. With ``publish`` the draft is published;
    ``confirm`` says that it may have changes of others. Raises PermissionDenied, NeedsMissing with what can be chosen,
    DefinitionInvalid, PublishUnconfirmed, and what names the fields of agents and crews.
    """
    require_permission(actor, "workflows.add_workflow")
    chosen = _chosen(bundle.needs, names or {})
    result = Imported(Workflow())
    for agent in bundle.agents:
        _import_agent(actor, agent, chosen, result, replace=replace)
    for crew in bundle.crews:
        _import_crew(actor, crew, chosen, result, replace=replace)
    result.workflow = _import_workflow(actor, bundle, chosen, replace=replace)
    if publish:
        publish_workflow(actor=actor, workflow=result.workflow, note="Imported", confirm=confirm)
    return result


def _chosen(needs: list[Need], names: Names) -> dict[str, dict[str, str]]:
    """Return the tenant's own name for everything that is needed."""
    chosen: dict[str, dict[str, str]] = {}
    missing = []
    for need in needs:
        wanted = names.get(need.kind, {}).get(need.slug, need.slug)
        rows, named = choices_of(need.kind)
        if rows.filter(**{named: wanted}).exists():
            chosen.setdefault(need.kind, {})[need.slug] = wanted
        else:
            missing.append(_missing(need, wanted))
    if missing:
        raise NeedsMissing(details=missing)
    return chosen


def choices_of(kind: str) -> tuple[Any, str]:
    """Return what can take the place of something of that kind, and the field by which it is named."""
    rows, named = PEOPLE.get(kind) or (NEEDED[kind].objects, "slug")
    return rows.all(), named


def _missing(need: Need, wanted: str) -> Json:
    rows, named = choices_of(need.kind)
    offered = list(rows.order_by(named).values_list(named, flat=True)[:50])
    there = f"There are {', '.join(offered)}." if offered else "There is none yet."
    message = f"There is no {need.kind.replace('_', ' ')} {wanted!r} here. {there}"
    return {"field": f"names.{need.kind}.{need.slug}", "message": message}


def _import_agent(actor: User, agent: AgentPart, chosen: Names, result: Imported, *, replace: bool) -> None:
    existing = Agent.objects.filter(slug=agent.slug).first()
    if existing is not None and not replace:
        result.kept.append(f"agent {agent.slug}")
        return
    fields = _agent_fields(agent, chosen)
    if existing is None:
        create_agent(actor=actor, slug=agent.slug, note="Imported", **fields)
        result.created.append(f"agent {agent.slug}")
    else:
        update_agent(actor=actor, agent=existing, note="Imported", **fields)
        result.changed.append(f"agent {agent.slug}")


def _agent_fields(agent: AgentPart, chosen: Names) -> Json:
    fields = agent.model_dump(exclude={"slug"})
    connection = fields.pop("connection")
    connections, bases = chosen.get("connection", {}), chosen.get("knowledge_base", {})
    fields["connection"] = (
        ModelConnection.objects.get(slug=connections.get(connection, connection)) if connection else None
    )
    fields["knowledge_bases"] = list(
        KnowledgeBase.objects.filter(slug__in=[bases.get(slug, slug) for slug in fields.pop("knowledge_bases")])
    )
    fields["fallbacks"] = [
        {**row, "connection": connections.get(row.get("connection", ""), row.get("connection", ""))}
        for row in fields["fallbacks"]
    ]
    fields["tools"] = tools_naming(fields["tools"], chosen)
    name_people(policies_of_tools(fields["tools"]), chosen)
    return fields


def _import_crew(actor: User, crew: CrewPart, chosen: Names, result: Imported, *, replace: bool) -> None:
    existing = Crew.objects.filter(slug=crew.slug).first()
    if existing is not None and not replace:
        result.kept.append(f"crew {crew.slug}")
        return
    fields = _crew_fields(crew, chosen)
    if existing is None:
        create_crew(actor=actor, slug=crew.slug, **fields)
        result.created.append(f"crew {crew.slug}")
    else:
        update_crew(actor=actor, crew=existing, **fields)
        result.changed.append(f"crew {crew.slug}")


def _crew_fields(crew: CrewPart, chosen: Names) -> Json:
    fields = crew.model_dump(exclude={"slug"})
    name_people((task["policy"] for task in fields["tasks"]), chosen)
    tasks, members, manager = fields.pop("tasks"), fields.pop("members"), fields.pop("manager")
    wanted = {manager, *members, *(task["agent"] for task in tasks)} - {""}
    agents = {agent.slug: agent for agent in Agent.objects.filter(slug__in=wanted)}
    if missing := sorted(wanted - set(agents)):
        raise NeedsMissing(details=[{"field": f"crews.{crew.slug}", "message": f"No agent {', '.join(missing)}."}])
    return {
        **fields,
        "manager": agents.get(manager),
        "members": [agents[slug] for slug in members],
        "tasks": [{**task, "agent": agents.get(task["agent"])} for task in tasks],
    }


def _import_workflow(actor: User, bundle: Bundle, chosen: Names, *, replace: bool) -> Workflow:
    flow = bundle.workflow
    definition = renamed(flow.definition, chosen)
    existing = Workflow.objects.filter(slug=flow.slug).first()
    if existing is not None and replace:
        save_draft(actor=actor, workflow=existing, definition=definition, source=DraftEdit.Source.IMPORTED)
        return existing
    slug = flow.slug if existing is None else free_slug(Workflow, flow.name)
    return create_workflow(actor=actor, name=flow.name, slug=slug, description=flow.description, definition=definition)
