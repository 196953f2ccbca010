"""Whoever asks a model works for a run, which counts the call and holds it to budgets; only what embeds is asked elsewhere."""

from __future__ import annotations

import ast

from tests.architecture.test_house import ROOT, _files

# Each is called by the steps of runs alone, but the provided embedder, which is accounted for by agents/llm/outside.py.
ASKING = {
    "agents/crew/form.py",
    "agents/crew/llm.py",
    "agents/crew/planning.py",
    "agents/guardrails/judge.py",
    "agents/knowledge/asking.py",
    "agents/knowledge/provided.py",
    "workflows/engine/agents/thinking.py",
    "workflows/nodes/llm.py",
}


def _asks(text: str) -> bool:
    """Say whether the module makes a gateway, by which all models are asked."""
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return any(getattr(call.func, "id", getattr(call.func, "attr", "")) == "Gateway" for call in calls)


def test_nobody_else_asks_models() -> None:
    found = {str(path) for path in _files() if _asks((ROOT / path).read_text())}
    assert found == ASKING
