"""Recalls what was kept from earlier runs for the person that this run works for, and what was shared with everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.tools.base import Json, Tool

if TYPE_CHECKING:
    from agents.models import Memory

USUAL = 6
NOTHING = "Nothing comes to mind."


class Recall(Tool):
    """Gives memories as a list, the best first."""

    name = "recall"
    title = "Recall"
    description = "Looks up what you were told or found out in earlier runs for this person. Ask in a few words."
    parameters = {
        "type": "object",
        "properties": {"query": {"type": "string", "minLength": 1, "maxLength": 500, "description": "What about"}},
        "required": ["query"],
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {
            "memories": {"type": "integer", "title": "Memories", "minimum": 1, "maximum": 20, "default": USUAL},
        },
        "additionalProperties": False,
    }
    personal = True
    alone = False

    def run(self, arguments: Json, settings: Json, key: str) -> str:
        """Return a line for each memory: when it was kept, and what it says."""
        from agents.memory.mind import present_mind
        from agents.memory.recall import recall

        mind = present_mind(settings.get("agent", ""))
        found = recall(mind, arguments["query"], limit=settings.get("memories", USUAL))
        return "\n".join(f"- {one.memory.created_at:%Y-%m-%d}: {_told(one.memory)}" for one in found) or NOTHING


def _told(memory: Memory) -> str:
    text = " ".join(memory.text.split())
    return f"{memory.topic}: {text}" if memory.topic else text
