"""The Celery tasks of the app. They take ids; what they do is in actions and engine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task

from nexod.kernel.queue import ADVANCE, enqueue
from tenants.entry.celery import TenantTask
from workflows.actions.pauses import revive


# Acknowledged when it begins: a message that is lost with its worker is sent again for its ticket, long before the broker
# would; and a broker connection that breaks with messages unacknowledged ends a worker (kombu 5.7 cannot restore them).
@shared_task(bind=True, base=TenantTask, name=ADVANCE, acks_late=False, reject_on_worker_lost=False)
def advance_run(self: Any, run: str) -> None:
    """Work on the run until it waits or is over. A worker that is to stop passes the message on."""
    from workflows.engine import drain
    from workflows.engine.loop import advance

    if drain.begun():
        queue = (self.request.delivery_info or {}).get("routing_key") or "runs"
        enqueue(ADVANCE, queue=queue, run=run)
    else:
        advance(UUID(run))


@shared_task(base=TenantTask, name="workflows.revive_run")
def revive_run(run: str) -> None:
    """Let workers try a run again that was given up because all of them were lost."""
    revive(UUID(run))
