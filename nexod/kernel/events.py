"""Closed schemas of everything that a run tells. An event is past tense; what is not declared here cannot be stored."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from nexod.kernel.errors import InvalidInput

REGISTRY: dict[str, type[Event]] = {}


class Event(BaseModel):
    """One thing that happened in a run. Subclasses name their ``type`` and close their fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    type: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.type:
            REGISTRY[cls.type] = cls

    def data(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return self.model_dump(mode="json")


def parse(type_: str, data: dict[str, Any]) -> Event:
    """Return the event of that type; raise InvalidInput for an unknown type or a wrong field."""
    schema = REGISTRY.get(type_)
    if schema is None:
        raise InvalidInput(f"There is no event type {type_!r}.")
    return schema.model_validate(data)


class Reason(BaseModel):
    """Why something failed: the error's code, what a person reads, where, and how often it was tried (0: not counted)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    code: str
    message: str
    node: str = ""
    attempts: int = 0
    details: dict[str, Any] | list[dict[str, Any]] = Field(default_factory=dict)


class Totals(BaseModel):
    """What a run or step has used so far."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    model_calls: int = 0
    seconds: float = 0.0


class StepEvent(Event):
    """An event of one step."""

    node: str
    step: str


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


class StepStarted(StepEvent):
    type = "step.started"
    node_type: str
    visit: int = 1
    title: str = ""
    attempt: int = 1
    undoes: str = ""


class StepCompleted(StepEvent):
    type = "step.completed"
    summary: str = ""
    route: str = ""
    totals: Totals = Totals()


class StepFailed(StepEvent):
    type = "step.failed"
    reason: Reason
    handled: bool = False


class StepResumed(StepEvent):
    type = "step.resumed"


class StepRetried(StepEvent):
    type = "step.retried"
    attempt: int
    delay_s: float
    reason: Reason


class KnowledgeRetrieved(StepEvent):
    type = "knowledge.retrieved"
    query: str
    chunks: int
    documents: list[str] = Field(default_factory=list)


class AgentStarted(StepEvent):
    type = "agent.started"
    agent: str
    task: str = ""


class AgentFinished(StepEvent):
    type = "agent.finished"
    agent: str
    task: str = ""
    text: str = ""


class ModelCalled(StepEvent):
    type = "model.called"
    model: str
    tokens_in: int
    tokens_out: int
    cost_usd: float = 0.0
    seconds: float = 0.0
    agent: str = ""
    excerpt: str = ""
    estimated: bool = False


class ModelCallFailed(StepEvent):
    type = "model.failed"
    model: str
    reason: Reason


class EffectRecorded(StepEvent):
    type = "effect.recorded"
    effect: str
    kind: str
    name: str
    status: str
    about: str = ""
    begun: int = 1
    seconds: float = 0.0


class ApprovalRequested(StepEvent):
    type = "approval.requested"
    approval: str
    title: str
    kind: str = "approval"


class ApprovalDecided(StepEvent):
    type = "approval.decided"
    approval: str
    decision: str
    actor: str
    comment: str = ""


class ArtifactCreated(StepEvent):
    type = "artifact.created"
    artifact: str
    name: str
    media_type: str
    bytes: int
