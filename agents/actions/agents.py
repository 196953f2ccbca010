"""Define agents: who they are, what they think with, what they may look up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.models import Agent, Crew, KnowledgeBase
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

HOTTEST, MOST_TOKENS = 2.0, 100_000


@transaction.atomic
def create_agent(
    *, actor: User, name: str, slug: str = "", knowledge_bases: Sequence[KnowledgeBase] = (), **fields: Any
) -> Agent:
    """Return a new agent. Raises PermissionDenied, or what names the fields that are not valid."""
    require_permission(actor, "agents.add_agent")
    agent = _saved(Agent(), {**fields, "name": name, "slug": slug or free_slug(Agent, name)})
    agent.knowledge_bases.set(knowledge_bases)
    return agent


@transaction.atomic
def update_agent(
    *, actor: User, agent: Agent, knowledge_bases: Sequence[KnowledgeBase] | None = None, **fields: Any
) -> Agent:
    """Change what is given; ``knowledge_bases`` None keeps them."""
    require_permission(actor, "agents.change_agent")
    agent = _saved(agent, fields)
    if knowledge_bases is not None:
        agent.knowledge_bases.set(knowledge_bases)
    return agent


def delete_agent(*, actor: User, agent: Agent) -> None:
    """Delete it; raise InUse while a crew needs it."""
    require_permission(actor, "agents.delete_agent")
    crews = Crew.objects.filter(Q(tasks__agent=agent) | Q(manager=agent)).distinct().order_by("name")
    if names := list(crews.values_list("name", flat=True)):
        raise InUse(f"Crews need this agent: {', '.join(names)}.", details={"crews": names})
    agent.delete()


def _saved(agent: Agent, fields: dict[str, Any]) -> Agent:
    if not 0 <= fields.get("temperature", 0) <= HOTTEST:
        raise invalid("temperature", f"The temperature is between 0 and {HOTTEST:g}.")
    if not 1 <= fields.get("max_tokens", 1) <= MOST_TOKENS:
        raise invalid("max_tokens", f"An answer has between 1 and {MOST_TOKENS:,} tokens.")
    model = fields.get("model", agent.model)
    connection = fields.get("connection", agent.connection)
    if model and connection and connection.model_names and model not in connection.model_names:
        raise invalid("model", f"{connection} offers {', '.join(connection.model_names)}.")
    return saved(agent, fields)
