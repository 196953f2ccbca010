"""Whose memory is meant: the person for whom a run works, the agent at work, and the workflow that it works in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from nexod.kernel import run_port


@dataclass(frozen=True, slots=True)
class Mind:
    """What may come to mind. Without a person only what is shared does, and nothing can be kept."""

    user: UUID | None = None
    agent: str = ""
    workflow: str = ""


def present_mind(agent: str = "") -> Mind:
    """Return that of the current run, with the agent at work; outside of a run nobody's."""
    port = run_port.current()
    if port is None:
        return Mind()
    return Mind(UUID(port.started_by) if port.started_by else None, agent, port.workflow)
