"""Tools for tests: one that echoes and counts, one that does something to the counting sink."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from agents.tools.base import BoundTool, Json, Tool
from nexod.kernel.errors import InvalidInput

WORD = {
    "type": "object",
    "properties": {"word": {"type": "string", "description": "What to say"}},
    "required": ["word"],
    "additionalProperties": False,
}


class Echo(Tool):
    """Says a word again, and remembers who asked; the word ``boom`` is an error, ``kaboom`` what nobody foresaw."""

    name, title, description, parameters = "echo", "Echo", "Says a word again.", WORD

    def __init__(self) -> None:
        self.heard: list[str] = []

    def run(self, arguments: Json, settings: Json, key: str) -> Any:
        self.heard.append(arguments["word"])
        if arguments["word"] == "boom":
            raise InvalidInput("The word is not allowed.")
        if arguments["word"] == "kaboom":
            raise RuntimeError("a secret of the tool")
        if arguments["word"] == "long":
            return "word " * 100_000
        return f"heard {arguments['word']}"


class Order(Tool):
    """Orders something: a POST to the address in its settings, with the key of the effect."""

    name, title, description, parameters = "order", "Order", "Orders something.", WORD
    side_effect = True
    idempotent = False

    def run(self, arguments: Json, settings: Json, key: str) -> Any:
        asked = urllib.request.Request(
            settings["url"],
            data=json.dumps(arguments).encode(),
            headers={"Idempotency-Key": key, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return {"status": answer.status}


def bound(tool: Tool, settings: Json | None = None, **more: Any) -> BoundTool:
    """Return the tool as an agent has it."""
    return tool.bind(settings or {}, **more)
