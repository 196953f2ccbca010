"""Keeps something for later runs: of the person that this run works for, and of nobody else."""

from __future__ import annotations

from agents.tools.base import Json, Tool
from nexod.kernel import run_port

LONGEST = 2_000
SCOPES = ("user", "agent", "workflow")


class Remember(Tool):
    """Gives a line that says that it is kept. To keep the same again changes nothing, so it may be repeated."""

    name = "remember"
    title = "Remember"
    description = (
        "Keeps a fact for later runs for this person: a preference, a decision, what was found out. One fact a call, in a "
        "sentence that can be understood by itself. No secrets. With a topic, it replaces what was kept under that topic."
    )
    parameters = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": LONGEST},
            "topic": {"type": "string", "maxLength": 120, "description": "Such as: preferred language"},
            "importance": {"type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    settings = {
        "type": "object",
        "properties": {
            "scope": {
                "type": "string",
                "title": "Where it comes to mind",
                "description": "In all runs of the person, or only in those of this agent or of the workflow at work.",
                "enum": list(SCOPES),
                "default": "user",
            },
        },
        "additionalProperties": False,
    }
    side_effect = True
    personal = True
    alone = False

    def run(self, arguments: Json, settings: Json, key: str) -> str:
        """Keep it; raise NobodysMemory where the run works for nobody in particular."""
        from agents.actions.memories import keep
        from agents.memory.mind import present_mind

        port = run_port.current()
        mind = present_mind(settings.get("agent", ""))
        keep(mind, run=port.run_id if port else "", **{"scope": settings.get("scope", "user"), **arguments})
        return "Kept."
