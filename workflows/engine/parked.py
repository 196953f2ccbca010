"""Why a step waits instead of working. The run parks, and the step starts again from its top when the time has come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workflows.models import Approval, Wait

Json = dict[str, Any]


class Parked(Exception):
    """The step waits; ``told`` names what for. What ends the wait is in the rows, not in what LangGraph is resumed with."""

    def __init__(self, told: Json) -> None:
        super().__init__(str(told))
        self.told = told


class AskedPerson(Parked):
    """Somebody has to decide."""

    def __init__(self, approval: Approval) -> None:
        super().__init__({"approval": str(approval.id)})


class RetryLater(Parked):
    """The step failed and is tried again when its time has come."""

    def __init__(self, at: datetime) -> None:
        super().__init__({"retry_at": at.isoformat()})


class Waiting(Parked):
    """A time, a callback or another run has to come."""

    def __init__(self, wait: Wait) -> None:
        super().__init__({"wait": str(wait.id), "kind": wait.kind})
