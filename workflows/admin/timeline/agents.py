"""What agents and models did, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from nexod.admin import formats
from workflows.admin.timeline.base import Data, Line, reason


def _agent_started(data: Data) -> Line:
    return "smart_toy", "busy", f"{data['agent']} begins {data['task']}".rstrip(), ""


def _agent_finished(data: Data) -> Line:
    return "smart_toy", "good", f"{data['agent']} finished {data['task']}".rstrip(), data.get("text", "")


def _model_called(data: Data) -> Line:
    who = f"{data['agent']} asked " if data.get("agent") else ""
    tokens = f"{formats.count(data['tokens_in'])} → {formats.count(data['tokens_out'])} tokens"
    text = f"{who}{data['model']}: {tokens} in {formats.duration(data.get('seconds', 0))}"
    # What an agent's model said is told again when the agent has finished.
    return "bolt", "quiet", text, "" if who else data.get("excerpt", "")


def _model_failed(data: Data) -> Line:
    return "error", "bad", f"{data['model']} did not answer", reason(data)


def _thought(data: Data) -> Line:
    return "psychology", "quiet", f"{data['agent']} thinks", data["text"]


def _delegated(data: Data) -> Line:
    return "arrow_forward", "busy", f"{data['agent']} hands work to {data['to']}", data["text"]


def _planned(data: Data) -> Line:
    return "checklist", "good", f"{data['agent']} planned the work", data["text"]


_AFTER_REFUSAL = {"retry": "it is done again", "ask": "a person decides", "fail": "the task fails"}


def _guardrail_refused(data: Data) -> Line:
    text = f"The result of {data['task']} is refused (try {data['attempt']}): {_AFTER_REFUSAL[data['handling']]}"
    return "shield", "attention", text, data["text"]


def _tool_called(data: Data) -> Line:
    return "build", "busy", f"{data['agent'] or data['node']} uses {data['tool']}", data["arguments"]


def _tool_returned(data: Data) -> Line:
    return "build", "good", f"{data['tool']} answered in {formats.duration(data['seconds'])}", data["excerpt"]


def _tool_failed(data: Data) -> Line:
    return "build", "attention", f"{data['tool']} gave an error", reason(data)


def _fell_back(data: Data) -> Line:
    return "alt_route", "attention", f"{data['to']} is asked instead of {data['model']}", reason(data)


_HANDLING = {"stop": "the call was not made", "fall_back": "a cheaper model is asked", "ask": "a person is asked"}


def _budget_exceeded(data: Data) -> Line:
    used = f"{data['used']:.4g} of {data['limit']:.4g} {data['unit']} used, {data['wanted']:.4g} more wanted"
    return "savings", "attention", f"Budget {data['name']} is exhausted: {_HANDLING[data['handling']]}", used


TELLERS: dict[str, Callable[[Data], Line]] = {
    "agent.started": _agent_started,
    "agent.finished": _agent_finished,
    "model.called": _model_called,
    "model.failed": _model_failed,
    "agent.thought": _thought,
    "agent.delegated": _delegated,
    "crew.planned": _planned,
    "guardrail.refused": _guardrail_refused,
    "tool.called": _tool_called,
    "tool.returned": _tool_returned,
    "tool.failed": _tool_failed,
    "model.fell_back": _fell_back,
    "budget.exceeded": _budget_exceeded,
}
