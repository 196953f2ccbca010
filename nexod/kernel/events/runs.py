"""What happens to a run as a whole."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from nexod.kernel.events.base import Event, Reason, Totals


class RunCreated(Event):
    type = "run.created"
    kind: str
    target: str
    actor: str = ""


class RunStarted(Event):
    type = "run.started"
    attempt: int = 1


class RunWaiting(Event):
    type = "run.waiting"
    waiting_for: str


class RunResumed(Event):
    type = "run.resumed"
    actor: str = ""


class RunCompleted(Event):
    type = "run.completed"
    outputs: dict[str, Any] = Field(default_factory=dict)
    totals: Totals = Totals()


class RunFailed(Event):
    type = "run.failed"
    reason: Reason
    totals: Totals = Totals()


class RunPauseRequested(Event):
    type = "run.pause_requested"
    actor: str = ""


class RunHandedBack(Event):
    """The worker let go of the run, which goes on elsewhere; ``reason`` is a code."""

    type = "run.handed_back"
    reason: str


class RunCancelRequested(Event):
    type = "run.cancel_requested"
    actor: str = ""


class RunCancelled(Event):
    type = "run.cancelled"
    totals: Totals = Totals()


class RunRetried(Event):
    """A person lets a failed run go on; ``inputs`` and ``outputs`` hold what the run had before they were changed."""

    type = "run.retried"
    actor: str
    nodes: list[str] = Field(default_factory=list)
    inputs: dict[str, Any] | None = None
    outputs: dict[str, Any] = Field(default_factory=dict)


class NotUndone(BaseModel):
    """A step that was not undone, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    node: str
    step: str
    reason: Reason


class RunCompensating(Event):
    type = "run.compensating"
    cause: str
    nodes: list[str]


class RunCompensated(Event):
    type = "run.compensated"
    undone: list[str]
    not_undone: list[NotUndone]
