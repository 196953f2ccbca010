"""What goes wrong with a crew itself; what goes wrong with its models are the gateway's errors."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound


class CrewInvalid(InvalidInput):
    """The crew cannot work as it is defined."""

    code = "crew_invalid"


class CrewMissing(NotFound):
    """There is no such crew."""

    code = "crew_missing"


class TaskRejected(Conflict):
    """A person rejected the result of a task."""

    code = "rejected"


class GuardrailFailed(NexodError):
    """The result of a task did not satisfy its guardrails, however often it was tried."""

    code, status = "guardrail_failed", 422


class CrewFailed(NexodError):
    """The crew stopped before it had a result."""

    code, status = "crew_failed", 502
