"""A person looks at what a tool is about to do, and lets it, changes the arguments, or does not let it."""

from __future__ import annotations

import json

from agents.tools.arguments import checked, read
from agents.tools.base import BoundTool, Json
from agents.tools.errors import ArgumentsInvalid, ToolRejected
from nexod.kernel import run_port
from nexod.kernel.run_port import Answer, Question

FENCE = "```"


def approved(bound: BoundTool, arguments: Json, *, agent: str, task: str, call: str) -> tuple[Json, str]:
    """Return the arguments that were let through, and by whom; raise ToolRejected. Outside of a run everything is let through.

    Edited arguments have to fit the tool's schema too: where they do not, the person is asked again about the model's own.
    """
    port = run_port.current()
    complaint = ""
    while port is not None:
        answer = port.ask(_question(bound, arguments, agent=agent, task=task, call=call, complaint=complaint))
        if answer.decision in _NOT_ALLOWED:
            raise ToolRejected(_NOT_ALLOWED[answer.decision](answer, bound))
        if answer.decision != "edit":
            return arguments, answer.by
        try:
            return checked(bound, read(_unfenced(answer.content))), answer.by
        except ArgumentsInvalid as error:
            complaint = error.message
    return arguments, ""


def _question(bound: BoundTool, arguments: Json, *, agent: str, task: str, call: str, complaint: str) -> Question:
    shown = json.dumps(arguments, indent=2, ensure_ascii=False)
    about = bound.tool.about(arguments, bound.settings)
    instructions = "\n\n".join(
        filter(
            None,
            (
                complaint and f"What was edited does not fit. {complaint}",
                f"Task: {task}" if task else "",
                about,
                bound.remembers,
            ),
        )
    )
    return Question(
        title=f"{agent or 'The workflow'} wants to use {bound.title}",
        content=f"{FENCE}json\n{shown}\n{FENCE}",
        instructions=instructions,
        key=f"tool:{bound.name[:60]}:{call}",
        decisions=("approve", "edit", "reject", *(["request_changes"] if agent else [])),
        policy=dict(bound.rule.policy),
        schema=dict(bound.parameters),
        arguments=arguments,
        subject=f"tool:{bound.name}",
    )


def _rejected(answer: Answer, bound: BoundTool) -> str:
    who = f"{answer.actor} did not allow" if answer.actor else "Nobody decided in time, which does not allow"
    return f"{who} {bound.title}{f': {answer.comment}' if answer.comment else '.'}"


def _changes(answer: Answer, bound: BoundTool) -> str:
    """Return what the agent reads: the tool was not used, and how a person wants it used."""
    return f"{answer.actor or 'A person'} wants {bound.title} used otherwise, and it was not used: {answer.comment}"


_NOT_ALLOWED = {"reject": _rejected, "request_changes": _changes}


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if stripped.startswith(FENCE) and stripped.endswith(FENCE):
        return stripped.removeprefix(f"{FENCE}json").removeprefix(FENCE).removesuffix(FENCE).strip()
    return text
