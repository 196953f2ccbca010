"""How runs, approvals and workflows refuse and fail."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound


class TargetGone(NotFound):
    """What should run does not exist any more."""

    code = "target_gone"


class WorkflowNotPublished(Conflict):
    """The workflow has no published version. Publish its draft first."""

    code = "workflow_not_published"


class RunIsOver(Conflict):
    """The run has ended."""

    code = "run_is_over"


class RunNotResumable(Conflict):
    """The run cannot be resumed."""

    code = "run_not_resumable"


class ApprovalAlreadyDecided(Conflict):
    """This approval has been decided already."""

    code = "approval_already_decided"


class ApprovalWithdrawn(Conflict):
    """This approval is not needed any more: its run has ended."""

    code = "approval_withdrawn"


class TextFailed(InvalidInput):
    """A template or an expression of the definition could not be used. ``source`` is what was written."""

    def __init__(self, message: str, *, source: str = "") -> None:
        super().__init__(message)
        self.source = source


class NodeTypeGone(NexodError):
    """The definition has a node of a type that does not exist any more."""

    code, status = "node_type_gone", 422

    def __init__(self, message: str, *, node: str) -> None:
        super().__init__(message, details={"field": "type"})
        self.node = node


class VisitsExceeded(NexodError):
    """The run came by one node more often than its definition allows."""

    code, status = "visits_exceeded", 422


class RouteMissing(NexodError):
    """A node chose a route on which no edge leaves it."""

    code, status = "route_missing", 422


class StateTooLarge(NexodError):
    """The results of the run's steps together are larger than allowed."""

    code, status = "state_too_large", 422


class OutputNotJson(NexodError):
    """A step gave something that is not JSON."""

    code, status = "output_not_json", 422


class StepTimedOut(NexodError):
    """The step took longer than its definition allows."""

    code, status = "step_timed_out", 504


class RunTimedOut(NexodError):
    """The run worked longer than its definition allows."""

    code, status = "run_timed_out", 504


class RunLost(NexodError):
    """Another worker has this run now."""

    code = "run_lost"


class RunHalted(NexodError):
    """The run stops before its next step and goes on later."""

    code = "run_halted"


class RunPaused(RunHalted):
    """A person paused the run."""

    code = "run_paused"


class RunHandedBack(RunHalted):
    """The worker is being replaced, so the run goes on elsewhere."""

    code = "worker_stopping"


class WorkersLost(NexodError):
    """Every worker that had this run stopped in the middle of it. Resume it when you know why."""

    code = "workers_lost"


class SiblingFailed(NexodError):
    """Another step of the run failed, so this one was stopped."""

    code = "sibling_failed"


class EffectGivenUp(Conflict):
    """Nobody knows whether this happened, and a person decided to give it up."""

    code = "effect_given_up"


class EffectUnusable(NexodError):
    """What was done outside cannot be used, and is not done again."""

    code, status = "effect_unusable", 422
