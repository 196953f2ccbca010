"""Whether an agent gets further: who asks for nothing new is told so once, and stopped the next time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from agents.errors import AgentLoops
from agents.llm.endpoint import ToolCall

REPEATED = (
    "You have asked for exactly this before, so it was not done again. What it gave is above. "
    "Do something else, or answer with what you have."
)


@dataclass(frozen=True, slots=True)
class Progress:
    """The calls that were made so far, and whether the newest ones were all among them."""

    made: frozenset[str] = frozenset()
    stalled: bool = False

    def after(self, calls: Sequence[ToolCall]) -> Progress:
        """Return the progress with these calls; raise AgentLoops when it stalls for the second time running."""
        marks = {mark(call) for call in calls}
        stalled = marks <= self.made
        if stalled and self.stalled:
            names = ", ".join(sorted({call.name for call in calls}))
            raise AgentLoops(
                f"The agent went on to ask for what it had had before ({names}), also after it was told so."
            )
        return Progress(self.made | marks, stalled)


def mark(call: ToolCall) -> str:
    """Return what two calls have in common that ask for the same, however the arguments are written."""
    try:
        arguments = json.dumps(json.loads(call.arguments or "{}"), sort_keys=True)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return f"{call.name} {arguments}"
