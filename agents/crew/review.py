"""A person looks at what a task gave: by our approval, where CrewAI would ask at a terminal."""

from __future__ import annotations

import json
from typing import Any

from agents.crew.errors import GuardrailFailed, TaskRejected
from agents.crew.spec import CrewTask
from nexod.kernel import run_port
from nexod.kernel.run_port import Answer, Question

MAX_CHANGES = 5
FENCE = "```"


def ask_about(task: CrewTask, agent: str, text: str, *, changes: int, refused: str = "") -> Answer:
    """Return what a person decided about the result, as it goes on in ``content``; park the run until somebody has.

    ``changes`` is how often changes were requested before, ``refused`` why a guardrail did not let it through. Raises
    TaskRejected. Outside of a run everything is approved, but for what was refused.
    """
    shown = _shown(text)
    port = run_port.current()
    if port is None and refused:
        raise GuardrailFailed(
            f"The result of the task {task.name!r} was refused, and there is nobody to ask. {refused}"
        )
    if port is None:
        return Answer("approve", content=text)
    decisions = ("approve", "edit", "reject", *(["request_changes"] if changes < MAX_CHANGES else []))
    wanted = f"What the task is to give: {task.expected_output}"
    question = Question(
        title=f"{agent}: {task.name}",
        content=shown,
        instructions="\n\n".join(filter(None, (refused and f"A guardrail refused it: {refused}", wanted))),
        decisions=decisions,
        key=f"task:{task.name}",
        policy=task.policy,
        schema=task.policy.get("schema") or task.output_schema,
        subject="task",
    )
    answer = port.ask(question)
    if answer.decision == "reject":
        why = f": {answer.comment}" if answer.comment else "."
        raise TaskRejected(f"{answer.actor or 'A person'} rejected the result of the task {task.name!r}{why}")
    # What was seen is what counts, also where the crew would say it otherwise now.
    content = text if answer.content == shown else _unfenced(answer.content)
    return Answer(answer.decision, answer.comment, content, answer.actor)


def with_feedback(text: str, comment: str) -> str:
    """Return what the agent reads before it does the task once more."""
    return (
        f"Your last answer was:\n\n{text}\n\nA person asked for these changes:\n\n{comment}\n\nAnswer again, changed."
    )


def _shown(text: str) -> str:
    """Return a text as it is, and JSON in a block of its own."""
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict | list):
        return text
    return f"{FENCE}json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n{FENCE}"


def _unfenced(text: str) -> str:
    stripped = text.strip()
    if not (stripped.startswith(f"{FENCE}json") and stripped.endswith(FENCE)):
        return text
    return stripped.removeprefix(f"{FENCE}json").removesuffix(FENCE).strip()
