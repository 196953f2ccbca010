"""Which events an endpoint can choose, and what is sent of one: a payload with a version of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from nexod.kernel.happenings import Happening

Json = dict[str, Any]
VERSION = 1
PING = "webhook.ping"
EVENTS = {
    "run.started": "A run was started by a worker",
    "run.waiting": "A run waits: for an approval, a time, a callback, a person or a budget",
    "run.completed": "A run completed",
    "run.failed": "A run failed",
    "run.cancelled": "A run was cancelled",
    "approval.requested": "A decision is asked for",
    "approval.decided": "A decision was made",
    "approval.overdue": "A decision was not made in time",
    "budget.exceeded": "A budget is used up",
    "quota.warning": "Most, or all, of what the plan allows a day is used",
    "document.ready": "A document was read and can be searched",
    "document.failed": "A document could not be read",
    "document.deleted": "A document was deleted",
}


def payload_of(happening: Happening, at: datetime) -> Json:
    """Return what is sent: ``type``, ``timestamp`` and ``data`` as the standard asks, and the version of ``data``."""
    return {"type": happening.kind, "version": VERSION, "timestamp": at.isoformat(), "data": happening.data}
