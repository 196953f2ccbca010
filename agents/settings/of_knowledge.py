"""What people set of a knowledge base as JSON, and back into its row."""

from __future__ import annotations

from typing import Any

from agents.actions.knowledge import set_knowledge_base
from agents.knowledge import options
from agents.models import KnowledgeBase
from agents.settings.kinds import Kind, register

Json = dict[str, Any]
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 120},
        "description": {"type": "string", "maxLength": 2000},
        "retrieval": options.SCHEMA,
    },
    "required": ["name", "description", "retrieval"],
    "additionalProperties": False,
}


def store(base: KnowledgeBase, content: Json) -> None:
    """Make the locked knowledge base what the content says."""
    set_knowledge_base(base, **content)


KNOWLEDGE = register(
    Kind(
        name="knowledge",
        model=KnowledgeBase,
        schema=SCHEMA,
        texts=frozenset({"name", "description"}),
        parts=frozenset({"retrieval"}),
        store=store,
    )
)
