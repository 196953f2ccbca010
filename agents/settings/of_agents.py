"""An agent's settings as JSON, and back into its row; what they refer to is named by slug, so no secret can be in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.actions.agent_versions import keep_version
from agents.actions.agents import HOTTEST, MOST_FALLBACKS, MOST_ROUNDS, MOST_TOKENS, set_agent
from agents.actions.credential_use import require_credentials
from agents.content import PLAIN
from agents.models import Agent, KnowledgeBase, ModelConnection
from agents.options import OPTIONS
from agents.settings.kinds import Kind, register, rows_named
from agents.tools.validation import MAX_TOOLS
from tenants.accounts.models import User

Json = dict[str, Any]
SLUG: Json = {"type": "string", "maxLength": 60}
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "role": {"type": "string", "minLength": 1, "maxLength": 200},
        "goal": {"type": "string", "minLength": 1, "maxLength": 4000},
        "backstory": {"type": "string", "maxLength": 8000},
        "tools": {"type": "array", "maxItems": MAX_TOOLS},
        "knowledge_bases": {"type": "array", "items": SLUG, "maxItems": 200},
        "connection": SLUG,
        "model": {"type": "string", "maxLength": 120},
        "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": HOTTEST},
        "max_tokens": {"type": "integer", "minimum": 1, "maximum": MOST_TOKENS},
        "options": OPTIONS,
        "fallbacks": {"type": "array", "maxItems": MOST_FALLBACKS},
        "rounds": {"type": "integer", "minimum": 1, "maximum": MOST_ROUNDS},
        "context_policy": {"enum": list(Agent.ContextPolicy.values)},
    },
    "additionalProperties": False,
}
SCHEMA["required"] = list(SCHEMA["properties"])


def store(agent: Agent, content: Json) -> None:
    """Make the locked agent what the content says."""
    bases = rows_named(KnowledgeBase.objects.all(), [("knowledge_bases", slug) for slug in content["knowledge_bases"]])
    slug = content["connection"]
    connection = rows_named(ModelConnection.objects.all(), [("connection", slug)])[slug] if slug else None
    plain = {field: content[field] for field in PLAIN}
    set_agent(agent, knowledge_bases=list(bases.values()), connection=connection, **plain)


def allow(actor: User, agent: Agent, content: Json) -> None:
    """Ask for the right to use credentials that the agent's tools did not name before."""
    require_credentials(actor, content["tools"], known=agent.tools)


def keep(actor: User, agent: Agent, note: str, written: Sequence[Json]) -> None:
    """Keep the version that was saved."""
    keep_version(agent, author=actor, note=note, written=written)


AGENT = register(
    Kind(
        name="agent",
        model=Agent,
        schema=SCHEMA,
        texts=frozenset({"name", "role", "goal", "backstory"}),
        parts=frozenset({"options"}),
        store=store,
        allow=allow,
        keep=keep,
    )
)
