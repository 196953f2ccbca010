"""Define agents: who they are, what they think with, what they may look up and use. Every change is a new version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q

from agents.actions.agent_versions import keep_version
from agents.actions.credential_use import require_credentials
from agents.actions.rows import InUse, free_slug, invalid, saved
from agents.models import Agent, Crew, KnowledgeBase, ModelConnection
from agents.options import option_problems
from agents.settings.port import followed, shared
from agents.tools.validation import plain_tools, tool_problems
from nexod.kernel import activity
from nexod.kernel.errors import InvalidInput
from tenants.accounts.models import User
from tenants.accounts.permissions import require_permission

HOTTEST, MOST_TOKENS, MOST_ROUNDS, MOST_FALLBACKS = 2.0, 100_000, 50, 5


@transaction.atomic
def create_agent(
    *,
    actor: User,
    name: str,
    slug: str = "",
    knowledge_bases: Sequence[KnowledgeBase] = (),
    note: str = "",
    **fields: Any,
) -> Agent:
    """Return a new agent, version 1. Raises PermissionDenied, or what names the fields that are not valid."""
    require_permission(actor, "agents.add_agent")
    require_credentials(actor, fields.get("tools", ()))
    agent = _saved(Agent(), {**fields, "name": name, "slug": slug or free_slug(Agent, name)})
    agent.knowledge_bases.set(knowledge_bases)
    keep_version(agent, author=actor, note=note)
    activity.note(actor, "created", "agent", agent)
    return agent


@transaction.atomic
def update_agent(
    *,
    actor: User,
    agent: Agent,
    knowledge_bases: Sequence[KnowledgeBase] | None = None,
    note: str = "",
    **fields: Any,
) -> Agent:
    """Change what is given; ``knowledge_bases`` None keeps them. A change makes a new version, under ``note``."""
    require_permission(actor, "agents.change_agent")
    agent.refresh_from_db(from_queryset=Agent.objects.select_for_update())
    require_credentials(actor, fields.get("tools", ()), known=agent.tools)
    with followed(actor, "agent", agent):
        if not agent.version:
            keep_version(agent, author=None)  # from before there were versions: what it was is kept too
        set_agent(agent, knowledge_bases=knowledge_bases, **fields)
        keep_version(agent, author=actor, note=note)
    return agent


def set_agent(agent: Agent, *, knowledge_bases: Sequence[KnowledgeBase] | None = None, **fields: Any) -> None:
    """Check and store what is given of a locked agent; whoever calls this has asked who may, and keeps the version."""
    _saved(agent, fields)
    if knowledge_bases is not None:
        agent.knowledge_bases.set(knowledge_bases)


@transaction.atomic
def delete_agent(*, actor: User, agent: Agent) -> None:
    """Delete it; raise InUse while a crew needs it."""
    require_permission(actor, "agents.delete_agent")
    crews = Crew.objects.filter(Q(tasks__agent=agent) | Q(manager=agent) | Q(members=agent)).distinct().order_by("name")
    if names := list(crews.values_list("name", flat=True)):
        raise InUse(f"Crews need this agent: {', '.join(names)}.", details={"crews": names})
    gone = agent.pk
    activity.note(actor, "deleted", "agent", agent)
    agent.delete()
    shared().forget("agent", gone)


def _saved(agent: Agent, fields: dict[str, Any]) -> Agent:
    _check_bounds(fields)
    connection = fields.get("connection", agent.connection)
    _check_model("model", connection, fields.get("model", agent.model))
    if problems := option_problems(fields.get("options", {})):
        raise _refused("options", problems)
    if "tools" in fields:
        if problems := tool_problems(fields["tools"]):
            raise _refused("tools", problems)
        fields = {**fields, "tools": plain_tools(fields["tools"])}
    if "fallbacks" in fields:
        fields = {**fields, "fallbacks": _fallbacks(fields["fallbacks"])}
    return saved(agent, fields)


def _check_bounds(fields: dict[str, Any]) -> None:
    temperature = fields.get("temperature")
    if temperature is not None and not 0 <= temperature <= HOTTEST:
        raise invalid("temperature", f"The temperature is between 0 and {HOTTEST:g}.")
    if not 1 <= fields.get("max_tokens", 1) <= MOST_TOKENS:
        raise invalid("max_tokens", f"An answer has between 1 and {MOST_TOKENS:,} tokens.")
    if not 1 <= fields.get("rounds", 1) <= MOST_ROUNDS:
        raise invalid("rounds", f"An agent asks its model between 1 and {MOST_ROUNDS} times.")


def _check_model(field: str, connection: ModelConnection | None, model: str) -> None:
    if model and connection and connection.model_names and model not in connection.model_names:
        raise invalid(field, f"{connection} offers {', '.join(connection.model_names)}.")


def _fallbacks(given: Any) -> list[dict[str, str]]:
    """Return the chain as it is stored; raise what names what is not there."""
    if not isinstance(given, list) or not all(_is_fallback(row) for row in given):
        raise invalid("fallbacks", 'The fallbacks are a list of {"connection", "model"}.')
    if len(given) > MOST_FALLBACKS:
        raise invalid("fallbacks", f"There are at most {MOST_FALLBACKS} fallbacks.")
    known = {row.slug: row for row in ModelConnection.objects.filter(slug__in=[row["connection"] for row in given])}
    for row in given:
        if row["connection"] not in known:
            raise invalid("fallbacks", f"There is no model connection {row['connection']!r} here.")
        _check_model("fallbacks", known[row["connection"]], row.get("model", ""))
    return [{"connection": row["connection"], "model": row.get("model", "")} for row in given]


def _is_fallback(row: Any) -> bool:
    if not isinstance(row, dict) or row.keys() - {"connection", "model"}:
        return False
    return isinstance(row.get("connection"), str) and isinstance(row.get("model", ""), str)


def _refused(field: str, problems: list[str]) -> InvalidInput:
    return InvalidInput(details=[{"field": field, "message": problem} for problem in problems])
