"""Celery tasks of notifications: thin, each calls one action."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from collaboration.actions import notify
from tenants.entry.celery import TenantTask


@shared_task(base=TenantTask, name="collaboration.notify_approval")
def notify_approval(approval: str) -> None:
    """Tell everybody who may decide."""
    notify.notify_approval(approval_id=UUID(approval))


@shared_task(base=TenantTask, name="collaboration.notify_run")
def notify_run(run: str) -> None:
    """Tell whoever started the run."""
    notify.notify_run(run_id=UUID(run))
