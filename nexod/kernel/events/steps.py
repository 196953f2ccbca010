"""What happens to a step, and what it leaves behind or asks."""

from __future__ import annotations

from pydantic import Field

from nexod.kernel.events.base import Part, Reason, StepEvent, Totals


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


class StepWaiting(StepEvent):
    """The step waits for a time, a callback or a run; ``until`` is when that ends at the latest."""

    type = "step.waiting"
    kind: str
    until: str = ""


class StepStopped(StepEvent):
    """The step was given up: enough other branches had come in."""

    type = "step.stopped"


class StepRetried(StepEvent):
    type = "step.retried"
    attempt: int
    delay_s: float
    reason: Reason


class RetrievedPassage(Part):
    """A passage under the name that it can be cited by; ``start`` to ``end`` was given, its chunk or more."""

    ref: str
    chunk: int
    start: int | None = None
    end: int | None = None


class CitedPassage(Part):
    """A citation; ``problem`` is empty, not_retrieved or not_supported. ``overlap``: as much of its sentence the passage holds."""

    ref: str
    sentence: str
    problem: str = ""
    overlap: float = 0.0
    chunk: int | None = None
    document: str = ""
    title: str = ""
    heading: str = ""
    page: int | None = None
    start: int = 0
    end: int = 0


class KnowledgeRetrieved(StepEvent):
    type = "knowledge.retrieved"
    query: str
    chunks: int
    documents: list[str] = Field(default_factory=list)
    passages: list[RetrievedPassage] = Field(default_factory=list)


class CitationsChecked(StepEvent):
    """What an answer cites: resolved to where it stands, and flagged where it was not retrieved or does not say so."""

    type = "citations.checked"
    citations: list[CitedPassage]
    flagged: int = 0


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


class ApprovalVoted(StepEvent):
    """One of several votes; ``for_user`` is who is away, ``approved`` of ``needed`` is how it stands then."""

    type = "approval.voted"
    approval: str
    decision: str
    actor: str
    for_user: str = ""
    comment: str = ""
    approved: int = 0
    needed: int = 1


class ApprovalReminded(StepEvent):
    """Those who may decide were reminded; ``times`` is how often by now."""

    type = "approval.reminded"
    approval: str
    times: int = 1


class ApprovalEscalated(StepEvent):
    """Others may decide, too, or, with ``move``, instead: addresses, roles and groups as the policy names them."""

    type = "approval.escalated"
    approval: str
    level: int
    to: dict[str, list[str]] = Field(default_factory=dict)
    move: bool = False


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
