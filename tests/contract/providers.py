"""Each provider's endpoint at the scripted server, as its package is pointed there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agents.llm.endpoint import Endpoint
from tests.model_server import ModelServer

KEY = "sk-very-secret-key"


@dataclass(frozen=True)
class Case:
    """A provider under test: where on the server it is, what it needs beside, and what its protocol cannot say."""

    name: str
    path: str
    options: dict[str, Any]
    cannot: frozenset[str] = frozenset()

    def endpoint(self, server: ModelServer, **more: Any) -> Endpoint:
        """Return its endpoint at the server."""
        fields = {"model": "scripted", "timeout_s": 30, "label": "Test model", "options": self.options, **more}
        return Endpoint(f"{server.origin}{self.path}", KEY, provider=self.name, **fields)

    def __str__(self) -> str:
        return self.name


CASES = [
    Case("openai_compatible", "/v1", {}),
    Case("openai", "/v1", {}),
    Case("vllm", "/v1", {}),
    Case("embedded", "/v1", {}),
    Case("azure", "", {"api_version": "2024-10-21"}),
    Case("anthropic", "", {}),
    Case("mistral", "/mistral/v1", {}, frozenset({"cached", "reasoning"})),
    Case("google", "", {}, frozenset({"broken_call"})),
    Case("ollama", "", {}, frozenset({"cached", "reasoning", "broken_call"})),
    Case(
        "bedrock",
        "",
        {"region": "us-east-1", "access_key_id": "AKIASCRIPTED"},
        frozenset({"reasoning", "broken_call"}),
    ),
]
