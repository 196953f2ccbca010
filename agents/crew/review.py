"""A person looks at what a task gave: by our approval, where CrewAI would ask at a terminal."""

from __future__ import annotations

import json
from typing import Any

from agents.crew.errors import TaskRejected
from agents.crew.spec import CrewTask
from nexod.kernel import run_port
from nexod.kernel.run_port import Answer, Question

MAX_CHANGES = 5
FENCE = "```"


def ask_about(task: CrewTask, agent: str, text: str, *, changes: int) -> Answer:
    """Return what a person decided about the result, as it goes on in ``content``; park the run until somebody has.

    ``changes`` is how often changes were requested before. Raises TaskRejected. Outside of a run everything is approved.
    """
    shown = _shown(text)
    port = run_port.current()
    if port is None:
        return Answer("approve", content=text)
    decisions = ("approve", "edit", "reject", *(["request_changes"] if changes < MAX_CHANGES else []))
    question = Question(
        title=f"{agent}: {task.name}",
        content=shown,
        instructions=f"What the task is to give: {task.expected_output}",
        decisions=decisions,
        key=f"task:{task.name}",
    )
    answer = port.ask(question)
    if answer.decision == "reject":
        why = f": {answer.comment}" if answer.comment else "."
        raise TaskRejected(f"{answer.actor or 'A person'} rejected the result of the task {task.name!r}{why}")
    # What was seen is what counts, also where the crew would say it otherwise now.
    content = text if answer.content == shown else _unfenced(answer.content)
    return Answer(answer.decision, answer.comment, content, answer.actor)


def with_feedback(context: str | None, text: str, comment: str) -> str:
    """Return what the agent reads before it does the task once more."""
    asked = (
        f"Your last answer was:\n\n{text}\n\nA person asked for these changes:\n\n{comment}\n\nAnswer again, changed."
    )
    return f"{context}\n\n{asked}" if context else asked


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
