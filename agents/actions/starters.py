"""Install ready-made agents and crews: what is missing is made under free slugs, and nothing that exists is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection as database
from django.db import transaction

from agents import starters
from agents.actions.agents import create_agent
from agents.actions.crews import create_crew
from agents.actions.rows import free_slug
from agents.llm.connections import endpoint_for
from agents.models import Agent, Crew, KnowledgeBase, ModelConnection
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

LOCK = "SELECT pg_advisory_xact_lock(hashtext(current_schema() || ' starters'))"


@dataclass(frozen=True, slots=True)
class Installed:
    """What a starter is in this workspace, and how much of it was made now."""

    starter: str
    agents: list[Agent]
    crew: Crew | None = None
    made: int = field(default=0, compare=False)

    @property
    def row(self) -> Agent | Crew:
        """What people open: the crew, or the agent."""
        return self.crew or self.agents[0]


@transaction.atomic
def install_ready_made(
    *,
    actor: User,
    starter: str,
    knowledge_base: KnowledgeBase | None = None,
    connection: ModelConnection | None = None,
) -> Installed:
    """Return the starter's agents and crew; those that were installed before stay as they are, also when they were changed.

    The agents think with ``connection``, or the workspace's default, and look things up in ``knowledge_base``. Raises
    PermissionDenied, NotFound for an unknown starter, and ModelNotConnected where there is nothing to think with.
    """
    wanted = starters.get(starter)
    require_permission(actor, "agents.add_agent")
    if wanted.crew is not None:
        require_permission(actor, "agents.add_crew")
    endpoint_for(connection.slug if connection else "")
    with database.cursor() as cursor:
        cursor.execute(LOCK)
    crew = None if wanted.crew is None else Crew.objects.filter(starter=starter).first()
    if crew is not None:
        return Installed(starter, _agents_of(wanted), crew)
    bases = [knowledge_base] if knowledge_base is not None else []
    before = {agent.starter for agent in _agents_of(wanted)}
    agents = {each["slug"]: _agent(actor, wanted, each, connection, bases) for each in wanted.agents}
    made = sum(agent.starter not in before for agent in agents.values())
    if wanted.crew is not None:
        crew, made = _crew(actor, wanted, agents), made + 1
    return Installed(starter, list(agents.values()), crew, made)


def installed() -> dict[str, Agent | Crew]:
    """Return what of the catalogue this workspace has, by the slug of the starter."""
    crews = {crew.starter: crew for crew in Crew.objects.exclude(starter="")}
    agents = {agent.starter: agent for agent in Agent.objects.exclude(starter="")}
    alone = {each.slug: _mark(each, each.agents[0]) for each in starters.all_starters() if each.crew is None}
    return crews | {slug: agents[mark] for slug, mark in alone.items() if mark in agents}


def _mark(wanted: starters.Starter, agent: Mapping[str, Any]) -> str:
    """Return by what an agent is known that came from a starter, whatever its slug had to be."""
    return f"{wanted.slug}/{agent['slug']}"


def _agents_of(wanted: starters.Starter) -> list[Agent]:
    marks = [_mark(wanted, agent) for agent in wanted.agents]
    return sorted(Agent.objects.filter(starter__in=marks), key=lambda agent: marks.index(agent.starter))


def _agent(
    actor: User,
    wanted: starters.Starter,
    agent: Mapping[str, Any],
    connection: ModelConnection | None,
    bases: list[KnowledgeBase],
) -> Agent:
    mark = _mark(wanted, agent)
    if (found := Agent.objects.filter(starter=mark).first()) is not None:
        return found
    fields = {name: value for name, value in agent.items() if name not in ("slug", "knowledge")}
    return create_agent(
        actor=actor,
        slug=free_slug(Agent, agent["slug"]),
        connection=connection,
        knowledge_bases=bases if agent.get("knowledge") else [],
        starter=mark,
        note=f"Installed from the starter {wanted.name}, version {wanted.version}.",
        **fields,
    )


def _crew(actor: User, wanted: starters.Starter, agents: Mapping[str, Agent]) -> Crew:
    assert wanted.crew is not None
    fields = {name: value for name, value in wanted.crew.items() if name != "tasks"}
    tasks = [{**task, "agent": agents[task["agent"]]} for task in wanted.crew["tasks"]]
    return create_crew(actor=actor, slug=free_slug(Crew, wanted.slug), tasks=tasks, starter=wanted.slug, **fields)
