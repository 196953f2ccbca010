"""What goes wrong with a crew itself; what goes wrong with its models are the gateway's errors."""

from __future__ import annotations

from nexod.kernel.errors import Conflict, InvalidInput, NexodError, NotFound


class CrewInvalid(InvalidInput):
    """The crew cannot work as it is defined."""

    code = "crew_invalid"


class AgentMissing(NotFound):
    """There is no such agent."""

    code = "agent_missing"


class CrewMissing(NotFound):
    """There is no such crew."""

    code = "crew_missing"


class TaskRejected(Conflict):
    """A person rejected the result of a task."""

    code = "rejected"


class CrewFailed(NexodError):
    """The crew stopped before it had a result."""

    code, status = "crew_failed", 502
