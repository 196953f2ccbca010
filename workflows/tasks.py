"""The Celery tasks of the app. They take ids; what they do is in actions and engine."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings

from nexod.kernel.queue import enqueue
from tenants.entry.celery import TenantTask
from workflows.actions.runs import ADVANCE


@shared_task(bind=True, base=TenantTask, name=ADVANCE)
def advance_run(self: Any, run: str) -> None:
    """Work on the run until it waits or is over; when the database goes away meanwhile, try again after the lease."""
    from workflows.engine.loop import advance
    from workflows.engine.stretch import AWAY

    try:
        advance(UUID(run))
    except AWAY:
        queue = (self.request.delivery_info or {}).get("routing_key") or "runs"
        enqueue(ADVANCE, queue=queue, delay_s=settings.NEXOD_LEASE_S + 1, run=run)
        raise
