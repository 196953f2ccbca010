"""What else an agent asks of its model, besides temperature and length: the names that are known, and their bounds."""

from __future__ import annotations

from typing import Any

from nexod.kernel.json_schemas import complaints

Json = dict[str, Any]
OPTIONS: Json = {
    "type": "object",
    "properties": {
        "top_p": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
        "reasoning_effort": {"enum": ["minimal", "low", "medium", "high"]},
        "context_tokens": {
            "type": "integer",
            "minimum": 1_000,
            "maximum": 2_000_000,
            "description": "How much of a conversation it reads at once; more is left out as its policy says.",
        },
    },
    "additionalProperties": False,
}


def option_problems(given: Any) -> list[str]:
    """Return what is wrong with the options."""
    return [": ".join(filter(None, (one["field"], one["message"]))) for one in complaints(given, OPTIONS)]
