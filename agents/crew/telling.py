"""What a crew tells the run that it works for; outside of one it tells nobody."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from nexod.kernel import run_port
from nexod.kernel.events import StepEvent


def tell(event: type[StepEvent], **data: Any) -> None:
    """Tell the run; in the caller's thread only."""
    if (port := run_port.current()) is not None:
        port.emit(event(node=port.node, step=port.step_id, **data))


def voice_of(agent: str) -> Callable[[str], None] | None:
    """Return what passes on the next answer of the agent's model while it is said; None outside of a run."""
    port = run_port.current()
    if port is None:
        return None
    port.say("", agent=agent)
    return partial(port.say, agent=agent)
