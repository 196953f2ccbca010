"""What goes wrong with a crew itself; what goes wrong with its models are the gateway's errors."""

from __future__ import annotations

from nexod.kernel.errors import InvalidInput, NexodError


class CrewInvalid(InvalidInput):
    """The crew cannot work as it is defined."""

    code = "crew_invalid"


class CrewFailed(NexodError):
    """The crew stopped before it had a result."""

    code, status = "crew_failed", 502
