"""Install a starter: the agents, crews and knowledge bases that are missing, and the workflow, published."""

from __future__ import annotations

from django.db import transaction

from agents.actions.agents import create_agent
from agents.actions.crews import create_crew
from agents.actions.knowledge import create_knowledge_base
from agents.actions.starters import install_ready_made
from agents.models import Agent, Crew, KnowledgeBase
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission
from workflows import starters
from workflows.actions.triggers import create_trigger
from workflows.actions.workflows import create_workflow, publish_workflow
from workflows.models import Workflow


@transaction.atomic
def install_starter(*, actor: User, starter: str, knowledge_base: KnowledgeBase | None = None) -> Workflow:
    """Return the starter's workflow, published; what exists already (by slug) is used as it is, and nothing is made twice.

    ``knowledge_base`` takes the place of the starter's own; each knowledge base has a workflow of its own. Raises
    PermissionDenied, NotFound for an unknown starter, and DefinitionInvalid, such as without a default model connection.
    """
    require_permission(actor, "workflows.add_workflow")
    wanted = starters.get(starter)
    installed = _installed(starter, knowledge_base)
    if installed is not None:
        return installed
    slots = {slot["slug"]: _knowledge_base(actor, slot, knowledge_base) for slot in wanted.knowledge_bases}
    crews = {slug: _ready_made(actor, slug, knowledge_base) for slug in wanted.ready_made}
    for agent in wanted.agents:
        if not Agent.objects.filter(slug=agent["slug"]).exists():
            create_agent(actor=actor, **agent)
    for crew in wanted.crews:
        if not Crew.objects.filter(slug=crew["slug"]).exists():
            _create_crew(actor, crew)
    workflow = create_workflow(
        actor=actor,
        name=wanted.name,
        description=wanted.description,
        definition=wanted.definition_with({"knowledge_base": slots, "crew": crews}),
        starter=starter,
    )
    publish_workflow(actor=actor, workflow=workflow, note=f"Installed from the starter {wanted.name}.")
    for trigger in wanted.triggers:
        create_trigger(actor=actor, workflow=workflow, is_enabled=False, **trigger)
    return workflow


def _installed(starter: str, knowledge_base: KnowledgeBase | None) -> Workflow | None:
    """The starter's published workflow that uses the knowledge base, changed by people or not; any, when none is given."""
    for workflow in Workflow.objects.filter(starter=starter).exclude(published=None).select_related("published"):
        assert workflow.published is not None
        nodes = workflow.published.definition["nodes"]
        used = {node.get("config", {}).get("knowledge_base") for node in nodes}
        if knowledge_base is None or knowledge_base.slug in used:
            return workflow
    return None


def _ready_made(actor: User, slug: str, knowledge_base: KnowledgeBase | None) -> str:
    """Return what the crew of an agents' starter is called here, installed before or now."""
    return install_ready_made(actor=actor, starter=slug, knowledge_base=knowledge_base).row.slug


def _knowledge_base(actor: User, slot: dict[str, str], given: KnowledgeBase | None) -> str:
    if given is not None:
        return given.slug
    if not KnowledgeBase.objects.filter(slug=slot["slug"]).exists():
        create_knowledge_base(actor=actor, **slot)
    return slot["slug"]


def _create_crew(actor: User, crew: dict[str, object]) -> None:
    fields = {name: value for name, value in crew.items() if name != "tasks"}
    tasks = crew["tasks"]
    assert isinstance(tasks, list)
    agents = {agent.slug: agent for agent in Agent.objects.filter(slug__in=[task["agent"] for task in tasks])}
    create_crew(actor=actor, tasks=[{**task, "agent": agents[task["agent"]]} for task in tasks], **fields)  # type: ignore[arg-type]
