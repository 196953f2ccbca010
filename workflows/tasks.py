"""The Celery tasks of the app. They take ids; what they do is in actions and engine."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from tenants.entry.celery import TenantTask


@shared_task(base=TenantTask, name="workflows.advance_run")
def advance_run(run: str) -> None:
    """Work on the run until it waits or is over."""
    from workflows.engine.loop import advance

    advance(UUID(run))
