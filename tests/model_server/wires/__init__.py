"""The protocols that the server speaks, each on its own paths."""

from __future__ import annotations

from tests.model_server.wires.anthropic import Anthropic
from tests.model_server.wires.base import Wire
from tests.model_server.wires.bedrock import Bedrock
from tests.model_server.wires.google import Google
from tests.model_server.wires.ollama import Ollama
from tests.model_server.wires.openai import Mistral, OpenAI

OPENAI = OpenAI()
WIRES: tuple[Wire, ...] = (Mistral(), OPENAI, Anthropic(), Google(), Ollama(), Bedrock())


def wire_for(path: str) -> Wire | None:
    """Return the protocol of a path, without its query."""
    return next((wire for wire in WIRES if wire.knows(path)), None)
