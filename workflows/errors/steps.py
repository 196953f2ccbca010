"""How steps fail, and why some are stopped."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound, StopsRun


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


class StepTimedOut(StopsRun):
    """The step took longer than its definition allows."""

    code, status = "step_timed_out", 504


class SiblingFailed(StopsRun):
    """Another step of the run failed, so this one was stopped."""

    code = "sibling_failed"


class BranchStopped(StopsRun):
    """Enough other branches have come in; nobody needs this one."""

    code = "branch_stopped"


class CallChanged(StopsRun):
    """The run asked for something else than what was recorded, so nothing was answered."""

    code, status = "call_changed", 409


class EffectGivenUp(Conflict):
    """Nobody knows whether this happened, and a person decided to give it up."""

    code = "effect_given_up"


class EffectUnusable(NexodError):
    """What was done outside cannot be used, and is not done again."""

    code, status = "effect_unusable", 422


class WaitTooLong(InvalidInput):
    """A step may not wait that long."""

    code = "wait_too_long"


class CallbackTaken(Conflict):
    """This callback was made already, or came too late."""

    code = "callback_taken"


class WorkflowMissing(NotFound):
    """The workflow that a step wants to run is not there."""

    code = "workflow_missing"


class DepthExceeded(Conflict):
    """Runs that start runs go too deep."""

    code = "depth_exceeded"


class ChildFailed(NexodError):
    """A run that a step waited for did not complete."""

    code, status = "child_failed", 424


class EventTooLarge(NexodError):
    """What comes with the event is too large."""

    code, status = "event_too_large", 422
