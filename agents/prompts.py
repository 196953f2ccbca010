"""What an agent reads before it works: who it is, how to treat what tools give, and its task."""

from __future__ import annotations

from agents.llm.endpoint import Message
from agents.spec import AgentSpec
from agents.tools.fence import RULE

ANSWER_NOW = "You have used your tools often enough. Answer now, with what you have."


def head(spec: AgentSpec, task: str, expected_output: str, *, has_tools: bool, passages: str = "") -> list[Message]:
    """Return the messages with which the agent's work begins."""
    who = f"You are {spec.role}. {spec.backstory}".strip()
    system = "\n\n".join(filter(None, (who, f"Your goal: {spec.goal}", RULE if has_tools else "")))
    found = f"From your documents:\n\n{passages}" if passages else ""
    expected = f"What is expected: {expected_output}" if expected_output else ""
    said = "\n\n".join(filter(None, (found, task, expected)))
    return [{"role": "system", "content": system}, {"role": "user", "content": said}]
